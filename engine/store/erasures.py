"""Erasures: what is restricted, held and erased of the personal values, inside one transaction.

Must live here: the meaning of each of their statements' parameters and rows. Must not be known here: terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine.canonical import canonical
from engine.states.ledger import LEDGER
from engine.store.erasure_statements import VALUE
from engine.store.transaction import Transaction


class Kind(NamedTuple):
    """What a term is set for: a workflow and a class of record."""

    workflow: str
    record_class: str


class Ending(NamedTuple):
    """A case as erasure sees it: its workflow, whether it is open, and when its last entry was recorded."""

    workflow: str
    is_open: bool
    at: str


class Standing(NamedTuple):
    """A restricted value: the request that restricted it, its class, whether it is on hold, its key and its case."""

    request: int
    record_class: str
    held: bool
    key: Mapping[str, object]
    case: Ending

    @property
    def kind(self) -> Kind:
        """What its term is set for."""
        return Kind(self.case.workflow, self.record_class)

    def is_due(self, ended_by: str) -> bool:
        """Whether it is to be erased, if those of cases that ended by then are."""
        return not (self.held or self.case.is_open) and self.case.at <= ended_by


class Hold(NamedTuple):
    """A legal hold in force, on a subject or on a case; `number` is the ledger's entry that placed it."""

    shop: str
    number: int
    subject: str | None
    case: str | None
    reason: str
    placed_at: str


class Erasures:
    """Restrictions, holds and erasures, in a transaction. No count is asked of a driver: a pipeline knows none yet."""

    def __init__(self, transaction: Transaction) -> None:
        """In one that is under way."""
        self._transaction = transaction

    # --- restrictions --------------------------------------------------------------------------------------------

    def restrict(self, shop: str, subject: str, request: int, classes: Mapping[str, Iterable[str]], rest: str) -> None:
        """Restrict the values of a subject that are not: fields by class, and all others as the `rest`."""
        given = {"shop": shop, "subject": subject, "request": request}
        self._transaction.flush()
        for name, fields in classes.items():
            paths = canonical(sorted(fields)).decode()
            self._transaction.run("restrict_fields", record_class=name, paths=paths, **given)
        self._transaction.run("restrict", record_class=rest, **given)

    def free(self, shop: str, request: int) -> None:
        """Take back what a request restricted."""
        self._transaction.run("free", shop=shop, request=request)

    def standing(self, shop: str, subject: str) -> list[Standing]:
        """The restricted values of a subject."""
        requests = [request for (request,) in self._transaction.rows("requests_of", shop=shop, subject=subject)]
        return [one for request in requests if request is not None for one in self.requested(shop, request)]

    def requested(self, shop: str, request: int) -> list[Standing]:
        """The restricted values of a request."""
        rows = self._transaction.rows("requested", shop=shop, request=request)
        keys = [dict(zip(VALUE, key, strict=True)) for _, _, *key in rows]
        cases = self._cases(shop, {key["case_id"] for key in keys})
        return [
            Standing(request, name, bool(held), key, cases[key["case_id"]])
            for (name, held, *_), key in zip(rows, keys, strict=True)
        ]

    def _cases(self, shop: str, ids: Iterable[str]) -> dict[str, Ending]:
        rows = self._transaction.rows("cases_named", shop=shop, cases=canonical(sorted(ids)).decode())
        return {case: Ending(workflow, bool(is_open), at) for case, workflow, is_open, at in rows}

    def left(self, shop: str, request: int) -> int:
        """How many values of a request are not erased."""
        return int(self._transaction.row("left", shop=shop, request=request)[0])

    # --- erasure -------------------------------------------------------------------------------------------------

    def kinds(self) -> list[Kind]:
        """The kinds of which any value is restricted."""
        return [Kind(*row) for row in self._transaction.rows("restricted_kinds")]

    def due(self, kind: Kind, ended_by: str) -> list[tuple[str, int]]:
        """Shop and request of the values of a kind that are to be erased: their cases ended by then, none is held."""
        rows = self._transaction.rows("requests_due", ended_by=ended_by, **kind._asdict())
        return [(shop, request) for shop, request in rows]

    def erase(self, shop: str, request: int, ended_by: Mapping[Kind, str]) -> int:
        """Erase what is due of a request, by kind; how many values there were."""
        due = [one.key for one in self.requested(shop, request) if one.is_due(ended_by[one.kind])]
        self._transaction.run_each("erase_value", due)
        self._transaction.run_each("free_value", due)
        return len(due)

    def drop(self, shop: str, seq: int) -> None:
        """Erase the values of an entry of the ledger: whose request, or whose hold it was."""
        self._transaction.flush()
        self._transaction.run("drop_values", shop=shop, case_id=LEDGER, seq=seq)

    def held(self) -> int:
        """How many restricted values are on hold."""
        return int(self._transaction.row("held_values")[0])

    # --- holds ---------------------------------------------------------------------------------------------------

    def place(self, hold: Hold) -> None:
        """Put a hold in force."""
        values = hold._asdict()
        self._transaction.run("place_hold", seq=values.pop("number"), case_id=values.pop("case"), **values)

    def lift(self, shop: str, number: int) -> None:
        """End a hold."""
        self._transaction.run("lift_hold", shop=shop, seq=number)

    def holds(self) -> list[Hold]:
        """Every hold in force, by shop and number."""
        return [Hold(*row) for row in self._transaction.rows("holds")]

    def on_hold(self, shop: str, subject: str | None, case: str | None) -> int:
        """How many values of a subject, or of a case, there are to hold."""
        given = {"shop": shop, "subject": subject, "case_id": case}
        return int(self._transaction.row("values_on_hold", **given)[0])
