"""Journal files: sealed bytes go out and come in as they are, and nothing else is taken for a journal."""

from __future__ import annotations

import io
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.journal_file import (
    LONGEST_ENTRY,
    LONGEST_RULES,
    read_journal,
    read_lines,
    write_journal,
    write_lines,
)
from engine import BadJournal
from tests.support import engine_on, protect

SEAL = "ab" * 32
ENTRY = b'{"entry":{},"seal":"' + SEAL.encode() + b'"}\n'
RULES = b'{"digest":"' + SEAL.encode() + b'","rules":{}}\n'

bodies = st.binary(max_size=300).map(lambda raw: raw.replace(b"\n", b""))
lines = st.lists(
    st.tuples(st.sampled_from(["rules", "entry"]), bodies, st.binary(min_size=32, max_size=32).map(bytes.hex))
)


def read(raw: bytes) -> list[tuple[str, bytes, str]]:
    return [*read_lines(io.BytesIO(raw))]


@given(lines)
def test_what_is_written_is_read_back_byte_for_byte(journal):
    file = io.BytesIO()
    assert write_lines(journal, file) == len(journal)
    assert read(file.getvalue()) == journal


def test_a_journal_file_is_json_lines_around_the_sealed_bytes(tmp_path):
    engine = engine_on(tmp_path)
    protect(engine.shop("S1"))
    journal = [*engine.export_journal()]
    assert write_journal(journal, tmp_path / "j.jsonl") == len(journal)
    raw = (tmp_path / "j.jsonl").read_bytes()
    documents = [json.loads(line) for line in raw.splitlines()]
    assert [sorted(document) for document in documents] == [["digest", "rules"], *[["entry", "seal"]] * 4]
    assert all(body in raw for _, body, _ in journal)
    assert [*read_journal(tmp_path / "j.jsonl")] == journal


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b'{"entry":{}}\n',
        b'{"entry":{},"seal":""}\n',
        ENTRY.replace(b"ab", b"AB"),
        ENTRY.replace(b'","', b'", "').replace(b"}\n", b" }\n"),
        ENTRY[:-1] + b"\r\n",
        b"\xef\xbb\xbf" + ENTRY,
        b" " + ENTRY,
        b'{"seal":"' + SEAL.encode() + b'","entry":{}}\n',
        b'{"rules":{},"digest":"' + SEAL.encode() + b'"}\n',
        RULES.replace(b"ab", b"xy"),
    ],
)
def test_any_other_line_is_refused_with_its_number(line):
    with pytest.raises(BadJournal) as caught:
        read(RULES + ENTRY + line)
    assert caught.value.facts["line"] == 3
    assert "第 3 行" in caught.value.text.zh


@pytest.mark.parametrize("kept", range(1, len(ENTRY)))
def test_a_last_line_that_is_cut_off_is_an_error(kept):
    with pytest.raises(BadJournal) as caught:
        read(RULES + ENTRY[:kept])
    assert caught.value.facts["line"] == 2


@pytest.mark.parametrize(("kind", "most"), [("entry", LONGEST_ENTRY), ("rules", LONGEST_RULES)])
def test_a_body_may_have_its_most_bytes_and_not_one_more(kind, most):
    for size in (most, most + 1):
        file = io.BytesIO()
        write_lines([(kind, b"x" * size, SEAL)], file)
        if size == most:
            assert read(file.getvalue()) == [(kind, b"x" * most, SEAL)]
        else:
            with pytest.raises(BadJournal, match=str(most)):
                read(file.getvalue())


def test_a_line_without_end_is_not_read_to_its_end():
    file = io.BytesIO(b"x" * (LONGEST_RULES * 2))
    with pytest.raises(BadJournal):
        [*read_lines(file)]
    assert file.tell() < LONGEST_RULES + 1000


def test_a_body_with_a_line_break_is_not_written(tmp_path):
    with pytest.raises(BadJournal):
        write_journal([("entry", b"{\n}", SEAL)], tmp_path / "j.jsonl")
    assert not [*tmp_path.iterdir()]


def test_an_export_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "j.jsonl"
    target.write_bytes(ENTRY)

    def broken():
        yield "entry", b"{}", SEAL
        raise BadJournal(line=0, expected="entry")

    with pytest.raises(BadJournal):
        write_journal(broken(), target)
    assert target.read_bytes() == ENTRY
    assert [*tmp_path.iterdir()] == [target]


def test_a_link_is_kept_and_its_file_written(tmp_path):
    target, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(target)
    write_journal([("entry", b"{}", SEAL)], link)
    assert link.is_symlink()
    assert target.read_bytes() == ENTRY


def test_only_a_regular_file_is_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(IsADirectoryError):
            write_journal([], target)
    assert (tmp_path / "pipe").is_fifo()


def test_an_error_of_the_disk_names_the_file_that_was_asked_for(tmp_path):
    target = tmp_path / "missing" / "j.jsonl"
    with pytest.raises(FileNotFoundError) as caught:
        write_journal([], target)
    assert caught.value.filename == str(target)
