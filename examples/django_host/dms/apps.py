"""The app: whenever Django has migrated its own tables, gongdan's follow."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from dms.gongdan import url
from engine import Store


class DmsConfig(AppConfig):
    """The dealer management system."""

    name = "dms"

    def ready(self) -> None:
        """`manage.py migrate` brings both up to date, and a test database gets both."""
        post_migrate.connect(upgrade, sender=self)


def upgrade(**_: Any) -> None:
    """Upgrade the tables of gongdan, which have migrations of their own."""
    store = Store(url())
    store.upgrade()
    store.close()
