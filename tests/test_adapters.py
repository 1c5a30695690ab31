"""The adapters without a receiver of their own: a line for people, a function of the host; and many at one engine."""

from __future__ import annotations

import io
import re
import sys
from contextlib import AbstractContextManager, nullcontext

import pytest
from pydantic import ValidationError

from adapters.bootstrap import bootstrap
from adapters.outbound.callback import Callback
from adapters.outbound.console import Console
from adapters.outbound.mirror import Mirror, bodies
from adapters.testing import NAME, AdapterContract, Arrived, story
from engine import Engine, Entry, Envelope, Text, Undeliverable, Undelivered
from engine.events import repair_order as ro
from tests.support import ADVISOR, engine_on, world

LINE = re.compile(r"(\S+ #\d+)  .*\n")


@pytest.fixture
def engine(tmp_path) -> Engine:
    engine = engine_on(tmp_path)
    shop = engine.shop("S1", profile="dpca")
    shop.open("RO-17", by=ADVISOR)
    shop.apply("RO-17", ro.VehicleCheckedIn(), by=ADVISOR)
    shop.apply("RO-17", ro.KitFitted(), by=ADVISOR)
    shop.apply("RO-17", ro.CustomerLeft.read({"reason": NAME}), by=ADVISOR)
    return engine


# --- console ---------------------------------------------------------------------------------------------------------


class TestConsole(AdapterContract):
    """The contract of every adapter, for one that tells people."""

    carries_data = False
    carries_type = False

    def id_of(self, entry: Entry) -> str:
        return f"{entry.case} #{entry.seq}"

    @pytest.fixture
    def stream(self) -> io.StringIO:
        return io.StringIO()

    @pytest.fixture
    def adapter(self, stream: io.StringIO) -> Console:
        return Console("screen", stream=stream)

    @pytest.fixture
    def received(self, stream: io.StringIO):
        return lambda: [Arrived(line[1], line[0].encode()) for line in LINE.finditer(stream.getvalue())]


def test_the_console_prints_one_line_an_entry_in_both_languages(engine):
    stream = io.StringIO()
    console = Console(stream=stream)

    for entry in engine.shop("S1").entries("RO-17"):
        console.deliver(entry)

    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert lines[1] == "RO-17 #2  车辆进门：接受，已到店 / Vehicle checked in: accepted, arrived"
    assert lines[2].startswith("RO-17 #3  装好防护套件：拒绝 (arrive.purpose-recorded, ")
    assert "Kit fitted: refused (arrive.purpose-recorded, " in lines[2]
    assert lines[3] == "RO-17 #4  客户离店：接受，已取消 / Customer left: accepted, cancelled"


def test_the_console_takes_the_words_of_another_catalogue_and_codes_where_there_is_none(engine):
    stream = io.StringIO()

    Console(stream=stream, words={"arrived": Text(zh="在店", en="here")}).deliver(engine.shop("S1").entries("RO-17")[1])

    assert stream.getvalue() == "RO-17 #2  vehicle_checked_in：接受，在店 / vehicle_checked_in: accepted, here\n"


def test_a_console_without_a_stream_prints_to_the_standard_output_of_the_moment(monkeypatch):
    console, later = Console(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", later)

    console.deliver(story()[0])

    assert later.getvalue().startswith("RO-1 #1  ")


@pytest.mark.parametrize("settings", [{"colour": "blue"}, {"stream": "stdout"}, {"words": {"arrived": "here"}}])
def test_a_console_is_not_built_from_what_it_cannot_use(settings):
    with pytest.raises(ValidationError):
        Console("screen", **settings)


# --- callback --------------------------------------------------------------------------------------------------------


class Host:
    """A host that keeps what it is called with, as a channel of its own might."""

    def __init__(self) -> None:
        self.got: list[Arrived] = []
        self.broken: Exception | None = None
        self.refused = ""

    def take(self, entry: Entry) -> None:
        if self.broken:
            raise self.broken
        if entry.seal == self.refused:
            raise Undeliverable("not wanted")
        envelope = Envelope.of(entry)
        self.got.append(Arrived.binary(envelope.headers(), envelope.data))

    def __enter__(self) -> None:
        self.broken = Undelivered("closed for lunch")

    def __exit__(self, *raised: object) -> None:
        self.broken = None


class TestCallback(AdapterContract):
    """The contract of every adapter."""

    @pytest.fixture
    def host(self) -> Host:
        return Host()

    @pytest.fixture
    def adapter(self, host: Host) -> Callback:
        return Callback("dms", host.take)

    @pytest.fixture
    def received(self, host: Host):
        return lambda: host.got

    @pytest.fixture
    def down(self, host: Host):
        return lambda: host

    @pytest.fixture
    def rejecting(self, host: Host):
        def context(entry: Entry) -> AbstractContextManager[None]:
            host.refused = entry.seal
            return nullcontext()

        return context


def test_a_callback_passes_on_what_the_function_raises():
    def fail(_entry: Entry) -> None:
        raise Undelivered("later", retry_after=5)

    with pytest.raises(Undelivered) as caught:
        Callback("dms", fail).deliver(story()[0])

    assert caught.value.retry_after == 5


# --- many ------------------------------------------------------------------------------------------------------------


def test_both_adapters_of_an_engine_get_what_they_subscribed_to(tmp_path):
    stream = io.StringIO()
    (tmp_path / "mirror").mkdir()
    engine = bootstrap(
        f"sqlite:///{tmp_path}/shop.db",
        upgrade=True,
        world=world(),
        adapters=[Console(stream=stream), Mirror("mirror", folder=tmp_path / "mirror")],
    )
    engine.subscribe("console", answers=["refused"])
    engine.subscribe("mirror")
    shop = engine.shop("S1")
    shop.open("RO-17", by=ADVISOR)
    shop.apply("RO-17", ro.KitFitted(), by=ADVISOR)

    engine.deliver()

    assert stream.getvalue().count("\n") == 1
    assert "refused (flow.not-open)" in stream.getvalue()
    assert [*bodies(tmp_path / "mirror")] == [entry.body for entry in shop.entries("RO-17")]
