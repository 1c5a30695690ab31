"""Extract: what leaves the log in a bundle — entries of a scope, heads, personal values — inside one transaction.

Must live here: the meaning of each of their statements' parameters and rows. Must not be known here: what a scope is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from engine.canonical import canonical
from engine.store.log import HeadLeaf, LogEntry
from engine.store.transaction import Transaction

_PAGE = 500

T = TypeVar("T")


class Kept(NamedTuple):
    """A personal value that was neither erased nor restricted, at the place of the entry that holds its commitment."""

    at: int
    shop: str
    case: str
    seq: int
    path: str
    salt: bytes
    value: str


class Extract:
    """Questions of a bundle, in a transaction that reads one picture of the database."""

    def __init__(self, transaction: Transaction) -> None:
        """In one that is under way."""
        self._transaction = transaction

    def placed(self, shop: str | None, case: str | None, until: int) -> Iterator[LogEntry]:
        """Entries before a place by shop, case and seq: all of them, those of a shop, or those of a case."""
        key: dict[str, object] = {"shop": shop or "", "case_id": case or "", "seq": 0}
        while rows := self._transaction.rows("placed", until=until, limit=_PAGE, **key):
            for *place, body in rows:
                leaf = LogEntry._make([*place, bytes(body)])
                if leaf.shop != (shop or leaf.shop) or leaf.case != (case or leaf.case):
                    return
                yield leaf
            key = dict(zip(key, rows[-1][1:], strict=False))

    def chosen(self, indexes: Sequence[int]) -> Iterator[LogEntry]:
        """Entries by place, of these places in order."""
        for some in _some(indexes):
            for *place, body in self._transaction.rows("chosen", indexes=_list(some)):
                yield LogEntry._make([*place, bytes(body)])

    def shops(self) -> list[str]:
        """The shops that the map of heads knows."""
        return [shop for (shop,) in self._transaction.rows("head_shops")]

    def cases(self, shop: str) -> Iterator[str]:
        """The cases of a shop that the map of heads knows."""
        after = ""
        while rows := self._transaction.rows("head_cases", shop=shop, after=after, limit=_PAGE):
            yield from (case for (case,) in rows)
            after = rows[-1][0]

    def heads(self, shop: str, cases: Sequence[str]) -> Iterator[HeadLeaf]:
        """The leaves of these cases of a shop, in this order; of those that are there."""
        for some in _some(cases):
            rows = self._transaction.rows("some_heads", shop=shop, cases=_list(some))
            found = {row[0]: HeadLeaf(shop, *row) for row in rows}
            yield from (found[case] for case in some if case in found)

    def kept_of(
        self, shop: str, case: str | None, subjects: Sequence[str], paths: Sequence[str]
    ) -> list[tuple[int, str]]:
        """Place and field of the values of these subjects, and of those in these fields, by place.

        What is restricted is only stored: it is none of them.
        """
        values = {"subjects": _list(subjects), "paths": _list(paths)}
        return [(*row,) for row in self._transaction.rows("kept_of", shop=shop, case_id=case, **values)]

    def kept_at(self, indexes: Sequence[int]) -> Iterator[Kept]:
        """All values of the entries at these places that are not restricted, by place and field."""
        for some in _some(indexes):
            rows = [Kept(*row) for row in self._transaction.rows("kept_at", indexes=_list(some))]
            yield from sorted(row._replace(salt=bytes(row.salt)) for row in rows)


def _list(items: Sequence[object]) -> str:
    return canonical([*items]).decode()


def _some(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _PAGE] for start in range(0, len(items), _PAGE))
