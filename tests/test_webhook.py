"""The webhook: what is posted and how it is signed, what each answer means, and whom it never calls."""

from __future__ import annotations

import base64
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address

import httpcore2
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from adapters.outbound.network import Backend, Resolve, is_public, within
from adapters.outbound.webhook import LONGEST_PAUSE, MOST_READ, Webhook, _pause
from adapters.testing import AdapterContract, Arrived, largest, story
from engine import BadSettings, Entry, ReceiverGone, Undeliverable, Undelivered
from tests.http_receiver import Receiver, Script, answers, receiving, says
from tests.support import START

NEW, OLD, OTHER = ("whsec_" + base64.b64encode(bytes([byte] * 24)).decode() for byte in (1, 2, 3))
SOON = 20.0
"""Seconds in which a bounded call must be over, however slow the machine."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def entry() -> Entry:
    return story()[0]


Make = Callable[..., Webhook]


def at(*addresses: str) -> Resolve:
    """A resolver that knows one host."""

    def resolve(_host: str, _port: int) -> tuple[str, ...]:
        return addresses

    return resolve


@pytest.fixture
def webhook(receiver: Receiver) -> Iterator[Make]:
    """Makes webhooks that call the receiver."""
    made: list[Webhook] = []

    def make(**settings: object) -> Webhook:
        made.append(Webhook("dms", **{"url": receiver.url, "secrets": [NEW], "allow_private": True, **settings}))
        return made[-1]

    yield make
    for one in made:
        one.close()


class TestWebhook(AdapterContract):
    """The contract of every adapter."""

    @pytest.fixture
    def adapter(self, webhook: Make) -> Webhook:
        return webhook()

    @pytest.fixture
    def received(self, receiver: Receiver):
        return lambda: [Arrived.structured(request.body) for request in receiver.taken]

    @pytest.fixture
    def down(self, receiver: Receiver):
        return receiver.down

    @pytest.fixture
    def rejecting(self, receiver: Receiver):
        return lambda entry: receiver.rejecting(entry.seal)


# --- what is posted --------------------------------------------------------------------------------------------------


def test_the_cloudevents_sdk_reads_what_is_posted(webhook, receiver, entry):
    webhook().deliver(entry)

    (request,) = receiver.taken
    event = from_http_event(HTTPMessage(dict(request.headers), request.body))
    assert event.get_id() == request.headers["webhook-id"] == entry.seal
    assert (event.get_source(), event.get_subject(), event.get_type()) == ("S1", "RO-1", "case_opened")
    assert request.path == "/hooks?shop=S1"


def test_each_secret_signs_the_newest_first(webhook, receiver, entry):
    webhook(secrets=[NEW, OLD]).deliver(entry)

    (request,) = receiver.taken
    headers = dict(request.headers)
    assert Verifier(NEW).verify(request.body, headers) == Verifier(OLD).verify(request.body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(OTHER).verify(request.body, headers)
    newest, oldest = headers["webhook-signature"].split(" ")
    assert Verifier(NEW).verify(request.body, {**headers, "webhook-signature": newest})
    assert Verifier(OLD).verify(request.body, {**headers, "webhook-signature": oldest})


def test_a_signature_is_good_wherever_the_clock_hangs(webhook, receiver, entry):
    in_china = timezone(timedelta(hours=8))

    webhook(clock=lambda: datetime.now(in_china)).deliver(entry)

    (request,) = receiver.taken
    assert Verifier(NEW).verify(request.body, dict(request.headers))["id"] == entry.seal


def test_a_login_in_the_url_goes_as_authorization_and_is_shown_nowhere(webhook, receiver, entry):
    url = receiver.url.replace("http://", "http://dms:s%40lt@")

    adapter = webhook(url=url)
    adapter.deliver(entry)

    (request,) = receiver.taken
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"dms:s@lt").decode()
    assert repr(adapter) == "Webhook(name='dms', timeout=10.0, allow_private=True)"


def test_one_connection_carries_many_entries(webhook, receiver):
    adapter = webhook()

    for entry in story():
        adapter.deliver(entry)

    assert receiver.server.calls == 1


# --- what an answer means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_answer_of_the_200s_means_delivered(webhook, receiver, entry, status):
    receiver.script.append(answers(status))

    webhook().deliver(entry)

    assert len(receiver.taken) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_work_later_is_not_delivered_and_says_the_status(webhook, receiver, entry, status):
    receiver.script.append(answers(status, location=receiver.url))

    with pytest.raises(Undelivered, match=f"HTTP {status}") as caught:
        webhook().deliver(entry)

    assert type(caught.value) is Undelivered
    assert caught.value.retry_after is None
    assert len(receiver.taken) == 1, "a redirect was followed"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 451])
def test_what_the_receiver_will_not_have_is_undeliverable(webhook, receiver, entry, status):
    receiver.script.append(answers(status))

    with pytest.raises(Undeliverable, match=f"HTTP {status}"):
        webhook().deliver(entry)


def test_410_means_that_nothing_more_is_wanted(webhook, receiver, entry):
    receiver.script.append(answers(410))

    with pytest.raises(ReceiverGone, match="HTTP 410"):
        webhook().deliver(entry)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("17", 17.0),
        ("0", 0.0),
        ("999999999", LONGEST_PAUSE),
        ("Mon, 23 Nov 2026 01:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 09:01:00 +0800", 60.0),
        ("Mon, 23 Nov 2026 01:01:00 -0000", 60.0),
        ("Mon, 23 Nov 2026 00:59:00 GMT", 0.0),
        ("Fri, 31 Dec 2100 00:00:00 GMT", LONGEST_PAUSE),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_receiver_says_how_long_it_wants_to_be_left_alone(webhook, receiver, entry, status, said, seconds):
    receiver.script.append(answers(status, retry_after=said))

    with pytest.raises(Undelivered) as caught:
        webhook(clock=lambda: START).deliver(entry)

    assert caught.value.retry_after == seconds


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_retry_after_is_too_odd_to_be_read(said):
    pause = _pause(said, START)

    assert pause is None or 0 <= pause <= LONGEST_PAUSE


def test_only_429_and_503_may_ask_to_be_left_alone(webhook, receiver, entry):
    receiver.script.append(answers(500, retry_after="17"))

    with pytest.raises(Undelivered) as caught:
        webhook().deliver(entry)

    assert caught.value.retry_after is None


# --- what goes wrong -------------------------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"


def drip(start: bytes, endless: bytes) -> Script:
    """The start of an answer, and then a byte now and then for a minute and more."""
    return says(start, *[endless] * 2000, pause=0.05)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 ", OK + b"x: "])
def test_a_receiver_that_drips_bytes_holds_nobody(webhook, receiver, entry, start):
    receiver.script.append(drip(start, b"1"))
    started = time.monotonic()

    with pytest.raises(Undelivered, match="timeout"):
        webhook(timeout=0.4).deliver(entry)

    assert time.monotonic() - started < SOON


def test_what_was_accepted_is_delivered_even_if_the_answer_never_ends(webhook, receiver, entry):
    receiver.script.append(drip(OK + b"content-length: 100000\r\n\r\n", b"x"))
    started = time.monotonic()

    webhook(timeout=0.4).deliver(entry)

    assert time.monotonic() - started < SOON


def test_no_more_of_an_answer_is_read_than_is_worth_it(webhook, receiver):
    first, second, *_ = story()
    receiver.script.append(answers(200, body=b"x" * (MOST_READ * 40)))
    adapter = webhook()

    adapter.deliver(first)
    adapter.deliver(second)

    assert [request.headers["webhook-id"] for request in receiver.taken] == [first.seal, second.seal]
    assert receiver.server.calls == 2, "the rest was read"


@pytest.mark.parametrize("said", [b"", b"220 smtp.example ESMTP\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_what_is_no_http_is_not_delivered(webhook, receiver, entry, said):
    receiver.script.append(says(said))

    with pytest.raises(Undelivered, match="not an HTTP answer"):
        webhook().deliver(entry)


def test_a_receiver_that_is_not_there_is_told_without_its_address(webhook, receiver, entry):
    with receiver.down(), pytest.raises(Undelivered) as caught:
        webhook().deliver(entry)

    assert caught.value.reason == "no connection"


def test_a_receiver_that_never_takes_the_connection_is_given_up(entry):
    with socket.create_server(("127.0.0.1", 0)) as listening:  # nobody accepts, the system does
        adapter = Webhook(
            "dms", url=f"https://127.0.0.1:{listening.getsockname()[1]}", secrets=[NEW], allow_private=True, timeout=0.3
        )

        with pytest.raises(Undelivered, match="timeout"):
            adapter.deliver(largest())

        adapter.close()


def test_a_receiver_that_does_not_read_is_given_up():
    backend = Backend(at("127.0.0.1"), allow_private=True)
    with socket.create_server(("127.0.0.1", 0)) as listening, within(0.3):
        stream = backend.connect_tcp("127.0.0.1", listening.getsockname()[1])

        with pytest.raises(httpcore2.WriteTimeout):
            stream.write(bytes(100_000_000))

        stream.close()


def test_a_receiver_that_hangs_up_while_it_is_written_to_is_told():
    backend = Backend(at("127.0.0.1"), allow_private=True)
    with socket.create_server(("127.0.0.1", 0)) as listening, within(SOON):
        stream = backend.connect_tcp("127.0.0.1", listening.getsockname()[1])
        accepted, _ = listening.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()

        with pytest.raises(httpcore2.WriteError):
            stream.write(bytes(100_000_000))

        stream.close()


# --- whom it calls ---------------------------------------------------------------------------------------------------


PRIVATE = """
127.0.0.1 127.9.9.9 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 192.0.0.1
192.0.2.1 198.18.0.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1
::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1::
2001::1 2001:db8::1 fc00::1 fd00::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_a_private_address_is_told_in_every_disguise(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
)
def test_a_public_address_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"]])
def test_a_name_with_a_private_address_is_never_called(receiver, entry, addresses):
    url = f"https://dms.example:{receiver.port}/"
    adapter = Webhook("dms", url=url, secrets=[NEW], resolve=at(*addresses))

    with pytest.raises(Undelivered, match="private address"):
        adapter.deliver(entry)

    assert receiver.server.calls == 0


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"])
def test_loopback_is_never_called_whatever_its_name(entry, host):
    with pytest.raises((Undelivered, BadSettings)) as caught:
        Webhook("dms", url=f"https://{host}/", secrets=[NEW]).deliver(entry)

    assert getattr(caught.value, "reason", "private address") == "private address"


