"""Bad annotations of a whole store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from bad_inputs.bad import EARLIER, Bad, damaged

__all__ = ["bad_annotations"]

WHOLE = EARLIER / "store.annotations.h5"
Change = Callable[[h5py.File], object]


def bad_annotations() -> Iterator[Bad]:
    """Damaged ones, of another store, and with something missing or of another shape."""
    yield from damaged("annotations", ".h5", WHOLE.read_bytes(), steps=3)
    for name, change in _CHANGES.items():
        yield Bad("annotations", name, _changed(change), ".h5", by="gem")


def _changed(change: Change) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        shutil.copyfile(WHOLE, path)
        with h5py.File(path, "a") as file:
            change(file)

    return make


def _with(key: str, values: np.ndarray) -> Change:
    return lambda file: (file.__delitem__(key), file.create_dataset(key, data=values))


_CHANGES: dict[str, Change] = {
    "of another store": lambda file: file.attrs.__setitem__("store_fingerprint", "0" * 64),
    "without the store's fingerprint": lambda file: file.attrs.__delitem__("store_fingerprint"),
    "of a newer version": lambda file: file.attrs.__setitem__("version", 99),
    "of another format": lambda file: file.attrs.__setitem__("format", "lsl-store"),
    "without ids": lambda file: file.__delitem__("id"),
    "without status": lambda file: file.__delitem__("status"),
    "without answers": lambda file: file.__delitem__("corner/class"),
    "without the task": lambda file: file.__delitem__("corner"),
    "answers out of range": _with("corner/class", np.full(48, 77, np.int16)),
    "fewer answers": _with("corner/class", np.zeros(5, np.int16)),
    "fewer ids": _with("id", np.array(["a", "b"], h5py.string_dtype())),
    "saliency of another size": _with("saliency", np.zeros((48, 3, 3), np.uint8)),
}
