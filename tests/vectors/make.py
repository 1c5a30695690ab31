"""Makes aics-tlog.json with aics-tlog 0.2.1, an implementation of C2SP that shares nothing with ours.

Needs Python 3.12: `python3.12 -m venv V; V/bin/pip install aics-tlog==0.2.1; V/bin/python tests/vectors/make.py`.
Keys are made from words, so that the file comes out the same each time. The tests read only the file.
"""

import base64
import hashlib
import json
from pathlib import Path

from aics_tlog import checkpoint, cosign, note, tiles, tree
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 600)


def b64(data):
    return base64.b64encode(data).decode()


def key(word):
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())


def main():
    entries = [f"entry {number}".encode() for number in range(SIZES[-1])]
    log = tree.MerkleTree(entries)
    log_key, witness_key, origin, witness = key("log"), key("witness"), "4s.example/vectors", "witness.example/w1"
    head = checkpoint.Checkpoint(origin, log.size, log.root(), ())
    signed = checkpoint.sign_checkpoint(head, log_key, origin)
    _, line = cosign.sign_cosignature(witness_key, witness, 1795000000, origin, log.size, log.root())
    cosigned = note.Note(text=signed.text, signatures=(*signed.signatures, line))
    vectors = {
        "entries": len(entries),
        "roots": {size: b64(log.root(size)) for size in SIZES},
        "inclusion": [
            {"index": index, "size": size, "proof": list(map(b64, log.inclusion_proof(index, size)))}
            for size in SIZES
            for index in sorted({0, size // 3, size // 2, size - 1})
        ],
        "consistency": [
            {"old": old, "new": new, "proof": list(map(b64, log.consistency_proof(old, new)))}
            for new in SIZES
            for old in SIZES
            if old <= new
        ],
        "tiles": {
            path: hashlib.sha256(data).hexdigest()
            for path, data in tiles.materialise_tiles(entries).items()
            if not path.startswith("tile/entries")
        },
        "paths": {str(index): tiles.tile_path(0, index) for index in (0, 999, 1000, 1234067, 999999999)},
        "note": cosigned.to_bytes().decode(),
        "log": note.format_vkey(note.vkey_from_ed25519(origin, log_key.public_key())),
        "witness": note.format_vkey(cosign.cosignature_vkey(witness, witness_key.public_key())),
    }
    path = Path(__file__).with_name("aics-tlog.json")
    path.write_text(json.dumps(vectors, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
