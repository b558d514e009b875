"""Coarse tasks of a table: by the names of ranges, by --allows, by rows; and what contradicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_shared import LslError, Store
from lsl_shared.fly import STAGES, stage_space
from lsl_tools import check_store, import_images, import_stack
from lsl_tools.cli import app

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a table of labels and its pictures; rows are lines without the file."""

    def write(header: str, *rows: str) -> Path:
        for number in range(len(rows)):
            cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((8, 9, 3), 20 * number, np.uint8))
        lines = [f"file,{header}", *(f"{number}.png,{row}" for number, row in enumerate(rows))]
        (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
        return tmp_path / "labels.csv"

    return write


def allowing(tmp_path: Path, *lines: str, name: str = "allows.csv") -> Path:
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path / name


BOTH = ("stage:stage_range", "stage:fish_range")


def test_both_ranges_of_the_fly_are_understood(write: Write, tmp_path: Path) -> None:
    table = write("stage,stage_range,fish_range", "5,,", ",4-6,", ",,6-7", ",4-6,4-5", ",7-8,4-5", "9,,6-7", ",1-3,1-3")
    report = import_images(table, tmp_path / "s.h5", tasks=BOTH)
    told = "\n".join(report.notes)
    assert "fish_range: its classes are read as ranges of stage, 4-5 allows 4, 5; --allows TABLE says otherwise" in told
    assert "1 label(s) of stage contradict fish_range" in told
    assert "2 image(s) have coarse labels that allow no stage together, such as 7-8 and 4-5" in told
    assert report.several == ("stage",)
    with Store(tmp_path / "s.h5") as store:
        assert store.tasks["stage"] == stage_space()
        ranges, fish = store.coarse_tasks("stage")
        assert (ranges.name, fish.name, fish.classes) == ("stage_range", "fish_range", ("1-3", "4-5", "6-7"))
        assert [[STAGES[k] for k in members] for members in fish.allows] == [[], ["4", "5"], ["6", "7"]]
        assert store.labels("stage_range").tolist() == [1, 1, -1, 1, 2, 3, 0], "the parent follows from the stage"
        assert store.labels("fish_range").tolist() == [-1, -1, 2, 1, 1, 2, 0], "the other one does not"
    warnings = check_store(tmp_path / "s.h5").warnings
    assert "1 label(s) of stage contradict fish_range: 5.png" in warnings
    told = "2 image(s) have coarse labels that allow no stage together: 4.png (7-8 and 4-5), 5.png (9-10 and 6-7)"
    assert told in warnings


def test_a_single_range_that_nests_is_the_parent_as_before(write: Write, tmp_path: Path) -> None:
    import_images(write("stage,half", "4,", ",4-5", "6,", ",6-7"), tmp_path / "s.h5", tasks=["stage:half"])
    with h5py.File(tmp_path / "s.h5") as file:
        assert "allows" not in file
        assert file["labels/stage"].attrs["parent"] == "half"
        assert file["labels/stage"].attrs["parent_index"].tolist() == [0, 1]
        assert file["labels/half"][...].tolist() == [0, 0, 1, 1]


def test_a_label_outside_the_range_of_its_parent_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(LslError, match="stage '4' lies under half '6-7', but under '4-5' by its name"):
        import_images(write("stage,half", "4,6-7", ",4-5"), tmp_path / "s.h5", tasks=["stage:half"])
    assert not (tmp_path / "s.h5").exists()


def test_a_table_says_what_is_allowed(write: Write, tmp_path: Path) -> None:
    table = write("stage,hours,bound", "4,,", "5,,", "9,,", ",0-2,", ",2-4,", ",,not before 8", ",0-2,not before 8")
    hours = allowing(tmp_path, "hours,stage", "0-2,4|5", "2-4,5", "2-4,9", "4-6,", name="hours.csv")
    bound = allowing(tmp_path, "bound;stage", "not before 8;8-17")
    report = import_images(
        table, tmp_path / "s.h5", tasks=["stage:stage_range", "stage:hours", "stage:bound"], allows=[hours, bound]
    )
    with Store(tmp_path / "s.h5") as store:
        sets = {one.name: [[STAGES[k] for k in some] for some in one.allows] for one in store.coarse_tasks("stage")}
        assert store.tasks["hours"].classes == ("0-2", "2-4", "4-6")
    assert sets["hours"] == [["4", "5"], ["5", "9"], []]
    assert sets["bound"] == [list(STAGES[4:])]
    assert any("allow no stage together, such as 0-2 and not before 8" in note for note in report.notes)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["hours,stage", "0-2,4"], "--allows says nothing of hours 2-4: add a row for each"),
        (["hours,stage", "0-2,L1", "2-4,L2"], "--allows names no stage that an image has, for any hours"),
        (["age,stage", "0-2,4", "2-4,5"], "no column is a coarse task of stage: add --task stage:age"),
        (["stage", "4"], "no column is a coarse task of stage: add a second column"),
        (["hours,phase", "0-2,4"], "stage"),
        (["hours,stage", ",4"], "line 2: names no class of hours"),
        (["hours,stage"], "has a header but no rows"),
    ],
)
def test_tables_that_do_not_serve(write: Write, tmp_path: Path, lines: list[str], told: str) -> None:
    table, allows = write("stage,hours", "4,", ",0-2", ",2-4", "5,"), allowing(tmp_path, *lines)
    with pytest.raises(LslError, match=told):
        import_images(table, tmp_path / "s.h5", tasks=["stage:hours"], allows=[allows])
    assert not (tmp_path / "s.h5").exists()


