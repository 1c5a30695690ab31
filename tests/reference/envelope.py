"""The attributes of an event, from the table that the AsyncAPI document is made of, with those of a real event."""

from __future__ import annotations

from functools import cache

from adapters.bootstrap import bootstrap
from adapters.meanings import ATTRIBUTES
from engine import Envelope
from engine.events import repair_order as ro
from tests.reference.markdown import code, fenced, table
from tests.support import ADVISOR, world


@cache
def event() -> Envelope:
    """The event of a vehicle that came through the gate."""
    shop = bootstrap("sqlite://", upgrade=True, world=world()).shop("S1", profile="dpca")
    shop.open("RO-17", by=ADVISOR)
    shop.apply("RO-17", ro.VehicleCheckedIn.read({"license_plate": "京A12345"}), by=ADVISOR)
    return Envelope.of(shop.entries("RO-17")[1])


def attributes() -> str:
    """Every attribute: its meaning in both languages, and its value in the event of the page."""
    rows = [
        (code(name), meaning.zh, meaning.en, code(event().attributes[name]))
        for name, (_, meaning) in ATTRIBUTES.items()
    ]
    return table(("attribute", "zh", "en", "such as"), rows)


def binary() -> str:
    """The event as an HTTP request in binary mode."""
    headers = {**event().headers(), "content-type": event().attributes["datacontenttype"]}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return fenced("http", "\n".join([*lines, "", event().data.decode(), ""]))


def structured() -> str:
    """The event in structured mode."""
    return fenced("json", event().structured().decode() + "\n")


PARTS = {"envelope.attributes": attributes, "envelope.binary": binary, "envelope.structured": structured}
