"""verify.py against what an auditor has kept, against keys that change, and on values given in clear."""

from __future__ import annotations

import json

from engine.proof import verify as v
from tests.bundles import (
    LEDGER,
    ORIGIN,
    WITNESSES,
    Log,
    Scope,
    Signer,
    histories,
    write_folder,
)
from tests.naive import LOG_KEY, b64, canonical, lines, sha, signed
from tests.tampering import (
    ENTRIES,
    NEXT,
    NO,
    TRUST,
    a_log,
    checked,
    kinds,
    places,
    said,
)

__all__ = ["said"]


def test_a_whole_bundle_made_anew_with_the_stolen_key_contradicts_what_was_seen(tmp_path):
    seen, log = a_log(), a_log(sealed=False)
    kept = write_folder(seen.bundle(), tmp_path / "kept")
    forged = Log(witnesses=WITNESSES[:2])
    for number, body in enumerate(log.bodies):
        document = json.loads(body)
        forged.add(document["shop"], document["case"], "forged" if number == 8 else document["command"]["name"])
    forged.seal()
    forged.add("S3", "R1")
    forged.seal()

    trust = TRUST._replace(seen=(v.read_seen(str(kept)),))
    result = checked(forged.bundle(), tmp_path, trust)

    assert {(found.kind, found.index) for found in result.findings} == {
        ("seen.differs", 8),
        ("seen.inconsistent", None),
    }
    case = checked(forged.bundle(Scope("S1", "R1")), tmp_path / "case", trust)
    assert ("seen.differs", 8) in {(found.kind, found.index) for found in case.findings}


def test_what_was_seen_may_be_newer_of_another_log_or_beyond_a_proof(tmp_path):
    log = a_log()
    older, size = log.checkpoint, len(log.bodies)
    log.add("S2", "R1")
    same, other = log.seal(), signed(f"other\n1\n{b64(bytes(32))}\n".encode(), LOG_KEY)
    bundle, subset = log.bundle(), log.bundle(Scope("S2"))
    since = {"proof": list(map(b64, log.tree.consistency(size, len(log.bodies)))), "size": size}
    forged = signed(f"{ORIGIN}\n{size}\n{b64(bytes(32))}\n".encode(), LOG_KEY)
    entries = json.loads(subset["manifest.json"])["entries"]
    proven = log.sealed({**subset, "since.jsonl": lines([since])}, Scope("S2"), entries)
    log.add("S2", "R1")
    newer = log.seal()

    def seen(members, note):
        trust = TRUST._replace(seen=(v.Seen(note),))
        return kinds(checked(members, tmp_path / str(len(list(tmp_path.iterdir()))), trust))

    assert seen(bundle, older) == seen(bundle, same) == seen(subset, same) == set()
    assert seen(bundle, newer) == {"seen.newer"}
    assert seen(bundle, other) == {"seen.inconsistent"}
    assert seen(subset, older) == {"seen.unproven"}
    assert seen(proven, older) == set()
    assert seen(proven, forged) == {"seen.inconsistent"}


def test_a_heads_entry_that_is_none_or_says_another_number_is_found(tmp_path):
    log = a_log(sealed=False)
    log.announce(LOG_KEY)
    log.add("ledger", "ledger", "heads_recorded", size=3, root=log.shop_map().root().hex(), rules=NO)
    log.checkpoint = signed(log.text(), LOG_KEY, *WITNESSES[:2])
    without = a_log(sealed=False)
    without.announce(LOG_KEY)
    without.checkpoint = signed(without.text(), LOG_KEY, *WITNESSES[:2])

    assert places(checked(log.bundle(), tmp_path / "a")) == {("heads.entry", 13, ENTRIES, 14)}
    assert ("heads.entry", 12, ENTRIES, 13) in places(checked(without.bundle(), tmp_path / "b"))


def test_openings_fit_their_commitments(tmp_path):
    salt, value = b"0123456789abcdef", "张三 13800000000"
    log = histories(("S1", "R1", 2), witnesses=WITNESSES[:2])
    sealed = {"commitment": sha(salt + value.encode()).hex(), "given": True, "valid": True}
    index = log.add("S1", "R1", "customer_named", customer=sealed)
    log.seal()
    good = {
        "index": index,
        "shop": "S1",
        "case": "R1",
        "seq": 3,
        "path": "customer",
        "salt": salt.hex(),
        "value": value,
    }
    wrong = [
        {"value": "李四"},
        {"path": "other"},
        {"salt": "zz"},
        {"seq": 2},
        {"path": "late.reason"},
        {"index": 99},
        {"index": 0},
    ]

    assert checked(log.bundle(openings=[good]), tmp_path / "good").findings == []
    for number, change in enumerate(wrong):
        result = checked(log.bundle(openings=[{**good, **change}]), tmp_path / str(number))
        assert kinds(result) == {"opening.wrong"}, change


def test_late_reasons_can_be_opened(tmp_path):
    salt, value = b"salt", "客户电话"
    log = histories(("S1", "R1", 1), witnesses=WITNESSES[:2])
    document = json.loads(log.bodies.pop())
    document["command"]["late"] = {"paper": "P1", "reason": {"commitment": sha(salt + value.encode()).hex()}}
    log.put(canonical(document))
    log.seal()
    opening = {
        "index": 0,
        "shop": "S1",
        "case": "R1",
        "seq": 1,
        "path": "late.reason",
        "salt": salt.hex(),
        "value": value,
    }

    assert checked(log.bundle(openings=[opening]), tmp_path).findings == []


