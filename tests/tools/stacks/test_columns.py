from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_shared.errors import DataFileError
from lsl_tools.stacks.columns import read_labels_at, read_texts


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own.h5"


def write(path: Path, values: Any, **attributes: Any) -> None:
    with h5py.File(path, "w") as file:
        file["labels"] = values
        file["labels"].attrs.update(attributes)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (np.array([0, 1, 12]), ["0", "1", "12"]),
        (np.array([0, 1, -1]), ["0", "1", ""]),
        (np.array([1.0, np.nan, 3.0]), ["1", "", "3"]),
        (np.array([[1.0, 2.0, 3.0]]), ["1", "2", "3"]),
        (np.array([[1], [2], [3]], "u1"), ["1", "2", "3"]),
        (np.array([1, -(2**31), 3], "i4"), ["1", "", "3"]),
        (np.array([b"4-6", b"7-8 ", b"NA"]), ["4-6", "7-8", ""]),
        (["ü", "", "n/a"], ["ü", "", ""]),
    ],
)
def test_labels_of_hdf5(own: Path, tmp_path: Path, values: Any, labels: list[str]) -> None:
    write(own, values)
    assert read_labels_at(own, "labels", tmp_path) == labels


def test_numbers_with_names(own: Path, tmp_path: Path) -> None:
    write(own, np.array([1, 0, -1, 1]), classes=np.array([b"oak", b"palm"]))
    assert read_labels_at(own, "labels", tmp_path) == ["palm", "oak", "", "palm"]
    write(own, np.array([1, 2]), classes=np.array([b"oak", b"palm"]))
    with pytest.raises(DataFileError, match="label 2 has no name among the 2 of the attribute classes"):
        read_labels_at(own, "labels", tmp_path)


def test_genes_keep_what_labels_would_miss(own: Path, tmp_path: Path) -> None:
    write(own, ["nan", "-1", "eve"])
    assert read_texts(own, "labels", tmp_path) == ["nan", "-1", "eve"]


def test_a_cell_array_of_matlab(own: Path, tmp_path: Path) -> None:
    with h5py.File(own, "w") as file:
        cells = []
        for place, text in enumerate(("oak", "", "palm")):
            letters = file.create_dataset(f"#refs#/{place}", data=np.array([[ord(c)] for c in text or "\0"], np.uint16))
            letters.attrs["MATLAB_class"] = np.bytes_("char")
            if not text:
                letters.attrs["MATLAB_empty"] = np.uint8(1)
            cells.append(letters.ref)
        file.create_dataset("labels", data=np.array([cells], h5py.ref_dtype), dtype=h5py.ref_dtype)
        file["labels"].attrs["MATLAB_class"] = np.bytes_("cell")
    assert read_labels_at(own, "labels", tmp_path) == ["oak", "", "palm"]


def test_a_matrix_of_letters_of_matlab(own: Path, tmp_path: Path) -> None:
    rows = np.array([[ord(letter) for letter in text] for text in ("oak ", "palm")], np.uint16)
    write(own, rows.T, MATLAB_class=np.bytes_("char"))
    assert read_labels_at(own, "labels", tmp_path) == ["oak", "palm"]


@pytest.mark.parametrize(
    ("values", "attributes", "told"),
    [
        (np.array([0.5, 1.0]), {}, "must be whole numbers, found 0.5"),
        (np.eye(4), {}, r"labels.argmax\(1\)"),
        (np.zeros((1, 6), "u4"), {"MATLAB_class": np.bytes_("categorical")}, r"cellstr\(labels\)"),
        (np.zeros((1, 6), "u4"), {"MATLAB_class": np.bytes_("string")}, "is a string of MATLAB"),
        (np.array([1j, 2j]), {}, "expected numbers or text"),
    ],
)
def test_what_no_labels_can_be(own: Path, tmp_path: Path, values: Any, attributes: Any, told: str) -> None:
    write(own, values, **attributes)
    with pytest.raises(DataFileError, match=told) as caught:
        read_labels_at(own, "labels", tmp_path)
    assert "labels" in str(caught.value)


def test_labels_of_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", labels=np.array(["oak", "None", "palm"]))
    assert read_labels_at(tmp_path / "own.npz", "labels", tmp_path) == ["oak", "", "palm"]
    np.save(tmp_path / "images.npy", np.zeros((3, 8, 9)))
    np.save(tmp_path / "labels.npy", np.array([0, -1, 2]))
    assert read_labels_at(tmp_path / "images.npy", "labels.npy", tmp_path) == ["0", "", "2"]
    with pytest.raises(DataFileError, match=r"name the \.npy of the others"):
        read_labels_at(tmp_path / "images.npy", "labels", tmp_path)


def test_python_objects_are_never_unpacked(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", labels=np.array([{"a": 1}], object))
    with pytest.raises(DataFileError, match="holds Python objects, which are not read"):
        read_labels_at(tmp_path / "own.npz", "labels", tmp_path)
