"""A dealer management system in Django."""
