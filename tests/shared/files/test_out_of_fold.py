from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared import DataFileError
from lsl_shared.files.out_of_fold import OutOfFold, TaskAnswers, read_out_of_fold, write_out_of_fold

FINE = TaskAnswers(
    ("4", "5", "7"),
    np.array([[0.5, 0.25, 0.25], [0, 1, 0], [np.nan] * 3], np.float32),
    np.array([0, -1, 2], np.int16),
)
COARSE = TaskAnswers(
    ("1-3", "4-6", "7-8"),
    np.array([[np.nan, 0.75, 0.25], [np.nan, 1, 0], [np.nan] * 3], np.float32),
    np.array([1, 1, -1], np.int16),
)
ANSWERS = OutOfFold(
    "abc",
    np.array(["one", "zwei", "três"], dtype=object),
    np.array([0, 4, 1], np.int16),
    {"stage": FINE, "stage_range": COARSE},
)


def test_reads_what_was_written(tmp_path: Path) -> None:
    write_out_of_fold(tmp_path / "out_of_fold.h5", ANSWERS)
    read = read_out_of_fold(tmp_path / "out_of_fold.h5")
    assert read.store_fingerprint == "abc" and read.ids.tolist() == ["one", "zwei", "três"]
    np.testing.assert_array_equal(read.folds, [0, 4, 1])
    assert list(read.tasks) == ["stage", "stage_range"]
    for name, task in ANSWERS.tasks.items():
        assert read.tasks[name].classes == task.classes
        np.testing.assert_array_equal(read.tasks[name].labels, task.labels)
        np.testing.assert_array_equal(read.tasks[name].probabilities, task.probabilities)


def test_keys_are_as_documented(tmp_path: Path) -> None:
    write_out_of_fold(tmp_path / "out_of_fold.h5", ANSWERS)
    with h5py.File(tmp_path / "out_of_fold.h5") as file:
        assert file.attrs["format"] == "lsl-out-of-fold" and file.attrs["version"] == 1
        assert file["stage/probabilities"].dtype == np.float32 and file["stage/label"].dtype == np.int16
        assert file["fold"].shape == (3,) and list(file["stage"].attrs["classes"]) == ["4", "5", "7"]


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (replace(FINE, labels=np.array([0, 3, 1], np.int16)), "stage/label: lies outside its 3 classes"),
        (replace(FINE, probabilities=FINE.probabilities / np.float32(2)), "add up to 1"),
        (replace(FINE, probabilities=FINE.probabilities[:, :2]), "expected kind 'f' and shape"),
        (replace(FINE, labels=FINE.labels[:2]), "stage/label: expected kind 'i' and shape"),
    ],
)
def test_tells_what_is_wrong(tmp_path: Path, task: TaskAnswers, told: str) -> None:
    path = tmp_path / "out_of_fold.h5"
    write_out_of_fold(path, replace(ANSWERS, tasks={"stage": task}))
    with pytest.raises(DataFileError, match=told) as caught:
        read_out_of_fold(path)
    assert str(path) in str(caught.value)


def test_an_image_named_twice_is_refused(tmp_path: Path) -> None:
    write_out_of_fold(tmp_path / "twice.h5", replace(ANSWERS, ids=np.array(["a", "a", "b"], dtype=object)))
    with pytest.raises(DataFileError, match="named twice"):
        read_out_of_fold(tmp_path / "twice.h5")


def test_another_file_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = "lsl-store"
    with pytest.raises(DataFileError, match="expected 'lsl-out-of-fold'"):
        read_out_of_fold(tmp_path / "other.h5")
    with pytest.raises(DataFileError, match="no such file"):
        read_out_of_fold(tmp_path / "absent.h5")
