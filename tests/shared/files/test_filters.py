from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.filters import lacking_filter
from lsl_shared.files.store import Store

MakeFile = Callable[..., Path]
PIXELS = np.full((4, 8, 9, 3), 200, np.uint8)


def filtered(file: h5py.File, key: str, number: int, *, used: bool = True) -> None:
    """Puts a dataset of 4 images there whose chunks of 2 went through a filter, or were left without it."""
    if key in file:
        del file[key]
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk((2, 8, 9, 3))
    created.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1, 2))
    space = h5py.h5s.create_simple((4, 8, 9, 3))
    dataset = h5py.Dataset(h5py.h5d.create(file.id, key.encode(), h5py.h5t.STD_U8LE, space, created))
    for start in (0, 2):
        raw = PIXELS[start : start + 2].tobytes()
        dataset.id.write_direct_chunk((start, 0, 0, 0), zlib.compress(raw) if used else raw, 0 if used else 1)


def store_of_four(path: Path, number: int, *, used: bool = True) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-store", 1
        file["samples/id"] = np.array(list("abcd"), "S1")
        filtered(file, "images", number, used=used)
    return path


ABSENT = {307: "bzip2", 32004: "LZ4", 32013: "ZFP", 32026: "Blosc2", 32015: "Zstandard", 32001: "Blosc"}


@pytest.mark.parametrize(("number", "name"), ABSENT.items())
def test_a_filter_that_is_not_there_is_told_when_opened(tmp_path: Path, number: int, name: str) -> None:
    path = store_of_four(tmp_path / "my store.h5", number)
    if find_spec("hdf5plugin"):
        pytest.skip("hdf5plugin has the filter")
    with pytest.raises(StoreError) as caught:
        Store(path)
    told = str(caught.value)
    assert f"images: is compressed with {name} (filter {number})" in told
    assert "`pip install hdf5plugin`" in told
    assert f"`h5repack -f GZIP=4 '{path}' '{tmp_path / 'my store.gzip.h5'}'`" in told


def test_a_filter_that_nobody_knows_is_told_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"an unknown filter \(filter 511\)") as caught:
        Store(store_of_four(tmp_path / "s.h5", 511))
    assert "hdf5plugin" not in str(caught.value)


def test_a_filter_that_no_chunk_went_through_is_no_obstacle(tmp_path: Path) -> None:
    with Store(store_of_four(tmp_path / "s.h5", 511, used=False)) as store:
        np.testing.assert_array_equal(store.read(0, 4), PIXELS)


def test_hdf5s_own_filters_are_there(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        for options in ({"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True}, {"fletcher32": True}):
            dataset = file.create_dataset(str(options), data=PIXELS, chunks=(2, 8, 9, 3), **options)
            assert lacking_filter(dataset) == ""


def test_labels_with_such_a_filter_are_told_when_opened(store_file: MakeFile) -> None:
    with pytest.raises(StoreError, match=r"labels/family: is compressed with .* \(filter 511\)"):
        Store(store_file(lambda file: filtered(file, "labels/family", 511)))


@pytest.mark.parametrize("name", ["Blosc", "Zstd", "LZ4", "Bitshuffle", "Blosc2", "BZip2"])
def test_hdf5plugin_is_taken_where_it_is_installed(tmp_path: Path, name: str) -> None:
    hdf5plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.attrs["format"], file.attrs["version"] = "lsl-store", 1
        file["samples/id"] = np.array(list("abcd"), "S1")
        file.create_dataset("images", data=PIXELS, chunks=(2, 8, 9, 3), **getattr(hdf5plugin, name)())
    with Store(tmp_path / "s.h5") as store:
        np.testing.assert_array_equal(store.read(0, 4), PIXELS)
