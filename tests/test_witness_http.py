"""Witnessing over HTTP, on real sockets: every status of tlog-witness, and whatever else somebody may send."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection

import pytest
from structlog.testing import capture_logs

from adapters.witness.client import Unwitnessed, ask
from adapters.witness.server import MOST_BODY, WitnessServer
from engine import BadSettings
from engine.proof.verify import parse_checkpoint, parse_note
from engine.proof.witness import Submission, parse_submission
from tests.http_receiver import answers, receiving, says
from tests.test_witness import LOG_KEY, ORIGIN, Log, a_witness, holds, keys

SIZE = "text/x.tlog.size"
SECONDS = 30


@contextmanager
def serving(witness, **bounds):
    with WitnessServer(witness, "127.0.0.1", 0, **bounds) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(SECONDS)


@pytest.fixture
def witness(tmp_path):
    return a_witness(tmp_path / "witness")


@pytest.fixture
def server(witness):
    with serving(witness) as server:
        yield server


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def log():
    return Log().grow(10)


def post(server, body, path="/add-checkpoint", connection=None):
    """The status, the type and the body of an answer."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)) as own:
        connection = connection or own
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], answer.read()


def raw(server, *parts):
    """All that comes back for some bytes, until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        connection.sendall(b"".join(parts))
        got = b""
        while more := connection.recv(65_536):
            got += more
        return got


# --- the server ------------------------------------------------------------------------------------------------------


def test_what_continues_is_answered_with_a_cosignature(server, witness, log):
    status, _, line = post(server, log.submission(0, 4).body())
    later, _, again = post(server, log.submission(4).body())

    assert (status, later) == (200, 200)
    assert holds(witness, line, log.note(4))
    assert holds(witness, again, log.note())


def test_a_connection_serves_again(server, log):
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)) as connection:
        statuses = [
            post(server, log.submission(old, new).body(), connection=connection)[0]
            for old, new in [(0, 4), (9, 9), (4, 9)]
        ]

    assert statuses == [200, 409, 200]


@pytest.mark.parametrize(
    ("submission", "status", "said"),
    [
        (lambda _: Submission(0, [], b"no note"), 400, "it is no checkpoint"),
        (lambda log: Submission(9, [], log.note(8)), 400, "it is no checkpoint"),
        (lambda _: Log(keys.generate("other.example")).submission(0), 404, "not known here"),
        (lambda _: Log(keys.generate(ORIGIN)).grow(9).submission(5), 403, "no known key"),
        (lambda log: Submission(5, log.proof(5)[1:], log.note()), 422, "not proven"),
        (lambda log: log.rewritten(2).submission(5), 422, "not proven"),
    ],
    ids=["no note", "old above new", "another log", "another key", "proof cut", "rewritten"],
)
def test_each_objection_has_its_status_and_is_said_in_words(server, log, submission, status, said):
    post(server, log.submission(0, 5).body())

    got, kind, body = post(server, submission(log).body())

    assert (got, kind) == (status, "text/plain; charset=utf-8")
    assert said in body.decode()


@pytest.mark.parametrize(
    "submission",
    [lambda log: log.submission(0), lambda log: log.submission(3), lambda log: log.rewritten(2).submission(5, 5)],
    ids=["from nothing", "from a smaller one", "fork"],
)
def test_a_conflict_tells_the_size_that_is_known(server, log, submission):
    post(server, log.submission(0, 5).body())

    assert post(server, submission(log).body()) == (409, SIZE, b"5\n")


def test_a_fork_of_nothing_is_a_conflict_with_size_zero(server):
    forged = Log(LOG_KEY)
    note = forged.note().replace(b"47DEQpj8HBSa", b"47DEQpj8HBSb")
    assert note != forged.note()

    assert post(server, Submission(0, [], note).body())[0] == 403
    assert post(server, Log().grow(1).submission(1).body()) == (409, SIZE, b"0\n")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n", b""),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: x\r\n", b"old"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: -1\r\n", b"old"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\nContent-Length: 3\r\n", b"old"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 99999999999\r\n", b"old"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n" % (MOST_BODY + 1), b"old"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"old"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n", b"3\r\nold\r\n0\r\n\r\n"),
    ],
    ids=["no length", "no number", "negative", "twice", "endless", "too much", "both", "chunked"],
)
def test_a_body_whose_length_is_not_plain_is_refused_and_the_connection_ended(server, head, body):
    answer = raw(server, head, b"\r\n", body)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nConnection: close\r\n" in answer


def test_a_body_cut_short_is_refused(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 99\r\n\r\nold 0\n")
        connection.shutdown(socket.SHUT_WR)

        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("path", ["/", "/add-checkpoint/", "/../key", "/add-checkpoint?x=1"])
def test_there_is_one_path_only(server, log, path):
    assert post(server, log.submission(0).body(), path)[0] == 404


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\r\n" * 9, b"X" * 70_000]
)
def test_what_is_no_post_does_not_disturb_it(server, log, junk, capfd):
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            connection.recv(65_536)

    assert post(server, log.submission(0).body())[0] == 200
    assert capfd.readouterr() == ("", "")


def test_who_sends_slowly_is_cut_off(witness, log):
    with (
        serving(witness, seconds=0.2) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as slow,
    ):
        slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 10\r\n\r\nold")

        assert slow.recv(65_536)[:13] in {b"", b"HTTP/1.1 400 "}


def test_too_many_connections_are_turned_away_and_the_place_is_free_again(witness, log):
    with serving(witness, connections=1) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as first:
            first.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 5\r\n\r\n")
            with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as second:
                assert second.recv(1) == b""
            first.sendall(b"old 0")
            assert first.recv(65_536).startswith(b"HTTP/1.1 400 ")
        for _ in range(1000):
            with suppress(ConnectionResetError):
                if raw(server, b"POST / HTTP/1.0\r\n\r\n"):
                    return
        pytest.fail("no place was free again")


def test_where_it_cannot_remember_it_does_not_sign_and_says_no_more_than_the_kind(server, witness, log):
    place = witness.home(ORIGIN)
    place.parent.mkdir()
    place.write_text("in the way")

    with capture_logs() as lines:
        status, _, body = post(server, log.submission(0).body())

    assert (status, body) == (500, b"")
    assert [line["event"] for line in lines] == ["witness_fails"]


EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()  # noqa: E501 - as it is published
"""The request in C2SP's tlog-witness."""


