"""HDF5 files of people's own, which are no stores: what images and labels they hold, how they are imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py

from lsl_shared.wording import command_line

__all__ = ["image_keys", "import_told"]

_MOST_OBJECTS = 1000


def image_keys(file: h5py.File) -> list[str]:
    """The datasets that may be a stack of images: numbers on three or four axes, none of them short of pixels."""
    return [key for key, dataset in _datasets(file) if dataset.dtype.kind in "uif" and _is_stack(dataset.shape)]


def import_told(file: h5py.File) -> str:
    """The command that makes a store of the images in a file that is none; '' where it holds none."""
    path, keys = Path(file.filename), image_keys(file)
    if not keys:
        return ""
    key = "images" if "images" in keys else keys[0]
    labels = _labels_key(file, file[key].shape)
    words = ["lsl-store", "import", path, path.with_name(f"{path.stem}.store.h5"), "--images", key]
    told = command_line(*words, *(("--labels-key", labels) if labels else ()))
    return f"{_axes_told(file[key].shape)}`{told}` makes a store of these images"


def _axes_told(shape: tuple[int, ...]) -> str:
    """That axes are turned as R and MATLAB turn them, and how they are given there; '' where they are not."""
    if len(shape) != 4 or shape[0] != 3 or shape[-1] == 3:
        return ""
    channels, width, height, images = shape
    there = f"in R and MATLAB the array must be {channels} x {width} x {height} x {images}, as it turns the axes"
    return f"the axes are reversed: {there}; or "


def _labels_key(file: h5py.File, stack: tuple[int, ...]) -> str:
    """A dataset with an entry for each image, the likeliest by its name; '' where there is none."""
    counts = (stack[0], stack[-1])
    found = [
        key
        for key, dataset in _datasets(file)
        if dataset.size in counts and max(dataset.shape, default=0) == dataset.size and dataset.dtype.kind in "uifSO"
    ]
    named = [key for key in found if "label" in key.lower() or "class" in key.lower()]
    return (named or found or [""])[0]


def _is_stack(shape: tuple[int, ...]) -> bool:
    return len(shape) in (3, 4) and sorted(shape)[-2] > 3


def _datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """The first datasets of a file with their keys; links to other places are not followed."""
    left, seen = [("", file)], 0
    while left and seen < _MOST_OBJECTS:
        above, group = left.pop(0)
        for name in group:
            seen += 1
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            kind, key = group.get(name, getclass=True), f"{above}{name}"
            if kind is h5py.Group:
                left.append((f"{key}/", group[name]))
            elif kind is h5py.Dataset:
                yield key, group[name]
            if seen >= _MOST_OBJECTS:
                return
