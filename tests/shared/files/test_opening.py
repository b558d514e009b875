from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.opening import failure, open_file
from lsl_shared.files.store import Store
from tests.support.other_program import held

MakeFile = Callable[..., Path]
OPEN_ELSEWHERE = "is open in another program"


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", np.bytes_("lsl-store")),
        ("format", np.array([b"lsl-store"])),
        ("format", np.array(["lsl-store"], object)),
        ("format", np.array([b"lsl-store\0\0\0"], "S12")),
        ("version", np.array([1], "i4")),
        ("version", 1.0),
        ("version", np.array([1.0])),
        ("version", np.uint8(1)),
    ],
)
def test_marks_as_other_programs_write_them(store_file: MakeFile, name: str, value: object) -> None:
    opened(store_file(lambda file: file.attrs.__setitem__(name, value))).close()


@pytest.mark.parametrize("value", [1.5, np.nan, True, np.array([1.0, 1.0]), np.bytes_("1")])
def test_versions_that_are_none(store_file: MakeFile, value: object) -> None:
    path = store_file(lambda file: file.attrs.__setitem__("version", value))
    assert "expected a whole number from 1" in refusal(path)


@pytest.mark.parametrize("libver", [None, "latest"])
def test_a_file_that_another_program_writes_is_not_damaged(store_file: MakeFile, libver: str | None) -> None:
    path = store_file()
    with held(path, "r+", libver):
        told = refusal(path)
    assert OPEN_ELSEWHERE in told
    assert "run the command again" in told
    assert "damaged" not in told
    assert "make it again" not in told


def test_a_file_that_another_program_reads_is_read(store_file: MakeFile) -> None:
    path = store_file()
    with held(path, "r"):
        opened(path).close()


def test_annotations_that_another_program_writes(annotations_file: MakeFile) -> None:
    path = annotations_file()
    with held(path, "r+"), pytest.raises(Exception, match=OPEN_ELSEWHERE):
        Annotations(path)


def test_a_store_that_this_process_writes_itself(store_file: MakeFile) -> None:
    path = store_file()
    with h5py.File(path, "r+"):
        Store(path).close()  # a notebook that has it open itself
    Store(path).close()


def test_a_file_whose_writer_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "my store.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-store", 1
    with held(path, "r+", "latest"):
        pass  # killed at the end
    told = refusal(path)
    assert "if that program was killed, `h5clear -s '" in told
    assert "damaged" not in told


@pytest.mark.parametrize("number", [32, 33])
def test_the_words_of_windows(number: int) -> None:
    problem = PermissionError(13, "The process cannot access the file")
    problem.winerror = number  # type: ignore[attr-defined, unused-ignore]
    assert OPEN_ELSEWHERE in failure(Path("store.h5"), problem)


def test_other_words_are_damage() -> None:
    problem = OSError("Unable to synchronously open file (bad superblock)")
    assert failure(Path("s.h5"), problem, ". remedy") == "damaged or truncated HDF5 file (bad superblock). remedy"
