"""Bundles: every scope is proven, is by the byte what the format says, and holds nothing personal that nobody asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import engine.bundle
import engine.store.extract
from adapters.bootstrap import bootstrap
from engine import Actor, BadCommand, Engine, Late, NotExported, Personal
from engine.bundle import Bundle, Origin
from engine.canonical import instant
from engine.command import Command
from engine.errors import BadKey, Contended
from engine.events import repair_order as ro
from engine.events.ledger import SubjectErased
from engine.proof.verify import Seen, Trust, parse_policy
from engine.selection import Scope
from engine.states.ledger import LEDGER
from tests import bundles
from tests.exports import (
    HOURS,
    PLATE,
    TRUST,
    VIN,
    WORDS,
    by_the_book,
    exported,
    filled,
    forged,
    judged,
    kinds,
    members_of,
    on_disk,
    policy,
    read,
)
from tests.signers import KEY, NEXT
from tests.support import ADVISOR, MANAGER, Clock, world

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)
SCOPES: dict[str, dict[str, Any]] = {
    "everything": {},
    "a shop": {"shop": "S1"},
    "the log's own shop": {"shop": "ledger"},
    "a shop that is not there": {"shop": "S9"},
    "a case": {"shop": "S1", "case": "RO-1"},
    "the log's own case": {"shop": "ledger", "case": "ledger"},
    "a case that is not there": {"shop": "S1", "case": "RO-77"},
    "a case of a shop that is not there": {"shop": "S9", "case": "RO-1"},
    "a time": {"since": HOURS[2], "until": HOURS[3]},
    "a time of a shop": {"shop": "S1", "since": HOURS[2], "until": HOURS[4]},
    "a time of the log's own shop": {"shop": "ledger", "since": HOURS[2], "until": HOURS[4]},
    "a time without an end": {"shop": "S1", "since": HOURS[6]},
    "a time without a beginning": {"until": HOURS[1]},
    "a time in which nothing was": {"since": HOURS[8] + timedelta(minutes=1)},
    "a time before everything": {"shop": "S1", "until": HOURS[0]},
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(database: str, clock: Clock) -> Iterator[Engine]:
    """A log worth exporting."""
    engine = bootstrap(database, upgrade=True, world=world(clock), synchronous="OFF")
    with closing(engine.store):
        yield filled(engine, clock)


@pytest.fixture
def database(sqlite: str) -> str:
    return sqlite


def asked(scope: dict[str, Any]) -> bundles.Scope:
    return bundles.Scope(**{name: instant(one) if isinstance(one, datetime) else one for name, one in scope.items()})


def documents(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def last_export(log: Engine) -> dict[str, Any]:
    entries = documents(members_of(log)["entries/000000.jsonl"])
    return [one for one in entries if one["command"]["name"] == "journal_exported"][-2]


@EITHER
def test_every_scope_is_proven_and_is_by_the_byte_what_the_format_says(log, tmp_path):
    log.checkpoints.make(KEY)
    log.checkpoints.rotate(KEY, NEXT)
    for name, scope in SCOPES.items():
        members = members_of(log, NEXT, **scope)

        result = judged(on_disk(members, tmp_path / name))
        assert (name, result.status, result.findings) == (name, "OK", [])
        book = by_the_book(log, KEY, NEXT)
        wanted = asked(scope)
        chosen = range(len(book.bodies)) if wanted.is_whole else book.chosen(wanted)
        expected = {
            "checkpoint": book.checkpoint,
            "policy": policy(NEXT),
            "keys.jsonl": book.keys(wanted.is_whole),
            **book.entries(chosen, with_proofs=not wanted.is_whole),
            "heads.jsonl": bundles.lines(book.scoped_leaves(wanted)),
            "erasures.jsonl": b"",
            **(book.tree.tiles(len(book.bodies)) if wanted.is_whole else {"map.json": book.map(wanted)}),
            **{f"rules/{one}.json": book.rules[one] for one in {book.documents[at]["rules"] for at in chosen}},
        }
        assert {one: members[one] for one in members if not one.startswith("manifest.")} == expected
        assert [*members][-2:] == ["manifest.json", "manifest.note"]


def test_a_key_that_gave_way_while_an_export_was_made_signs_no_bundle(log):
    log.checkpoints.make(KEY)
    made = iter([lambda: log.checkpoints.make(KEY), lambda: log.checkpoints.rotate(KEY, NEXT)])

    def make() -> object:
        return next(made)()

    with pytest.raises(BadKey):
        members_of(log, KEY, make=make)


def test_the_manifest_says_what_is_there_and_is_signed(log, clock):
    clock.forward(hours=1)
    scope = {"shop": "S1", "since": HOURS[2], "until": HOURS[4]}
    members = members_of(log, generator="gongdan 1.2.3", **scope)

    manifest = json.loads(members["manifest.json"])
    book = by_the_book(log, KEY)
    assert manifest.pop("files").keys() == members.keys() - {"manifest.json", "manifest.note"}
    assert manifest == {
        "format": 1,
        "origin": KEY.name,
        "size": len(book.bodies),
        "root": book.tree.root(0, len(book.bodies)).hex(),
        "scope": {"shop": "S1", "case": None, "since": instant(HOURS[2]), "until": instant(HOURS[4])},
        "entries": len(members["entries/000000.jsonl"].splitlines()),
        "cases": 6,
        "heads": len(book.bodies) - 1,
        "made_at": instant(clock()),
        "generator": "gongdan 1.2.3",
    }


def test_an_export_is_an_entry_of_the_bundle_itself(log):
    members = members_of(log, shop="S1", since=HOURS[2], paths=["vin"])

    *_, exporting, heads = documents(members_of(log, shop="ledger")["entries/000000.jsonl"])[:-2]
    assert exporting["command"]["actor"] == {"id": "sm-1", "role": "service_manager"}
    assert exporting["command"]["facts"] == {
        "to": "auditor-1",
        "purpose": "yearly-audit",
        "shop": "S1",
        "since": instant(HOURS[2]),
        "openings": len(members["openings.jsonl"].splitlines()),
    }
    assert heads["command"]["facts"]["size"] == json.loads(members["manifest.json"])["heads"]


def test_entries_and_proofs_are_cut_into_files_of_a_bounded_number_of_lines(log, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.bundle, "LINES", 4)
    whole, part = members_of(log), members_of(log, shop="S1")

    assert {name.split("/")[0] for name in part} >= {"entries", "proofs"}
    assert all(whole[f"entries/{number:06}.jsonl"].count(b"\n") == 4 for number in range(4))
    assert judged(on_disk(whole, tmp_path / "whole")).status == "OK"
    assert judged(on_disk(part, tmp_path / "part")).status == "OK"


@EITHER
def test_pages_of_the_database_meet_without_a_gap(log, clock, monkeypatch):
    log.checkpoints.make(KEY)
    made = []
    for page in (500, 2):
        monkeypatch.setattr(engine.store.extract, "_PAGE", page)
        with log.store.snapshot() as transaction:
            for scope in SCOPES.values():
                origin = Origin([KEY], clock(), "x", {})
                made.append(read(Bundle(transaction, Scope(**scope), origin, [(1, "vin")]).members()))

    assert made[: len(SCOPES)] == made[len(SCOPES) :]


def test_the_same_picture_makes_the_same_bundle(log, clock):
    log.checkpoints.make(KEY)
    for scope in (Scope(), Scope("S1"), Scope(since=HOURS[2])):
        made = []
        for _ in range(2):
            with log.store.snapshot() as transaction:
                made.append(read(Bundle(transaction, scope, Origin([KEY], clock(), "x", {})).members()))
        assert made[0] == made[1]


def test_a_member_that_nobody_reads_is_in_the_manifest_all_the_same(log):
    names = [name for name, _ in exported(log, shop="S1")]
    members = exported(log, shop="S1")
    read_last = {name: b"".join(chunks) if name.startswith("manifest.") else b"" for name, chunks in members}
    assert [*read_last] == names
    assert json.loads(read_last["manifest.json"])["files"].keys() == {*names} - {"manifest.json", "manifest.note"}


# --- what is forged --------------------------------------------------------------------------------------------------


def first_hash_flipped(line: str) -> str:
    """A proof with another hash, in good form."""
    at = line.index('"proof":["') + len('"proof":["')
    return line[:at] + ("A" if line[at] != "A" else "B") + line[at + 1 :]


def each_proof_flipped(data: bytes) -> Iterator[bytes]:
    lines = data.decode().splitlines(keepends=True)
    for number, line in enumerate(lines):
        yield "".join([*lines[:number], first_hash_flipped(line), *lines[number + 1 :]]).encode()


@pytest.mark.parametrize(
    "scope", [{"shop": "S1", "case": "RO-1"}, {"since": HOURS[2], "until": HOURS[3]}], ids=["a case", "a time"]
)
def test_each_inclusion_proof_is_needed(log, tmp_path, scope):
    members = members_of(log, **scope)

    for number, changed in enumerate(each_proof_flipped(members["proofs/000000.jsonl"])):
        result = judged(
            on_disk(forged(members, "proofs/000000.jsonl", lambda _, by=changed: by), tmp_path / f"{number}")
        )
        assert kinds(result) == {"proof.wrong"}


def changed(field: str, proof: dict[str, Any]) -> bytes:
    """A map.json in which one part proves something else."""
    part = proof[field]
    if isinstance(part, str):
        proof[field] = "00" * 32
    elif part["siblings"]:
        part["siblings"][0] = "11" * 32
    else:
        part["siblings"] = ["11" * 32]
    return bundles.canonical(proof) + b"\n"


@pytest.mark.parametrize("field", ["shop", "case", "root"])
@pytest.mark.parametrize("scope", [{"shop": "S1", "case": "RO-1"}, {"shop": "S1", "case": "RO-77"}], ids=["is", "not"])
def test_each_map_proof_is_needed(log, tmp_path, scope, field):
    members = members_of(log, **scope)
    result = judged(on_disk(forged(members, "map.json", lambda old: changed(field, json.loads(old))), tmp_path / "b"))
    assert kinds(result) == {"heads.root"}


def test_the_proof_that_an_earlier_key_signed_the_same_log_is_needed(log, tmp_path):
    log.checkpoints.make(KEY)
    log.checkpoints.rotate(KEY, NEXT)
    members = members_of(log, NEXT, shop="S1")

    def another(old: bytes) -> bytes:
        first, second = documents(old)
        second["consistency"] = [bundles.b64(bytes(32)) for _ in second["consistency"]]
        return bundles.lines([first, second])

    assert judged(on_disk(members, tmp_path / "as it is")).status == "OK"
    result = judged(on_disk(forged(members, "keys.jsonl", another, NEXT), tmp_path / "forged"))
    assert "key.epoch" in kinds(result)
    assert result.status == "TAMPERED"


def test_a_part_continues_a_checkpoint_that_the_auditor_has(log, tmp_path):
    seen = log.checkpoints.make(KEY)
    trust = Trust(TRUST.policy, (Seen(seen.note),))

    without = judged(on_disk(members_of(log, shop="S1"), tmp_path / "without"), trust)
    members = members_of(log, shop="S1", known=[seen.size, seen.size])
    book = by_the_book(log, KEY)
    proof = [*map(bundles.b64, book.tree.consistency(seen.size, len(book.bodies)))]

    assert kinds(without) == {"seen.unproven"}
    assert members["since.jsonl"] == bundles.lines([{"proof": proof, "size": seen.size}])
    assert judged(on_disk(members, tmp_path / "with"), trust).findings == []
    forgery = forged(members, "since.jsonl", lambda old: next(each_proof_flipped(old)))
    assert kinds(judged(on_disk(forgery, tmp_path / "forged"), trust)) == {"seen.inconsistent"}


@pytest.mark.parametrize("size", [0, 10_000])
def test_a_checkpoint_that_the_log_has_not_reached_is_refused(log, size):
    with pytest.raises(BadCommand, match="known"):
        members_of(log, known=[size])


def test_a_log_that_was_altered_in_the_database_goes_out_as_it_is_and_is_found(log, tmp_path, sqlite):
    log.checkpoints.make(KEY)
    with create_engine(sqlite).begin() as connection:
        connection.execute(text("DELETE FROM gongdan_rules"))
        connection.execute(text("UPDATE gongdan_entry SET body = X'7B7D' WHERE shop = 'S2'"))

    parts = {"since": {"since": HOURS[8]}, "until": {"until": HOURS[0]}, "shop": {"shop": "S2", "since": HOURS[8]}}
    for name, scope in {"whole": {}, **parts}.items():
        with log.store.snapshot() as transaction:
            members = read(Bundle(transaction, Scope(**scope), Origin([KEY], HOURS[0], "x", {})).members())
        result = judged(on_disk(members, tmp_path / name))
        assert result.status == "TAMPERED"
        assert {"entry.shape", "file.missing"} <= kinds(result)


# --- personal data ---------------------------------------------------------------------------------------------------


def personal(url: str) -> list[tuple[bytes, str]]:
    """Every salt and value that is kept."""
    with create_engine(url).connect() as connection:
        return [
            (bytes(salt), value) for salt, value in connection.execute(text("SELECT salt, value FROM gongdan_personal"))
        ]


@pytest.mark.parametrize("scope", [{}, {"shop": "S1"}, {"shop": "S1", "case": "RO-1"}, {"since": HOURS[2]}])
def test_nothing_personal_leaves_that_nobody_asked_for(log, sqlite, scope):
    shop = log.shop("S1", profile="dpca")
    shop.apply("RO-3", ro.WaitTick(), by=ADVISOR, occurred_at=HOURS[0], late=Late(Personal.clear("断网"), "P-1"))
    kept = personal(sqlite)
    assert {value for _, value in kept} == {VIN, PLATE, WORDS, "断网"}

    everything = b"\n".join(members_of(log, **scope).values())

    for salt, value in kept:
        assert value.encode() not in everything
        assert salt not in everything
        assert salt.hex().encode() not in everything


def openings(members: dict[str, bytes]) -> list[tuple[str, str, str]]:
    return [(one["case"], one["path"], one["value"]) for one in documents(members["openings.jsonl"])]


@EITHER
def test_values_leave_as_asked_each_with_the_salt_that_proves_it(log, tmp_path):
    log.shop("S1").apply(
        "RO-3", ro.WaitTick(), by=ADVISOR, occurred_at=HOURS[0], late=Late(Personal.clear("断网"), "P-1")
    )
    expected = {
        "a subject": ({"subjects": ["person-7"]}, [("RO-1", "customer_words", WORDS)]),
        "a case": ({"subjects": ["RO-2"]}, [("RO-2", "license_plate", PLATE), ("RO-2", "vin", VIN)]),
        "a field": ({"shop": "S1", "paths": ["vin"]}, [(f"RO-{number}", "vin", VIN) for number in range(1, 6)]),
        "a field of a case": ({"shop": "S1", "case": "RO-1", "paths": ["vin"]}, [("RO-1", "vin", VIN)]),
        "a late reason": ({"since": HOURS[8], "paths": ["late.reason"]}, [("RO-3", "late.reason", "断网")]),
        "both": (
            {"shop": "S1", "subjects": ["person-7", "nobody"], "paths": ["license_plate"], "case": "RO-1"},
            [("RO-1", "license_plate", PLATE), ("RO-1", "customer_words", WORDS)],
        ),
    }
    for name, (ask, values) in expected.items():
        members = members_of(log, **ask)
        assert (name, openings(members)) == (name, values)
        assert judged(on_disk(members, tmp_path / name)).findings == []
        assert last_export(log)["command"]["facts"]["openings"] == len(values)


def test_values_of_cases_that_are_not_there_whole_or_in_part_stay(log):
    members = members_of(log, shop="S1", since=HOURS[6], until=HOURS[7], paths=["vin"])
    held = {(one["case"], one["seq"]) for one in documents(members["entries/000000.jsonl"])}
    assert {(one["case"], one["seq"]) for one in documents(members["openings.jsonl"])} == {
        place for place in held if place[1] == 2 and place[0].startswith("RO-")
    }


def test_what_is_asked_for_and_not_there_makes_no_file(log):
    assert "openings.jsonl" not in members_of(log, subjects=["nobody"])


def test_a_value_in_clear_that_is_not_the_one_in_the_log_is_found(log, tmp_path):
    members = members_of(log, paths=["vin"])
    changed = forged(members, "openings.jsonl", lambda old: old.replace(VIN.encode(), b"L" * 17, 1))
    assert kinds(judged(on_disk(changed, tmp_path / "b"))) == {"opening.wrong"}


def test_what_is_erased_between_the_entry_and_the_reading_does_not_leave(log, tmp_path):
    made = iter([log.checkpoints.last, lambda: log.shop("S1").forget("RO-2", by=MANAGER, reason="asked")])

    def make() -> object:
        return next(made)(), log.checkpoints.make(KEY)

    found = read(exported(log, make=make, paths=["vin"]))

    assert [case for case, _, _ in openings(found)] == ["RO-1", "RO-3", "RO-4", "RO-5"]
    assert judged(on_disk(found, tmp_path / "b")).status == "OK"
    assert last_export(log)["command"]["facts"]["openings"] == 5


def test_every_erasure_among_the_entries_is_listed(log, tmp_path):
    fact = SubjectErased(request=2, values=1, asked_by="sm-1", reason="asked")
    command = Command("k-erased", Actor("retention", "system"), fact)
    log._desk("S1").sit(LEDGER, lambda sitting: sitting.apply(LEDGER, command, None), id=command.id)

    whole, part, none = members_of(log), members_of(log, shop="S1"), members_of(log, shop="S2")

    for members in (whole, part):
        (erased,) = documents(members["erasures.jsonl"])
        assert (erased["shop"], erased["case"], erased["seq"]) == ("S1", LEDGER, 3)
    assert none["erasures.jsonl"] == b""
    assert judged(on_disk(part, tmp_path / "b")).findings == []
    assert kinds(judged(on_disk(forged(part, "erasures.jsonl", lambda _: b""), tmp_path / "forged"))) == {
        "erasure.wrong"
    }


def test_a_value_whose_entry_is_not_needed_any_more_stays(log, clock, tmp_path):
    """It was the last of its case before a time to come; by the reading another one is."""
    soon = clock.now + timedelta(days=1)
    made = iter([log.checkpoints.last, lambda: log.shop("S1").apply("RO-5", ro.WaitTick(), by=ADVISOR)])

    def make() -> object:
        return next(made)(), log.checkpoints.make(KEY)

    found = read(exported(log, make=make, shop="S1", since=soon, paths=["vin"]))

    assert [case for case, _, _ in openings(found)] == ["RO-4"]
    assert judged(on_disk(found, tmp_path / "b")).status == "OK"


# --- who, what, when -------------------------------------------------------------------------------------------------


def test_an_export_by_one_who_may_not_is_refused_and_that_is_written_down(log):
    with pytest.raises(NotExported):
        read(log.export(KEY, by=Actor("c-1", "customer"), to="auditor-1", purpose="curiosity"))

    entries = documents(members_of(log, shop="ledger")["entries/000000.jsonl"])
    refused = [one for one in entries if one["outcome"]["answer"] == "refused"]
    assert [one["command"]["name"] for one in refused] == ["journal_exported"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "a person"},
        {"purpose": ""},
        {"shop": "S 1"},
        {"case": "RO-1"},
        {"shop": "S1", "case": "R O"},
        {"shop": "S1", "case": "RO-1", "since": HOURS[0]},
        {"since": HOURS[1], "until": HOURS[1]},
        {"until": HOURS[1].replace(tzinfo=None)},
    ],
    ids=str,
)
def test_what_cannot_be_exported_is_a_mistake_and_no_entry(log, wrong):
    given = {"by": MANAGER, "to": "auditor-1", "purpose": "audit"} | wrong
    with pytest.raises(BadCommand):
        log.export(KEY, **given)
    assert log.checkpoints.last() is None


def test_an_export_that_cannot_be_signed_is_no_entry(log):
    log.checkpoints.make(KEY)
    with pytest.raises(BadKey):
        members_of(log, NEXT)
    assert log.checkpoints.waiting() == 0


def test_the_checkpoint_goes_out_with_the_cosignatures_that_it_has(log, tmp_path):
    witness = bundles.WITNESSES[0]

    def make() -> object:
        signed = log.checkpoints.make(KEY)
        if signed is not None:
            text, _, _ = signed.note.rpartition(b"\n\n")
            log.checkpoints.cosigned(signed, signed.note + witness.line(text + b"\n").encode())
        return signed

    folder = on_disk(read(exported(log, make=make)), tmp_path / "b")
    alone = on_disk(members_of(log), tmp_path / "alone")

    wanted = policy().replace(b"quorum none", f"witness w1 {witness.vkey}\nquorum w1".encode())
    trust = Trust(parse_policy(wanted))
    assert judged(folder, trust).findings == []
    assert kinds(judged(alone, trust)) == {"quorum.missing"}


def begun(log: Engine) -> None:
    """Another process has begun a checkpoint, and has not signed it yet."""
    log.shop("S2").apply("RO-1", ro.WaitTick(), by=ADVISOR)
    log.checkpoints._sit(partial(log.checkpoints._covered, [KEY], None))


def test_a_checkpoint_that_another_process_has_begun_is_made_an_end_of(log, tmp_path):
    made = iter([lambda: None, lambda: begun(log)])

    def make() -> object:
        log.checkpoints.make(KEY)
        return next(made, lambda: None)()

    members = read(exported(log, make=make))
    assert next(made, None) is None
    assert judged(on_disk(members, tmp_path / "b")).status == "OK"


def test_where_checkpoints_never_get_signed_the_export_gives_up(log):
    log.checkpoints.make(KEY)
    begun(log)
    with pytest.raises(Contended):
        read(exported(log, make=lambda: None))


@EITHER
def test_exports_are_whole_while_others_write(log, tmp_path):
    stop, written = threading.Event(), []

    def write(name: str) -> None:
        shop = log.shop(name)
        while not stop.is_set():
            case = f"{name}-{len(written)}"
            shop.open(case, by=ADVISOR)
            shop.apply(case, ro.VehicleCheckedIn.read({"vin": VIN}), by=ADVISOR)
            written.append(case)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("S3", "S4")]
    for writer in writers:
        writer.start()
    try:
        sizes = []
        for number in range(4):
            for name, scope in {"whole": {}, "part": {"shop": "S3"}}.items():
                folder = on_disk(members_of(log, **scope), tmp_path / f"{name}-{number}")
                result = judged(folder)
                sizes.append(result.size)
                assert result.findings == []
    finally:
        stop.set()
        for writer in writers:
            writer.join(60)
    assert sizes == sorted({*sizes})
    assert written
