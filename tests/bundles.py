"""Bundles made for tests, by the book and by nothing of engine/: the format as it is specified.

`Log` takes entries (its own, or sealed bodies such as the golden journals'), keys and witnesses; `bundle()` gives the
members of a bundle as bytes by name; `write_folder` and `write_zip` put them on a disk.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.logs import LEDGER, NO_LINK, NO_ROW, RULES, Epoch, History
from tests.naive import LOG_KEY, ORIGIN, WITNESSES, Members, Signer, b64, canonical, lines, policy, sha, signed

__all__ = [
    "LEDGER",
    "LOG_KEY",
    "NO_LINK",
    "NO_ROW",
    "ORIGIN",
    "RULES",
    "WITNESSES",
    "Epoch",
    "Log",
    "Members",
    "Scope",
    "Signer",
    "b64",
    "canonical",
    "golden",
    "histories",
    "lines",
    "policy",
    "sha",
    "signed",
    "write_folder",
    "write_zip",
]

JOURNALS = Path(__file__).parent / "journals"


@dataclass(frozen=True)
class Scope:
    """What a bundle is asked for."""

    shop: str | None = None
    case: str | None = None
    since: str | None = None
    until: str | None = None

    @property
    def is_whole(self) -> bool:
        return self == Scope()


class Log(History):
    """A log, and the bundles of it."""

    def bundle(self, scope: Scope = Scope(), openings: Sequence[dict[str, object]] = ()) -> Members:
        """Every member by name; manifest and its note are there too."""
        chosen = range(len(self.bodies)) if scope.is_whole else self.chosen(scope)
        members = {
            "checkpoint": self.checkpoint,
            "policy": policy(self.epochs[0].signer, witnesses=self.witnesses, least=len(self.witnesses)),
            "keys.jsonl": self.keys(scope.is_whole),
            "heads.jsonl": lines(self.scoped_leaves(scope)),
            "erasures.jsonl": lines(self.erasures(chosen)),
            "verify.py": (Path(__file__).parents[1] / "engine/proof/verify.py").read_bytes(),
            "VERIFY.md": b"# VERIFY\n",
        }
        members |= {f"rules/{name}.json": self.rules[name] for name in {self.documents[i]["rules"] for i in chosen}}
        members |= self.entries(chosen, with_proofs=not scope.is_whole)
        members |= self.tree.tiles(len(self.bodies)) if scope.is_whole else {"map.json": self.map(scope)}
        if openings:
            members["openings.jsonl"] = lines(openings)
        return self.sealed(members, scope, len(chosen))

    def entries(self, chosen: Sequence[int], *, with_proofs: bool, per_file: int = 65_536) -> Members:
        found, tree, size = {}, self.tree, len(self.bodies)
        for number, at in enumerate(range(0, len(chosen), per_file)):
            some = chosen[at : at + per_file]
            found[f"entries/{number:06}.jsonl"] = b"".join(self.bodies[index] + b"\n" for index in some)
            if with_proofs:
                proofs = [{"index": index, "proof": list(map(b64, tree.inclusion(index, size)))} for index in some]
                found[f"proofs/{number:06}.jsonl"] = lines(proofs)
        return found

    def keys(self, is_whole: bool) -> bytes:
        tree, size, found = self.tree, len(self.bodies), []
        for epoch in self.epochs:
            line: dict[str, object] = {
                "index": epoch.index,
                "name": epoch.signer.name,
                "public": epoch.signer.public.hex(),
                "previous": epoch.previous.public.hex() if epoch.previous else None,
                "size": epoch.size,
                "note": epoch.note.decode() if epoch.note else None,
            }
            if not is_whole:
                line["proof"] = list(map(b64, tree.inclusion(epoch.index, size)))
                if epoch.size:
                    line["consistency"] = list(map(b64, tree.consistency(epoch.size, size)))
            found.append(line)
        return lines(found)

    def erasures(self, chosen: Iterable[int]) -> list[dict[str, object]]:
        erased = [(i, self.documents[i]) for i in chosen if self.documents[i]["command"]["name"] == "subject_erased"]
        return [{"index": i, **{key: one[key] for key in ("shop", "case", "seq")}} for i, one in erased]

    def sealed(self, members: Members, scope: Scope, entries: int) -> Members:
        """The members with a manifest over them that the log's key signs."""
        members = {name: data for name, data in members.items() if not name.startswith("manifest.")}
        manifest = {
            "format": 1,
            "origin": self.signer.name,
            "size": len(self.bodies),
            "root": self.tree.root(0, len(self.bodies)).hex(),
            "scope": vars(scope),
            "entries": entries,
            "cases": members.get("heads.jsonl", b"").count(b"\n"),
            "heads": len(self.bodies) - 1,
            "files": {name: {"bytes": len(data), "sha256": sha(data).hex()} for name, data in members.items()},
            "made_at": "2026-11-23T00:00:00.000000Z",
            "generator": "gongdan 0.1.0",
        }
        return {**members, **self.manifest(manifest)}

    def manifest(self, manifest: Mapping[str, object]) -> Members:
        body = canonical(manifest) + b"\n"
        text = f"gongdan/bundle\n{manifest['origin']}\n{sha(body).hex()}\n".encode()
        return {"manifest.json": body, "manifest.note": signed(text, self.signer)}

    # Subsets

    def in_scope(self, scope: Scope) -> list[tuple[str, str]]:
        heads = [(shop, case) for shop, case in self.heads_before() if scope.shop in {None, shop}]
        return sorted(
            (key for key in heads if scope.case in {None, key[1]}), key=lambda key: [sha(x.encode()) for x in key]
        )

    def scoped_leaves(self, scope: Scope) -> list[dict[str, object]]:
        return [self.leaf(*key) for key in self.in_scope(scope)]

    def chosen(self, scope: Scope) -> list[int]:
        places: dict[tuple[str, str], list[int]] = {}
        for index, document in enumerate(self.documents[:-1]):
            places.setdefault((document["shop"], document["case"]), []).append(index)
        found = {len(self.bodies) - 1, *(epoch.index for epoch in self.epochs)}
        for key in self.in_scope(scope):
            found.update(self._of_case(key, places[key], scope))
        return sorted(found)

    def _of_case(self, key: tuple[str, str], places: list[int], scope: Scope) -> list[int]:
        since, until = scope.since or "", scope.until or "9"
        times = [self.documents[index]["recorded_at"] for index in places]
        if key == LEDGER or any(since <= at < until for at in times):
            return places
        before = sum(at < since for at in times)
        return places[max(before - 1, 0) : before + 1]

    def map(self, scope: Scope) -> bytes:
        if scope.shop is None:
            return canonical({}) + b"\n"
        cases = self.case_map(scope.shop)
        root = cases.root().hex() if cases.leaves else None
        case = cases.proof(sha(scope.case.encode())) if scope.case and cases.leaves else None
        return canonical({"shop": self.shop_map().proof(sha(scope.shop.encode())), "case": case, "root": root}) + b"\n"


# Ready ones -----------------------------------------------------------------------------------------------------------


def golden(*profiles: str, most: int = 10**9, witnesses: Sequence[Signer] = ()) -> Log:
    """A log of the golden journals of these profiles, one after the other, without ledgers and heads yet."""
    log = Log(witnesses=witnesses, rules={})
    for profile in profiles:
        with (JOURNALS / f"{profile}-2026.1.jsonl").open("rb") as journal:
            for line in list(journal)[: most + 1]:
                read = json.loads(line)
                if "rules" in read:
                    log.rules[read["digest"]] = canonical(read["rules"])
                else:
                    log.put(canonical(read["entry"]))
    return log


def histories(*cases: tuple[str, str, int], witnesses: Sequence[Signer] = ()) -> Log:
    """A log of (shop, case, how many entries), the cases' entries taking turns, without ledgers and heads yet."""
    log = Log(witnesses=witnesses)
    for turn in range(max((count for _, _, count in cases), default=0)):
        for shop, case, count in cases:
            if turn < count:
                log.add(shop, case)
    return log


def write_folder(members: Mapping[str, bytes], folder: Path) -> Path:
    for name, data in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(members: Mapping[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
