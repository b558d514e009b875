from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared import Store, StoreError, StoreWriter

SHAPE = (16, 40, 3)


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 5, (23, *SHAPE), dtype=np.uint8)


@pytest.fixture
def make(tmp_path: Path, images: NDArray[np.uint8]) -> Callable[..., Path]:
    """Writes the images with other filters than the writer's own."""

    def written(**filters: Any) -> Path:
        path = tmp_path / "store.h5"
        with StoreWriter(path, *SHAPE[:2]) as writer:
            for row, image in enumerate(images):
                writer.append(image, id=str(row))
        with h5py.File(path, "r+") as file:
            del file["images"]
            file.create_dataset("images", data=images, chunks=(5, *SHAPE), **filters)
        return path

    return written


@pytest.mark.parametrize(
    "filters",
    [
        {"compression": "gzip"},
        {},
        {"compression": "lzf"},
        {"compression": "gzip", "shuffle": True},
        {"fletcher32": True},
    ],
    ids=str,
)
def test_every_filter_gives_the_images(
    make: Callable[..., Path], images: NDArray[np.uint8], filters: dict[str, Any]
) -> None:
    with Store(make(**filters)) as store:
        np.testing.assert_array_equal(store.read(0, 23), images)
        np.testing.assert_array_equal(store.read(7, 12), images[7:12])
        np.testing.assert_array_equal(store.read_chunk(20), images[20:])
        assert store.read(9, 9).shape == (0, *SHAPE)


def test_chunk_stored_without_its_filter(make: Callable[..., Path], images: NDArray[np.uint8]) -> None:
    path = make(compression="gzip")
    with h5py.File(path, "r+") as file:
        file["images"].id.write_direct_chunk((5, 0, 0, 0), images[5:10].tobytes(), 1)
    with Store(path) as store:
        np.testing.assert_array_equal(store.read(0, 23), images)


def test_chunk_never_written_is_zero(make: Callable[..., Path]) -> None:
    path = make(compression="gzip")
    with h5py.File(path, "r+") as file:
        del file["images"]
        file.create_dataset("images", (23, *SHAPE), np.uint8, chunks=(5, *SHAPE), compression="gzip")
    with Store(path) as store:
        assert not store.read(0, 23).any()


@pytest.mark.parametrize("content", [zlib.compress(bytes(50_000_000)), zlib.compress(bytes(10)), b"nonsense"])
def test_chunk_that_is_not_its_size_is_refused(make: Callable[..., Path], content: bytes) -> None:
    path = make(compression="gzip")
    with h5py.File(path, "r+") as file:
        file["images"].id.write_direct_chunk((10, 0, 0, 0), content)
    with Store(path) as store:
        with pytest.raises(StoreError, match=r"images\[10:15\]: cannot be read"):
            store.read(9, 12)
        assert store.read(15, 23).any()


def test_threads_read_side_by_side(make: Callable[..., Path], images: NDArray[np.uint8]) -> None:
    with Store(make(compression="gzip")) as store, ThreadPoolExecutor(4) as pool:
        for start, found in zip(range(0, 20, 5), pool.map(store.read_chunk, range(0, 20, 5)), strict=True):
            np.testing.assert_array_equal(found, images[start : start + 5])


def _break(store: Store) -> None:
    """What HDF5 has open becomes unreadable, as on a share that vanished; opened anew the file is sound."""
    unreadable = os.open(os.devnull, os.O_WRONLY)
    os.dup2(unreadable, store._file.id.get_vfd_handle())
    os.close(unreadable)


@pytest.mark.parametrize("filters", [{"compression": "gzip"}, {"compression": "lzf"}], ids=str)
def test_broken_handle_is_opened_anew(
    make: Callable[..., Path], images: NDArray[np.uint8], filters: dict[str, Any]
) -> None:
    with Store(make(**filters)) as store:
        _break(store)
        np.testing.assert_array_equal(store.read(0, 23), images)
        assert store.fingerprint()


def test_share_that_vanishes_for_a_second_is_waited_for(make: Callable[..., Path], images: NDArray[np.uint8]) -> None:
    path = make(compression="gzip")
    with Store(path) as store:
        aside = path.rename(path.with_name("aside"))
        _break(store)
        back = threading.Timer(1.0, lambda: aside.rename(path))
        back.start()
        began = time.monotonic()
        np.testing.assert_array_equal(store.read(0, 23), images)
        assert time.monotonic() - began > 0.9
        back.join()


def test_store_replaced_while_it_is_read_is_refused(make: Callable[..., Path]) -> None:
    path = make(compression="gzip")
    with Store(path) as store:
        other = path.with_name("other")
        other.write_bytes(path.read_bytes())
        os.utime(other, ns=(1, 1))
        other.replace(path)
        with pytest.raises(StoreError, match="was replaced or changed"):
            store.check_reachable()
        _break(store)
        with pytest.raises(StoreError, match="was replaced or changed"):
            store.read(0, 5)