def test_the_connection_goes_to_the_address_that_was_checked(webhook, receiver, entry):
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else []

    webhook(url=f"http://dms.example:{receiver.port}/", resolve=resolve).deliver(entry)

    assert asked == [("dms.example", receiver.port)]
    assert receiver.taken[0].headers["host"] == f"dms.example:{receiver.port}"


def test_where_one_address_does_not_answer_the_next_one_is_called(webhook, receiver, entry):
    url = f"http://dms.example:{receiver.port}/"

    webhook(url=url, resolve=at("127.0.0.2", "127.0.0.1")).deliver(entry)

    assert len(receiver.taken) == 1


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_a_name_that_nobody_knows_is_not_delivered(webhook, entry, error):
    def resolve(host: str, port: int) -> list[str]:
        raise error

    with pytest.raises(Undelivered, match="no connection"):
        webhook(resolve=resolve).deliver(entry)


def test_a_name_without_addresses_is_not_delivered(webhook, entry):
    with pytest.raises(Undelivered, match="no connection"):
        webhook(resolve=at()).deliver(entry)


def test_a_resolver_that_does_not_answer_holds_nobody(webhook, entry):
    answer = threading.Event()
    started = time.monotonic()

    with pytest.raises(Undelivered, match="timeout"):
        webhook(timeout=0.2, resolve=lambda *_: [str(answer.wait(60))]).deliver(entry)

    answer.set()
    assert time.monotonic() - started < SOON


