"""A house without a cheat, and its auditor: what its processes share, its keys, its exports, what is said of them.

Must live here: how one bundle is made and audited. Who works there, and who is killed, is told in `benign.py`.
"""

from __future__ import annotations

import json
import random
import secrets
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from adapters.bootstrap import bootstrap
from adapters.checkpointing import Checkpointing
from adapters.inbound.audit import Anchor, audit_bundle
from adapters.inbound.bundle_file import write_folder, write_zip
from engine import BadKey, Compliance, Contended, Engine, Integrity, Report, Retention, World
from engine.events.personal import RecordClass
from engine.proof.verify import open_source, parse_note, parse_policy
from tests import conforming as co
from tests.processes import SECONDS
from tests.signers import Key, a_key
from tests.support import MANAGER
from tests.writers import CASES, LIFE

KEYS = [a_key(number) for number in range(1, 100)]
"""The keys that follow each other; an auditor was given the first."""
WITNESS = "oem.example/w1"
SHORT = Retention({RecordClass.CONTACT: 5, RecordClass.RECORD: 10, RecordClass.VEHICLE: 20})
PERIOD = timedelta(days=30)


class House(NamedTuple):
    """What all processes share. Each counts in a place of its own: a kill breaks no count."""

    url: str
    folder: Path
    witness: str
    done: Any
    exports: Any
    days: Any
    is_over: Any

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days.value)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        world = World(self.now, lambda: uuid.uuid4().hex, lambda: secrets.token_bytes(16))
        engine = bootstrap(self.url, world=world, synchronous="OFF", busy_seconds=SECONDS, retention=SHORT)
        with closing(engine.store):
            yield engine

    @property
    def policy(self) -> Path:
        return self.folder / "policy"

    @property
    def seen(self) -> Path:
        return self.folder / "seen"

    def remember(self, note: bytes) -> None:
        """An auditor keeps a checkpoint."""
        size = note.split(b"\n")[1].decode()
        (self.seen / size).write_bytes(note)

    def kept(self, chance: random.Random, most: int) -> list[Path]:
        files = sorted(self.seen.iterdir(), key=lambda file: int(file.name))
        return sorted({*files[-1:], *chance.sample(files, min(most, len(files)))})


def in_force(engine: Engine) -> int:
    """The place of the key that signs now."""
    epochs = engine.checkpoints.epochs()
    return next((at for at, key in enumerate(KEYS) if epochs and key.public.hex() == epochs[-1].public), 0)


def checkpointing(house: House, engine: Engine, *signers: Key) -> Checkpointing:
    return Checkpointing(engine, signers, policy=parse_policy(house.policy.read_bytes()))


def checkpointed(house: House, engine: Engine) -> None:
    """One more checkpoint, whichever key is in force; a change of keys that somebody did not end is ended."""
    at = in_force(engine)
    try:
        checkpointing(house, engine, KEYS[at]).make()
    except BadKey:
        at = in_force(engine)
        if at:
            rotated(house, engine, at - 1)


def rotated(house: House, engine: Engine, at: int) -> None:
    with suppress(BadKey):  # another was quicker, twice
        checkpointing(house, engine, KEYS[at], KEYS[at + 1]).rotate()


# --- bundles --------------------------------------------------------------------------------------------------------


def scope(house: House, engine: Engine, chance: random.Random) -> dict[str, Any]:
    """Of what a bundle is: rarely of the whole when that is much."""
    since = house.now() - PERIOD * chance.random() * 3
    until = since + PERIOD * chance.random()
    shop = chance.choice([*co.PROFILES, "nowhere", "ledger"])
    case = f"C-{chance.randrange(CASES + max(house.done) // LIFE)}"
    last = engine.checkpoints.last()
    kinds: list[tuple[dict[str, Any], float]] = [
        ({}, 4 if last is None or last.size < 4_000 else 0.2),
        ({"shop": shop}, 2),
        ({"shop": shop, "case": case}, 4),
        ({"since": since, "until": until}, 1),
        ({"shop": shop, "since": since}, 1),
        ({"shop": shop, "until": until}, 1),
    ]
    return chance.choices([one for one, _ in kinds], [weight for _, weight in kinds])[0]


def exported(house: House, engine: Engine, chance: random.Random, of: dict[str, Any]) -> Report | None:
    """A bundle is made and audited at once; None when its last checkpoint is too new for a witness, or for its keys.

    Where it is not as it should be, it stays where it is, beside what the audit said.
    """
    at, seen = in_force(engine), house.kept(chance, 3)
    asked = {"subjects": [f"P-{chance.randrange(40)}"], "paths": ["vin"]} if chance.random() < 0.5 else {}
    target = house.folder / f"bundle-{uuid.uuid4().hex}"
    try:
        members = engine.export(
            KEYS[at],
            by=MANAGER,
            to="auditor-1",
            purpose="audit",
            make=partial(checkpointed, house, engine),
            known=[int(file.name) for file in seen] if of else [],
            **of,
            **asked,
        )
        (write_folder if chance.random() < 0.5 else write_zip)(members, target)
    except (BadKey, Contended):
        return None
    return audited(house, target, tuple(seen), of)


def audited(house: House, target: Path, seen: tuple[Path, ...], of: dict[str, Any]) -> Report | None:
    """What an auditor says who was given the first key and a witness, and has kept what he saw."""
    note = note_of(target)
    if not any(one.name == WITNESS for one in parse_note(note).signatures):
        remove(target)
        return None
    report = audit_bundle(target, Anchor(house.policy, seen))
    if is_proven(report):
        house.remember(note)
        remove(target)
    else:
        said = [
            (one.kind, one.shop, one.case, one.seq, one.index, one.file, dict(one.facts)) for one in report.findings
        ]
        document = {"of": of, "seen": [file.name for file in seen], "bundle": target.name, "said": said}
        (house.folder / "alarms" / target.name).write_text(json.dumps(document, default=str, indent=1))
    return report


def is_proven(report: Report) -> bool:
    return (report.integrity, report.compliance, report.findings) == (Integrity.OK, Compliance.CONFORMS, [])


def note_of(target: Path) -> bytes:
    return open_source(str(target)).read("checkpoint", 1 << 16)


def remove(target: Path) -> None:
    shutil.rmtree(target) if target.is_dir() else target.unlink()
