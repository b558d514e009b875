"""Part files: the annotations of one partition, complete or absent, so that a rerun skips those that are valid."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.atomic import atomic_path

__all__ = ["Part", "PartFiles", "part_key"]

_FORMAT, _VERSION = "lsl-part", 1


@dataclass(frozen=True)
class Part:
    """The annotations of n images. Failed images have NaN probabilities and a text in `errors`."""

    probabilities: dict[str, NDArray[np.float32]]
    """Task name → (n, K)."""
    errors: list[str]
    """n texts, '' where the image was annotated."""
    saliency: NDArray[np.float32] | None = None
    """(n, H, W), zero for failed images; None if not asked for."""
    features: NDArray[np.float32] | None = None
    """(n, D); None if not asked for."""


def part_key(fingerprint: str, digest: str, outputs: tuple[str, ...], precision: str) -> str:
    """What a part depends on, as a SHA-256: the store, the model, the outputs asked for, the precision, this format."""
    return hashlib.sha256(json.dumps([fingerprint, digest, sorted(outputs), precision, _VERSION]).encode()).hexdigest()


class PartFiles:
    """The parts of one annotation run, in the folder store.annotations.parts beside the annotations file."""

    def __init__(self, annotations: Path, key: str, chunk_images: int) -> None:
        self.folder = annotations.with_suffix(".parts")
        self._key, self._chunk_images = key, chunk_images

    def path(self, partition: range) -> Path:
        """Where the part of a partition lies."""
        return self.folder / f"part-{partition.start:09d}-{partition.stop:09d}.h5"

    def is_valid(self, partition: range) -> bool:
        """Whether the part is there, readable, and of this key."""
        with suppress(OSError, KeyError), h5py.File(self.path(partition), "r") as file:
            return bool(file.attrs["format"] == _FORMAT and file.attrs["key"] == self._key)
        return False

    def write(self, partition: range, part: Part) -> None:
        """Writes a part under a temporary name, syncs and renames it."""
        with atomic_path(self.path(partition)) as temporary, h5py.File(temporary, "w") as file:
            file.attrs["format"], file.attrs["version"], file.attrs["key"] = _FORMAT, _VERSION, self._key
            for task, probabilities in part.probabilities.items():
                file[f"probabilities/{task}"] = probabilities
            file.create_dataset("error", data=part.errors, dtype=h5py.string_dtype())
            if part.saliency is not None:
                scaled, scale = _quantized(part.saliency)
                file["saliency_scale"] = scale
                create_maps(file, scaled.shape, self._chunk_images)[...] = scaled
            if part.features is not None:
                create_features(file, part.features.shape, self._chunk_images)[...] = part.features

    def remove(self) -> None:
        """Removes the folder with all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)


def create_maps(file: h5py.File, shape: tuple[int, ...], chunk_images: int) -> h5py.Dataset:
    """The dataset of saliency maps uint8 (n, H, W), the same chunks and filter in a part and in the joined file."""
    return _create(file, "saliency", shape, np.uint8, chunk_images)


def create_features(file: h5py.File, shape: tuple[int, ...], chunk_images: int) -> h5py.Dataset:
    """The dataset of features float16 (n, D), the same chunks and filter in a part and in the joined file."""
    return _create(file, "features", shape, np.float16, chunk_images)


def _create(file: h5py.File, name: str, shape: tuple[int, ...], dtype: type, chunk_images: int) -> h5py.Dataset:
    chunks = (chunk_images, *shape[1:])
    return file.create_dataset(
        name, shape, dtype, maxshape=(None, *shape[1:]), chunks=chunks, compression="gzip", compression_opts=1
    )


def _quantized(saliency: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Maps (n, H, W) as uint8 with the scale (n,) that undoes it: map = value * scale / 255."""
    scale = saliency.max(axis=(1, 2))
    divisor = np.where(scale > 0, scale, 1)[:, None, None]
    return np.rint(saliency * (255 / divisor)).astype(np.uint8), scale
