"""The engine, on Django's database."""

from functools import cache

from django.db import connection
from sqlalchemy import URL

from adapters.bootstrap import bootstrap
from engine import Shop


def url() -> str:
    """The address of Django's default database, as SQLAlchemy writes it."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    given = (known[name] or None for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME"))
    return URL.create("postgresql+psycopg", *given).render_as_string(hide_password=False)


@cache
def shop() -> Shop:
    """The shop. Its engine is made at the first request, so after a server has forked."""
    return bootstrap(url()).shop("S1", profile="dpca")
