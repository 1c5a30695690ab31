"""The anchor of the demo: a key that signs the log, a witness that has seen it, an auditor who trusts both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adapters.checkpointing import Checkpointing
from adapters.inbound.audit.bundle import Anchor, audit_bundle
from adapters.inbound.bundle_file import carried, write_zip
from adapters.keys import PrivateKey, of_seed
from adapters.witness.core import Witness
from adapters.witness.home import at_work, create
from adapters.witness.shared_folder import witnessed
from engine import Actor, Engine, Report
from engine.proof.note import vkey

_ORIGIN = "4s.example/demo"
_WITNESS = "oem.example/w1"
_MANAGER = Actor("sm-1", "service_manager")
_COSIGNS = 4


@dataclass(frozen=True, slots=True)
class Anchored:
    """A dealer's key, a witness, and what an auditor holds of both."""

    folder: Path
    key: PrivateKey
    anchor: Anchor

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Set up in a folder. The key is the same each time: nothing on a stage is secret or random."""
        key = of_seed(_ORIGIN, bytes(32))
        witness = create(folder / "witness", _WITNESS, [vkey(key.name, key.public)])
        policy = folder / "policy"
        policy.write_text(_policy(key, witness))
        return cls(folder, key, Anchor(policy, (witness.home(_ORIGIN),)))

    def bundle(self, engine: Engine, name: str, make: Callable[[], object] | None = None) -> Path:
        """A bundle of what this engine has, signed with the key; `make`: how its checkpoint is made."""
        members = engine.export(self.key, by=_MANAGER, to="auditor-1", purpose="demo", make=make, files=carried())
        bundle = self.folder / f"{name}.zip"
        write_zip(members, bundle)
        return bundle

    def witnessed_bundle(self, engine: Engine) -> Path:
        """The same, its checkpoint published, and cosigned by the witness that came by."""
        published = self.folder / "published"
        bundle = self.bundle(engine, "bundle", Checkpointing(engine, [self.key], published).make)
        with at_work(self.folder / "witness") as witness:
            witnessed(witness, published)
        return bundle

    def audited(self, bundle: Path) -> Report:
        """What the auditor finds."""
        return audit_bundle(bundle, self.anchor)


def _policy(key: PrivateKey, witness: Witness) -> str:
    public = vkey(witness.key.name, witness.key.public, _COSIGNS)
    return f"log {vkey(key.name, key.public)}\nwitness w1 {public}\nquorum w1\n"
