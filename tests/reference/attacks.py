"""The attack table, from the attacks that `tests/test_attacks.py` runs."""

from __future__ import annotations

from tests.attacks import ATTACKS, LEVELS
from tests.reference.markdown import code, table

_MARKS = {"C": "caught", ".": "no"}


def attacks() -> str:
    """Every attack: who catches it, and what is named at its first bad entry by whoever holds all."""
    heads = ("attack", "攻击", *map(str, range(1, len(LEVELS) + 1)), "what level 4 names")
    return table(
        heads,
        [(one.name.en, one.name.zh, *(_MARKS[mark] for mark in one.caught), code(*one.kinds)) for one in ATTACKS],
    )


def levels() -> str:
    """What the auditor holds at each level."""
    rows = [(number, level.en, level.zh) for number, level in enumerate(LEVELS, 1)]
    return table(("level", "the auditor holds", "审计员手中有"), rows)


PARTS = {"attacks": attacks, "attacks.levels": levels}
