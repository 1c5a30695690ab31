"""The folder of a witness: made once, then opened by one process at a time.

`key` is its private key, `policy` says in C2SP's `log` lines which logs it knows, by which keys; `logs/` is what it
has seen of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from adapters import keys
from adapters.folders import held, read, write
from adapters.witness.core import Witness, machine_clock
from engine import BadSettings, Text
from engine.proof.verify import Key, parse_policy

_MOST = 1024 * 1024
_KEY, _POLICY = "key", "policy"
_LOGS = Text(
    zh="每行一个账本：log 名称+密钥号+base64（类型 1），末行 quorum none",
    en="a line for each log: log name+id+base64 (of type 1), and at the end: quorum none",
)
_FREE = Text(zh="没有其他见证进程在用的文件夹", en="a folder that no other witness process works in")


def create(folder: Path, name: str, vkeys: Iterable[str]) -> Witness:
    """Make a witness: its key, and the logs it knows. Raises BadSettings, also where one is already; OSError."""
    policy = "".join(f"log {vkey}\n" for vkey in vkeys) + "quorum none\n"
    logs = _read(policy.encode(), "--log")
    key = keys.generate(name)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _KEY).exists():
        write(folder, _POLICY, policy.encode())
    keys.save(key, folder / _KEY)
    return Witness(folder, key, logs)


def load(folder: Path, clock: Callable[[], datetime] = machine_clock) -> Witness:
    """A witness from its folder, to look at. Raises BadSettings, OSError."""
    key = keys.load(folder / _KEY)
    return Witness(folder, key, _read(read(folder, _POLICY, _MOST) or b"", str(folder / _POLICY)), clock)


@contextmanager
def at_work(folder: Path, clock: Callable[[], datetime] = machine_clock) -> Iterator[Witness]:
    """A witness from its folder, which no other process opens meanwhile. Raises BadSettings, OSError."""
    witness = load(folder, clock)
    with held(folder) as is_ours:
        if not is_ours:
            raise BadSettings(where=str(folder), expected=_FREE)
        yield witness


def _read(policy: bytes, where: str) -> Mapping[str, Sequence[Key]]:
    """The keys of each log by its origin."""
    try:
        known = parse_policy(policy).logs
    except ValueError:
        raise BadSettings(where=where, expected=_LOGS) from None
    return {origin: [key for key in known if key.name == origin] for origin in {key.name: None for key in known}}
