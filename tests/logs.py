"""A log made for tests, by the book and by nothing of engine/: entries, heads, keys and checkpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.naive import LOG_KEY, HeadMap, Members, Signer, Tree, b64, canonical, sha, signed

NO_LINK = "0" * 64
RULES = b'{"profile":"test"}'
LEDGER = ("ledger", "ledger")


NO_ROW = sha(b"null").hex()


@dataclass
class Epoch:
    """A key from the entry that announced it on."""

    index: int
    signer: Signer
    previous: Signer | None
    size: int | None = None
    note: bytes | None = None


@dataclass
class History:
    """A log of entries in index order, its keys and heads."""

    signer: Signer = LOG_KEY
    witnesses: Sequence[Signer] = ()
    rules: Members = field(default_factory=lambda: {sha(RULES).hex(): RULES})
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    heads: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    checkpoint: bytes = b""

    @property
    def default_rules(self) -> str:
        return next(iter(self.rules))

    def put(self, body: bytes) -> int:
        """A sealed body, as it is. Gives its index."""
        document = json.loads(body)
        self.bodies.append(body)
        self.documents.append(document)
        self.heads[document["shop"], document["case"]] = (document["seq"], sha(b"\x00" + body).hex())
        return len(self.bodies) - 1

    def add(self, shop: str, case: str, name: str = "order_noted", at: str | None = None, /, **facts: object) -> int:
        """The next entry of a case. Gives its index."""
        seq, prev = self.heads.get((shop, case), (0, NO_LINK))
        is_ledger = case == "ledger"
        if is_ledger and seq == 0 and name != "case_opened":
            self.add(shop, case, "case_opened", at, profile="base", version="2026.1")
            seq, prev = self.heads[shop, case]
        at = at or f"2026-11-22T{len(self.bodies) // 3600 % 24:02}:{len(self.bodies) // 60 % 60:02}:00.000000Z"
        actor = {"id": "sequencer", "role": "system"} if is_ledger else {"id": "sa-1", "role": "service_advisor"}
        command = {"id": f"{name}-{seq}", "name": name, "actor": actor, "facts": facts, "late": None}
        outcome = {"answer": "accepted", "event": name, "notes": [], "refusals": [], "waived": []}
        return self.put(
            canonical(
                {
                    "case": case,
                    "command": {**command, "occurred_at": None},
                    "format": 1,
                    "outcome": {**outcome, "state": "recording" if is_ledger else "new"},
                    "prev": prev,
                    "recorded_at": at,
                    "rules": self.default_rules,
                    "seq": seq + 1,
                    "shop": shop,
                    "version": seq + 1,
                    "workflow": "ledger" if is_ledger else "repair_order",
                }
            )
        )

    def announce(self, signer: Signer, at: str | None = None) -> None:
        """The log is signed by this key from now on; the next checkpoint is signed by the one before as well."""
        previous = self.epochs[-1].signer if self.epochs else None
        facts = {"name": signer.name, "public": signer.public.hex()}
        facts |= {"previous": previous.public.hex()} if previous else {}
        self.epochs.append(Epoch(self.add(*LEDGER, "key_announced", at, **facts), signer, previous))
        self.signer = signer

    def seal(self, at: str | None = None) -> bytes:
        """Record the heads and sign a checkpoint. Gives the note."""
        if not self.epochs:
            self.announce(self.signer, at)
        if LEDGER not in self.heads:
            self.add(*LEDGER, "case_opened", at)
        rules = sha(canonical(sorted(self.rules))).hex()
        self.add(*LEDGER, "heads_recorded", at, size=len(self.bodies), root=self.shop_map().root().hex(), rules=rules)
        self.checkpoint = signed(self.text(), *self._signers(), *self.witnesses)
        for epoch in self.epochs:
            if epoch.previous and epoch.note is None:
                epoch.size, epoch.note = len(self.bodies), self.checkpoint
        return self.checkpoint

    def _signers(self) -> list[Signer]:
        last = self.epochs[-1]
        return [last.previous, last.signer] if last.previous and last.note is None else [last.signer]

    def text(self, size: int | None = None) -> bytes:
        """The text of a checkpoint of that size."""
        size = len(self.bodies) if size is None else size
        return f"{self.signer.name}\n{size}\n{b64(self.tree.root(0, size))}\n".encode()

    @property
    def tree(self) -> Tree:
        return Tree([sha(b"\x00" + body) for body in self.bodies])

    # The map of heads, as the last heads entry covers it

    def heads_before(self) -> dict[tuple[str, str], tuple[int, str]]:
        heads = dict(self.heads)
        if self.documents[-1]["command"]["name"] == "heads_recorded":
            last = self.documents[-1]
            heads[LEDGER] = (last["seq"] - 1, last["prev"])
        return heads

    def leaf(self, shop: str, case: str) -> dict[str, object]:
        seq, head = self.heads_before()[shop, case]
        return {"shop": shop, "case": case, "seq": seq, "head": head, "row": self.rows.get((shop, case), NO_ROW)}

    def case_map(self, shop: str) -> HeadMap:
        leaves = [self.leaf(*key) for key in self.heads_before() if key[0] == shop]
        value = {one["case"]: sha(canonical([one["seq"], one["head"], one["row"]])) for one in leaves}
        return HeadMap({sha(str(case).encode()): digest for case, digest in value.items()})

    def shop_map(self) -> HeadMap:
        shops = {shop for shop, _ in self.heads_before()}
        return HeadMap({sha(shop.encode()): self.case_map(shop).root() for shop in shops})
