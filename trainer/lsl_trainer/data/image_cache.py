"""The images of a training where its processes reach them quickly: in memory, or in a file that they share.

Reading single images from a compressed store is slow (whole chunks are inflated), so all images that a training needs
are read once, in order. Where they are few, they stay in memory as uint8. Where they are many, or where several
processes need them, they go uncompressed to a file that is mapped into memory: the system keeps as much of it as there
is room for, once for all processes, and shuffling stays complete. What has been read of it is let go at once, so that
no process grows by it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.store import Store

__all__ = ["load_images", "remove_images"]

_SHARE_OF_MEMORY, _MOST_IN_MEMORY = 0.4, 2**30
_IMAGES_AT_ONCE = 1024
_PREFIX = "images-"


def load_images(
    store: Store, rows: NDArray[np.int64], folder: Path | None = None, *, shared: bool = False
) -> NDArray[np.uint8]:
    """The images at `rows` (n,), in increasing order, as uint8 (n, H, W, 3).

    In memory, or, read only, from a file in `folder`: where they are `shared` among processes, or too many. The file
    is written in one piece where it is not there yet; its name tells the store and the rows. A full disk raises
    OSError and leaves nothing behind.
    """
    if folder is None or (not shared and _fit_memory(len(rows), store.shape[1:])):
        return store.select(rows)
    digest = hashlib.sha256(store.fingerprint().encode() + rows.tobytes()).hexdigest()[:16]
    path = folder / f"{_PREFIX}{digest}.npy"
    if not path.exists():
        with atomic_path(path) as temporary:
            _write(store, rows, temporary)
    mapped: NDArray[np.uint8] = np.load(path, mmap_mode="r").view(_Mapped)
    return mapped


def remove_images(folder: Path) -> None:
    """Removes what `load_images` left in a folder."""
    for path in folder.glob(f"{_PREFIX}*.npy"):
        path.unlink()


class _Mapped(np.memmap):
    """A mapped file of which no part stays with the process: what is taken out is a copy."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        own = isinstance(found, np.ndarray) and found.flags.owndata
        taken = np.asarray(found) if own else np.array(found)
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
        return taken


def _fit_memory(count: int, image_size: tuple[int, int]) -> bool:
    size = count * image_size[0] * image_size[1] * 3
    if size > _MOST_IN_MEMORY or not hasattr(os, "sysconf"):  # Windows
        return size <= _MOST_IN_MEMORY
    return size <= _SHARE_OF_MEMORY * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _write(store: Store, rows: NDArray[np.int64], path: Path) -> None:
    """Writes, and does not map: a full disk is an error then, not the end of the process."""
    shape = (len(rows), *store.shape[1:], 3)
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for start in range(0, len(rows), _IMAGES_AT_ONCE):
            file.write(store.select(rows[start : start + _IMAGES_AT_ONCE]).data)
