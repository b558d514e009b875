"""The filters that an HDF5 dataset's chunks went through: whether they can be undone here, and what helps if not."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path

import h5py

from lsl_shared.wording import command_line

__all__ = ["lacking_filter"]

_OF_HDF5PLUGIN = {
    307: "bzip2", 32001: "Blosc", 32004: "LZ4", 32008: "Bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32017: "SZ",
    32018: "FCIDECOMP", 32024: "SZ3", 32026: "Blosc2", 32028: "SPERR",
}  # fmt: skip
"""Filters by their registered number that come with the package hdf5plugin."""


def lacking_filter(dataset: h5py.Dataset) -> str:
    """What to tell of a filter that chunks of `dataset` went through and that is not installed; '' where all are.

    The package hdf5plugin is taken where it is installed and such a filter is met.
    """
    created = dataset.id.get_create_plist()
    for place in range(created.get_nfilters()):
        number, _, _, name = created.get_filter(place)
        if not _available(number) and _used(dataset, place):
            return _told(Path(dataset.file.filename), dataset.name.strip("/"), number, name.decode(errors="replace"))
    return ""


def _available(number: int) -> bool:
    if not h5py.h5z.filter_avail(number) and number in _OF_HDF5PLUGIN:
        with suppress(ImportError):
            import_module("hdf5plugin")  # it registers its filters
    return bool(h5py.h5z.filter_avail(number))


def _used(dataset: h5py.Dataset, place: int) -> bool:
    """Whether a chunk went through the filter at `place`; an optional one may have been left out of all."""
    used = False

    def look(chunk: h5py.h5d.StoreInfo) -> bool:
        nonlocal used
        used = not chunk.filter_mask >> place & 1
        return used  # ends the walk

    dataset.id.chunk_iter(look)
    return used


def _told(path: Path, key: str, number: int, name: str) -> str:
    known = _OF_HDF5PLUGIN.get(number, name or "an unknown filter")
    repacked = command_line("h5repack", "-f", "GZIP=4", path, path.with_suffix(".gzip.h5"))
    where = f"where HDF5 has it, `{repacked}` writes a file that is read everywhere"
    install = "`pip install hdf5plugin` adds it; or, " if number in _OF_HDF5PLUGIN else ""
    return f"is compressed with {known} (filter {number}), which this HDF5 cannot undo. {install}{where}"
