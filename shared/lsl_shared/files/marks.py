"""The marks that each HDF5 file of the toolkit carries: its format, the version of it, and a note for who opens it."""

from __future__ import annotations

import h5py

__all__ = ["mark"]

_WHAT = {
    "lsl-store": "images, a row of samples/... for each, and labels (places in the attribute classes, -1 = none)",
    "lsl-annotations": "what a model said of the images of a store (places in the attribute classes, -1 = none)",
    "lsl-gems": "genomewide expression maps, a group for each class of a task",
    "lsl-contrast": "what speaks for one class of images and against another, pixel by pixel",
    "lsl-gem-comparison": "how two genomewide expression maps differ, on a grid",
}
_WHERE = (
    "Made by lsl-toolkit. Its pages design/files.md and docs/reading.md say what the keys mean and how to read them."
)


def mark(file: h5py.File, kind: str, version: int) -> None:
    """Writes the attributes `format`, `version` and `readme` of a new file; `kind` is its format."""
    file.attrs.update({"format": kind, "version": version, "readme": f"This file: {_WHAT[kind]}.\n{_WHERE}"})
