"""The store: journal, case rows, personal data, rules, outbox, log, in one transaction. Only this folder speaks SQL."""

from engine.store.erasures import Erasures, Hold, Kind, Standing
from engine.store.extract import Extract, Kept
from engine.store.filters import Filters
from engine.store.host import HostConnection
from engine.store.log import HeadLeaf, Log, LogEntry, LogKey, Moved, Signed
from engine.store.queue import Count, Letter, Parcel, Queue, queued
from engine.store.store import Store
from engine.store.transaction import Abandoned, LostRace, Transaction

__all__ = [
    "Abandoned",
    "Count",
    "Erasures",
    "Extract",
    "Filters",
    "HeadLeaf",
    "Hold",
    "HostConnection",
    "Kept",
    "Kind",
    "Letter",
    "Log",
    "LogEntry",
    "LogKey",
    "LostRace",
    "Moved",
    "Parcel",
    "Queue",
    "Signed",
    "Standing",
    "Store",
    "Transaction",
    "queued",
]
