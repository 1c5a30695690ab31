"""A witness: it keeps the largest consistent checkpoint, on the disk first, and says why it refuses another.

The log is a real one in memory, published into a real folder; keys, notes, proofs and quorums are real.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from structlog.testing import capture_logs

from adapters import keys
from adapters.folders import held
from adapters.publish import Republished, publish, with_published
from adapters.tiles import Tiles, first_difference
from adapters.witness import home
from adapters.witness.core import MOST_REFUSED, Found
from adapters.witness.server import submitted
from adapters.witness.shared_folder import watch, witnessed
from engine import BadSettings
from engine.proof import tree
from engine.proof.note import checkpoint_text, signed, vkey
from engine.proof.verify import (
    Checkpoint,
    parse_checkpoint,
    parse_note,
    parse_policy,
    parse_vkey,
    read_seen,
    signs,
)
from engine.proof.witness import Objection, Submission
from tests.processes import KILLED, SECONDS, in_a_process

ORIGIN = "4s.example/jn-01"
LOG_KEY = keys.generate(ORIGIN)
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@dataclass
class Log:
    """A log with its tree, which signs what it says."""

    key: keys.PrivateKey = LOG_KEY
    hashes: list[bytes] = field(default_factory=list)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def grow(self, count: int, seed: str = "entry") -> Log:
        fresh = [sha256(f"{seed} {len(self.hashes) + at}".encode()).digest() for at in range(count)]
        self.tiles |= tree.appended(len(self.hashes), fresh, self.read)
        self.hashes += fresh
        return self

    def read(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")

    def rewritten(self, at: int) -> Log:
        """The same log with another entry at one place."""
        hashes = [*self.hashes]
        hashes[at] = sha256(b"forged").digest()
        return Log(self.key, hashes, tree.appended(0, hashes, lambda *_: b""))

    def cut(self, size: int) -> Log:
        return Log(self.key, self.hashes[:size], tree.appended(0, self.hashes[:size], lambda *_: b""))

    def note(self, size: int | None = None) -> bytes:
        size = len(self.hashes) if size is None else size
        return signed(checkpoint_text(self.key.name, size, tree.root(size, self.read)), [self.key])

    def proof(self, old: int, new: int | None = None) -> list[bytes]:
        return tree.consistency(old, len(self.hashes) if new is None else new, self.read)

    def submission(self, old: int, new: int | None = None) -> Submission:
        return Submission(old, self.proof(old, new), self.note(new))


def the_clock() -> datetime:
    return NOW


def a_witness(folder, name="oem.example/w1", *vkeys):
    home.create(folder, name, vkeys or [vkey(ORIGIN, LOG_KEY.public)])
    return home.load(folder, the_clock)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def witness(tmp_path):
    return a_witness(tmp_path / "witness")


@pytest.fixture
def published(tmp_path):
    return tmp_path / "published"


def show(log, folder):
    """Publish as somebody who minds nothing: what stood there is gone."""
    if folder.exists():
        folder.rename(folder.with_name(f"before-{len(list(folder.parent.iterdir()))}"))
    publish(folder, log.note(), log.read)


def add(witness, submission):
    return submitted(witness, submission.body())


def holds(witness, line, note):
    """Whether a line is the witness's cosignature of a note."""
    return signs(parse_vkey(witness.vkey), parse_note(note + line)) is True


def evidence(witness):
    return sorted(file.name.partition("-")[0] for file in (witness.home(ORIGIN) / "refused").glob("*"))


# --- what is submitted -----------------------------------------------------------------------------------------------


def test_it_cosigns_what_continues_what_it_knows(witness, log):
    first = add(witness, log.grow(5).submission(0))
    second = add(witness, log.grow(300).submission(5))
    again = add(witness, log.submission(305))

    assert holds(witness, first.cosignature, log.note(5))
    assert [holds(witness, one.cosignature, log.note()) for one in (second, again)] == [True, True]
    assert witness.known(ORIGIN) == parse_checkpoint(parse_note(log.note()).text)


def test_the_empty_log_can_be_witnessed(witness, log):
    reply = add(witness, log.submission(0))

    assert holds(witness, reply.cosignature, log.note())
    assert (witness.home(ORIGIN) / "checkpoint").read_bytes() == log.note() + reply.cosignature


