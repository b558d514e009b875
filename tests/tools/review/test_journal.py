from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_shared import DataFileError
from lsl_tools.review.answer import Answer
from lsl_tools.review.journal import Journal

IDS = [f"image{row:05d}" for row in range(5)]
Given = Callable[..., Answer]
Opens = Callable[..., Journal]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.review.jsonl"


def test_answers_are_there_when_it_is_opened_again(path: Path, given: Given, journal_at: Opens) -> None:
    journal = journal_at(path, IDS)
    journal.add([given(row=1, value="é 9")])
    journal.add([given(row=2, key="both-0001"), given(row=3, key="both-0001")])
    journal.close()
    again = journal_at(path, IDS)
    assert [(one.row, one.value) for one in again.answers] == [(1, "é 9"), (2, "4"), (3, "4")]
    assert again.answers == journal.answers
    again.close()


def test_an_answer_is_synced_before_add_returns(
    path: Path, given: Given, journal_at: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, seen, real = journal_at(path, IDS), list[int](), os.fsync

    def fsync(descriptor: int) -> None:
        seen.append(path.read_bytes().count(b"\n"))  # what the file holds when it is synced
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    journal.add([given(row=1)])
    assert seen == [2]
    journal.close()


def test_a_repeated_request_adds_nothing(path: Path, given: Given, journal_at: Opens) -> None:
    journal, once = journal_at(path, IDS), given(row=1, key="same-key")
    assert journal.add([once]) == journal.add([given(row=1, value="9", key="same-key")]) == [once]
    assert len(journal) == 1
    journal.close()


@pytest.mark.parametrize("torn", [b'{"n": 3, "kind": "lab', b"\0" * 40, b'{"n": 3'])
def test_a_line_that_was_not_finished_goes(path: Path, given: Given, journal_at: Opens, torn: bytes) -> None:
    journal = journal_at(path, IDS)
    journal.add([given(row=1)])
    journal.add([given(row=2)])
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = journal_at(path, IDS)
    assert [one.row for one in again.answers] == [1, 2]
    again.add([given(row=4)])
    again.close()
    assert path.read_bytes().startswith(whole) and [one.row for one in journal_at(path, IDS).answers] == [1, 2, 4]


def test_zeros_in_the_last_line_are_set_aside_and_damage_before_it_is_told(
    path: Path, given: Given, journal_at: Opens
) -> None:
    journal = journal_at(path, IDS)
    for row in range(3):
        journal.add([given(row=row)])
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + b"\0" * 19 + b"\n")
    journal_at(path, IDS).close()
    assert len(journal_at(path, IDS)) == 2 and b"\0" in path.with_suffix(".torn").read_bytes()
    lines = whole.split(b"\n")
    path.write_bytes(b"\n".join([lines[0], lines[1][:-5], *lines[2:]]))
    with pytest.raises(DataFileError, match="line 2 is no answer"):
        journal_at(path, IDS)
    path.write_bytes(b"\n".join([lines[0], lines[2], lines[3], b""]))
    with pytest.raises(DataFileError, match="line 2 is out of order: expected answer 1, found 2"):
        journal_at(path, IDS)


def test_a_disk_that_refuses_leaves_the_journal_as_it_was(
    path: Path, given: Given, journal_at: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_at(path, IDS)
    journal.add([given(row=1)])
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DataFileError, match="the last answer was not kept"):
            journal.add([given(row=2)])
    assert path.read_bytes() == before and len(journal) == 1
    journal.add([given(row=3)])
    journal.close()
    assert [one.row for one in journal_at(path, IDS).answers] == [1, 3]


def test_it_is_of_the_stores_images_which_may_become_more(path: Path, journal_at: Opens) -> None:
    journal_at(path, IDS).close()
    journal_at(path, [*IDS, "another"]).close()
    for other in (IDS[::-1], IDS[:4]):
        with pytest.raises(DataFileError, match="answers to other images"):
            journal_at(path, other)
    path.write_text("id,stage\n")
    with pytest.raises(DataFileError, match="is no journal"):
        journal_at(path, IDS)
    newer = {"format": "lsl-review-journal", "version": 2, "name": "a", "images": 0, "ids": ""}
    path.write_text(json.dumps(newer) + "\n")
    with pytest.raises(DataFileError, match="newer version"):
        journal_at(path, IDS)


def test_a_lost_journal_is_made_from_what_the_store_keeps(path: Path, given: Given, journal_at: Opens) -> None:
    journal = journal_at(path, IDS)
    journal.add([given(row=1)])
    journal.close()
    path.unlink()
    again = journal_at(path, IDS, journal.lines(0), journal.name)
    assert (again.answers, again.name) == (journal.answers, journal.name)
    again.close()
