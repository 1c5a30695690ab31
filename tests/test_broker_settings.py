"""The broker adapter without any broker: where entries go, what each client is told, failures and bad settings."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
import tomllib
import traceback
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from aio_pika.exceptions import DeliveryError
from aiokafka.errors import MessageSizeTooLargeError
from nats.errors import MaxPayloadError
from nats.js.errors import APIError
from pamqp.commands import Basic
from pydantic import ValidationError
from redis.exceptions import AuthenticationError, ResponseError
from zmqtt import MQTTConnectError

from adapters.outbound.broker import SCHEMES, Broker
from adapters.outbound.protocols.redis import Plain
from adapters.testing import story
from engine import BadSettings, Envelope, Undeliverable, Undelivered
from tests import brokers
from tests.brokers import HOST, PASSWORD, USER
from tests.docs import ROOT
from tests.receivers import STRANGE

TIMEOUT, SOON = 5.0, 0.5
SLACK = 2.0
"""Seconds that a busy machine may take longer."""

# --- where an entry goes, and what each client is told -----------------------------------------------------------

PLACES = {
    "nats": "gongdan.4S%3Agz%2Fa%2Eb.case_opened",
    "amqp": "gongdan.4S%3Agz%2Fa%2Eb.case_opened",
    "kafka": "gongdan",
    "mqtt": "gongdan/4S%3Agz%2Fa%2Eb/RO%2B1%40x%2F2",
    "redis": "gongdan",
}
TO = {
    "nats": "{shop}.{case}",
    "amqp": "{shop}.{case}",
    "kafka": "{shop}",
    "mqtt": "{shop}/{case}",
    "redis": "{shop}",
}
SEPARATORS = {"nats": ".", "amqp": ".", "kafka": ".", "mqtt": "/", "redis": "/"}


def protocol_of(scheme: str, **settings: Any) -> Any:
    return Broker("facts", url=f"{scheme}://{HOST}", **settings)._protocol


@pytest.mark.parametrize("scheme", PLACES)
def test_an_entry_goes_to_a_place_that_says_shop_and_type_or_case(scheme):
    assert protocol_of(scheme).place(STRANGE) == PLACES[scheme]


@pytest.mark.parametrize("scheme", PLACES)
def test_no_two_shops_and_cases_share_a_place(scheme):
    to = "x" + SEPARATORS[scheme] + TO[scheme]
    ids = ["a", "a.b", "a/b", "a:b", "a+b", "a@b", "a-b", "a_b", "a_2Eb", "b"]
    protocol = protocol_of(scheme, to=to)

    pairs = [(shop, case) for shop in ids for case in (ids if "case" in to else ["a"])]
    places = [protocol.place(replace(STRANGE, shop=shop, case=case)) for shop, case in pairs]

    assert len(set(places)) == len(pairs)
    assert not any(set(place) & set(" *>#+") for place in places)
    assert {place.count(SEPARATORS[scheme]) for place in places} == {to.count(SEPARATORS[scheme])}


SAID = {
    "nats": {"subject", "stream", "timeout", "headers"},
    "amqp": {"exchange", "routing_key", "mandatory", "persist", "timeout", "headers", "message_id"},
    "kafka": {"topic", "key", "headers"},
    "mqtt": {"topic", "qos", "headers"},
    "redis": {"stream", "maxlen"},
}


@pytest.mark.parametrize("scheme", SAID)
def test_each_client_is_told_where_and_how_an_entry_goes(scheme):
    protocol = protocol_of(scheme)
    message = protocol.message(STRANGE)

    told = protocol.arguments(STRANGE, message.headers)

    assert set(told) == SAID[scheme]
    assert protocol.place(STRANGE) in told.values()


def test_redis_gets_the_document_itself():
    message = protocol_of("redis").message(STRANGE)

    assert asyncio.run(Plain.encode(message=message)) == Envelope.of(STRANGE).structured()


@pytest.mark.parametrize(
    ("scheme", "error", "reason"),
    [
        ("mqtt", MQTTConnectError(5), "denied"),
        ("mqtt", MQTTConnectError(3), "no connection"),
        ("nats", APIError(code=503, err_code=10077), "jetstream 10077"),
        ("nats", MaxPayloadError(), "too large"),
        ("kafka", MessageSizeTooLargeError(), "too large"),
        ("amqp", DeliveryError(None, Basic.Return()), "no queue"),
        ("redis", AuthenticationError(), "denied"),
        ("redis", ResponseError("WRONGTYPE gongdan"), "ResponseError"),
    ],
)
def test_what_went_wrong_is_a_short_code(scheme, error, reason):
    assert protocol_of(scheme).reason(error) == reason


# --- failures ----------------------------------------------------------------------------------------------------

WITH_TLS = {"tls", "amqps", "kafkas", "mqtts", "rediss"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_host_that_never_answers_is_given_up_within_the_timeout(scheme):
    with brokers.silent() as port, closing(Broker("facts", url=f"{scheme}://{HOST}:{port}", timeout=SOON)) as adapter:
        started = time.monotonic()
        with pytest.raises(Undelivered, match=r"timeout|no connection") as caught:
            adapter.deliver(story()[0])
        took = time.monotonic() - started

    assert took < SOON + SLACK
    assert not isinstance(caught.value, Undeliverable)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_neither_an_error_nor_a_log_line_nor_the_adapter_itself_shows_the_password(scheme, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    (port,) = brokers.free_ports(1)

    with closing(Broker("facts", url=f"{scheme}://{USER}:{PASSWORD}@{HOST}:{port}", timeout=TIMEOUT)) as adapter:
        with pytest.raises(Undelivered, match="no connection") as caught:
            adapter.deliver(story()[0])
        said = repr(adapter) + str(adapter) + "".join(traceback.format_exception(caught.value))

    assert PASSWORD not in said + caplog.text + "".join(capfd.readouterr())


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"url": "ftp://host"}, "url"),
        ({"url": "host:4222"}, "url"),
        ({"url": f"nats://{USER}:{PASSWORD}@"}, "url"),
        ({"url": f"nats://{USER}:{PASSWORD}@host:x"}, "url"),
        ({"url": f"nats://{USER}:{PASSWORD}@[host"}, "url"),
        ({"url": f"kafka://{PASSWORD}@host:1,:2"}, "url"),
        ({"url": ["nats://host"]}, "url"),
        ({}, "url"),
        ({"url": "nats://host", "to": "gongdan.>"}, "to"),
        ({"url": "nats://host", "to": "{shop}.{type}"}, "to"),
        ({"url": "mqtt://host", "to": "gongdan/{type}"}, "to"),
        ({"url": "kafka://host", "to": "{case}"}, "to"),
        ({"url": "redis://host", "mode": "binary"}, "mode"),
        ({"url": "mqtt://host", "mode": "binary", "version": "3.1.1"}, "mode"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_shown(settings, where):
    with pytest.raises(BadSettings) as caught:
        Broker("facts", **settings)

    assert caught.value.facts["where"] == where
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "setting", [{"timeout": 0}, {"mode": "batch"}, {"maxlen": 5}, {"stream": "a b"}, {"colour": PASSWORD}, {"to": 5}]
)
def test_a_setting_of_the_wrong_kind_or_of_another_broker_is_named_and_not_shown(setting):
    with pytest.raises(ValidationError) as caught:
        Broker("facts", url=f"nats://{USER}:{PASSWORD}@host", **setting)

    assert [error["loc"] for error in caught.value.errors()] == [tuple(setting)]
    assert PASSWORD not in str(caught.value)


def test_a_client_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.delitem(sys.modules, "adapters.outbound.protocols.redis", raising=False)
    monkeypatch.setitem(sys.modules, "faststream.redis", None)

    with pytest.raises(BadSettings, match="gongdan\\[brokers\\]"):
        Broker("facts", url="redis://host")


def test_every_line_of_settings_in_the_page_builds_an_adapter():
    page = (ROOT / "docs/how-to/brokers.md").read_text("utf-8")
    (lines,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)

    tables = tomllib.loads(lines)["adapters"]

    for name, settings in tables.items():
        assert settings.pop("kind") == "broker"
        assert Broker(name, **settings).name == name
    assert {settings["url"].partition("://")[0] for settings in tables.values()} == set(SCHEMES) - WITH_TLS


def test_a_user_of_kafka_is_named_by_sasl_plain():
    url = f"kafkas://{USER}:a%40b@one:9092,two:9092"

    told = Broker("facts", url=url)._protocol.broker()._connection_kwargs

    assert told["bootstrap_servers"] == ["one:9092", "two:9092"]
    assert (told["sasl_plain_username"], told["sasl_plain_password"]) == (USER, "a@b")
    assert (told["security_protocol"], told["sasl_mechanism"]) == ("SASL_SSL", "PLAIN")
