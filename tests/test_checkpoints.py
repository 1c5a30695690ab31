"""The log: one place for every committed entry, whoever writes; heads that tell where every case stood; signatures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import create_engine, text

from adapters.bootstrap import bootstrap
from engine import BadCommand, Engine, Store
from engine.canonical import canonical
from engine.checkpoints import CHUNK
from engine.errors import BadKey
from engine.events import repair_order as ro
from engine.proof import tree
from engine.proof.verify import (
    map_key,
    map_root,
    map_value,
    parse_checkpoint,
    parse_note,
    verify_ed25519,
)
from engine.store import Log, LogEntry, Signed
from tests.processes import FORKS, SECONDS, ended, started
from tests.signers import KEY, NEXT, ORIGIN, a_key
from tests.support import ADVISOR, arrive, world

EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql-18"], indirect=True)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = bootstrap(database, upgrade=True, world=world(), synchronous="OFF")
    with closing(engine.store):
        yield engine


def leaves(store: Store) -> list[LogEntry]:
    with store.snapshot() as transaction:
        return [*Log(transaction).leaves(0, 2**60)]


def places(store: Store) -> list[tuple[str, str, int]]:
    return [(one.shop, one.case, one.seq) for one in leaves(store)]


def mth(hashes: list[bytes]) -> bytes:
    """RFC 6962's own words."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + mth(hashes[:split]) + mth(hashes[split:])).digest()


def is_whole(store: Store, signed: Signed) -> bool:
    """Places without a gap, each case's in its order, and the root over exactly these bytes."""
    found = leaves(store)[: signed.size]
    hashes = [hashlib.sha256(b"\x00" + one.body).digest() for one in found]
    by_case: dict[tuple[str, str], list[int]] = {}
    for one in found:
        by_case.setdefault((one.shop, one.case), []).append(one.seq)
    return (
        [one.at for one in found] == [*range(signed.size)]
        and all(seqs == [*range(1, len(seqs) + 1)] for seqs in by_case.values())
        and mth(hashes).hex() == signed.root
    )


def last_fact(store: Store, signed: Signed) -> dict[str, object]:
    facts: dict[str, object] = json.loads(leaves(store)[signed.size - 1].body)["command"]["facts"]
    return facts


@EITHER
def test_a_checkpoint_covers_every_entry_and_is_signed_by_the_key(engine):
    arrive(engine.shop("S1"))

    signed = engine.checkpoints.make(KEY)

    assert signed is not None
    assert is_whole(engine.store, signed)
    note = parse_note(signed.note)
    assert parse_checkpoint(note.text) == (ORIGIN, signed.size, bytes.fromhex(signed.root))
    [(name, _, signature)] = note.signatures
    assert name == ORIGIN
    assert verify_ed25519(KEY.public, note.text, signature)


@EITHER
def test_nothing_new_makes_no_checkpoint(engine):
    arrive(engine.shop("S1"))
    first = engine.checkpoints.make(KEY)

    assert engine.checkpoints.make(KEY) is None
    assert engine.checkpoints.last() == first
    assert engine.checkpoints.waiting() == 0


@EITHER
def test_the_heads_entry_is_the_last_and_maps_where_every_case_stood_and_what_its_row_said(engine):
    for shop in ("S1", "S2"):
        for case in ("RO-1", "RO-2", "RO-3"):
            arrive(engine.shop(shop), case)
    engine.checkpoints.make(KEY)
    engine.shop("S2").apply("RO-3", ro.WaitTick(), by=ADVISOR)

    signed = engine.checkpoints.make(KEY)

    heads: dict[str, dict[str, tuple[int, str, str]]] = {}
    covered = leaves(engine.store)[: signed.size - 1]
    for one in covered:
        seal = hashlib.sha256(b"\x00" + one.body).hexdigest()
        heads.setdefault(one.shop, {})[one.case] = (one.seq, seal, "")
    for shop, cases in heads.items():
        for case, (seq, seal, _) in cases.items():
            with engine.store.read() as transaction:
                row = transaction.case(shop, case)
            if shop == "ledger":  # its row is one entry further by now
                known = next(one for one in stored_heads(engine.store) if one[0] == shop)
                cases[case] = (seq, seal, known[4])
            else:
                cases[case] = (seq, seal, hashlib.sha256(canonical(row._asdict())).hexdigest())
    roots = {
        map_key(shop): map_root(sorted((map_key(case), map_value(*leaf)) for case, leaf in cases.items()))
        for shop, cases in heads.items()
    }
    fact = last_fact(engine.store, signed)
    assert fact["size"] == signed.size - 1
    assert fact["root"] == map_root(sorted(roots.items())).hex()
    assert {(shop, case, *leaf) for shop, cases in heads.items() for case, leaf in cases.items()} == {
        *stored_heads(engine.store)
    }


