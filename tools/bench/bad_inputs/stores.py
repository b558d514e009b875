"""Bad and odd stores, and HDF5 files of other programs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from bad_inputs.bad import EARLIER, Bad, damaged

__all__ = ["bad_stores"]

WHOLE = EARLIER / "store.h5"
Change = Callable[[h5py.File], object]


def bad_stores() -> Iterator[Bad]:
    """Damaged ones, ones with something missing, of another type, shape or value, links, and other programs' files."""
    yield from damaged("store", ".h5", WHOLE.read_bytes(), steps=5)
    for name, change in {**_missing(), **_ATTRIBUTES, **_SHAPES, **_LINKS}.items():
        yield Bad("store", name, _changed(change), ".h5")
    for name, change in _VALUES.items():
        yield Bad("store", name, _changed(change), ".h5", by="check")
    for name, change in _OTHERS.items():
        yield Bad("store", f"of another program: {name}", _made(change), ".h5")
    for name, change in _ODD.items():
        yield Bad("store", f"odd: {name}", _changed(change), ".h5", right=True)


def _changed(change: Change) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        shutil.copyfile(WHOLE, path)
        with h5py.File(path, "a") as file:
            change(file)

    return make


def _made(change: Change) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with h5py.File(path, "w") as file:
            change(file)

    return make


def _missing() -> dict[str, Change]:
    return {f"without {key}": _without(key) for key in ("images", "samples", "samples/id", "labels/side")}


def _without(key: str) -> Change:
    return lambda file: file.__delitem__(key)


def _replaced(file: h5py.File, key: str, values: np.ndarray, **options: object) -> h5py.Dataset:
    attributes = dict(file[key].attrs)
    del file[key]
    dataset = file.create_dataset(key, data=values, **options)
    dataset.attrs.update(attributes)
    return dataset


def _with(key: str, values: np.ndarray) -> Change:
    return lambda file: _replaced(file, key, values)


def _claimed(file: h5py.File) -> None:
    del file["images"]
    file.create_dataset("images", (10**9, 24, 32, 3), np.uint8, chunks=(1, 24, 32, 3))


_ATTRIBUTES: dict[str, Change] = {
    "of a newer version": lambda file: file.attrs.__setitem__("version", 99),
    "of version 0": lambda file: file.attrs.__setitem__("version", 0),
    "without a version": lambda file: file.attrs.__delitem__("version"),
    "whose version is a text": lambda file: file.attrs.__setitem__("version", "one"),
    "of another format": lambda file: file.attrs.__setitem__("format", "lsl-gems"),
    "without classes": lambda file: file["labels/side"].attrs.__delitem__("classes"),
    "with a parent that is not there": lambda file: file["labels/corner"].attrs.__setitem__("parent", "none"),
    "with parents out of range": lambda file: file["labels/corner"].attrs.__setitem__("parent_index", [9, 9, 9, 9]),
}
_SHAPES: dict[str, Change] = {
    "of a billion images that are not there": _claimed,
    "images as floats": _with("images", np.zeros((48, 24, 32, 3), np.float32)),
    "images in grey": _with("images", np.zeros((48, 24, 32), np.uint8)),
    "images with colours first": _with("images", np.zeros((48, 3, 24, 32), np.uint8)),
    "images in one piece": lambda file: _replaced(file, "images", file["images"][:]),
    "no images": _with("images", np.zeros((0, 24, 32, 3), np.uint8)),
    "more images than ids": _with("images", np.zeros((50, 24, 32, 3), np.uint8)),
    "images as a group": lambda file: (file.__delitem__("images"), file.create_group("images")),
    "ids as numbers": _with("samples/id", np.arange(48)),
    "labels as floats": _with("labels/side", np.zeros(48, np.float64)),
    "labels of another length": _with("labels/side", np.zeros(7, np.int16)),
}
_LINKS: dict[str, Change] = {
    "images in another file": lambda file: (
        file.__delitem__("images"),
        file.__setitem__("images", h5py.ExternalLink("/etc/passwd", "images")),
    ),
    "images by a link that leads nowhere": lambda file: (
        file.__delitem__("images"),
        file.__setitem__("images", h5py.SoftLink("/nowhere")),
    ),
    "a group that holds itself": lambda file: file["samples"].__setitem__("self", file["samples"]),
}
_VALUES: dict[str, Change] = {
    "labels out of range": lambda file: file["labels/side"].__setitem__(0, 99),
    "labels below -1": lambda file: file["labels/side"].__setitem__(0, -7),
    "an id twice": lambda file: file["samples/id"].__setitem__(1, file["samples/id"][0]),
    "an unknown view": lambda file: file["samples/view"].__setitem__(0, "from behind"),
    "an unknown split": lambda file: file["samples/split"].__setitem__(0, "everything"),
    "fine labels against coarse ones": lambda file: file["labels/corner"].__setitem__(
        slice(None), np.where(file["labels/side"][:] == 0, 2, 0).astype(np.int16)
    ),
    "terms of 7": lambda file: file["labels/marks"].__setitem__((0, 0), 7),
}
_OTHERS: dict[str, Change] = {
    "nothing": lambda file: None,
    "one array": lambda file: file.create_dataset("data", data=np.zeros((9, 9))),
    "AnnData": lambda file: (
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"}),
        file.create_dataset("X", data=np.zeros((5, 3))),
        file.create_group("obs"),
    ),
    "Keras": lambda file: file.create_group("model_weights").attrs.__setitem__("backend", "tensorflow"),
    "pandas": lambda file: file.create_group("df").attrs.__setitem__("pandas_type", "frame"),
    "Imaris": lambda file: file.create_group("DataSet/ResolutionLevel 0/TimePoint 0"),
    "ilastik": lambda file: file.create_dataset("exported_data", data=np.zeros((1, 8, 8, 3), np.uint8)),
}
_ODD: dict[str, Change] = {
    "a group of one's own": lambda file: file.create_group("my/notes").attrs.__setitem__("by", "me"),
    "an attribute of one's own": lambda file: file.attrs.__setitem__("project", "eve"),
    "images packed otherwise": lambda file: _replaced(
        file, "images", file["images"][:], chunks=(5, 24, 32, 3), compression="lzf"
    ),
    "ids of fixed length": lambda file: _replaced(
        file, "samples/id", np.array([s.decode() for s in file["samples/id"][:]], "S8")
    ),
}
