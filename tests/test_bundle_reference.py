"""docs/reference/bundle.md is true: members, fields and program are read from the page, and held against bundles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.bootstrap import bootstrap
from adapters.inbound.bundle_file import carried
from engine import Actor
from engine.command import Command
from engine.events.event import ID_PATTERN
from engine.events.ledger import SubjectErased
from engine.states.ledger import LEDGER
from tests.exports import HOURS, filled, members_of, on_disk
from tests.pages import Page
from tests.signers import KEY, NEXT
from tests.support import Clock, world

PAGE = Page("bundle.md")
MEMBERS = {name: where for name, where, _ in PAGE.rows("Members")}
TYPES = PAGE.table("Types")
HAND = SimpleNamespace()
exec(PAGE.block("Checking a whole one by hand", "python"), vars(HAND))


@pytest.fixture(scope="module")
def bundles() -> dict[str, dict[str, bytes]]:
    """A whole bundle, and parts of every kind; two keys, an erasure, values in clear, a checkpoint to continue."""
    clock = Clock()
    engine = bootstrap("sqlite://", upgrade=True, world=world(clock))
    with closing(engine.store):
        filled(engine, clock)
        seen = engine.checkpoints.make(KEY)
        fact = SubjectErased(request=2, values=1, asked_by="sm-1", reason="asked")
        erased = Command("erased", Actor("sweep", "system"), fact)
        engine._desk("S1").sit(LEDGER, lambda sitting: sitting.apply(LEDGER, erased, None), id=erased.id)
        engine.checkpoints.rotate(KEY, NEXT)
        asked: dict[str, dict[str, Any]] = {
            "whole": {"paths": ["vin"]},
            "a shop": {"shop": "S1", "known": [seen.size], "paths": ["vin"]},
            "a case": {"shop": "S1", "case": "RO-1"},
            "no shop": {"shop": "S9", "case": "RO-1"},
            "a time": {"since": HOURS[2], "until": HOURS[3]},
        }
        return {name: {**members_of(engine, NEXT, **scope), **carried()} for name, scope in asked.items()}


def pattern_of(member: str) -> str:
    """The members that a row of the table stands for."""
    return re.escape(member).replace("000000", "[0-9]{6}").replace("DIGEST", TYPES["digest"]).replace("…", ".+")


def member_of(name: str) -> str:
    """The row of the table that a member falls under."""
    found = [member for member in MEMBERS if re.fullmatch(pattern_of(member), name)]
    assert len(found) == 1, name
    return found[0]


def test_every_bundle_has_the_members_of_the_page_and_no_others(bundles):
    for name, members in bundles.items():
        expected = {"all", "whole" if name == "whole" else "part"}
        here = {member_of(member) for member in members}

        assert {member for member, where in MEMBERS.items() if where in expected} <= here, name
        assert {MEMBERS[member] for member in here} <= {*expected, "on demand"}, name
    assert {member_of(member) for members in bundles.values() for member in members} == {*MEMBERS}


def objects(member: str, bundles: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON object of a member, in all bundles, with the bundle's name."""
    for bundle, members in bundles.items():
        for name, data in members.items():
            if member_of(name) == member:
                yield from ((bundle, json.loads(line)) for line in data.splitlines())


def fits(value: object, kind: str) -> bool:
    if kind.endswith("?"):
        return value is None or fits(value, kind[:-1])
    if kind.startswith("["):
        return isinstance(value, list) and all(fits(one, kind[1:-1]) for one in value)
    if kind == "object":
        return all(set(one) == {"bytes", "sha256"} for one in value.values())
    if kind == "proof":
        return set(value) == {"siblings", "leaf"}
    return isinstance(value, int if kind == "count" else str) and bool(re.fullmatch(TYPES[kind], str(value)))


