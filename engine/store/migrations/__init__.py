"""Alembic's scripts for our tables. What runs them is `engine.store.migrate`."""
