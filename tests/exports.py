"""What the tests of exports share: a log worth exporting, bundles on a disk, and what the same log is by the book."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.inbound.bundle_file import write_folder
from engine import Engine, Member
from engine.canonical import canonical
from engine.events import repair_order as ro
from engine.proof import verify
from engine.proof.verify import Result, Trust, parse_policy
from engine.store import Log, Transaction
from tests import bundles
from tests.signers import KEY, Key
from tests.support import ADVISOR, MANAGER, PURPOSE, START, Clock

VIN, PLATE, WORDS = "LSVAA4187E2184321", "京A12345", "左前轮异响"
HOURS = [START + timedelta(hours=hour) for hour in range(12)]


def policy(key: Key = KEY) -> bytes:
    """An auditor's own, who trusts this key of the log."""
    id_ = hashlib.sha256(key.name.encode() + b"\n\x01" + key.public).digest()[:4].hex()
    material = bundles.b64(b"\x01" + key.public)
    return f"log {key.name}+{id_}+{material}\nquorum none\n".encode()


TRUST = Trust(parse_policy(policy()))


def filled(engine: Engine, clock: Clock) -> Engine:
    """Six cases of two shops, an entry an hour; with personal data, a refusal and a shop's own ledger."""
    shop, other = engine.shop("S1", profile="dpca"), engine.shop("S2", profile="dpca")
    arrived = ro.VehicleCheckedIn.read({"vin": VIN, "license_plate": PLATE})
    for number in range(1, 6):
        shop.open(f"RO-{number}", by=ADVISOR)
        shop.apply(f"RO-{number}", arrived, by=ADVISOR)
        clock.forward(hours=1)
    other.open("RO-1", by=ADVISOR)
    for number in range(1, 4):
        shop.apply(f"RO-{number}", PURPOSE, by=ADVISOR)
        clock.forward(hours=1)
    said = ro.ComplaintRecorded.read({"symptom_id": "c1", "customer_words": WORDS, "subject": "person-7"})
    shop.apply("RO-1", said, by=ADVISOR)
    shop.apply("RO-2", ro.KitFitted(), by=ADVISOR)
    shop.reveal("RO-1", 2, ["vin"], by=MANAGER, to="service_manager", purpose="callback")
    return engine


def members_of(engine: Engine, *signers: Key, **asked: Any) -> dict[str, bytes]:
    """The bundle that one asks for, in memory."""
    return read(exported(engine, *signers, **asked))


def exported(engine: Engine, *signers: Key, **asked: Any) -> Any:
    return engine.export(*(signers or [KEY]), by=MANAGER, to="auditor-1", purpose="yearly-audit", **asked)


def read(members: Any) -> dict[str, bytes]:
    return {name: b"".join(chunks) for name, chunks in members}


def on_disk(members: dict[str, bytes], folder: Path) -> Path:
    write_folder([Member(name, [data]) for name, data in members.items()], folder)
    return folder


def judged(folder: Path, trust: Trust = TRUST) -> Result:
    return verify.verify(verify.open_source(str(folder)), trust)


def kinds(result: Result) -> set[str]:
    return {found.kind for found in result.findings}


def forged(members: dict[str, bytes], name: str, change: Callable[[bytes], bytes], key: Key = KEY) -> dict[str, bytes]:
    """A bundle with one member changed, and a manifest that knows it, signed by the log's own key."""
    members = {**members, name: change(members[name])}
    manifest = json.loads(members["manifest.json"])
    manifest["files"][name] = {"bytes": len(members[name]), "sha256": hashlib.sha256(members[name]).hexdigest()}
    members["manifest.json"] = bundles.canonical(manifest) + b"\n"
    text = f"gongdan/bundle\n{manifest['origin']}\n{hashlib.sha256(members['manifest.json']).hexdigest()}\n"
    line = bundles.b64(bundles.sha(key.name.encode() + b"\n\x01" + key.public)[:4] + key.sign(text.encode()))
    members["manifest.note"] = f"{text}\n— {key.name} {line}\n".encode()
    return members


def by_the_book(engine: Engine, *keys: Key) -> bundles.Log:
    """The log of a store as naive trees and maps, up to its last checkpoint."""
    with engine.store.snapshot() as transaction:
        log = Log(transaction)
        signed = log.last_signed()
        book = bundles.Log(signer=keys[-1], checkpoint=signed.note, rules=dict(transaction.all_rules()))
        for leaf in log.leaves(0, signed.size):
            book.put(leaf.body)
        announced = [at for at, one in enumerate(book.documents) if one["command"]["name"] == "key_announced"]
        for index, previous, key in zip(announced, [None, *keys], keys, strict=False):
            change = log.checkpoint_from(index + 1) if previous else None
            size, note = (change.size, change.note) if change else (None, None)
            book.epochs.append(bundles.Epoch(index, key, previous, size, note))
        book.rows = {place: _row(transaction, *place) for place in book.heads}
        book.rows[bundles.LEDGER] = log.head(*bundles.LEDGER).row
    return book


def _row(transaction: Transaction, shop: str, case: str) -> str:
    return hashlib.sha256(canonical(transaction.case(shop, case)._asdict())).hexdigest()
