"""The twelve attacks of an insider who may write to every table and, in half of them, has stolen the signing key.

ATTACKS says what each one does, who sees it and what is named: it is the table of the page
docs/explanation/what-the-audit-can-and-cannot-see.md, and `test_attacks.py` runs every row.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from engine import Text
from engine.canonical import canonical
from engine.journal import seal
from engine.store import Log
from tests.insider import SHOP, Document, House, entries, lay, place_of, rewrite
from tests.signers import KEY

OLD, NEW = ("RO-2", 3), ("RO-5", 3)
"""An entry from before the auditor came, and one from after that."""


# --- what is done ----------------------------------------------------------------------------------------------------


def documents(here: House) -> list[Document]:
    """The same, read."""
    return [json.loads(body) for body, _ in entries(here)]


def forged(document: Document) -> Document:
    """The same entry, as if another advisor had put it: within the rules, so that no replay can tell."""
    command = document["command"]
    return document | {"command": command | {"actor": command["actor"] | {"id": "sa-2"}}}


def edit(here: House) -> None:
    """The bytes of one entry."""
    at, found = here.place(*OLD), entries(here)
    body, known = found[at]
    lay(here, [*found[:at], (canonical(forged(json.loads(body))), known), *found[at + 1 :]])


def delete_one(here: House) -> None:
    """One entry from the middle of a case."""
    at, found = here.place(*OLD), entries(here)
    lay(here, [*found[:at], *found[at + 1 :]])


def insert_one(here: House) -> None:
    """One more entry in the middle of a case, well sealed, linked to the one before it."""
    at, found = here.place(*OLD), entries(here)
    after = json.loads(found[at][0])
    new = after | {"seq": after["seq"] + 1, "prev": found[at][1], "command": after["command"] | {"id": "forged"}}
    body = canonical(new | {"version": after["version"] + 1})
    lay(here, [*found[: at + 1], (body, seal(body)), *found[at + 1 :]])


def swap(here: House) -> None:
    """Two entries of a case."""
    at, then, found = here.place(*OLD), here.place(OLD[0], OLD[1] + 1), entries(here)
    found[at], found[then] = found[then], found[at]
    lay(here, found)


def cut(here: House) -> None:
    """The last entries; lists, tree and heads are those of the shorter log, only the checkpoint is left."""
    newest = here.last()
    rewrite(here, documents(here)[: _tail(here)])
    with here.engine.store.write() as transaction:
        log = Log(transaction)
        log.put_checkpoint(newest.size, bytes.fromhex(newest.root))
        log.sign(newest.size, newest.note or b"")


def _tail(here: House) -> int:
    """Where the last case begins."""
    return here.place("RO-9", 1)


def roll_back(here: House) -> None:
    """All after an older checkpoint, which is then the last one."""
    rewrite(here, documents(here)[: here.sizes[1]])


def _edited(here: House, place: tuple[str, int]) -> list[Document]:
    found, at = documents(here), here.place(*place)
    found[at] = forged(found[at])
    return found


def edit_and_recompute(here: House) -> None:
    """An entry, and everything that follows from it but the signatures."""
    rewrite(here, _edited(here, OLD))


def edit_and_sign(here: House) -> None:
    """An entry that the auditor has seen, and everything that follows from it."""
    rewrite(here, _edited(here, OLD), KEY)


def edit_later_and_sign(here: House) -> None:
    """The same with an entry that was written after the auditor came."""
    rewrite(here, _edited(here, NEW), KEY)


def remove_and_sign(here: House) -> None:
    """A whole order, as if it had never been opened."""
    rewrite(here, [one for one in documents(here) if place_of(one) != (SHOP, OLD[0])], KEY)


def cut_and_sign(here: House) -> None:
    """The last entries; the log goes on from there and is signed."""
    rewrite(here, documents(here)[: _tail(here)], KEY)
    here.engine.checkpoints.make(KEY)


def never_append(here: House) -> None:
    """Nothing at all: the order was taken on paper, paid in cash and never told to the engine."""


# --- who sees it -----------------------------------------------------------------------------------------------------

LEVELS = (
    Text("只有日志：链与重放", "a journal: chain and replay"),
    Text("加库中签名的检查点，凭自己的策略", "+ the signed checkpoint of that database, by his own policy"),
    Text("加自己上次带走的证据包", "+ the bundle of his last visit"),
    Text("加见证人的最新检查点", "+ the newest checkpoint and tiles of a witness"),
)
"""What the auditor holds."""
SEEN = ("seen.differs",)
TILES = (*SEEN, "tile.differs")


class Attack(NamedTuple):
    """One attack: what it does, and whether it is caught (C) or not (.) at each of the levels.

    `first` gives the place of the first bad entry as the log was, `kinds` what the audit says there at the last level.
    """

    name: Text
    run: Callable[[House], None]
    caught: str
    first: Callable[[House], int] | None = None
    kinds: tuple[str, ...] = ()


def _old(here: House) -> int:
    return here.place(*OLD)


def _after_old(here: House) -> int:
    return here.place(*OLD) + 1


def _new(here: House) -> int:
    return here.place(*NEW)


def _order(here: House) -> int:
    return here.place(OLD[0], 1)


def _older(here: House) -> int:
    return here.sizes[1]


ATTACKS: tuple[Attack, ...] = (
    Attack(Text("改一条内容", "edit an entry"), edit, "CCCC", _old, TILES),
    Attack(Text("删中间一条", "delete one mid-log"), delete_one, "CCCC", _old, SEEN),
    Attack(Text("插入一条旧时条目", "insert one, back-dated"), insert_one, "CCCC", _after_old, (*TILES, "row.differs")),
    Attack(Text("两条对调", "swap two entries"), swap, "CCCC", _old, (*TILES, "chain.broken", "chain.count")),
    Attack(Text("截去末尾", "cut the tail"), cut, ".CCC", _tail, ("entries.count",)),
    Attack(
        Text("截去末尾，放回旧检查点", "cut the tail, put back the older signed checkpoint"),
        roll_back,
        "...C",
        _older,
        ("seen.newer",),
    ),
    Attack(
        Text("改一条并全部重算，无密钥", "edit one, recompute everything, without the key"),
        edit_and_recompute,
        ".CCC",
        _old,
        SEEN,
    ),
    Attack(
        Text("改旧条目，重算，用盗来的密钥重签", "edit an old one, recompute, re-sign with the stolen key"),
        edit_and_sign,
        "..CC",
        _old,
        SEEN,
    ),
    Attack(
        Text("改审计员来访之后的条目，重签", "edit one from after the auditor's last visit, re-sign"),
        edit_later_and_sign,
        "...C",
        _new,
        SEEN,
    ),
    Attack(Text("删去整单，重签", "remove a whole order, re-sign"), remove_and_sign, "..CC", _order, SEEN),
    Attack(Text("截去末尾，重签", "cut the tail, re-sign"), cut_and_sign, "...C", _tail, SEEN),
    Attack(Text("从未写入", "never append it"), never_append, "...."),
)
RESIGNED = tuple(
    one for one in ATTACKS if one.run in {edit_and_sign, edit_later_and_sign, remove_and_sign, cut_and_sign}
)
"""Those for which it takes the key."""