def test_what_is_kept_carries_the_signature_of_its_log_and_the_cosignature_and_no_other(witness, log):
    stranger = signed(parse_note(log.grow(1).note()).text, [LOG_KEY, keys.generate("stranger")])

    reply = add(witness, Submission(0, [], stranger))

    assert (witness.home(ORIGIN) / "checkpoint").read_bytes() == log.note() + reply.cosignature


@pytest.mark.parametrize(
    ("submission", "objection", "kept"),
    [
        (lambda _: Submission(0, [], b"no note"), Objection.MALFORMED, []),
        (lambda _: Submission(0, [], signed(b"one line\n", [LOG_KEY])), Objection.MALFORMED, []),
        (lambda log: Submission(9, [], log.note(8)), Objection.MALFORMED, []),
        (lambda _: Submission(0, [], Log(keys.generate("other.example")).note()), Objection.UNKNOWN, []),
        (lambda _: Log(keys.generate(ORIGIN)).grow(9).submission(5), Objection.UNSIGNED, []),
        (lambda log: log.submission(0, 8), Objection.STALE, []),
        (lambda log: log.submission(3, 4), Objection.STALE, []),
        (lambda log: log.rewritten(2).submission(5, 5), Objection.FORK, ["fork"]),
        (lambda log: log.rewritten(2).submission(5, 8), Objection.UNPROVEN, ["unproven"]),
        (lambda log: Submission(5, log.proof(5, 8)[1:], log.note(8)), Objection.UNPROVEN, ["unproven"]),
        (lambda log: Submission(5, log.proof(5, 8), log.note(5)), Objection.UNPROVEN, ["unproven"]),
    ],
    ids=[
        *("no note", "no checkpoint", "old above new", "another log", "another key", "stale", "smaller and stale"),
        *("fork", "rewritten", "proof cut", "proof of nothing"),
    ],
)
def test_it_says_why_it_refuses_and_forgets_nothing(witness, log, submission, objection, kept):
    log.grow(10)
    add(witness, log.submission(0, 5))

    reply = add(witness, submission(log))

    assert (reply.objection, reply.cosignature) == (objection, b"")
    assert evidence(witness) == kept
    assert witness.known(ORIGIN).size == 5


def test_a_proof_from_nothing_is_empty(witness, log):
    reply = add(witness, Submission(0, [bytes(32)], log.grow(3).note()))

    assert reply.objection == Objection.UNPROVEN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0",
        b"old 0\n",
        b"old 0\nAAAA\n\n",
        b"old 00\n\nnote",
        b"old -1\n\nnote",
        b"old 1 \n\nnote",
        b"new 0\n\nnote",
        b"old 0\n" + b"!" * 44 + b"\n\nnote",
        b"old 0\n" + b"A" * 42 + b"B=\n\nnote",
        b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\nnote",
        b"old 0\n\xff\n\nnote",
    ],
)
def test_a_malformed_submission_is_refused(witness, body):
    assert submitted(witness, body).objection == Objection.MALFORMED


def test_refused_checkpoints_do_not_fill_the_disk_but_a_fork_is_always_kept(witness, log):
    log.grow(MOST_REFUSED + 20)
    add(witness, log.submission(0, 5))

    for size in range(6, len(log.hashes)):
        add(witness, Submission(5, [], log.note(size)))
    for _ in range(2):
        add(witness, log.rewritten(2).submission(5, 5))

    assert evidence(witness) == ["fork", *["unproven"] * MOST_REFUSED]


def test_a_log_may_have_several_keys(tmp_path, log):
    newer = keys.generate(ORIGIN)
    witness = a_witness(tmp_path / "w", "w1", *(vkey(ORIGIN, key.public) for key in (LOG_KEY, newer)))
    add(witness, log.grow(5).submission(0))
    log.key = newer

    reply = add(witness, log.grow(1).submission(5))

    assert reply.objection is None


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_where_its_memory_is_damaged_it_signs_nothing(witness, log, damage):
    add(witness, log.grow(5).submission(0))
    place = witness.home(ORIGIN) / "checkpoint"
    place.write_bytes(Log(keys.generate("other.example")).note() if damage is None else damage)

    with pytest.raises(BadSettings, match="checkpoint"):
        add(witness, log.submission(0))


