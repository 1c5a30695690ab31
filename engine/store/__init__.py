"""The store: journal, case rows, personal data, rules, outbox, in one transaction. Only this folder speaks SQL."""

from engine.store.filters import Filters
from engine.store.host import HostConnection
from engine.store.queue import Count, Letter, Parcel, Queue, queued
from engine.store.store import Store
from engine.store.transaction import Abandoned, LostRace, Transaction

__all__ = [
    "Abandoned",
    "Count",
    "Filters",
    "HostConnection",
    "Letter",
    "LostRace",
    "Parcel",
    "Queue",
    "Store",
    "Transaction",
    "queued",
]
