"""Checkpoints in time: made when enough waits or for long enough, published, and cosigned by those who are asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.checkpointing import ENTRIES, SECONDS, Checkpointing
from adapters.witness.core import Witness
from adapters.witness.home import at_work, create
from adapters.witness.server import WitnessServer
from adapters.witness.shared_folder import witnessed
from adapters.worker import work
from engine import Engine
from engine.errors import BadKey
from engine.proof.note import vkey
from engine.proof.verify import COSIGNER, parse_note, parse_policy
from tests.signers import KEY, NEXT
from tests.support import arrive, engine_on

LOG = vkey(KEY.name, KEY.public)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = engine_on(tmp_path)
    with closing(engine.store):
        arrive(engine.shop("S1"))
        yield engine


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    create(tmp_path / "witness", "oem.example/w1", [LOG])
    with at_work(tmp_path / "witness") as witness:
        yield witness


def policy_of(witness: Witness, url: str = "") -> bytes:
    public = vkey(witness.key.name, witness.key.public, COSIGNER)
    return f"log {LOG}\nwitness w1 {public} {url}\nquorum w1\n".encode()


@contextmanager
def serving(witness: Witness) -> Iterator[str]:
    """Its address on loopback."""
    with WitnessServer(witness, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_witness_with_an_address_is_asked_at_once(engine, witness):
    with serving(witness) as url:
        policy = parse_policy(policy_of(witness, url))
        making = Checkpointing(engine, [KEY], policy=policy)
        first = making.make()
        arrive(engine.shop("S1"), "RO-2")
        second = making.make()

    for signed in (first, second):
        assert policy.judge(parse_note(signed.note)).quorum
    assert engine.checkpoints.last() == second


def test_a_witness_that_is_away_or_signs_nothing_is_told_of_and_the_checkpoint_stands(engine, witness, tmp_path):
    other = create(tmp_path / "other", "group.example/w2", [vkey(NEXT.name, NEXT.public)])
    with serving(other) as url:
        refusing = Checkpointing(engine, [KEY], policy=parse_policy(policy_of(witness, url)))
        with capture_logs() as logs:
            signed = refusing.make()
        arrive(engine.shop("S1"), "RO-2")
    with capture_logs() as later:  # nobody listens there any more
        refusing.make()

    assert signed.note.count("\N{EM DASH}".encode()) == 1
    assert [one["reason"] for one in logs if one["event"] == "not_cosigned"] == ["HTTP 403"]
    assert [one["witness"] for one in later if one["event"] == "not_cosigned"] == ["w1"]


def test_a_witness_of_the_folder_is_heard_when_it_has_written(engine, witness, tmp_path):
    policy = parse_policy(policy_of(witness))
    making = Checkpointing(engine, [KEY], tmp_path / "public", policy)
    signed = making.make()
    assert not policy.judge(parse_note(signed.note)).quorum

    assert witnessed(witness, tmp_path / "public").cosignature
    cosigned = making.collect()

    assert policy.judge(parse_note(cosigned.note)).quorum
    assert engine.checkpoints.last() == cosigned
    assert (tmp_path / "public" / "checkpoint").read_bytes() == cosigned.note
    assert making.collect() == cosigned


def test_there_is_nothing_to_collect_without_a_checkpoint_a_folder_or_a_policy(engine, tmp_path):
    assert Checkpointing(engine, [KEY], tmp_path / "public", parse_policy(b"quorum none\n")).collect() is None

    signed = Checkpointing(engine, [KEY]).make()

    assert Checkpointing(engine, [KEY]).collect() == signed
    assert Checkpointing(engine, [KEY], tmp_path / "public").collect() == signed


def test_a_signature_that_another_process_kept_first_stands(engine, witness):
    with serving(witness) as url:
        making = Checkpointing(engine, [KEY], policy=parse_policy(policy_of(witness, url)))
        signed = engine.checkpoints.make(KEY)
        engine.checkpoints.cosigned(signed, signed.note + theirs())

        assert making._shown(signed) == signed

    assert engine.checkpoints.last().note == signed.note + theirs()


def theirs() -> bytes:
    return "\N{EM DASH} somebody AAAAAAAA\n".encode()


def test_both_keys_sign_a_rotation_that_is_published(engine, tmp_path):
    Checkpointing(engine, [KEY], tmp_path / "public").make()

    signed = Checkpointing(engine, [KEY, NEXT], tmp_path / "public").rotate()

    assert (tmp_path / "public" / "checkpoint").read_bytes() == signed.note
    assert len(parse_note(signed.note).signatures) == 2


class Looks(threading.Event):
    """Is set after so many looks; between two of them something may happen."""

    def __init__(self, number, between=lambda: None):
        super().__init__()
        self._left, self._between = number, between

    def wait(self, _timeout=None):
        self._left -= 1
        if self._left:
            self._between()
        else:
            self.set()
        return self.is_set()


def times(*values):
    """A clock that shows one of these after the other."""
    left = iter(values)
    return lambda: next(left)


def test_the_first_look_makes_a_checkpoint_of_what_waits(engine):
    Checkpointing(engine, [KEY], clock=times(1000.0, 1000.0, 1000.0)).run(Looks(1))

    assert engine.checkpoints.last().size == 5


@pytest.mark.parametrize(("later", "made"), [(SECONDS, True), (SECONDS - 0.1, False)])
def test_an_entry_waits_for_its_checkpoint_a_minute_and_no_longer(engine, later, made):
    looks = Looks(2, lambda: arrive(engine.shop("S1"), "RO-2"))

    Checkpointing(engine, [KEY], clock=times(0.0, 0.0, 0.0, later, later)).run(looks)

    assert engine.checkpoints.waiting() == (0 if made else 2)


def test_a_thousand_entries_are_not_kept_waiting(engine):
    def many():
        shop = engine.shop("S1")
        for number in range(ENTRIES // 2):
            arrive(shop, f"C-{number}")

    Checkpointing(engine, [KEY], clock=times(0.0, 0.0, 0.0, 1.0)).run(Looks(2, many))

    assert engine.checkpoints.waiting() == 0


def test_nothing_new_makes_no_checkpoint_however_long_it_is(engine):
    engine.checkpoints.make(KEY)
    last = engine.checkpoints.last()

    Checkpointing(engine, [KEY], clock=times(0.0)).run(Looks(2))

    assert engine.checkpoints.last() == last


def test_a_worker_makes_checkpoints_beside_its_deliveries(engine):
    work(engine, [], Looks(1), also=[Checkpointing(engine, [KEY]).run])

    assert engine.checkpoints.last().size == 5


def test_a_wrong_key_ends_the_worker(engine):
    engine.checkpoints.make(KEY)
    arrive(engine.shop("S1"), "RO-2")

    with pytest.raises(BadKey):
        work(engine, [], threading.Event(), also=[Checkpointing(engine, [NEXT]).run])


def test_a_race_that_is_lost_again_and_again_is_run_anew_a_minute_later(engine, monkeypatch):
    monkeypatch.setattr("engine.desk._ATTEMPTS", 0)

    with capture_logs() as logs:
        Checkpointing(engine, [KEY], clock=times(0.0, 0.0, 0.0, SECONDS, SECONDS)).run(Looks(2, monkeypatch.undo))

    assert [one["reason"] for one in logs if one["event"] == "checkpoint_waits"] == ["Contended"]
    assert engine.checkpoints.last().size == 5


def test_a_database_or_a_disk_that_is_away_is_waited_for(engine, tmp_path):
    with engine.store.write() as transaction:
        transaction._cursor.execute("ALTER TABLE gongdan_pending RENAME TO aside")

    def back():
        with engine.store.write() as transaction:
            transaction._cursor.execute("ALTER TABLE aside RENAME TO gongdan_pending")
        (tmp_path / "public").write_bytes(b"no folder")

    with capture_logs() as logs:
        Checkpointing(engine, [KEY], tmp_path / "public", clock=times(0.0, 0.0, 0.0)).run(Looks(2, back))

    reasons = [one["reason"] for one in logs if one["event"] == "checkpoint_waits"]
    assert reasons == ["StoreUnavailable", "FileExistsError"]
    assert engine.checkpoints.last().size == 5
