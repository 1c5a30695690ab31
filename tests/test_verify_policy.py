"""Policies: whom an auditor trusts, and how many witnesses it takes."""

from __future__ import annotations

import base64

import pytest

from engine.proof import verify as v
from tests import naive

ROOT = base64.b64encode(bytes(32)).decode()
LOG, OTHER = naive.LOG_KEY, naive.Signer("other.example/log", "other")
W = naive.WITNESSES
NESTED = f"""# two of three, and the other one
log {LOG.vkey} https://4s.example/log

witness X1 {W[0].vkey} https://w1.example
witness X2\t{W[1].vkey}
  witness Y {W[2].vkey}
group X 1 X1 X2
group all-of-them all X Y
quorum all-of-them
"""
TEXT = f"{naive.ORIGIN}\n5\n{ROOT}\n".encode()


def _note(*signers):
    return v.parse_note(naive.signed(TEXT, *signers))


def test_a_policy_is_read_with_its_urls_and_groups():
    policy = v.parse_policy(NESTED.encode())

    assert [key.name for key in policy.logs] == [LOG.name]
    assert {*policy.witnesses} == {"X1", "X2", "Y"}
    assert policy.urls == {LOG.name: "https://4s.example/log", "X1": "https://w1.example"}
    assert policy.groups == {"X": v.Group(1, ("X1", "X2")), "all-of-them": v.Group(2, ("X", "Y"))}


@pytest.mark.parametrize(
    ("signers", "quorum"),
    [((), False), ((0,), False), ((0, 1), False), ((2,), False), ((0, 2), True), ((1, 2), True), ((0, 1, 2), True)],
)
def test_a_quorum_of_groups_is_met_by_enough_members_of_each(signers, quorum):
    judged = v.parse_policy(NESTED.encode()).judge(_note(LOG, *(W[number] for number in signers)))

    assert judged.quorum is quorum
    assert [key.name for key in judged.logs] == [LOG.name]
    assert judged.wrong == ()


def test_a_policy_of_one_witness_or_of_none_is_met_so():
    one = v.parse_policy(f"witness A {W[0].vkey}\nquorum A".encode())
    none = v.parse_policy(b"quorum none\n")

    assert not one.judge(_note(LOG)).quorum
    assert one.judge(_note(LOG, W[0])).witnesses == ("A",)
    assert none.judge(_note(LOG)) == v.Judged((), (), (), quorum=True)


def test_signatures_are_checked_where_the_key_is_known_and_else_left_alone():
    policy = v.parse_policy(naive.policy(LOG, witnesses=W[:1], least=1))
    note = _note(LOG, W[0], OTHER)
    forged = note._replace(text=note.text.replace(b"\n5\n", b"\n6\n"))

    assert policy.judge(note) == v.Judged((v.parse_vkey(LOG.vkey),), ("w1",), (), quorum=True)
    assert policy.judge(forged) == v.Judged((), (), (LOG.name, "w1"), quorum=False)
    assert policy.judge(note, check=lambda *_: False).wrong == (LOG.name, "w1")


def test_a_log_key_counts_only_for_the_log_of_its_name():
    policy = v.parse_policy(naive.policy(OTHER))
    also = v.parse_vkey(LOG.vkey)

    assert policy.judge(_note(OTHER)).logs == ()
    assert policy.judge(_note(LOG), also=[also]).logs == (also,)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, ""),
        (1, "qorum none"),
        (2, "quorum none\nquorum none"),
        (1, "quorum"),
        (1, "quorum a b"),
        (1, "quorum A"),
        (1, f"log {W[0].vkey}"),
        (1, f"witness A {LOG.vkey}"),
        (1, f"witness none {W[0].vkey}"),
        (1, "witness A"),
        (1, "witness A nokey"),
        (2, f"log {LOG.vkey}\nlog {LOG.vkey}"),
        (2, f"witness A {W[0].vkey}\nwitness A {W[1].vkey}"),
        (2, f"witness A {W[0].vkey}\nwitness B {naive.Signer('again', 'w1', 4).vkey}"),
        (1, "group G 1"),
        (1, "group G any A"),
        (2, f"witness A {W[0].vkey}\ngroup G 0 A"),
        (2, f"witness A {W[0].vkey}\ngroup G 2 A"),
        (2, f"witness A {W[0].vkey}\ngroup G two A"),
        (2, f"witness A {W[0].vkey}\ngroup A 1 A"),
        (2, f"witness A {W[0].vkey}\ngroup G all none"),
        (2, f"witness A {W[0].vkey}\ngroup G 1 A A"),
        (3, f"witness A {W[0].vkey}\ngroup G 1 A\ngroup H 1 A"),
        (0, "quorum none\r\n"),
        (0, "quorum none\x7f"),
    ],
)
def test_a_malformed_policy_is_refused_with_its_line(line, text):
    with pytest.raises(v.Bad) as refused:
        v.parse_policy(text.encode())

    assert not line or f"line {line}:" in str(refused.value)


def test_names_and_comments_of_a_policy_are_opaque_bytes():
    policy = v.parse_policy(b"# \xff\nwitness \xe4\xba \t " + W[0].vkey.encode() + b"\nquorum \xe4\xba\n")

    assert policy.judge(_note(W[0])).quorum
