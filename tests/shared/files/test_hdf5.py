from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.hdf5 import members, open_file, read_dataset, read_names, read_strings

MakeFile = Callable[..., Path]


def opened(path: Path) -> h5py.File:
    return open_file(path, "lsl-store", 1, StoreError, "make another one")


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        opened(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_folder_empty_and_text(tmp_path: Path) -> None:
    assert "no such file. make another one" in refusal(tmp_path / "store.h5")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "empty.h5").touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.h5")
    (tmp_path / "text.h5").write_text("id,stage\n")
    assert "is not an HDF5 file (it begins with b'id,stage')" in refusal(tmp_path / "text.h5")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_truncated(store_file: MakeFile, share: float) -> None:
    path = store_file()
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "damaged or truncated" in refusal(path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("format", "lsl-annotations", "attribute format: expected 'lsl-store', found 'lsl-annotations'"),
        ("format", ["lsl-store", "lsl-store"], "another kind of HDF5 file"),
        ("version", 2, "attribute version: is 2, newer than this program reads (1): upgrade"),
        ("version", 0, "expected a whole number from 1, found np.int64(0)"),
        ("version", "1", "expected a whole number from 1"),
        ("version", [1, 1], "expected a whole number from 1"),
    ],
)
def test_foreign_and_newer(store_file: MakeFile, name: str, value: object, told: str) -> None:
    assert told in refusal(store_file(lambda file: file.attrs.__setitem__(name, value)))


def test_no_format_at_all(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.zeros(3)
    assert "expected 'lsl-store', found none" in refusal(tmp_path / "other.h5")


def test_a_damaged_attribute_is_told_plainly(store_file: MakeFile) -> None:
    path = store_file()
    data = path.read_bytes()
    places = [place for place in range(len(data)) if data.startswith(b"GCOL", place)]  # the heaps of strings
    assert places
    for place in places:
        data = data[:place] + b"XXXX" + data[place + 4 :]
    path.write_bytes(data)
    assert "damaged" in refusal(path)


def test_a_refused_file_is_closed(store_file: MakeFile) -> None:
    path = store_file(lambda file: file.attrs.__setitem__("version", 9))
    refusal(path)
    with h5py.File(path, "a") as file:  # fails if the first handle is still open for reading
        file.attrs["version"] = 1
    opened(path).close()


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
