from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.packing import elsewhere_told, images_per_chunk, large_chunks_told, repack_told
from lsl_shared.files.store import Store

MakeFile = Callable[..., Path]


def contiguous(file: h5py.File, pixels: np.ndarray) -> None:
    file.create_dataset("images", data=pixels)


def cut(file: h5py.File, pixels: np.ndarray) -> None:
    file.create_dataset("images", data=pixels, chunks=(2, 4, 9, 3), compression="gzip")


def virtual(file: h5py.File, pixels: np.ndarray) -> None:
    other = Path(file.filename).with_name("other.h5")
    with h5py.File(other, "w") as source:
        source["pixels"] = pixels
    layout = h5py.VirtualLayout(pixels.shape, pixels.dtype)
    layout[...] = h5py.VirtualSource(str(other), "pixels", pixels.shape)
    file.create_virtual_dataset("images", layout)


def external(file: h5py.File, pixels: np.ndarray) -> None:
    raw = Path(file.filename).with_name("raw.bin")
    pixels.tofile(raw)
    file.create_dataset("images", pixels.shape, pixels.dtype, external=[(str(raw), 0, pixels.nbytes)])


@pytest.mark.skipif(shutil.which("h5repack") is None, reason="needs h5repack of the HDF5 tools")
@pytest.mark.parametrize("packed", [contiguous, cut, virtual, external])
def test_the_command_that_is_told_mends_the_store(
    packed: Callable[[h5py.File, np.ndarray], None], store_file: MakeFile, pixels: np.ndarray
) -> None:
    def edit(file: h5py.File) -> None:
        del file["images"]
        packed(file, pixels)

    with pytest.raises(StoreError, match="h5repack") as told:
        Store(store_file(edit))
    command = shlex.split(str(re.findall("`(.*?)`", str(told.value))[0]))
    subprocess.run(command, check=True)
    with Store(command[-1]) as store:
        np.testing.assert_array_equal(store.read(0, 5), pixels)
        assert store.genes.tolist()[:3] == ["dhd", "", "Dl"] and set(store.tasks) == {"family", "a_species"}


def test_black_images_of_a_virtual_dataset_are_warned_of(tmp_path: Path) -> None:
    """A read keeps all source files open, and HDF5 takes those beyond the limit for missing: it gives zeros."""
    layout = h5py.VirtualLayout((250, 4, 4, 3), np.uint8)
    for index in range(250):
        layout[index] = h5py.VirtualSource(f"job{index}.h5", "images", (4, 4, 3))
    with h5py.File(tmp_path / "all.h5", "w") as file:
        whole = file.create_virtual_dataset("images", layout)
        one = file.create_virtual_dataset("one", h5py.VirtualLayout((1, 4, 4, 3), np.uint8))
        told = elsewhere_told(Path("all.h5"), "images", whole)
        assert "ulimit -n 350" in told and "all 250 source files" in told and "zeros" in told
        assert "ulimit" not in elsewhere_told(Path("all.h5"), "one", one)


@pytest.mark.parametrize(
    ("shape", "chunk"), [((9, 128, 320, 3), 8), ((300, 8, 9, 3), 256), ((5, 900, 900, 3), 1), ((2, 8, 9, 3), 2)]
)
def test_chunks_are_those_of_the_toolkit(shape: tuple[int, ...], chunk: int) -> None:
    assert min(shape[0], images_per_chunk(shape[1:])) == chunk
    assert f"images:CHUNK={chunk}x{shape[1]}x" in repack_told(Path("s.h5"), "images", shape)


@pytest.mark.parametrize(
    ("shape", "chunk", "is_told"),
    [
        ((1400, 128, 320, 3), 1400, True),
        ((1400, 128, 320, 3), 16, False),
        ((1400, 128, 320, 3), 8, False),
        ((1400, 4, 4, 3), 1400, True),
        ((3, 4000, 4000, 3), 1, False),
    ],
)
def test_large_chunks(shape: tuple[int, ...], chunk: int, is_told: bool) -> None:
    told = large_chunks_told(Path("s.h5"), shape, chunk)
    assert bool(told) == is_told
    if told:
        assert "1,400 images lie in 1 chunk(s)" in told and "h5repack" in told


def test_axes_that_r_turned_are_told(store_file: MakeFile, pixels: np.ndarray) -> None:
    def edit(file: h5py.File) -> None:
        del file["images"]
        file["images"] = np.ascontiguousarray(pixels.transpose(3, 2, 1, 0))

    with pytest.raises(StoreError, match="axes are reversed: in R and MATLAB the array must be 3 x 9 x 8 x 5"):
        Store(store_file(edit))
