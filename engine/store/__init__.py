"""The store: journal, case rows, personal data, rules, outbox, in one transaction. Only this folder speaks SQL."""

from engine.store.filters import Filters
from engine.store.host import HostConnection
from engine.store.store import Store
from engine.store.transaction import Abandoned, LostRace, OutboxRow, Transaction

__all__ = ["Abandoned", "Filters", "HostConnection", "LostRace", "OutboxRow", "Store", "Transaction"]
