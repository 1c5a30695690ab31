"""Journals in and out: every sealed byte as it is, verified by replay before anything is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.audit import audit, is_sound, library
from engine.counting import Counting
from engine.errors import BadJournal, CaseExists, StoreUnavailable
from engine.evidence import Place, Sealed
from engine.findings import Report
from engine.journal import Entry
from engine.listing import row_of
from engine.rules import Catalogue
from engine.store import Abandoned, LostRace, Store, Transaction
from engine.tally import Tally

Line = tuple[str, bytes, str]
"""("rules", body, digest) or ("entry", body, seal)."""


def export_journal(store: Store) -> Iterator[Line]:
    """Every rules body, then every entry by shop, case and seq."""
    with store.snapshot() as transaction:
        for digest, body in transaction.all_rules():
            yield "rules", body, digest
        for body, seal in transaction.all_entries():
            yield "entry", body, seal


def audit_journal(lines: Iterable[Line], catalogue: Catalogue, tally: Tally | None = None) -> Report:
    """Replay a journal that was handed over, without any database, and count it into the tally.

    The report says that it had no anchor.
    """
    report = Report()
    counting = Counting(tally, report)
    bodies: dict[str, bytes] = {}
    sealed = (sealed for _, sealed in _entries(lines, bodies, catalogue, report))
    for _ in counting.cases(audit(counting.entries(sealed), library(catalogue, bodies.get), report)):
        pass
    counting.finish()
    report.unanchored()
    return report


def import_journal(lines: Iterable[Line], store: Store, catalogue: Catalogue) -> Report:
    """Replay a journal and insert its sealed bytes verbatim; or insert nothing, and the findings say why.

    Raises BadJournal for what is no entry, CaseExists for a case that is here already, StoreUnavailable: also when
    another writer brought in the same meanwhile.
    """
    try:
        report = _brought_in(lines, store, catalogue)
    except LostRace:
        raise StoreUnavailable(url=store.url, reason="locked") from None
    report.unanchored()
    return report


def _brought_in(lines: Iterable[Line], store: Store, catalogue: Catalogue) -> Report:
    report = Report()
    bodies: dict[str, bytes] = {}
    with store.write() as transaction:
        incoming = _inserted(_entries(lines, bodies, catalogue, report), transaction, report)
        for case in audit(incoming, library(catalogue, bodies.get), report):
            if report.sound:
                transaction.insert_case(row_of(case, catalogue.workflows[case.workflow]))
        if not report.sound:
            raise Abandoned
        for digest, body in bodies.items():
            transaction.keep_rules(digest, body)
    return report


def _entries(
    lines: Iterable[Line], bodies: dict[str, bytes], catalogue: Catalogue, report: Report
) -> Iterator[tuple[int, Sealed]]:
    """The entries among the lines, with their numbers; sound rules bodies are put aside."""
    for number, (kind, body, known) in enumerate(lines, 1):
        if kind != "rules":
            yield number, Sealed.read(body, known, catalogue, Place(line=number))
        elif is_sound(known, body, report):
            bodies[known] = body


def _inserted(entries: Iterable[tuple[int, Sealed]], transaction: Transaction, report: Report) -> Iterator[Sealed]:
    """Each entry on its way to the audit; it is inserted when the audit has asked for the next one and is content."""
    for number, sealed in entries:
        entry = sealed.entry
        if entry is None:
            raise BadJournal(line=number, expected=sealed.reason)
        if transaction.case(entry.shop, entry.case) is not None:
            raise CaseExists(shop=entry.shop, case=entry.case)
        yield sealed
        if report.sound:
            _insert(number, entry, transaction)


def _insert(number: int, entry: Entry, transaction: Transaction) -> None:
    if transaction.answered(entry.shop, entry.command.id) is not None:
        raise BadJournal(line=number, expected="new-command")
    transaction.insert_entry(entry)
