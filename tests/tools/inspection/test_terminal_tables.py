from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.fly import stage_range_space, stage_space
from lsl_shared.labels import LabelSpace
from lsl_tools.inspection.check import CheckReport
from lsl_tools.inspection.info import store_info
from lsl_tools.inspection.terminal_tables import show_check, show_info, train_command


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([stage_range_space(), stage_space()], "lsl-train 'my store.h5' --fine stage --coarse stage_range"),
        (
            [LabelSpace("a", ("x",)), LabelSpace("b", ("y",), "a", (0,)), LabelSpace("c", ("z",), "b", (0,))],
            "lsl-train 'my store.h5' --fine c",
        ),
        ([stage_range_space()], "lsl-train 'my store.h5' --fine stage_range --method plain"),
        ([], "lsl-annotate 'my store.h5' --model BUNDLE  # a training needs labels"),
    ],
)
def test_the_next_command(tasks: list[LabelSpace], expected: str) -> None:
    assert train_command(Path("my store.h5"), {space.name: space for space in tasks}) == expected


def test_names_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StoreWriter(tmp_path / "store.h5", 8, 8) as writer:
        writer.append(np.zeros((8, 8, 3), np.uint8), id="a", gene="\x1b[31mred")
        writer.add_task(LabelSpace("family", ("[bold]oak", "\x1b]0;title\x07")), [0])
        writer.add_terms(LabelSpace("cv_terms", ("\x1b[31mgut",)), [[1]])
    show_info(store_info(tmp_path / "store.h5"))
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "[bold]oak" in told
    assert "?[31mred" in told
    assert "?[31mgut (1)" in told


def test_many_classes_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StoreWriter(tmp_path / "store.h5", 8, 8) as writer:
        writer.append(np.zeros((8, 8, 3), np.uint8), id="a")
        writer.add_task(LabelSpace("family", tuple(f"f{k}" for k in range(130))), [0])
    show_info(store_info(tmp_path / "store.h5"))
    told = capsys.readouterr().out
    assert "… and 30 more classes" in told
    assert "f99" in told
    assert "f100" not in told


def test_check_report(capsys: pytest.CaptureFixture[str]) -> None:
    show_check(CheckReport(Path("a.h5"), 1200, ["bad"], ["odd"], "f" * 64))
    assert capsys.readouterr().out.splitlines() == [
        "error: bad",
        "warning: odd",
        f"SHA-256 of all content: {'f' * 64}",
        "a.h5 has errors: 1,200 images, errors: 1, warnings: 1",
    ]


def test_coarse_tasks_beside_the_parent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fish = CoarseTask.of_names("fish", {"1-3": (), "4-5": ("4", "5")}, stage_space())
    with StoreWriter(tmp_path / "store.h5", 8, 8) as writer:
        writer.append(np.zeros((8, 8, 3), np.uint8), id="a")
        writer.add_task(stage_range_space(), [1])
        writer.add_task(LabelSpace("fish", fish.classes), [1])
        writer.add_task(stage_space(), [-1], [fish])
    show_info(store_info(tmp_path / "store.h5"))
    told = capsys.readouterr().out
    assert "  fish 1-3 allows none\n  fish 4-5 allows 4, 5\n" in told
    tasks = {space.name: space for space in (stage_range_space(), stage_space())}
    assert train_command(Path("s.h5"), tasks, ["stage"]) == "lsl-train s.h5 --fine stage"