def stored_heads(store: Store) -> list[tuple[str, str, int, str, str]]:
    with store.snapshot() as transaction:
        return [tuple(one) for one in Log(transaction).heads()]


@EITHER
def test_the_heads_entry_names_the_rules_that_the_store_has(engine):
    arrive(engine.shop("S1"))
    arrive(engine.shop("S2", profile="lexus"))

    signed = engine.checkpoints.make(KEY)

    with engine.store.read() as transaction:
        known = sorted(one for one, _ in transaction.all_rules())
    assert len(known) == 3
    assert last_fact(engine.store, signed)["rules"] == hashlib.sha256(canonical(known)).hexdigest()


def test_a_transaction_still_open_is_not_stepped_over(postgresql):
    engine = bootstrap(postgresql, upgrade=True, world=world())
    shop = engine.shop("S1")
    shop.open("FIRST", by=ADVISOR)
    host = create_engine(postgresql)
    with closing(engine.store), host.connect() as slow:
        slow.begin()
        shop.open("SLOW", by=ADVISOR, connection=slow)
        shop.open("QUICK", by=ADVISOR)

        first = engine.checkpoints.make(KEY)

        assert ("S1", "SLOW", 1) not in places(engine.store)
        assert ("S1", "QUICK", 1) in places(engine.store)
        slow.commit()
        second = engine.checkpoints.make(KEY)
        assert places(engine.store).index(("S1", "SLOW", 1)) == first.size
        assert is_whole(engine.store, first)
        assert is_whole(engine.store, second)
    host.dispose()


@EITHER
def test_what_a_host_rolls_back_gets_no_place(engine, database):
    shop = engine.shop("S1")
    host = create_engine(database)
    with host.connect() as connection:
        shop.open("GONE", by=ADVISOR, connection=connection)
        connection.rollback()
    host.dispose()
    shop.open("KEPT", by=ADVISOR)

    signed = engine.checkpoints.make(KEY)

    assert [case for shop_, case, _ in places(engine.store) if shop_ == "S1"] == ["KEPT"]
    assert is_whole(engine.store, signed)


@EITHER
def test_an_imported_journal_gets_its_places_too(engine, tmp_path):
    other = bootstrap(f"sqlite:///{tmp_path / 'other.db'}", upgrade=True, world=world(), synchronous="OFF")
    with closing(other.store):
        arrive(other.shop("S9"))
        assert engine.import_journal(other.export_journal()).sound

    signed = engine.checkpoints.make(KEY)

    assert [place for place in places(engine.store) if place[0] == "S9"] == [("S9", "RO-1", 1), ("S9", "RO-1", 2)]
    assert is_whole(engine.store, signed)


def test_many_that_wait_get_their_places_some_at_a_time(sqlite):
    engine = bootstrap(sqlite, upgrade=True, world=world(), synchronous="OFF")
    with closing(engine.store):
        arrive(engine.shop("S1"))
        with engine.store.write() as transaction:  # as after a migration, by the thousand
            transaction.run("touch")
            cursor = transaction._cursor
            cursor.execute("CREATE TABLE copy AS SELECT * FROM gongdan_entry WHERE seq = 1")
            cursor.executemany(
                "INSERT INTO gongdan_entry SELECT shop, ?, seq, ?, body, seal FROM copy",
                [(f"C-{number}", f"c-{number}") for number in range(CHUNK + 5)],
            )
            cursor.execute(
                "INSERT INTO gongdan_pending (shop, case_id, seq) "
                "SELECT shop, case_id, seq FROM gongdan_entry WHERE case_id LIKE 'C-%'"
            )

        signed = engine.checkpoints.make(KEY)

        assert signed.size == 2 + CHUNK + 5 + 2 + 1
        with engine.store.snapshot() as transaction:
            assert tree.root(signed.size, Log(transaction).tile).hex() == signed.root


