"""Whom somebody trusts: a policy file in the form of C2SP tlog-policy."""

from __future__ import annotations

from pathlib import Path

from engine import BadSettings, Text
from engine.proof.verify import Policy, parse_policy

LONGEST = 1024 * 1024
_POLICY = Text(
    zh="信任策略（C2SP tlog-policy）：log、witness、group、quorum 各行；{wrong}",
    en="a policy (C2SP tlog-policy): lines of log, witness, group, quorum; {wrong}",
)


def read_policy(file: Path) -> Policy:
    """The policy of a file. Raises BadSettings for a file that holds none, OSError."""
    with file.open("rb") as opened:
        raw = opened.read(LONGEST + 1)
    try:
        return parse_policy(raw[:LONGEST] + b"\x00" * (len(raw) > LONGEST))
    except ValueError as wrong:
        raise BadSettings(where=str(file), expected=_POLICY.render({"wrong": str(wrong)})) from None
