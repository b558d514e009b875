"""A share of the bad and odd files of `tools/bench/bad_files.py`, and those that once ended in a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bad_files import KINDS, runs
from bad_inputs import all_files
from bad_inputs.commands import tried

ONCE_A_TRACEBACK = {
    ".h5 a link to itself",
    "graphs swapped",
    "manifest without tasks",
    "manifest whose tasks are numbers",
    "without the task",
    "saliency of another size",
}


@pytest.mark.skipif(os.name == "nt", reason="pipes, links and alarms of POSIX")
@pytest.mark.parametrize("kind", KINDS)
def test_a_share_is_handled(kind: str) -> None:
    found = list(runs(every=9, kinds=(kind,)))
    assert [(run.file.name, run.command, run.problem) for run in found if run.problem] == []
    assert len(found) >= 5


@pytest.mark.skipif(os.name == "nt", reason="pipes, links and alarms of POSIX")
def test_what_once_ended_in_a_traceback_is_told(tmp_path: Path) -> None:
    known = [file for file in all_files() if file.name in ONCE_A_TRACEBACK]
    assert {file.name for file in known} == ONCE_A_TRACEBACK
    for place, file in enumerate(known):
        (tmp_path / str(place)).mkdir()
        assert [run.problem for run in tried(file, tmp_path / str(place)) if run.problem] == [], file.name


def test_there_are_two_hundred() -> None:
    files = list(all_files())
    assert len({(file.kind, file.name) for file in files}) == len(files) >= 200
