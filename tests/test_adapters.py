"""The adapters that carry entries out: a line for people, a line of sealed bytes for programs."""

from __future__ import annotations

import io
import json

import pytest

from adapters.bootstrap import bootstrap
from adapters.outbound.console import Console
from adapters.outbound.jsonl import Jsonl
from engine import Adapter, Engine, Text
from engine.events import repair_order as ro
from tests.support import ADVISOR, engine_on, world

NAME = "王小明"


@pytest.fixture
def engine(tmp_path) -> Engine:
    engine = engine_on(tmp_path)
    shop = engine.shop("S1", profile="dpca")
    shop.open("RO-17", by=ADVISOR)
    shop.apply("RO-17", ro.VehicleCheckedIn(), by=ADVISOR)
    shop.apply("RO-17", ro.KitFitted(), by=ADVISOR)
    shop.apply("RO-17", ro.CustomerLeft.read({"reason": NAME}), by=ADVISOR)
    return engine


def test_the_console_prints_one_line_an_entry_in_both_languages(engine):
    stream = io.StringIO()
    console = Console(stream)

    for entry in engine.shop("S1").entries("RO-17"):
        console.deliver(entry)

    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert lines[1] == "RO-17 #2  车辆进门：接受，已到店 / Vehicle checked in: accepted, arrived"
    assert lines[2].startswith("RO-17 #3  装好防护套件：拒绝 (arrive.purpose-recorded, ")
    assert "Kit fitted: refused (arrive.purpose-recorded, " in lines[2]
    assert lines[3] == "RO-17 #4  客户离店：接受，已取消 / Customer left: accepted, cancelled"


def test_the_console_prints_no_personal_value(engine):
    stream = io.StringIO()

    Console(stream).deliver(engine.shop("S1").entries("RO-17")[3])

    assert NAME not in stream.getvalue()


def test_the_console_takes_the_words_of_another_catalogue_and_codes_where_there_is_none(engine):
    stream = io.StringIO()

    Console(stream, words={"arrived": Text(zh="在店", en="here")}).deliver(engine.shop("S1").entries("RO-17")[1])

    assert stream.getvalue() == "RO-17 #2  vehicle_checked_in：接受，在店 / vehicle_checked_in: accepted, here\n"


def test_jsonl_appends_the_sealed_bytes_one_entry_a_line(engine, tmp_path):
    entries = engine.shop("S1").entries("RO-17")
    jsonl = Jsonl(tmp_path / "out.jsonl")

    for entry in entries:
        jsonl.deliver(entry)
    Jsonl(tmp_path / "out.jsonl").deliver(entries[0])

    lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert lines == [*(entry.body for entry in entries), entries[0].body]
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 1]


def test_jsonl_leaves_what_a_crash_cut_off_on_a_line_of_its_own(engine, tmp_path):
    entry = engine.shop("S1").entries("RO-17")[0]
    file = tmp_path / "out.jsonl"
    file.write_bytes(entry.body[:40])

    Jsonl(file).deliver(entry)

    assert file.read_bytes() == entry.body[:40] + b"\n" + entry.body + b"\n"


def test_jsonl_raises_where_it_cannot_write_so_that_the_entry_is_tried_again(engine, tmp_path):
    with pytest.raises(FileNotFoundError):
        Jsonl(tmp_path / "missing" / "out.jsonl").deliver(engine.shop("S1").entries("RO-17")[0])


def test_an_adapter_has_the_name_by_which_subscriptions_call_it(tmp_path):
    adapters: list[Adapter] = [Console(io.StringIO()), Jsonl(tmp_path / "x"), Jsonl(tmp_path / "y", name="archive")]

    assert [adapter.name for adapter in adapters] == ["console", "jsonl", "archive"]


def test_both_adapters_of_an_engine_get_what_they_subscribed_to(tmp_path):
    stream, file = io.StringIO(), tmp_path / "out.jsonl"
    engine = bootstrap(
        f"sqlite:///{tmp_path}/shop.db", upgrade=True, world=world(), adapters=[Console(stream), Jsonl(file)]
    )
    engine.subscribe("console", answer="refused")
    engine.subscribe("jsonl")
    shop = engine.shop("S1")
    shop.open("RO-17", by=ADVISOR)
    shop.apply("RO-17", ro.KitFitted(), by=ADVISOR)

    engine.deliver()

    assert stream.getvalue().count("\n") == 1
    assert "refused (flow.not-open)" in stream.getvalue()
    assert len(file.read_bytes().splitlines()) == 2