def test_two_submissions_at_once_are_judged_one_after_the_other(witness, log):
    log.grow(20)
    entered, other_judged, seen = threading.Event(), threading.Event(), []

    def first(known, new):
        entered.set()
        seen.append((known.size, other_judged.wait(0.3)))
        return Found(None)

    def second(known, new):
        other_judged.set()
        seen.append((known.size, True))
        return Found(Objection.STALE)

    with ThreadPoolExecutor() as threads:
        one = threads.submit(witness.consider, log.note(20), first)
        assert entered.wait(30)
        two = threads.submit(witness.consider, log.note(10), second)

    assert seen == [(0, False), (20, True)]
    assert (one.result().objection, two.result().objection) == (None, Objection.STALE)


def test_a_race_never_rolls_back_what_was_cosigned(witness, log):
    """The one that tlog-witness describes: both start from one size, the smaller must not come last."""
    log.grow(200)
    known = 0
    with ThreadPoolExecutor(8) as threads:
        for size in range(20, 200, 20):
            rivals = [log.submission(known, size + step) for step in range(8)]
            replies = [*threads.map(lambda one: add(witness, one), rivals)]
            won = [reply for reply in replies if reply.objection is None]
            assert len(won) == 1
            assert {reply.objection for reply in replies if reply not in won} == {Objection.STALE}
            assert witness.known(ORIGIN) == won[0].known
            known = won[0].known.size


# --- a death at any moment -------------------------------------------------------------------------------------------


def answer_until_killed(folder, submission, deadly, wire):
    """Answer one submission; killed at the given fsync, or with 0 just before the answer leaves."""
    left, fsync = deadly, os.fsync

    def counted(descriptor):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    os.fsync = counted
    with home.at_work(folder, the_clock) as witness:
        reply = add(witness, submission)
        if deadly == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        wire.send(reply.cosignature)


@pytest.mark.parametrize("deadly", [0, 1, 2, 3, 4, 5, 99])
def test_killed_at_any_moment_it_never_signs_two_that_disagree(tmp_path, log, deadly):
    witness = a_witness(tmp_path / "w")
    fork = log.grow(20).rewritten(3)

    code, sent = in_a_process(answer_until_killed, witness.folder, log.submission(0), deadly)
    with home.at_work(witness.folder) as after:
        of_the_fork = add(after, fork.submission(0)).cosignature
        of_the_log = add(after, log.submission(20)).cosignature

    assert code == (0 if sent else KILLED)
    assert [bool(sent or of_the_log), bool(of_the_fork)].count(True) == 1
    assert not of_the_fork or deadly in {1, 2, 3}  # before the checkpoint was in its place


def test_a_second_process_cannot_work_in_the_same_folder(witness):
    with (
        home.at_work(witness.folder),
        pytest.raises(BadSettings, match="no other witness"),
        home.at_work(witness.folder),
    ):
        pass


# --- what is published -----------------------------------------------------------------------------------------------


def test_a_published_log_is_witnessed_copied_and_cosigned(witness, log, published):
    for count in (3, 250, 300, 17_000):
        publish(published, log.grow(count).note(), log.read)
        reply = witnessed(witness, published)
        assert (reply.objection, reply.known.size) == (None, len(log.hashes))

    kept = Tiles(witness.home(ORIGIN), len(log.hashes))
    assert all(kept.read(level, index) == log.read(level, index) for level, index, _ in tree.tiles(len(log.hashes)))
    assert with_published(published, log.note(), [parse_vkey(witness.vkey)]) == log.note() + reply.cosignature


def test_the_kept_copy_names_the_first_entry_that_differs(witness, log, published):
    show(log.grow(600), published)
    witnessed(witness, published)

    kept = Tiles(witness.home(ORIGIN), 600)
    show(log.rewritten(411), published)

    assert first_difference(kept, Tiles(published, 600)) == 411
    assert first_difference(kept, kept) is None


def test_what_lies_beyond_the_size_of_a_log_is_not_seen(log, published):
    publish(published, log.grow(600).note(), log.read)

    assert Tiles(published, 300).read(0, 1) == log.read(0, 1)[: 44 * 32]
    assert (Tiles(published, 300).read(0, 2), Tiles(published, 300).read(1, 1)) == (b"", b"")