def test_the_published_example_is_read_and_written(server):
    submission = parse_submission(EXAMPLE)
    note = parse_note(submission.note)

    assert (submission.old, len(submission.proof)) == (20_852_014, 4)
    assert parse_checkpoint(note.text)[:2] == ("example.com/behind-the-sofa", 20_852_163)
    assert len(note.signatures) == 2
    assert submission.body() == EXAMPLE
    assert post(server, EXAMPLE)[0] == 404


# --- the client ------------------------------------------------------------------------------------------------------


def test_a_log_asks_and_gets_a_cosignature(url, witness, log):
    assert holds(witness, ask(url, log.note(), 10, log.proof), log.note())


def test_told_another_size_it_asks_again_from_there(url, witness, log):
    ask(url, log.note(4), 4, log.proof)

    assert holds(witness, ask(f"{url}/", log.note(), 10, log.proof, old=2), log.note())
    assert holds(witness, ask(url, log.note(), 10, log.proof, old=4), log.note())


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (lambda url, log: ask(url, log.note(4), 4, log.proof), "larger"),
        (lambda url, log: ask(url, log.rewritten(2).note(), 10, log.rewritten(2).proof), "another version"),
        (lambda url, log: ask(url, b"no note", 10, log.proof), "HTTP 400"),
    ],
    ids=["smaller", "fork", "no note"],
)
def test_what_a_witness_refuses_is_said_in_words(url, log, asked, reason):
    ask(url, log.note(), 10, log.proof)

    with pytest.raises(Unwitnessed) as caught:
        asked(url, log)

    assert reason in caught.value.text.en
    assert "127.0.0.1" in caught.value.text.zh


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([answers(409, b"7\n"), answers(409, b"8\n"), answers(409, b"9\n")], "HTTP 409"),
        ([answers(409, b"07\n")], "HTTP 409"),
        ([answers(302, b"", Location="/elsewhere")], "HTTP 302"),
        ([answers(200, b"x" * 70_000)], "cannot be read"),
        ([answers(200, b"")], "cannot be read"),
        ([says(b"no HTTP\r\n\r\n")], "cannot be read"),
        ([says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")], "cannot be read"),
        ([says(b"")], "no connection"),
        ([says(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 50, pause=0.05)], "no connection|cannot be read"),
    ],
    ids=["always another size", "no size", "redirect", "too much", "empty", "no HTTP", "cut short", "nothing", "slow"],
)
def test_whatever_is_answered_it_ends_in_a_word(log, script, reason):
    with receiving() as receiver:
        receiver.script.extend(script)

        with pytest.raises(Unwitnessed, match=reason):
            ask(f"http://127.0.0.1:{receiver.port}", log.note(), 10, log.proof, seconds=1.5)


def test_where_nobody_listens_it_says_so(log):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(Unwitnessed, match="no connection"):
            ask(f"http://127.0.0.1:{taken.getsockname()[1]}", log.note(), 10, log.proof, seconds=2)


@pytest.mark.parametrize("url", ["", "witness", "ftp://w", "http://", "http://w:0", "http://w:x", "http://[w"])
def test_what_is_no_address_is_refused(log, url):
    with pytest.raises(BadSettings, match="a witness's address"):
        ask(url, log.note(), 10, log.proof)
