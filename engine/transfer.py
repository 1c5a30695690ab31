"""Journals in and out: every sealed byte as it is, verified by replay before anything is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.audit import Report, Sealed, audit, library
from engine.case import CaseRow
from engine.errors import BadJournal, CaseExists
from engine.rules import Catalogue
from engine.store import Abandoned, Store, Transaction

Line = tuple[str, bytes, str]
"""("rules", body, digest) or ("entry", body, seal)."""


def export_journal(store: Store) -> Iterator[Line]:
    """Every rules body, then every entry by shop, case and seq."""
    with store.read() as transaction:
        for digest, body in transaction.all_rules():
            yield "rules", body, digest
        for body, seal in transaction.all_entries():
            yield "entry", body, seal


def audit_journal(lines: Iterable[Line], catalogue: Catalogue) -> Report:
    """Replay a journal that was handed over, without any database."""
    report = Report()
    bodies: dict[str, bytes] = {}
    sealed = (
        Sealed.read(body, known, catalogue) for kind, body, known in lines if not _is_rules(kind, body, known, bodies)
    )
    for _ in audit(sealed, library(catalogue, bodies.get), report):
        pass
    return report


def import_journal(lines: Iterable[Line], store: Store, catalogue: Catalogue) -> Report:
    """Replay a journal and insert its sealed bytes verbatim; or insert nothing, and the findings say why.

    Raises BadJournal for what is no entry, CaseExists for a case that is here already.
    """
    report = Report()
    with store.write() as transaction:
        bodies: dict[str, bytes] = {}
        incoming = _insert(lines, bodies, catalogue, transaction)
        for case in audit(incoming, library(catalogue, bodies.get), report):
            transaction.insert_case(CaseRow.of(case))
        if not report.clean:
            raise Abandoned
        for digest, body in bodies.items():
            transaction.keep_rules(digest, body)
    return report


def _insert(
    lines: Iterable[Line], bodies: dict[str, bytes], catalogue: Catalogue, transaction: Transaction
) -> Iterator[Sealed]:
    for number, (kind, body, known) in enumerate(lines, 1):
        if _is_rules(kind, body, known, bodies):
            continue
        sealed = Sealed.read(body, known, catalogue)
        if sealed.entry is None:
            raise BadJournal(line=number, expected=sealed.reason)
        if transaction.case(sealed.entry.shop, sealed.entry.case) is not None:
            raise CaseExists(shop=sealed.entry.shop, case=sealed.entry.case)
        transaction.insert_entry(sealed.entry)
        yield sealed


def _is_rules(kind: str, body: bytes, digest: str, bodies: dict[str, bytes]) -> bool:
    if kind == "rules":
        bodies[digest] = body
    return kind == "rules"
