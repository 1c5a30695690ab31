"""The host's own tables."""

from django.db import models


class Visit(models.Model):
    """A vehicle at the dealer's."""

    order_no = models.CharField(max_length=40, primary_key=True)
    plate = models.CharField(max_length=20, unique=True)  # a vehicle is here once

    def __str__(self) -> str:
        """The order's number."""
        return self.order_no


class Notice(models.Model):
    """What the manager's board shows: an attempt that the SOP refused, by its command id."""

    command_id = models.CharField(max_length=100, primary_key=True)
    visit = models.ForeignKey(Visit, models.PROTECT)
    clauses = models.CharField(max_length=400)

    def __str__(self) -> str:
        """The clauses that refused."""
        return self.clauses
