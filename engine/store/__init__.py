"""The store: journal, case rows, personal data, rules, outbox, in one transaction. Only this folder speaks SQL."""

from engine.store.store import Store
from engine.store.transaction import Abandoned, LostRace, OutboxRow, Transaction

__all__ = ["Abandoned", "LostRace", "OutboxRow", "Store", "Transaction"]
