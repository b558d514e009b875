from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared import StoreError, StoreWriter
from lsl_shared.files.new_hdf5 import Disk, written_hdf5
from lsl_shared.files.store import Store
from lsl_shared.process.interrupts import interrupts_kept

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 16, 40, 3), dtype=np.uint8)


def fill(file: h5py.File) -> None:
    file.create_dataset("images", data=PIXELS, chunks=(8, 16, 40, 3), compression="gzip")
    file.create_dataset("names", data=[f"name {k}" for k in range(40)], dtype=h5py.string_dtype())
    for number in range(20):
        file.create_group(f"groups/{number}").attrs["text"] = "x" * 100


def contents(path: Path) -> dict[str, str]:
    """All that a file holds, by key."""
    found: dict[str, str] = {}

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        values = item[...].tolist() if isinstance(item, h5py.Dataset) else []
        found[name] = repr((dict(item.attrs), values))

    with h5py.File(path) as file:
        file.visititems(look)
    return found


def test_what_is_written_is_what_hdf5_writes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "plain.h5", "w") as plain:
        fill(plain)
    with written_hdf5(tmp_path / "new.h5") as (file, _):
        fill(file)
    assert contents(tmp_path / "plain.h5") == contents(tmp_path / "new.h5")
    with written_hdf5(tmp_path / "new.h5", "r+") as (file, _):
        file["images"][3] = 7
        del file["names"]
    with h5py.File(tmp_path / "new.h5") as file:
        assert (file["images"][3] == 7).all()
        np.testing.assert_array_equal(file["images"][4:], PIXELS[4:])
        assert "names" not in file


def filling_up(monkeypatch: pytest.MonkeyPatch, room: int, number: int = errno.ENOSPC) -> None:
    """Lets every disk take so many bytes more."""
    whole, left = Disk._write, [room]

    def limited(disk: Disk, view: memoryview) -> None:
        left[0] -= len(view)
        if left[0] < 0:
            raise OSError(number, os.strerror(number))
        whole(disk, view)

    monkeypatch.setattr(Disk, "_write", limited)


@pytest.mark.parametrize("room", [0, 100, 2000, 9000, 30000, 60000])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, number: int) -> None:
    filling_up(monkeypatch, room, number)
    with pytest.raises(OSError) as caught, written_hdf5(tmp_path / "new.h5") as (file, _):
        fill(file)
    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "new.h5"))


@pytest.mark.parametrize("room", [0, 300, 3000])
def test_a_disk_that_fills_up_when_a_file_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    with h5py.File(tmp_path / "old.h5", "w") as file:
        fill(file)
    filling_up(monkeypatch, room)
    with pytest.raises(OSError) as caught, written_hdf5(tmp_path / "old.h5", "r+") as (file, _):
        file["images"][...] = PIXELS[::-1]
        file["more"] = PIXELS
    assert caught.value.errno == errno.ENOSPC


def test_errors_of_the_block_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="ours"), written_hdf5(tmp_path / "new.h5"):
        raise KeyError("ours")


@pytest.mark.parametrize("room", [0, 5000, 20000, 60000, 75000])
@pytest.mark.parametrize("old", [True, False])
def test_a_store_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, old: bool) -> None:
    path = tmp_path / "store.h5"

    def write(pixels: np.ndarray) -> None:
        with StoreWriter(path, 16, 40, overwrite=True, compression=1) as writer:
            for number, image in enumerate(pixels):
                writer.append(image, id=str(number))

    if old:
        write(PIXELS[:3])
    with monkeypatch.context() as patched:
        filling_up(patched, room)
        with pytest.raises(StoreError, match=r"store\.h5: cannot be written \(No space left on device\)") as caught:
            write(np.concatenate([PIXELS] * 4))
    assert ".tmp" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == (["store.h5"] if old else [])
    if old:
        with Store(path) as store:
            np.testing.assert_array_equal(store.read(0, len(store)), PIXELS[:3])


@pytest.fixture
def interruptible() -> Iterator[None]:
    """As a program in the foreground; one in the background may have been told to ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_waits_until_hdf5_is_not_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 does not survive an exception from what writes for it."""
    interrupted: list[bool] = []
    moved = Disk._write

    def write(self: Disk, view: memoryview) -> None:
        moved(self, view)
        if not interrupted:
            interrupted.append(True)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Disk, "_write", write)
    with (
        pytest.raises(KeyboardInterrupt),
        interrupts_kept() as raise_lost,  # it may come in the callback of a weak reference, as everywhere
        written_hdf5(tmp_path / "new.h5") as (file, _),
    ):
        fill(file)
        file.flush()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(0.001)
            raise_lost()
    assert interrupted
    with h5py.File(tmp_path / "new.h5") as file:
        assert (file["images"][...] == PIXELS).all()
