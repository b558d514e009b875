from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.hdf5 import members, read_array, read_dataset, read_strings
from lsl_shared.files.opening import open_file

MakeFile = Callable[..., Path]


def opened(path: Path) -> h5py.File:
    return open_file(path, "lsl-store", 1, StoreError, "make another one")


def test_read_dataset_states_what_it_wants(store_file: MakeFile) -> None:
    with opened(store_file()) as file:
        assert read_dataset(file, "images", StoreError, dtype="u", shape=(5, None, 9, 3)).shape == (5, 8, 9, 3)
        for key, dtype, shape, told in [
            ("images", "f", (None,) * 4, r"images: expected kind 'f' .* found uint8 \(5, 8, 9, 3\)"),
            ("images", "u", (None, None), r"images: expected kind 'u' and shape \('any', 'any'\)"),
            ("images", "u", (6, None, None, None), "shape"),
            ("nothing/here", "u", (), "nothing/here: expected a dataset, found nothing"),
            ("samples", "u", (), "samples: expected a dataset, found a group"),
        ]:
            with pytest.raises(StoreError, match=told):
                read_dataset(file, key, StoreError, dtype=dtype, shape=shape)


@pytest.mark.parametrize("at", ["images", "samples", "samples/id"])
@pytest.mark.parametrize("kind", ["external", "soft", "dangling"])
def test_links_are_refused(store_file: MakeFile, at: str, kind: str) -> None:
    store_file(name="other.h5")

    def link(file: h5py.File) -> None:
        file.move(at, "elsewhere")
        file[at] = {
            "external": h5py.ExternalLink("other.h5", at),
            "soft": h5py.SoftLink("/elsewhere"),
            "dangling": h5py.ExternalLink("absent.h5", at),
        }[kind]

    key = "samples/id" if at.startswith("samples") else at
    with opened(store_file(link)) as file, pytest.raises(StoreError, match=f"{key}: is a link to another place"):
        read_dataset(file, key, StoreError, dtype="uO", shape=(None,))


def test_external_storage_is_refused(store_file: MakeFile, tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(b"secret secret secret")

    def outside(file: h5py.File) -> None:
        stored = [(str(tmp_path / "secret.bin"), 0, 5)]
        file.create_dataset("evil", shape=(5,), dtype=np.uint8, external=stored)

    with opened(store_file(outside)) as file, pytest.raises(StoreError, match="evil: its data lies in other files"):
        read_dataset(file, "evil", StoreError, dtype="u", shape=(5,))


def test_virtual_datasets_are_refused(store_file: MakeFile) -> None:
    store_file(name="other.h5")

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((5, 8, 9, 3), np.uint8)
        layout[...] = h5py.VirtualSource("other.h5", "images", (5, 8, 9, 3))
        file.create_virtual_dataset("evil", layout)

    with opened(store_file(virtual)) as file, pytest.raises(StoreError, match="virtual dataset"):
        read_dataset(file, "evil", StoreError, dtype="u", shape=(5, 8, 9, 3))


def test_strings_of_variable_and_fixed_length(store_file: MakeFile) -> None:
    def fixed(file: h5py.File) -> None:
        file["fixed"] = np.array([b"a", b"bc"])
        file.create_dataset("accents", data=["ü", "σ"], dtype=h5py.string_dtype())

    with opened(store_file(fixed)) as file:
        assert read_strings(file, "fixed", StoreError, 2).tolist() == ["a", "bc"]
        assert read_strings(file, "accents", StoreError, 2).tolist() == ["ü", "σ"]


def test_strings_that_are_none(store_file: MakeFile) -> None:
    def broken(file: h5py.File) -> None:
        file.create_dataset("latin", data=[b"\xfc"], dtype=h5py.string_dtype())
        file.create_dataset("pointer", data=[file["images"].ref], dtype=h5py.ref_dtype)

    with opened(store_file(broken)) as file:
        for key in ("latin", "pointer"):
            with pytest.raises(StoreError, match=f"{key}: cannot be read as text"):
                read_strings(file, key, StoreError, 1)


def test_members(store_file: MakeFile) -> None:
    with opened(store_file()) as file:
        assert sorted(members(file, "labels", StoreError)) == ["a_species", "family"]
        assert members(file, "nothing", StoreError) == {}
        with pytest.raises(StoreError, match="images: expected a group"):
            members(file, "images", StoreError)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (5,)])
def test_a_column_or_row_of_matlab_is_one_axis(store_file: MakeFile, shape: tuple[int, ...]) -> None:
    def add(file: h5py.File) -> None:
        file["column"] = np.arange(5.0).reshape(shape)
        file["names"] = np.array(list("abcde"), "S1").reshape(shape)

    with opened(store_file(add)) as file:
        assert read_array(file, "column", StoreError, dtype="f", shape=(5,)).tolist() == [0, 1, 2, 3, 4]
        assert read_strings(file, "names", StoreError, 5).tolist() == list("abcde")
        with pytest.raises(StoreError, match="expected"):
            read_array(file, "column", StoreError, dtype="f", shape=(4,))


def test_names_that_are_numbers_are_told_with_the_cure(store_file: MakeFile) -> None:
    with (
        opened(store_file(lambda file: file.__setitem__("numbers", np.arange(5)))) as file,
        pytest.raises(StoreError, match="write text, one for each image"),
    ):
        read_strings(file, "numbers", StoreError, 5)