def test_a_resolver_that_takes_all_the_time_leaves_none_to_connect():
    backend = Backend(at("127.0.0.1"), allow_private=True)

    with within(0), pytest.raises(httpcore2.TimeoutException):
        backend.connect_tcp("127.0.0.1", 1)


# --- https -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path) -> str:
    """A certificate for dms.example with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine")
    made = tmp_path / "dms.pem"
    command = f"{openssl} req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj /CN=dms"
    names = ["-addext", "subjectAltName=DNS:dms.example", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    made.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "cert").read_bytes())
    return str(made)


@pytest.fixture
def secure(certificate: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that has the certificate, which this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with receiving(certificate) as running:
        yield running


def test_a_receiver_that_proves_its_name_is_talked_to(secure, webhook, entry):
    webhook(url=f"https://dms.example:{secure.port}/", resolve=at("127.0.0.1")).deliver(entry)

    assert len(secure.taken) == 1


def test_a_receiver_with_a_certificate_of_another_name_is_not(secure, webhook, entry):
    with pytest.raises(Undelivered, match="no connection"):
        webhook(url=f"https://other.example:{secure.port}/", resolve=at("127.0.0.1")).deliver(entry)

    assert secure.taken == []


def test_a_receiver_without_a_certificate_is_not_talked_to(receiver, entry):
    adapter = Webhook("dms", url=receiver.url.replace("http:", "https:"), secrets=[NEW], allow_private=True)

    with pytest.raises(Undelivered, match="no connection"):
        adapter.deliver(entry)

    assert receiver.taken == []


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"url": "http://dms.example/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"secrets": []}, "secrets"),
        ({"secrets": [NEW, "whsec_short"]}, "secrets"),
        ({"secrets": [NEW.removeprefix("whsec_")]}, "secrets"),
        ({"secrets": [NEW[:-1] + "é"]}, "secrets"),
    ],
)
def test_bad_settings_name_the_setting_and_never_the_value(settings, where):
    with pytest.raises(BadSettings) as caught:
        Webhook("dms", **{"url": "https://dms.example/", "secrets": [NEW], **settings})

    assert caught.value.facts["where"] == where
    assert not re.search(r"127|::1|dms\.|whsec_[A-Za-z0-9]", str(caught.value))


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "dms.example"},
        {"url": "ftp:dms"},
        {"url": None},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"timeout": 301},
        {"colour": "blue"},
        {"secrets": NEW},
        {"clock": "noon"},
    ],
)
def test_settings_of_a_wrong_type_do_not_build_a_webhook_nor_show_the_value(settings):
    with pytest.raises(ValidationError) as caught:
        Webhook("dms", **{"url": "https://dms.example/", "secrets": [NEW], **settings})

    assert NEW not in str(caught.value)


def test_the_clock_and_the_resolver_are_the_machines_where_none_is_given(entry):
    adapter = Webhook("dms", url="https://localhost/", secrets=[NEW])

    with pytest.raises(Undelivered, match="private address"):
        adapter.deliver(entry)

    assert abs(adapter.clock() - datetime.now(UTC)) < timedelta(minutes=1)
