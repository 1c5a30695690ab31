"""A checkpoint that was seen lends its signatures to the bundle's own of the same text; and who is missing is said."""

from __future__ import annotations

import pytest

from engine.proof import verify as v
from tests.bundles import WITNESSES
from tests.naive import LOG_KEY, signed
from tests.tampering import TRUST, a_log, checked, kinds, said

__all__ = ["said"]

W1, W2, _ = WITNESSES


def bundle_of(log, *signers):
    """A bundle that was exported when only these had signed its checkpoint."""
    log.checkpoint = signed(log.text(), *signers)
    return log.bundle()


def held(members, tmp_path, *seen):
    return checked(members, tmp_path, TRUST._replace(seen=tuple(map(v.Seen, seen))))


def test_witnesses_who_came_by_after_the_export_count_by_the_checkpoints_that_they_keep(tmp_path):
    log = a_log()
    members = bundle_of(log, LOG_KEY)

    result = held(members, tmp_path, signed(log.text(), LOG_KEY, W1), signed(log.text(), W2, W1))

    assert (result.status, result.findings) == ("OK", [])
    assert (result.signed_by, result.cosigned_by) == ([LOG_KEY.name], ["w1", "w2"])


def test_one_more_signature_than_the_bundle_has_may_be_all_that_is_missing(tmp_path):
    log = a_log()
    members = bundle_of(log, LOG_KEY, W1)

    assert kinds(checked(members, tmp_path / "alone")) == {"quorum.missing"}
    assert held(members, tmp_path / "held", signed(log.text(), W1, W2)).status == "OK"


def test_a_checkpoint_of_another_text_lends_nothing(tmp_path):
    log = a_log()
    older = signed(log.text(7), LOG_KEY, W1, W2)

    result = held(bundle_of(log, LOG_KEY), tmp_path, older)

    assert kinds(result) == {"quorum.missing"}
    assert (result.signed_by, result.cosigned_by) == ([LOG_KEY.name], [])


def test_a_wrong_signature_that_is_lent_counts_for_nobody_and_does_not_blame_the_bundle(tmp_path):
    log = a_log()
    other = signed(log.text(7), LOG_KEY, W1, W2).partition(b"\n\n")[2]

    result = held(bundle_of(log, LOG_KEY), tmp_path, log.text() + b"\n" + other)

    assert kinds(result) == {"quorum.missing"}
    assert result.cosigned_by == []


def test_a_wrong_signature_in_the_bundle_is_found_whatever_is_lent(tmp_path):
    log = a_log()
    other = signed(log.text(7), W1).partition(b"\n\n")[2]
    log.checkpoint = signed(log.text(), LOG_KEY, W2) + other

    result = held(log.bundle(), tmp_path, signed(log.text(), W1, W2))

    assert "checkpoint.signature" in kinds(result)
    assert result.status == "TAMPERED"


def test_the_logs_own_signature_is_not_to_be_borrowed(tmp_path):
    log = a_log()

    result = held(bundle_of(log, W1, W2), tmp_path, signed(log.text(), LOG_KEY))

    assert kinds(result) == {"checkpoint.signature"}


def test_who_has_to_cosign_and_who_has_not_is_said(tmp_path):
    log = a_log()

    (found,) = held(bundle_of(log, LOG_KEY, W2), tmp_path).findings

    assert found.facts == {"required": "2/3 (w1, w2, w3)", "names": "w2", "missing": "w1, w3"}
    assert "未联署 w1, w3" in found.words[0]
    assert "not by w1, w3" in found.words[1]


@pytest.mark.parametrize(
    ("quorum", "counted", "asked"),
    [
        ("all", ("X1", "X2", "Y"), "2/2 (1/2 (X1, X2), Y)"),
        ("X", ("X1", "X2"), "1/2 (X1, X2)"),
        ("X1", ("X1",), "X1"),
        ("none", (), "none"),
    ],
)
def test_a_policy_says_whom_its_quorum_counts(quorum, counted, asked):
    lines = [f"witness {name} {one.vkey}" for name, one in zip(("X1", "X2", "Y"), WITNESSES, strict=True)]
    text = "\n".join([*lines, "group X 1 X1 X2", "group all 2 X Y", f"quorum {quorum}", ""])

    assert v.parse_policy(text.encode()).counted() == (counted, asked)


def test_without_a_policy_nobody_is_named(tmp_path):
    result = checked(a_log().bundle(), tmp_path, v.Trust())

    assert (result.signed_by, result.cosigned_by) == ([], [])