def test_rows_show_what_a_further_task_allows_where_nothing_else_says_it(write: Write, tmp_path: Path) -> None:
    table = write("species,family,biome", "robur,oak,wood", "areca,palm,shore", ",oak,", ",,shore", "ilex,oak,shore")
    import_images(table, tmp_path / "s.h5", tasks=["species:family", "species:biome"])
    with Store(tmp_path / "s.h5") as store:
        assert store.tasks["species"].parent == "family"
        (biome,) = store.further_coarse["species"]
        assert [[store.tasks["species"].classes[k] for k in some] for some in biome.allows] == [
            ["areca", "ilex"], ["robur"],
        ]  # fmt: skip
    two = write("species,family,biome", "robur,oak,wood", "robur,oak,shore")
    with pytest.raises(LslError, match="species 'robur' lies under biome 'shore', but under 'wood'"):
        import_images(two, tmp_path / "t.h5", tasks=["species:family", "species:biome"])


def test_stacks_have_them_too(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "own.npz", images=np.zeros((4, 8, 9, 3), np.uint8), stage=["4", "6", "", ""],
        hours=["", "", "early", "late"],
    )  # fmt: skip
    hours = allowing(tmp_path, "hours,stage", "early,4", "late,4|6")
    report = import_stack(
        tmp_path / "own.npz", tmp_path / "s.h5", images="images", labels=["stage", "hours"], tasks=["stage:hours"],
        allows=[hours],
    )  # fmt: skip
    assert report.several == ("stage",)
    with Store(tmp_path / "s.h5") as store:
        assert store.tasks["stage"].parent == "" and store.coarse_tasks("stage")[0].allows == ((0,), (0, 1))


def test_the_command_takes_them_and_says_what_to_type(write: Write, tmp_path: Path) -> None:
    table = write("stage,stage_range,fish_range", "5,,", ",4-6,", ",,6-7", "7,,")
    asked = ["import", str(table), str(tmp_path / "s.h5"), "--task", BOTH[0], "--task", BOTH[1]]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "fish_range 6-7 allows 6, 7" in done.output
    assert done.output.strip().endswith("--fine stage"), "all coarse tasks are learnt where none is named"