# Keys and signatures


def test_a_handover_that_the_old_key_did_not_sign_is_found(tmp_path):
    log = a_log()
    log.announce(NEXT)
    log.seal()
    log.epochs[1].note = signed(log.text(), NEXT)
    alone = checked(log.bundle(), tmp_path / "alone")
    log.epochs[1].note = signed(log.text(7), LOG_KEY, NEXT)
    another = checked(log.bundle(), tmp_path / "another")
    log.epochs[1].size = 7
    early = checked(log.bundle(), tmp_path / "early")
    log.epochs[1].note, log.epochs[1].size = signed(log.text().replace(b"=", b"="), LOG_KEY, NEXT), len(log.bodies)

    for result in (alone, another, early):
        assert ("key.epoch", 14, "keys.jsonl", 0) in places(result)
    assert checked(log.bundle(), tmp_path / "again").findings == []


def test_keys_that_were_announced_before_this_log_began_under_another_name_are_those_of_an_imported_journal(tmp_path):
    log = histories(("S1", "R1", 2), witnesses=WITNESSES[:2])
    log.add(*LEDGER, "key_announced", None, name="other.example/log", public=NEXT.public.hex())
    log.seal()

    assert checked(log.bundle(), tmp_path / "whole").findings == []
    assert checked(log.bundle(Scope(*LEDGER)), tmp_path / "subset").findings == []


def test_a_key_that_gave_way_does_not_come_back_as_if_it_were_the_first(tmp_path):
    """Who stole it would hide the key that it gave way to."""
    log = a_log()
    log.announce(NEXT)
    log.seal()
    log.epochs = []
    log.announce(LOG_KEY)
    log.seal()

    whole, subset = checked(log.bundle(), tmp_path / "whole"), checked(log.bundle(Scope(*LEDGER)), tmp_path / "subset")

    for result in (whole, subset):
        assert {index for kind, index, _, _ in places(result) if kind == "key.epoch"} == {12, 14}


def test_a_handover_at_a_root_that_the_log_never_had_is_found(tmp_path):
    log = a_log()
    log.announce(NEXT)
    log.seal()
    text = f"{ORIGIN}\n{len(log.bodies)}\n{b64(bytes(32))}\n".encode()
    log.add("S1", "R1")
    log.seal()
    log.epochs[1].note = signed(text, LOG_KEY, NEXT)

    assert ("key.epoch", 14, "keys.jsonl", 0) in places(checked(log.bundle(), tmp_path / "whole"))
    assert ("key.epoch", 14, "keys.jsonl", 0) in places(checked(log.bundle(Scope("S1")), tmp_path / "subset"))


def test_the_signature_of_the_manifest_is_checked(tmp_path):
    log = a_log()
    members, other = log.bundle(), Signer(ORIGIN, "thief")
    text = members["manifest.note"].split(b"\n\n")[0] + b"\n"

    for number, note in enumerate(
        [b"no note", signed(text, other), signed(text.replace(b"bundle", b"bungle"), LOG_KEY)]
    ):
        result = checked({**members, "manifest.note": note}, tmp_path / str(number))
        assert places(result) == {("manifest.signature", None, "manifest.note", 0)}


def test_a_checkpoint_signed_by_a_key_that_was_never_announced_is_found(tmp_path):
    log = a_log()
    log.checkpoint = signed(log.text(), Signer(ORIGIN, "thief"), *WITNESSES[:2])

    assert kinds(checked(log.bundle(), tmp_path)) == {"checkpoint.signature", "key.unknown"}


def test_a_manifest_that_lies_about_its_files_is_found(tmp_path):
    log = a_log()
    members = log.bundle()
    manifest = json.loads(members["manifest.json"])
    manifest["files"][ENTRIES]["sha256"] = NO
    manifest["files"]["VERIFY.md"]["bytes"] = 3
    manifest |= {"cases": 9, "entries": 9, "heads": 9}

    result = checked({**members, **log.manifest(manifest)}, tmp_path)

    assert {("file.digest", None, ENTRIES, 0), ("file.digest", None, "VERIFY.md", 0)} <= places(result)
    said = {found.facts["field"] for found in result.findings if found.kind == "manifest.differs"}
    assert said == {"cases", "entries", "heads"}


def test_files_missing_and_files_more_are_found(tmp_path):
    members = a_log().bundle()
    del members["manifest.note"], members["heads.jsonl"], members["policy"]
    members["notes.txt"] = b"x"

    found = places(checked(members, tmp_path))

    missing = {("file.missing", None, name, 0) for name in ("manifest.note", "heads.jsonl", "policy")}
    assert missing | {("file.extra", None, "notes.txt", 0)} <= found


def test_the_first_findings_are_kept_and_all_are_counted(tmp_path):
    log = histories(*(("S1", f"R{number}", 1) for number in range(1100)))
    log.bodies = [body.replace(b'"seq":1', b'"seq":2') for body in log.bodies]
    log.seal()

    result = checked(log.bundle(), tmp_path, v.Trust())

    assert (len(result.findings), result.status) == (1000, "TAMPERED")
    assert result.total > 1100
    assert list(v.report(result))[-2] == f"另有 {result.total - 1000} 项 / and {result.total - 1000} more"
