"""What a forger does beyond changing bytes: he puts the manifest right, signs, or rebuilds all history by the book.

Nothing of engine/ is used, so that mistakes are not shared.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import bundles, naive
from tests.bundles import LEDGER, Log, Members, Scope, canonical, sha
from tests.signers import Key

MANIFEST = {"manifest.json", "manifest.note"}


@dataclass(frozen=True)
class Stolen(naive.Signer):
    """A key of the tests, in the hands of somebody who works by the book."""

    seed: bytes = bytes(32)

    @classmethod
    def of(cls, key: Key) -> Stolen:
        return cls(key.name, seed=key.seed)

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


class Case(NamedTuple):
    """An honest bundle, one of the same scope that was made before, and the same log by the book."""

    scope: Scope
    new: Members
    old: Members
    book: Log
    forger: naive.Signer

    @property
    def signer(self) -> naive.Signer:
        return self.book.signer


Mutator = Callable[[Case, random.Random], Members]


# --- what the forger signs --------------------------------------------------------------------------------------------


def manifested(case: Case, members: Members, signer: naive.Signer | None = None) -> Members:
    """With a manifest that names the members as they are; its note stays what it was, or gets a signature that fits."""
    try:
        manifest = json.loads(case.new["manifest.json"])
    except ValueError:
        return members
    entries = b"".join(data for name, data in sorted(members.items()) if name.startswith("entries/"))
    manifest["entries"], manifest["cases"] = entries.count(b"\n"), members.get("heads.jsonl", b"").count(b"\n")
    rest = {name: data for name, data in members.items() if name not in MANIFEST}
    manifest["files"] = {name: {"bytes": len(data), "sha256": sha(data).hex()} for name, data in rest.items()}
    body = canonical(manifest) + b"\n"
    text = f"gongdan/bundle\n{manifest['origin']}\n{sha(body).hex()}\n".encode()
    note = members.get("manifest.note", b"") if signer is None else naive.signed(text, signer)
    return {**rest, "manifest.json": body, "manifest.note": note}


def in_order(mutator: Mutator) -> Mutator:
    """And the manifest fits again; nobody has signed it."""
    return lambda case, chance: manifested(case, mutator(case, chance))


def signed_by_another(mutator: Mutator) -> Mutator:
    """And manifest and checkpoint are signed by a key of the same name, which is not the log's."""

    def mutated(case: Case, chance: random.Random) -> Members:
        members = mutator(case, chance)
        text, _, _ = case.new["checkpoint"].rpartition(b"\n\n")
        return manifested(case, {**members, "checkpoint": naive.signed(text + b"\n", case.forger)}, case.forger)

    return mutated


def signed_by_the_log(mutator: Mutator) -> Mutator:
    """And the manifest is signed with the log's own key, which was stolen."""
    return lambda case, chance: manifested(case, mutator(case, chance), case.signer)


# --- history rewritten ------------------------------------------------------------------------------------------------


def _alter(document: dict[str, Any], chance: random.Random) -> None:
    """Something else that an honest entry could say."""
    command, at = document["command"], document["recorded_at"]
    choice = chance.randrange(4)
    if choice == 0:
        command["actor"]["id"] = f"{command['actor']['id']}-{chance.randrange(9)}"
    elif choice == 1:
        document["recorded_at"] = f"{at[:-7]}{chance.randrange(10**6):06}Z"
    elif choice == 2:
        command["id"] = f"{command['id']}-{chance.randrange(9)}"
    else:
        document["outcome"]["notes"] = []
        command["facts"]["remark"] = chance.randrange(99)


def rewritten(book: Log, chance: random.Random, signers: tuple[naive.Signer, ...]) -> Log:
    """The log with one entry altered or left out, and chains, heads, tree and signatures made anew."""
    documents = copy.deepcopy(book.documents[:-1])
    at = chance.randrange(len(documents))
    if chance.random() < 0.7 or documents[at]["command"]["name"] == "key_announced":
        _alter(documents[at], chance)
    else:
        place = (documents[at]["shop"], documents[at]["case"])
        documents = documents[:at] + [_earlier(one, place) for one in documents[at + 1 :]]
    return resealed(book, documents, signers)


def _earlier(document: dict[str, Any], place: tuple[str, str]) -> dict[str, Any]:
    """The entry one place before in its case, where that is the one."""
    if (document["shop"], document["case"]) == place:
        document["seq"] -= 1
    return document


def resealed(book: Log, documents: list[dict[str, Any]], signers: tuple[naive.Signer, ...]) -> Log:
    """These entries as a log, by the book; nothing about it is wrong but that it is another."""
    log = Log(signer=signers[-1], rules=book.rules, rows=book.rows)
    for document in documents:
        place = (document["shop"], document["case"])
        document["prev"] = log.heads.get(place, (0, bundles.NO_LINK))[1]
        log.put(canonical(document))
    last = copy.deepcopy(book.documents[-1])
    last["command"]["facts"].update(size=len(log.bodies), root=log.shop_map().root().hex())
    seq, last["prev"] = log.heads[LEDGER]
    last["seq"] = last["version"] = seq + 1
    log.put(canonical(last))
    log.checkpoint = naive.signed(log.text(), signers[-1])
    announced = [at for at, one in enumerate(log.documents) if one["command"]["name"] == "key_announced"]
    for index, epoch in zip(announced, book.epochs, strict=True):
        log.epochs.append(bundles.Epoch(index, epoch.signer, epoch.previous, epoch.size, epoch.note))
        if epoch.previous and epoch.size:
            size = min(epoch.size, len(log.bodies))
            log.epochs[-1].size = size
            log.epochs[-1].note = naive.signed(log.text(size), epoch.previous, epoch.signer)
    return log


def rewrite(case: Case, chance: random.Random) -> Members:
    """Everything rebuilt with the stolen keys: only who has seen the log before can tell."""
    log = rewritten(case.book, chance, (case.signer,))
    return bundle_of(log, case)


def bundle_of(log: Log, case: Case) -> Members:
    """The bundle that the house would make of this log."""
    return log.bundle(case.scope, [json.loads(line) for line in case.new["openings.jsonl"].splitlines()])


def rewrite_unsigned(case: Case, chance: random.Random) -> Members:
    """Entries, tiles, proofs and heads rebuilt; checkpoint, keys and signatures are the old ones."""
    log = rewritten(case.book, chance, (case.signer,))
    kept = ("checkpoint", "keys.jsonl", "manifest.note", "policy")
    return manifested(case, {**bundle_of(log, case), **{name: case.new[name] for name in kept}})


def rewrite_by_another(case: Case, chance: random.Random) -> Members:
    """Rebuilt and signed by a key that nobody handed over to."""
    log = rewritten(case.book, chance, (case.forger,))
    return bundle_of(log, case)
