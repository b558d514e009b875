"""How images are packed into chunks, and the command that packs them anew where another program did it otherwise."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from lsl_shared.wording import command_line

__all__ = ["MAX_CHUNK_IMAGES", "elsewhere_told", "images_per_chunk", "large_chunks_told", "repack_told"]

_CHUNK_BYTES = 1 << 20
_LARGE_BYTES = 4 * _CHUNK_BYTES
_MANY_FILES, _OPEN_BESIDE = 200, 100
"""From how many source files on the limit of open files is told, and how many more a program may need."""
MAX_CHUNK_IMAGES = 256
"""So that a partition of whole chunks never holds more images (design: the files)."""


def images_per_chunk(shape: tuple[int, ...]) -> int:
    """How many images of `shape` (H, W, 3) a chunk of a store holds: 1 MiB of them, but never more than 256."""
    return min(max(1, _CHUNK_BYTES // int(np.prod(shape))), MAX_CHUNK_IMAGES)


def repack_told(path: Path, key: str, shape: tuple[int, ...]) -> str:
    """The command that packs the dataset at `key` as the toolkit does, its data in the file itself."""
    rows = min(shape[0], images_per_chunk(shape[1:]) if 0 not in shape[1:] else 1) if shape else 1
    chunk = "x".join(map(str, (max(1, rows), *shape[1:])))
    new = path.with_name(f"{path.stem}.chunks.h5")
    told = command_line("h5repack", "-l", f"{key}:CHUNK={chunk}", "-f", f"{key}:GZIP=4", path, new)
    return f"`{told}` of the HDF5 tools writes them so"


def elsewhere_told(path: Path, key: str, dataset: h5py.Dataset) -> str:
    """Why a dataset whose data lies in other files is refused, and how it comes into one file, whole."""
    refused = "its data lies in other files (external storage or virtual dataset), which is refused"
    told = f"{refused}; where you trust them, {repack_told(path, key, dataset.shape)}"
    if not dataset.is_virtual:
        return told
    files = len({source.file_name for source in dataset.virtual_sources()})
    limit = f"run `ulimit -n {files + _OPEN_BESIDE}` first, and " if files > _MANY_FILES else ""
    whole = (
        f"{limit}see that all {files:,} source files are there" if files > 1 else "see that its source file is there"
    )
    return f"{told}. Before that, {whole}: HDF5 gives zeros, without a word, for a file that it cannot open"


def large_chunks_told(path: Path, shape: tuple[int, ...], chunk_images: int) -> str:
    """What to tell of images (N, H, W, 3) in needlessly large chunks; '' where they are not."""
    size = chunk_images * int(np.prod(shape[1:]))
    if chunk_images == 1 or (size <= _LARGE_BYTES and chunk_images <= MAX_CHUNK_IMAGES):
        return ""
    pieces = -(-shape[0] // chunk_images)
    costs = "each is inflated whole, and --workers and --shard have only so many pieces to share"
    lie = f"{shape[0]:,} images lie in {pieces:,} chunk(s) of {size / (1 << 20):,.0f} MiB: {costs}"
    return f"{lie}; {repack_told(path, 'images', shape).replace(' writes them so', ' makes them smaller')}"
