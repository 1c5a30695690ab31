"""Rebuild: the case rows made anew from the journal, while others go on writing.

Must live here: how rows are brought in line. Must not be known here: what a row says (`engine.listing`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from engine.cases import Cases
from engine.errors import StoreUnavailable
from engine.listing import row_of
from engine.store import LostRace, Store, Transaction

_BATCH = 100
_ATTEMPTS = 20
_END = 2**31 - 1

T = TypeVar("T")


def rebuild(store: Store, cases: Cases) -> int:
    """Make every case row what its entries say; how many were not. A few cases in each transaction.

    The row of a case without entries goes. Raises RulesUnknown for a case whose rules are not stored, BadJournal for
    an entry that cannot be read, StoreUnavailable; what was mended before stays so.
    """
    mended, key = _done(store, Transaction.drop_orphans), ("", "")
    while True:
        ids, wrong = _done(store, partial(_page, cases, key))
        mended += wrong
        if not ids:
            return mended
        key = ids[-1]


def _done(store: Store, work: Callable[[Transaction], T]) -> T:
    """Work in one transaction, and again when another writer came in between; bounded."""
    for _ in range(_ATTEMPTS):
        try:
            with store.write() as transaction:
                return work(transaction)
        except LostRace:
            continue
    raise StoreUnavailable(url=store.url, reason="locked")


def _page(cases: Cases, key: tuple[str, str], transaction: Transaction) -> tuple[list[tuple[str, str]], int]:
    """Mend the next few cases behind a key; which they were, and how many were wrong."""
    ids = transaction.case_ids(*key, _BATCH)
    return ids, sum(_mended(transaction, cases, *id_) for id_ in ids)


def _mended(transaction: Transaction, cases: Cases, shop: str, case_id: str) -> bool:
    """Lock one case and compare its row with its entries; whether it had to be replaced."""
    transaction.lock(shop, case_id, "")
    case = cases.folded_anew(transaction, shop, case_id, until=_END)
    should = row_of(case, cases.catalogue.workflows[case.workflow])
    if transaction.case(shop, case_id) == should:
        return False
    transaction.replace_case(should)
    return True
