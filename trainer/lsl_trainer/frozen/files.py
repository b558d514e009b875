"""Files of features: part files in a folder, each complete or absent, which any number of runs may share.

A part's name tells the view; inside are the SHA-256 of its images and, by layer and what leads to it, their features.
So a run takes what another has computed, whatever its split. A killed process loses what it left unfinished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import atomic_path

__all__ = ["Features", "read_features", "write_features"]

Features = dict[str, NDArray[np.float32]]
"""By layer, (n, D)."""
_FORMAT, _VERSION, _CONTENT, _END = "lsl-features", "1", "content", ".safetensors"


def write_features(
    folder: Path, key: str, contents: Sequence[bytes], features: Mapping[str, NDArray[np.float32]]
) -> None:
    """Writes the features of images of these SHA-256 as one more part. A full disk raises TrainingError."""
    content = np.frombuffer(b"".join(contents), np.uint8).reshape(-1, 32)
    name = hashlib.sha256(content.tobytes() + repr(sorted(features)).encode()).hexdigest()[:16]
    path = folder / f"{key}-{name}{_END}"
    with atomic_path(path) as temporary:
        try:
            save_file({_CONTENT: content, **features}, temporary, {"format": _FORMAT, "version": _VERSION})
        except SafetensorError as problem:  # a full disk, too
            raise TrainingError(f"{path}: the features cannot be written ({problem})") from None


def read_features(
    folder: Path, key: str, layers: Sequence[str], wanted: Mapping[bytes, int], out: Features
) -> set[int]:
    """Fills `out`, by layer (n, D), from all parts of `key` that hold all `layers`; gives the rows that were found.

    `wanted` says in which row an image of a SHA-256 goes. A part that cannot be read is as one that is not there.
    """
    found: set[int] = set()
    for path in sorted(folder.glob(f"{key}-*{_END}")):
        try:
            for rows, values in _part(path, layers, wanted):
                for layer, value in values.items():
                    out.setdefault(layer, _empty(len(wanted), value))[rows] = value
                found.update(rows)
        except (OSError, SafetensorError):
            continue
    return found


def _part(path: Path, layers: Sequence[str], wanted: Mapping[bytes, int]) -> Iterator[tuple[list[int], Features]]:
    """The rows of one part that are wanted, and their features; nothing where it lacks a layer, or is no such part."""
    with safe_open(path, "np") as file:
        told = file.metadata() or {}
        if (told.get("format"), told.get("version")) != (_FORMAT, _VERSION) or not {*layers} <= {*file.keys()}:
            return
        contents = [bytes(row) for row in file.get_tensor(_CONTENT)]
        places = [place for place, content in enumerate(contents) if content in wanted]
        if places:
            yield [wanted[contents[place]] for place in places], {one: file.get_tensor(one)[places] for one in layers}


def _empty(count: int, like: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.empty((count, *like.shape[1:]), np.float32)
