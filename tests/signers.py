"""Keys of the tests: made from a seed, so that every run signs the same."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "4s.example/jn-01"


@dataclass(frozen=True)
class Key:
    """A signer that a host provides."""

    name: str
    seed: bytes

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def a_key(number: int = 1, name: str = ORIGIN) -> Key:
    return Key(name, bytes([number]) * 32)


KEY, NEXT = a_key(1), a_key(2)