def test_what_is_kept_of_a_log_is_what_an_auditor_can_hold_a_bundle_against(witness, log, published):
    show(log.grow(600), published)
    line = witnessed(witness, published).cosignature
    show(log.rewritten(411).grow(1000), published)
    assert witnessed(witness, published).objection == Objection.REWRITTEN

    seen = read_seen(str(witness.home(ORIGIN)))

    assert seen.note == log.note() + line
    assert seen.tiles.read("tile/0/001", 8192) == log.read(0, 1)


@pytest.mark.parametrize(
    ("change", "objection", "first", "kept"),
    [
        (lambda log: log.rewritten(411), Objection.REWRITTEN, 411, ["rewritten"]),
        (lambda log: log.rewritten(411).grow(300), Objection.REWRITTEN, 411, ["rewritten"]),
        (lambda log: log.cut(500), Objection.SMALLER, None, ["smaller"]),
        (lambda log: log.rewritten(411).cut(500), Objection.REWRITTEN, 411, ["rewritten"]),
        (lambda log: log.cut(500).grow(100, "other"), Objection.REWRITTEN, 500, ["rewritten"]),
    ],
    ids=["rewritten", "rewritten and grown", "cut", "rewritten and cut", "cut and grown again"],
)
def test_history_that_was_rewritten_is_refused_and_its_place_named(
    witness, log, published, change, objection, first, kept
):
    show(log.grow(600), published)
    witnessed(witness, published)
    note = (witness.home(ORIGIN) / "checkpoint").read_bytes()
    show(change(log), published)

    reply = witnessed(witness, published)

    assert (reply.objection, reply.first, reply.cosignature) == (objection, first, b"")
    assert evidence(witness) == kept
    assert (witness.home(ORIGIN) / "checkpoint").read_bytes() == note
    assert not (published / "cosignatures").exists()


def test_after_a_refusal_the_honest_log_is_witnessed_as_before(witness, log, published):
    show(log.grow(600), published)
    witnessed(witness, published)
    show(log.rewritten(411).grow(3000), published)
    assert witnessed(witness, published).objection == Objection.REWRITTEN
    show(log.grow(2000), published)

    assert witnessed(witness, published).objection is None
    assert Tiles(witness.home(ORIGIN), 2600).read(0, 5) == log.read(0, 5)


def test_the_same_size_with_another_root_is_a_fork_even_where_no_hash_shows_it(witness, log, published):
    show(log.grow(5), published)
    witnessed(witness, published)
    (published / "checkpoint").write_bytes(log.rewritten(2).note())

    assert witnessed(witness, published).objection == Objection.FORK


def test_hashes_that_do_not_make_the_signed_root_prove_nothing(witness, log, published):
    show(log.grow(5), published)
    witnessed(witness, published)
    show(log.grow(4), published)
    (published / "checkpoint").write_bytes(log.rewritten(7).note())

    assert witnessed(witness, published).objection == Objection.UNPROVEN
    assert evidence(witness) == ["unproven"]


@pytest.mark.parametrize("missing", ["tile/0/000", "tile/0/001.p/144"])
def test_hashes_that_are_missing_are_refused(witness, log, published, missing):
    show(log.grow(400), published)
    (published / missing).unlink()

    assert witnessed(witness, published).objection == Objection.UNPUBLISHED
    assert evidence(witness) == []


def test_a_copy_that_was_lost_or_never_made_is_made_anew(witness, log, published):
    add(witness, log.grow(300).submission(0))
    show(log.grow(300), published)

    assert witnessed(witness, published).objection is None
    assert Tiles(witness.home(ORIGIN), 600).read(0, 1) == log.read(0, 1)


def test_a_copy_made_anew_must_lead_through_what_was_witnessed(witness, log, published):
    add(witness, log.grow(300).submission(0))
    show(log.rewritten(7).grow(300), published)

    reply = witnessed(witness, published)

    assert (reply.objection, reply.first) == (Objection.UNPROVEN, None)
    assert witness.known(ORIGIN).size == 300


def test_a_folder_without_a_checkpoint_is_refused(witness, published):
    published.mkdir()

    assert witnessed(witness, published).objection == Objection.MALFORMED


