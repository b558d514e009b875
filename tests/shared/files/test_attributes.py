from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.files.attributes import as_text, as_whole, read_names, read_text, read_wholes

MakeFile = Callable[..., Path]


def opened(path: Path) -> h5py.File:
    return h5py.File(path, "r")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("lsl-store", "lsl-store"),
        (b"lsl-store", "lsl-store"),
        (np.bytes_(b"lsl-store"), "lsl-store"),
        (np.array([b"lsl-store"]), "lsl-store"),
        (np.array([[b"lsl-store"]]), "lsl-store"),
        (np.array(["lsl-store"], object), "lsl-store"),
        (b"lsl-store\0\0", "lsl-store"),
        (b"lsl-store   ", "lsl-store"),
        ("ends with a blank ", "ends with a blank "),
        (b"\xfc", None),
        (np.array([b"a", b"b"]), None),
        (5, None),
        (None, None),
    ],
)
def test_text_of_any_writer(value: object, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (1, 1),
        (1.0, 1),
        (np.float32(3), 3),
        (np.uint8(2), 2),
        (np.array([1], "i4"), 1),
        (np.array([[1.0]]), 1),
        (1.5, None),
        (np.nan, None),
        (np.inf, None),
        (True, None),
        ("1", None),
        (np.array([1, 1]), None),
    ],
)
def test_whole_numbers_of_any_writer(value: object, whole: int | None) -> None:
    assert as_whole(value) == whole


def test_attributes_that_are_not_there_or_are_another_kind(store_file: MakeFile) -> None:
    def edit(file: h5py.File) -> None:
        file.attrs["number"], file.attrs["floats"], file.attrs["text"] = 5, [0.0, 2.0], np.bytes_("stage")
        file.attrs["broken"] = [0.0, 1.5]

    with opened(store_file(edit)) as file:
        assert read_text(file, "absent") == ""
        assert read_text(file, "absent", "usual") == "usual"
        assert read_text(file, "text") == "stage"
        assert read_wholes(file, "absent") == ()
        assert read_wholes(file, "floats") == (0, 2)
        with pytest.raises(ValueError, match="attribute number: expected text"):
            read_text(file, "number")
        with pytest.raises(ValueError, match="attribute broken: expected a list of whole numbers"):
            read_wholes(file, "broken")
        with pytest.raises(ValueError, match="attribute number: expected a list of whole numbers"):
            read_wholes(file, "number")


@pytest.mark.parametrize("names", ["oak", 5, [1.5, 2.5], [["oak"], ["palm"]]])
def test_names_must_be_a_list_of_text(store_file: MakeFile, names: object) -> None:
    with (
        opened(store_file(lambda file: file["images"].attrs.__setitem__("classes", names))) as file,
        pytest.raises(ValueError, match="expected a list of names"),
    ):
        read_names(file["images"], "classes")


def test_names_in_bytes(store_file: MakeFile) -> None:
    with opened(store_file(lambda file: file["images"].attrs.__setitem__("classes", np.array([b"oak"])))) as file:
        assert read_names(file["images"], "classes") == ("oak",)


def test_a_list_that_pytables_packed_is_told(store_file: MakeFile) -> None:
    with (
        opened(store_file(lambda file: file.attrs.__setitem__("classes", np.bytes_(b"(lp0\nV4-6\np1\na.")))) as file,
        pytest.raises(ValueError, match=r"a list that PyTables packed; write np.array\(names, 'S'\)"),
    ):
        read_names(file, "classes")