def flat(document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a scope beside the others."""
    scope = document.get("scope")
    return {**document, **{f"scope.{name}": value for name, value in scope.items()}} if scope else document


@pytest.mark.parametrize(
    "member",
    [
        "manifest.json",
        "keys.jsonl",
        "heads.jsonl",
        "erasures.jsonl",
        "proofs/000000.jsonl",
        "since.jsonl",
        "openings.jsonl",
    ],
)
def test_every_object_of_a_member_has_the_fields_of_the_page(bundles, member):
    fields = {name: (kind, meaning) for name, kind, meaning in PAGE.rows(member)}
    seen: set[str] = set()
    for bundle, read in objects(member, bundles):
        document = flat(read)
        is_part, is_first = bundle != "whole", document.get("previous", "") is None
        left_out = {name for name, (_, meaning) in fields.items() if meaning.startswith("part only") and not is_part}
        left_out |= {name for name, (_, meaning) in fields.items() if "not of the first key" in meaning and is_first}
        document.pop("scope", None)

        assert {*document} == {*fields} - left_out
        assert [name for name, value in document.items() if not fits(value, fields[name][0])] == []
        seen |= {*document}
    assert seen == {*fields}


def test_the_map_has_the_fields_of_the_page(bundles):
    fields = {name: kind for name, kind, _ in PAGE.rows("The map of heads")}
    maps = dict(objects("map.json", bundles))

    assert maps["a time"] == {}
    for bundle in ("a shop", "a case", "no shop"):
        assert {*maps[bundle]} == {*fields}
        assert [name for name, value in maps[bundle].items() if not fits(value, fields[name])] == []
    assert (maps["a shop"]["case"], maps["no shop"]["root"]) == (None, None)


def test_the_heads_make_the_root_as_the_page_says(bundles):
    whole = bundles["whole"]
    leaves = [json.loads(line) for line in whole["heads.jsonl"].splitlines()]
    shops: dict[str, list[tuple[bytes, bytes]]] = {}
    for one in leaves:
        value = json.dumps([one["seq"], one["head"], one["row"]], separators=(",", ":")).encode()
        shops.setdefault(one["shop"], []).append((HAND.sha(one["case"].encode()), HAND.sha(value)))
    by_hand = naive_root({HAND.sha(shop.encode()): naive_root(dict(cases)) for shop, cases in shops.items()})
    last = json.loads(whole["entries/000000.jsonl"].splitlines()[-1])

    assert (last["command"]["name"], last["command"]["facts"]["root"]) == ("heads_recorded", by_hand.hex())


def naive_root(leaves: dict[bytes, bytes], depth: int = 0) -> bytes:
    """The root of a map, as the page says it."""
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        [(key, value)] = leaves.items()
        return HAND.sha(b"\x00" + key + value)
    sides: list[dict[bytes, bytes]] = [{}, {}]
    for key, value in leaves.items():
        sides[key[depth // 8] >> (7 - depth % 8) & 1][key] = value
    return HAND.sha(b"\x01" + naive_root(sides[0], depth + 1) + naive_root(sides[1], depth + 1))


def test_a_commitment_is_made_of_salt_and_value_as_the_page_says(bundles):
    openings = [one for _, one in objects("openings.jsonl", bundles)]
    entries = [json.loads(line) for line in bundles["whole"]["entries/000000.jsonl"].splitlines()]

    assert openings != []
    for one in openings:
        made = HAND.sha(bytes.fromhex(one["salt"]) + one["value"].encode()).hex()
        assert entries[one["index"]]["command"]["facts"][one["path"]]["commitment"] == made


def test_the_program_of_the_page_passes_a_bundle_and_no_altered_one(bundles, tmp_path):
    members = {name: data for name, data in bundles["whole"].items() if name not in carried()}
    folder = on_disk(members, tmp_path / "bundle")
    for name, data in carried().items():
        (folder / name).write_bytes(data)
    HAND.check(folder)

    entries = folder / "entries/000000.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b"RO-1", b"RO-2", 1))
    with pytest.raises(AssertionError):
        HAND.check(folder)


def test_an_id_is_what_the_code_takes_for_one():
    assert TYPES["code"] == ID_PATTERN