def test_a_cosignature_that_is_there_is_not_written_again(witness, log, published):
    show(log.grow(5), published)
    witnessed(witness, published)
    (file,) = (published / "cosignatures").iterdir()
    before = file.stat().st_ino

    later = home.load(witness.folder, lambda: NOW.replace(hour=2))
    witnessed(later, published)
    assert file.stat().st_ino == before

    file.write_bytes(b"junk")
    witnessed(later, published)
    assert file.stat().st_ino != before


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/5"])
@pytest.mark.parametrize("kind", ["link", "loop", "pipe", "folder", "huge"])
def test_whatever_stands_in_the_folder_it_is_only_refused(witness, log, published, tmp_path, name, kind):
    show(log.grow(5), published)
    place = published / name
    elsewhere = tmp_path / "elsewhere"
    place.rename(elsewhere)
    match kind:
        case "link":
            place.symlink_to(elsewhere)
        case "loop":
            place.symlink_to(place)
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case "huge":
            place.write_bytes(elsewhere.read_bytes() * 1000)

    assert witnessed(witness, published).objection in {Objection.MALFORMED, Objection.UNPUBLISHED}


def test_a_folder_that_leads_out_is_neither_read_nor_written(witness, log, published, tmp_path):
    show(log.grow(5), published)
    elsewhere = tmp_path / "elsewhere"
    (published / "tile").rename(elsewhere)
    (published / "tile").symlink_to(elsewhere)
    assert witnessed(witness, published).objection == Objection.UNPUBLISHED

    (published / "tile").unlink()
    elsewhere.rename(published / "tile")
    (tmp_path / "mine").mkdir()
    (published / "cosignatures").symlink_to(tmp_path / "mine")
    with pytest.raises(NotADirectoryError):
        witnessed(witness, published)
    assert [*(tmp_path / "mine").iterdir()] == []


def test_what_cannot_be_read_is_said(witness, published, monkeypatch):
    published.mkdir()

    def denied(*_, **__):
        raise PermissionError(13, "denied")

    monkeypatch.setattr(os, "open", denied)

    with pytest.raises(PermissionError):
        witnessed(witness, published)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../etc", "工单", "a%2Fb"])
def test_whatever_its_name_a_log_has_a_folder_of_its_own(tmp_path, name):
    log = Log(keys.generate(name))
    witness = a_witness(tmp_path / "w", name, vkey(name, log.key.public))

    publish(tmp_path / "p", log.grow(2).note(), log.read)

    assert witnessed(witness, tmp_path / "p").objection is None
    assert witness.home(name).parent == tmp_path / "w" / "logs"
    assert with_published(tmp_path / "p", log.note(), [parse_vkey(witness.vkey)]) != log.note()


def test_it_watches_until_told_to_stop_tells_only_what_is_new_and_waits_for_what_is_away(
    witness, log, published, tmp_path
):
    stop, told, away = threading.Event(), [], tmp_path / "away"
    for folder in (published, away):
        show(log.grow(5), folder)
    (away / "cosignatures").symlink_to(tmp_path)

    with capture_logs() as lines:
        watch(witness, [published, tmp_path / "empty", away], stop_after(stop, 2), 0.01, lambda *one: told.append(one))

    assert [(place, reply.objection) for place, reply in told][:2] == [
        (published, None),
        (tmp_path / "empty", Objection.MALFORMED),
    ]
    assert [line["reason"] for line in lines if line["event"] == "witness_waits"] == ["ENOTDIR"] * 3


def stop_after(stop, rounds):
    """An event that is set after so many waits."""
    waits = iter(range(rounds))

    class Event:
        def is_set(self):
            return stop.is_set()

        def wait(self, _seconds):
            if next(waits, None) is None:
                stop.set()

    return Event()


# --- publishing ------------------------------------------------------------------------------------------------------


def test_full_tiles_are_never_touched_again_and_partial_ones_go_when_full(log, published):
    publish(published, log.grow(300).note(), log.read)
    full = (published / "tile/0/000").stat()

    publish(published, log.grow(300).note(), log.read)

    assert (published / "tile/0/000").stat().st_mtime_ns == full.st_mtime_ns
    assert not (published / "tile/0/001.p").exists()
    assert (published / "tile/0/002.p/88").stat().st_size == 88 * 32


def test_an_older_checkpoint_can_be_published_from_a_log_that_has_grown(log, published):
    publish(published, log.grow(300).note(5), log.read)

    assert sorted(str(file.relative_to(published)) for file in published.rglob("*") if file.is_file()) == [
        "checkpoint",
        "lock",
        "tile/0/000.p/5",
    ]


