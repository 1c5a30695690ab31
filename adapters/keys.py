"""Private keys of logs and witnesses: Ed25519 by `cryptography`, in files that only their owner can read.

A key file is one line, `PRIVATE+KEY+<name>+<key id in hex>+<base64 of 0x01 and the seed>`, as Go's `note` writes it.
Must live here: how keys are made, kept and used. No error, log line or repr ever shows one.
"""

from __future__ import annotations

import os
import re
import stat
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from adapters.folders import content
from engine import BadSettings, Text
from engine.proof.verify import key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_TYPE = b"\x01"
_SEED = 32
_LONGEST = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NAME = re.compile(r"[^\s+]{1,200}")
_LINE = re.compile(r"PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})\n?")
_NAMED = Text(
    zh="1 至 200 字的名称，无空格与 +，如 4s.example/jn-01",
    en="a name of 1 to 200 characters without blanks and +, such as 4s.example/jn-01",
)
_NEW = Text(
    zh="尚不存在的文件：已有的密钥不会被覆盖", en="a file that is not there yet: a key is never written over another"
)
_PRIVATE = Text(zh="只有所有者可读的文件（chmod 600）", en="a file that nobody but its owner can read (chmod 600)")
_KEY = Text(zh="一行私钥：PRIVATE+KEY+名称+密钥号+base64", en="one line with a private key: PRIVATE+KEY+name+id+base64")


_INSTALLED = Text(zh="已安装：pip install 'gongdan[proof]'", en="installed: pip install 'gongdan[proof]'")


def _ed25519() -> ModuleType:
    """The module with the keys. Raises BadSettings where it is not installed."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra
    except ImportError:
        raise BadSettings(where="cryptography", expected=_INSTALLED) from None
    return ed25519


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs: an `engine.Signer`."""

    name: str
    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)


def generate(name: str) -> PrivateKey:
    """A new key. Raises BadSettings for a name that no signed note can carry, and without `cryptography`."""
    if not _is_name(name):
        raise BadSettings(where="name", expected=_NAMED)
    return PrivateKey(name, _ed25519().Ed25519PrivateKey.generate())


def of_seed(name: str, seed: bytes) -> PrivateKey:
    """The key of a seed of 32 bytes: the same seed, the same key. Raises BadSettings without `cryptography`."""
    return PrivateKey(name, _ed25519().Ed25519PrivateKey.from_private_bytes(seed))


def _is_name(text: str) -> bool:
    return text.isprintable() and _NAME.fullmatch(text) is not None


def save(key: PrivateKey, path: Path) -> None:
    """Write a key to a new file that only its owner can read. Raises BadSettings where a file stands, OSError."""
    material = b64encode(_TYPE + key._key.private_bytes_raw()).decode()  # noqa: SLF001 - nobody else may have it
    line = f"PRIVATE+KEY+{key.name}+{key_id(key.name, 1, key.public).hex()}+{material}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise BadSettings(where=str(path), expected=_NEW) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(descriptor)


def load(path: Path) -> PrivateKey:
    """The key of a file. Raises BadSettings for one that others can read or that holds no key, and OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    is_private = not os.fstat(descriptor).st_mode & _OTHERS
    raw = content(descriptor, _LONGEST)
    if raw is None or not is_private:
        raise BadSettings(where=str(path), expected=_PRIVATE)
    key = _read(raw)
    if key is None:
        raise BadSettings(where=str(path), expected=_KEY)
    return key


def _read(raw: bytes) -> PrivateKey | None:
    """The key of a line; None where it is none, or where its parts do not belong together."""
    try:
        found = _LINE.fullmatch(raw.decode())
        material = b64decode(found[3], validate=True) if found else b""
    except (UnicodeDecodeError, NotBase64):
        return None
    if found is None or len(material) != len(_TYPE) + _SEED or not _is_name(found[1]):
        return None
    key = of_seed(found[1], material[1:])
    belongs = material[:1] == _TYPE and key_id(key.name, 1, key.public).hex() == found[2]
    return key if belongs else None


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is that key's over that message; what `engine.proof.verify` computes in plain Python."""
    ed25519 = _ed25519()
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - of the same extra

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