# --- keys -----------------------------------------------------------------------------------------------------------


@EITHER
def test_the_first_key_is_announced_and_no_other_signs(engine):
    arrive(engine.shop("S1"))
    engine.checkpoints.make(KEY)

    arrive(engine.shop("S1"), "RO-2")
    with pytest.raises(BadKey) as refused:
        engine.checkpoints.make(NEXT)

    assert [(one.name, one.public) for one in engine.checkpoints.epochs()] == [(ORIGIN, KEY.public.hex())]
    assert KEY.public.hex()[:16] in str(refused.value)
    assert engine.checkpoints.waiting() == 2


@EITHER
def test_a_change_of_keys_is_an_entry_and_both_sign_the_checkpoint_over_it(engine):
    arrive(engine.shop("S1"))
    engine.checkpoints.make(KEY)

    signed = engine.checkpoints.rotate(KEY, NEXT)
    arrive(engine.shop("S1"), "RO-2")
    after = engine.checkpoints.make(NEXT)

    announced = json.loads(leaves(engine.store)[signed.size - 2].body)["command"]["facts"]
    assert announced == {"name": ORIGIN, "public": NEXT.public.hex(), "previous": KEY.public.hex()}
    assert signers_of(signed) == [KEY.public, NEXT.public]
    assert signers_of(after) == [NEXT.public]


def signers_of(signed: Signed) -> list[bytes]:
    note = parse_note(signed.note)
    known = (KEY.public, NEXT.public)
    return [public for _, _, given in note.signatures for public in known if verify_ed25519(public, note.text, given)]


class Crash(Exception):
    """Something went wrong just then."""


class Broken:
    """A signer that is away when it is asked to sign."""

    def __init__(self, key):
        self.name, self.public = key.name, key.public

    def sign(self, _message):
        raise Crash


@EITHER
def test_a_signature_that_failed_is_made_up_for(engine):
    arrive(engine.shop("S1"))
    with pytest.raises(Crash):
        engine.checkpoints.make(Broken(KEY))
    assert engine.checkpoints.last() is None

    signed = engine.checkpoints.make(KEY)

    assert is_whole(engine.store, signed)
    assert engine.checkpoints.make(KEY) is None


class Overtaken:
    """A signer who takes his time: another process does something meanwhile."""

    def __init__(self, key, meanwhile):
        self.name, self.public, self.key, self.meanwhile = key.name, key.public, key, [meanwhile]

    def sign(self, message):
        while self.meanwhile:
            self.meanwhile.pop()()
        return self.key.sign(message)


@EITHER
def test_no_checkpoint_stands_on_one_that_nobody_signed(engine):
    def meanwhile():
        engine.checkpoints.make(KEY)
        arrive(engine.shop("S1"), "RO-2")
        with pytest.raises(Crash):
            engine.checkpoints.rotate(KEY, Broken(NEXT))

    arrive(engine.shop("S1"))
    with pytest.raises(Crash):
        engine.checkpoints.make(Broken(KEY))

    signed = engine.checkpoints.rotate(Overtaken(KEY, meanwhile), NEXT)

    assert signers_of(signed) == [KEY.public, NEXT.public]
    assert engine.checkpoints.last() == signed
    assert [one.public for one in engine.checkpoints.epochs()] == [KEY.public.hex(), NEXT.public.hex()]


@EITHER
def test_a_change_of_keys_that_broke_off_is_ended_by_the_same_call_and_by_nothing_less(engine):
    arrive(engine.shop("S1"))
    engine.checkpoints.make(KEY)
    with pytest.raises(Crash):
        engine.checkpoints.rotate(KEY, Broken(NEXT))

    with pytest.raises(BadKey):
        engine.checkpoints.make(NEXT)
    signed = engine.checkpoints.rotate(KEY, NEXT)

    assert signers_of(signed) == [KEY.public, NEXT.public]
    assert engine.checkpoints.rotate(KEY, NEXT) == signed