@pytest.mark.parametrize(
    "other",
    [
        lambda log: log.cut(4),
        lambda log: log.rewritten(2).grow(1),
        lambda _: Log(keys.generate("other.example")).grow(9),
    ],
    ids=["cut", "rewritten", "of another log"],
)
def test_what_was_published_is_not_written_over(log, published, other):
    publish(published, log.grow(5).note(), log.read)
    other = other(log)

    with pytest.raises(Republished):
        publish(published, other.note(), other.read)

    assert (published / "checkpoint").read_bytes() == log.note()


def test_a_larger_checkpoint_of_the_same_log_is_left_as_it_is(log, published):
    publish(published, log.grow(300).note(), log.read)

    publish(published, log.note(5), log.read)

    assert (published / "checkpoint").read_bytes() == log.note()


def test_of_those_who_publish_at_once_the_largest_comes_last(witness, log, published):
    log.grow(400)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda size: publish(published, log.note(size), log.read), [100, 400, 50, 300, 200, 350]))

    assert (published / "checkpoint").read_bytes() == log.note()
    assert witnessed(witness, published).objection is None


def test_publishing_waits_for_another_process_that_does(log, published):
    published.mkdir()
    with ThreadPoolExecutor() as threads:
        with held(published):
            publishing = threads.submit(publish, published, log.grow(5).note(), log.read)
            with pytest.raises(TimeoutError):
                publishing.result(0.2)
            assert not (published / "checkpoint").exists()
        publishing.result(SECONDS)

    assert (published / "checkpoint").exists()


def test_what_somebody_else_left_there_is_not_written_over(log, published):
    published.mkdir()
    (published / "checkpoint").write_bytes(b"mine")

    with pytest.raises(Republished):
        publish(published, log.note(), log.read)


# --- quorum ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quorum", "cosigners", "met"), [(2, 2, True), (2, 1, False), (1, 1, True), (1, 0, False)])
def test_a_policy_says_how_many_witnesses_are_enough(tmp_path, log, published, quorum, cosigners, met):
    witnesses = [a_witness(tmp_path / name, name) for name in ("oem.example/w", "group.example/w")]
    policy = parse_policy(
        (
            f"log {vkey(ORIGIN, LOG_KEY.public)}\n"
            f"witness oem {witnesses[0].vkey}\nwitness group {witnesses[1].vkey}\n"
            f"group both {quorum} oem group\nquorum both\n"
        ).encode()
    )
    publish(published, log.grow(5).note(), log.read)
    for witness in witnesses[:cosigners]:
        witnessed(witness, published)

    note = with_published(published, log.note(), policy.witnesses.values())
    judged = policy.judge(parse_note(note), check=keys.verify)

    assert (len(judged.logs), len(judged.witnesses), judged.quorum) == (1, cosigners, met)


# --- its folder ------------------------------------------------------------------------------------------------------


def test_a_witness_is_made_once(witness):
    before = (witness.folder / "key").read_bytes()

    with pytest.raises(BadSettings, match="never written over"):
        home.create(witness.folder, "other", [vkey(ORIGIN, LOG_KEY.public)])

    assert (witness.folder / "key").read_bytes() == before
    assert home.load(witness.folder).logs == witness.logs


@pytest.mark.parametrize("key", ["junk", vkey("w", LOG_KEY.public, 4)], ids=["junk", "of a witness"])
def test_what_is_no_key_of_a_log_is_refused_and_nothing_made(tmp_path, key):
    with pytest.raises(BadSettings, match="--log"):
        home.create(tmp_path / "w", "w1", [key])

    assert not (tmp_path / "w").exists()


def test_a_policy_that_cannot_be_read_is_refused(witness):
    (witness.folder / "policy").write_text("junk")

    with pytest.raises(BadSettings, match="policy"):
        home.load(witness.folder)


def test_the_clock_of_the_machine_dates_a_cosignature(witness, log):
    begin = datetime.now(UTC).timestamp()

    line = add(home.load(witness.folder), log.submission(0)).cosignature

    (_, cosignature) = parse_note(log.note() + line).signatures
    assert int(begin) <= int.from_bytes(cosignature.signature[:8], "big") <= datetime.now(UTC).timestamp()
    assert isinstance(witness.known(ORIGIN), Checkpoint)
