"""docs/reference/envelope.md is true: its code, with the standard library alone, proves every event, no forged one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.outbound.protocols.kafka import Kafka
from adapters.outbound.protocols.nats import Nats
from adapters.outbound.protocols.rabbit import Rabbit
from adapters.testing import largest, saying, story
from engine import Envelope
from tests.support import ADVISOR, engine_on

PAGE = (Path(__file__).parent.parent / "docs/reference/envelope.md").read_text("utf-8")
HAND = SimpleNamespace()
EVENTS = [Envelope.of(entry) for entry in (*story(), saying('"嗡"\n\t异响 \u2028'), largest())]


def block(language: str) -> str:
    """The only block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


exec(block("python"), vars(HAND))


def request(envelope: Envelope, prefix: str = "ce-") -> tuple[dict[str, str], bytes]:
    return {**envelope.headers(prefix), "Content-Type": "application/json"}, envelope.data


@pytest.mark.parametrize("envelope", EVENTS, ids=lambda one: one.attributes["id"][:6])
def test_the_pages_own_code_proves_every_event_in_both_modes(envelope):
    entry = json.loads(envelope.data)

    assert HAND.attributes(envelope.data) == {**envelope.attributes}
    assert HAND.structured(envelope.structured()) == entry
    for prefix in ("ce-", "ce_", "cloudEvents_"):
        assert HAND.binary(*request(envelope, prefix), prefix) == entry


def test_the_pages_own_code_proves_an_event_of_a_shop_with_colons(tmp_path):
    shop = engine_on(tmp_path).shop("urn:shop:S1")
    shop.open("RO-1", by=ADVISOR)

    envelope = Envelope.of(shop.entries("RO-1")[0])

    assert HAND.structured(envelope.structured())["shop"] == "urn:shop:S1"


@pytest.mark.parametrize("name", EVENTS[0].attributes)
def test_the_pages_own_code_finds_an_attribute_that_was_changed_or_left_out(name):
    event = json.loads(EVENTS[0].structured())
    changed, cut = {**event, name: f"{event[name]}0"}, {part: said for part, said in event.items() if part != name}

    for forged in (changed, cut):
        with pytest.raises(ValueError, match="not the event that its id names"):
            HAND.structured(json.dumps(forged))


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another state": lambda entry: entry["outcome"].update(state="settled"),
    "a refusal made an acceptance": lambda entry: entry["outcome"].update(answer="accepted"),
    "another shop": lambda entry: entry.update(shop="S2"),
    "one more fact": lambda entry: entry["command"]["facts"].update(kit_carried=True),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_the_pages_own_code_finds_data_that_were_changed(forge):
    envelope = next(one for one in EVENTS if one.attributes["type"].startswith("refused."))
    entry = json.loads(envelope.data)
    forge(entry)
    data = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    with pytest.raises(ValueError, match="not the event that its id names"):
        HAND.binary(request(envelope)[0], data)
    with pytest.raises(ValueError, match="not the event that its id names"):
        HAND.structured(json.dumps({**envelope.attributes, "data": entry}))


def test_the_pages_own_examples_are_one_event_that_its_code_proves():
    head, _, body = block("http").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    document = block("json").strip()

    assert HAND.binary(headers, body.strip().encode()) == HAND.structured(document)
    for name, value in HAND.attributes(body.strip().encode()).items():
        assert f"| `{name}` |" in PAGE
        assert f"| `{value}` |" in PAGE


def test_the_headers_of_the_page_are_those_of_the_brokers():
    prefixes = dict(re.findall(r"^\| (.+?) \| `(.+)id` \|", PAGE, re.MULTILINE))
    brokers = {"HTTP, NATS": Nats.prefix, "Kafka": Kafka.prefix, "RabbitMQ": Rabbit.prefix}

    assert prefixes == brokers
    assert EVENTS[0].headers() == EVENTS[0].headers(prefixes["HTTP, NATS"])


def test_the_page_begins_with_a_summary_in_chinese():
    assert PAGE.split("\n\n")[1].startswith("**摘要。**")
