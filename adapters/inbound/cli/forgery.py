"""Three forgers, for the demo, with nothing but `json` and `hashlib`, as anybody who gets hold of a journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from engine import Line


def one_byte_changed(lines: Iterable[Line], before: bytes, after: bytes) -> list[Line]:
    """The same journal, with the first occurrence of some bytes changed in place; no seal is touched."""
    forged: list[Line] = []
    done = False
    for kind, body, seal in lines:
        found = kind == "entry" and not done and before in body
        forged.append((kind, body.replace(before, after, 1) if found else body, seal))
        done = done or found
    return forged


def refusal_accepted(lines: Iterable[Line], case: str, command: str) -> list[Line]:
    """The same journal, where a case's first refusal of a command is an acceptance, and the chain is sealed anew.

    Every later entry of the case counts one version more and is linked to its new predecessor.
    """
    forged: list[Line] = []
    head = ""
    done = False
    for kind, body, seal in lines:
        document = json.loads(body) if kind == "entry" else {}
        if document.get("case") == case:
            hit = not done and _is_refusal_of(document, command)
            if hit:
                document["outcome"] |= {"answer": "accepted", "event": command, "refusals": []}
            if done := done or hit:
                body = _bytes({**document, "version": document["version"] + 1, "prev": head})  # noqa: PLW2901 - forged
                seal = hashlib.sha256(b"\x00" + body).hexdigest()  # noqa: PLW2901 - and sealed anew
            head = seal
        forged.append((kind, body, seal))
    return forged


def _is_refusal_of(document: dict[str, Any], command: str) -> bool:
    return (document["command"]["name"], document["outcome"]["answer"]) == (command, "refused")


def _bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def order_removed(lines: Iterable[Line], case: str) -> list[Line]:
    """The same journal without one case: no seal and no link tells."""
    return [line for line in lines if line[0] != "entry" or json.loads(line[1])["case"] != case]
