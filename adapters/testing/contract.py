"""What an adapter keeps: a class of tests over a built adapter and what its receiver got."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, NamedTuple, Self

import pytest

from adapters.testing.entries import (
    ADVISOR,
    CHINESE,
    LARGEST,
    NAME,
    canonical,
    engine_in_memory,
    largest,
    saying,
    story,
)
from engine import Adapter, Entry, ReceiverGone, Undeliverable

_PAUSE = 0.01


class Arrived(NamedTuple):
    """What a receiver got: the id of the entry, its sealed bytes, and the type of the event if one travels along."""

    id: str
    data: bytes
    type: str | None = None

    @classmethod
    def structured(cls, document: bytes) -> Self:
        """From a whole CloudEvents document; the data are the canonical bytes of its member `data`."""
        event = json.loads(document)
        return cls(event["id"], canonical(event["data"]), event["type"])

    @classmethod
    def binary(cls, headers: Mapping[str, str], data: bytes, prefix: str = "ce-") -> Self:
        """From a message whose headers are the attributes, in lower case, and whose body is the data."""
        return cls(headers[prefix + "id"], data, headers[prefix + "type"])


Received = Callable[[], Sequence[Arrived]]
"""Gives what has arrived since the test began, in order."""
Down = Callable[[], AbstractContextManager[object]]
"""Makes a context in which the receiver is down; after it the receiver is up again, at the same place."""
Rejecting = Callable[[Entry], AbstractContextManager[object]]
"""Makes a context in which the receiver will not have one entry, whatever is tried; others it takes."""


class AdapterContract:
    """What every adapter keeps. Subclasses give the fixtures `adapter` and `received`."""

    seconds: ClassVar[float] = 30.0
    """How long a delivery may take, to fail too; and how long what was delivered may be on its way."""
    carries_data: ClassVar[bool] = True
    """Whether the sealed bytes travel. False for a channel that tells people; override `id_of` then."""
    carries_type: ClassVar[bool] = True
    """Whether the type of the event travels. False for a form of one's own that has none."""

    def id_of(self, entry: Entry) -> str:
        """How an entry is called at the receiver: its seal."""
        return entry.seal

    @pytest.fixture
    def down(self) -> Down | None:
        """Override where the receiver can be down."""
        return None

    @pytest.fixture
    def rejecting(self) -> Rejecting | None:
        """Override where the receiver can reject an entry for good."""
        return None

    # --- what arrives --------------------------------------------------------------------------------------------

    def test_every_entry_arrives_with_the_id_that_is_its_seal(self, adapter: Adapter, received: Received) -> None:
        """None is lost, and each can be told from the others."""
        entries = story()

        self._delivered(adapter, *entries)

        ids = [one.id for one in self._arrived(received, len(entries))]
        assert sorted(ids) == sorted(self.id_of(entry) for entry in entries)

    def test_the_data_that_arrive_hash_to_the_id(self, adapter: Adapter, received: Received) -> None:
        """SHA-256 of a zero byte and the data: a receiver needs nothing else to prove what it got."""
        if not self.carries_data:
            pytest.skip("no data travel")
        entries = story()

        self._delivered(adapter, *entries)

        arrived = self._arrived(received, len(entries))
        assert {one.id: one.data for one in arrived} == {entry.seal: entry.body for entry in entries}
        assert [hashlib.sha256(b"\x00" + one.data).hexdigest() for one in arrived] == [one.id for one in arrived]

    def test_the_entries_of_a_case_arrive_in_the_order_delivered(self, adapter: Adapter, received: Received) -> None:
        """The first arrivals of a case's entries are in their order, whatever arrives of other cases in between."""
        entries = story()

        self._delivered(adapter, *entries)

        first = list(dict.fromkeys(one.id for one in self._arrived(received, len(entries))))
        for case in {entry.case for entry in entries}:
            ids = [self.id_of(entry) for entry in entries if entry.case == case]
            assert [id for id in first if id in ids] == ids

    def test_an_entry_delivered_twice_arrives_under_one_id(self, adapter: Adapter, received: Received) -> None:
        """So a receiver can tell that it has it already, unless the channel itself has dropped the second one."""
        first, second, *_ = story()

        self._delivered(adapter, first, first, second)

        arrived = self._until(received, lambda got: self.id_of(second) in {one.id for one in got})
        ids = list(dict.fromkeys(one.id for one in arrived))
        assert ids == [self.id_of(first), self.id_of(second)]

    def test_a_refusal_arrives_as_refused_and_its_command(self, adapter: Adapter, received: Received) -> None:
        """A receiver that wants what happened can tell it from what was only tried."""
        if not self.carries_type:
            pytest.skip("no type travels")
        entries = story()

        self._delivered(adapter, *entries)

        types = {one.id: one.type for one in self._arrived(received, len(entries))}
        for entry in entries:
            expected = entry.command.name if entry.accepted else f"refused.{entry.command.name}"
            assert types[self.id_of(entry)] == expected

    def test_chinese_text_arrives_byte_for_byte(self, adapter: Adapter, received: Received) -> None:
        """UTF-8 goes in and the same UTF-8 comes out."""
        if not self.carries_data:
            pytest.skip("no data travel")
        entry = saying(CHINESE)

        self._delivered(adapter, entry)

        (arrived,) = self._arrived(received, 1)
        assert arrived.data == entry.body
        assert CHINESE.encode() in arrived.data

    def test_the_largest_entry_arrives(self, adapter: Adapter, received: Received) -> None:
        """One of 65,535 bytes."""
        entry = largest()

        self._delivered(adapter, entry)

        (arrived,) = self._arrived(received, 1)
        assert arrived.id == self.id_of(entry)
        assert not self.carries_data or len(arrived.data) == LARGEST

    def test_no_personal_value_leaves(self, adapter: Adapter, received: Received) -> None:
        """What is sealed stays sealed."""
        entries = story()

        self._delivered(adapter, *entries)

        for one in self._arrived(received, len(entries)):
            assert NAME not in f"{one.id} {one.type} {one.data.decode()}"

    # --- what goes wrong -----------------------------------------------------------------------------------------

    def test_what_a_receiver_that_is_down_did_not_get_arrives_once_it_is_up(
        self, adapter: Adapter, received: Received, down: Down | None
    ) -> None:
        """The failure is raised, within `seconds`, as one that can be tried again; and then that works."""
        if down is None:
            pytest.skip("no receiver that can be down")
        before, lost, *_ = story()
        self._delivered(adapter, before)

        with down():
            error = self._failure(adapter, lost)
        self._delivered(adapter, lost)

        assert not isinstance(error, Undeliverable | ReceiverGone)
        assert NAME not in str(error)
        arrived = self._until(received, lambda got: self.id_of(lost) in {one.id for one in got})
        assert {one.id for one in arrived} == {self.id_of(before), self.id_of(lost)}

    def test_an_entry_that_is_rejected_for_good_is_told_so_and_the_next_arrives(
        self, adapter: Adapter, received: Received, rejecting: Rejecting | None
    ) -> None:
        """`Undeliverable` makes it a dead letter at once."""
        if rejecting is None:
            pytest.skip("no receiver that rejects")
        poisoned, following, *_ = story()

        with rejecting(poisoned):
            error = self._failure(adapter, poisoned)
            self._delivered(adapter, following)

        assert isinstance(error, Undeliverable)
        assert [one.id for one in self._arrived(received, 1)] == [self.id_of(following)]

    # --- what it is ----------------------------------------------------------------------------------------------

    def test_its_name_is_what_subscriptions_call_it_by(self, adapter: Adapter, received: Received) -> None:
        """An engine that was given it delivers to it by that name."""
        engine = engine_in_memory(adapter)
        engine.subscribe(adapter.name)
        engine.shop("S1").open("RO-1", by=ADVISOR)

        engine.deliver()

        (entry,) = engine.shop("S1").entries("RO-1")
        engine.store.close()
        assert [one.id for one in self._arrived(received, 1)] == [self.id_of(entry)]

    def test_it_may_be_closed_twice(self, adapter: Adapter, received: Received) -> None:
        """After use, and before it."""
        entry = story()[0]
        self._delivered(adapter, entry)

        adapter.close()
        adapter.close()

        assert [one.id for one in self._arrived(received, 1)] == [self.id_of(entry)]

    # --- tools ---------------------------------------------------------------------------------------------------

    def _delivered(self, adapter: Adapter, *entries: Entry) -> None:
        for entry in entries:
            started = time.monotonic()
            adapter.deliver(entry)
            assert time.monotonic() - started < self.seconds

    def _failure(self, adapter: Adapter, entry: Entry) -> Exception:
        started = time.monotonic()
        with pytest.raises(Exception) as caught:  # noqa: PT011 - an adapter may raise what it likes
            adapter.deliver(entry)
        assert time.monotonic() - started < self.seconds
        return caught.value

    def _arrived(self, received: Received, number: int) -> list[Arrived]:
        return self._until(received, lambda got: len(got) >= number)

    def _until(self, received: Received, enough: Callable[[Sequence[Arrived]], bool]) -> list[Arrived]:
        """What has arrived once it is enough, or once nobody waits any more."""
        deadline = time.monotonic() + self.seconds
        while not enough(got := received()) and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        return list(got)