def test_a_change_of_keys_on_a_log_without_any_announces_both(sqlite):
    engine = bootstrap(sqlite, upgrade=True, world=world())
    with closing(engine.store):
        signed = engine.checkpoints.rotate(KEY, NEXT)

        assert [one.public for one in engine.checkpoints.epochs()] == [KEY.public.hex(), NEXT.public.hex()]
        assert signers_of(signed) == [KEY.public, NEXT.public]


@EITHER
def test_a_key_of_another_name_or_of_nobody_takes_nothing_over(engine):
    arrive(engine.shop("S1"))
    engine.checkpoints.make(KEY)

    with pytest.raises(BadKey):
        engine.checkpoints.rotate(KEY, a_key(3, "other.example/log"))
    with pytest.raises(BadKey):
        engine.checkpoints.rotate(NEXT, a_key(3))

    assert len(engine.checkpoints.epochs()) == 1


@EITHER
def test_more_signatures_are_kept_unless_another_came_first(engine):
    arrive(engine.shop("S1"))
    signed = engine.checkpoints.make(KEY)

    assert engine.checkpoints.cosigned(signed, signed.note + b"one\n")
    assert not engine.checkpoints.cosigned(signed, signed.note + b"two\n")

    assert engine.checkpoints.last().note == signed.note + b"one\n"


@EITHER
def test_the_private_key_is_nowhere_in_the_database(engine, database):
    arrive(engine.shop("S1"))
    engine.checkpoints.make(KEY)

    host = create_engine(database)
    with host.connect() as connection:
        for table in ("entry", "key", "checkpoint", "page", "tile", "rules"):
            for row in connection.execute(text(f"SELECT * FROM gongdan_{table}")):
                assert KEY.seed not in b"".join(bytes(v) if isinstance(v, (bytes, memoryview)) else b"" for v in row)
                assert KEY.seed.hex() not in str(row)
    host.dispose()


def test_the_log_is_no_shop(sqlite):
    engine = bootstrap(sqlite, upgrade=True)
    with closing(engine.store), pytest.raises(BadCommand):
        engine.shop("ledger")


# --- several at once --------------------------------------------------------------------------------------------------

WRITERS, SEQUENCERS, CASES, ROUNDS = 3, 2, 12, 8


def write(url: str, name: str, ready: Barrier, wire: Connection) -> None:
    engine = bootstrap(url, synchronous="NORMAL", busy_seconds=SECONDS)
    with closing(engine.store):
        ready.wait(SECONDS)
        for number in range(CASES):
            arrive(engine.shop("S1"), f"{name}-{number}")
    wire.send(CASES * 2)


def sequence(url: str, ready: Barrier, wire: Connection) -> None:
    engine = bootstrap(url, synchronous="NORMAL", busy_seconds=SECONDS)
    with closing(engine.store):
        ready.wait(SECONDS)
        made = [engine.checkpoints.make(KEY) for _ in range(ROUNDS)]
    wire.send([one for one in made if one is not None])


@EITHER
def test_several_sequencers_beside_several_writers_make_one_log(engine, database):
    engine.checkpoints.make(KEY)
    ready = FORKS.Barrier(WRITERS + SEQUENCERS)
    writers = [started(write, database, f"W{n}", ready) for n in range(WRITERS)]
    sequencers = [started(sequence, database, ready) for _ in range(SEQUENCERS)]

    written = [ended(*one) for one in writers]
    made = [ended(*one) for one in sequencers]
    last = engine.checkpoints.make(KEY) or engine.checkpoints.last()

    assert written == [(0, CASES * 2)] * WRITERS
    assert all(code == 0 for code, _ in made)
    sizes = sorted(one.size for _, signed in made for one in signed)
    assert all(one < other for one, other in pairwise(sizes))
    for _, signed in made:
        assert all(is_whole(engine.store, one) for one in signed)
    assert is_whole(engine.store, last)
    assert len([place for place in places(engine.store) if place[0] == "S1"]) == WRITERS * CASES * 2
