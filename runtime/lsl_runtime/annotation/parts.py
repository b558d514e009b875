"""Part files: the annotations of one partition, complete or absent, so that a rerun skips those that are valid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.model.saliency_methods import Saliency
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.deflate_codec import deflated
from lsl_shared.process.patience import patiently

__all__ = ["MAPS", "Part", "PartFiles", "create_features", "create_maps", "part_key", "parts_folder"]

MAPS = ("saliency", "against")
"""The maps that may be kept of each image: what speaks for its class, and what speaks against it."""

_FORMAT, _VERSION = "lsl-part", 2
_COMPRESSION = 1


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
    scope_distance: NDArray[np.float32] | None = None
    """(n,), NaN for failed images; None where the model does not tell."""
    made_by: Saliency = field(default_factory=Saliency)
    """How the maps were made."""
    provider: str = ""
    """What ran the graphs, as ONNX Runtime names it; machines that share the work may differ."""
    against: NDArray[np.float32] | None = None
    """(n, H, W): what speaks against the class; None where the maps have no sign."""

    def maps(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yields the names and values of its maps."""
        held = ((name, getattr(self, name)) for name in MAPS)
        return ((name, values) for name, values in held if values is not None)


def part_key(fingerprint: str, digest: str, outputs: Outputs, precision: str) -> str:
    """What a part depends on, as a SHA-256: the store, the model, the outputs asked for, the precision, this format."""
    told = json.dumps([fingerprint, digest, sorted(outputs.key), precision, _VERSION])
    return hashlib.sha256(told.encode()).hexdigest()


def parts_folder(annotations: Path) -> Path:
    """Where the parts of an annotations file lie: store.annotations.parts beside store.annotations.h5."""
    return annotations.with_suffix(".parts")


class PartFiles:
    """The parts of one annotation run."""

    def __init__(self, annotations: Path, key: str, chunk_images: int) -> None:
        self.folder = parts_folder(annotations)
        self._key, self._chunk_images = key, chunk_images

    def path(self, partition: range) -> Path:
        """Where the part of a partition lies."""
        return self.folder / f"part-{partition.start:09d}-{partition.stop:09d}.h5"

    def is_valid(self, partition: range) -> bool:
        """Whether the part is there, readable, and of this key."""
        with suppress(OSError, KeyError), h5py.File(self.path(partition), "r", locking=False) as file:
            return self._is_ours(file)
        return False

    def open(self, partition: range) -> h5py.File:
        """The part's HDF5 file. Raises AnnotationsError where a straggler of another run has put its own there."""
        file = h5py.File(self.path(partition), "r", locking=False)
        if not self._is_ours(file):
            file.close()
            raise AnnotationsError(self.path(partition), "is a part of another run; run the same command again")
        return file

    def write(self, partition: range, part: Part) -> None:
        """Writes a part under a temporary name, syncs and renames it; a share that vanishes is waited for."""
        image = self._file_image(partition, part)
        patiently(lambda: self._write_bytes(self.path(partition), image))

    def _is_ours(self, file: h5py.File) -> bool:
        return bool(file.attrs["format"] == _FORMAT and file.attrs["key"] == self._key)

    def remove(self) -> None:
        """Removes what runs leave in the folder, and the folder if nothing else is in it.

        run.json goes last, so that a killed removal is known for what it is.
        """
        with suppress(OSError):
            for pattern in ("part-*.h5", ".*.tmp", "run.json"):
                for path in self.folder.glob(pattern):
                    path.unlink()
            self.folder.rmdir()

    def _write_bytes(self, path: Path, image: bytes) -> None:
        self.folder.stat()  # a vanished share must not be taken for a folder yet to be made
        with atomic_path(path) as temporary:
            temporary.write_bytes(image)

    def _file_image(self, partition: range, part: Part) -> bytes:
        """The bytes of the HDF5 file, made in memory: HDF5 itself cannot go on after a failed write."""
        name = self.path(partition).name
        with h5py.File(name, "w", driver="core", backing_store=False) as file:
            file.attrs["format"], file.attrs["version"], file.attrs["key"] = _FORMAT, _VERSION, self._key
            file.attrs["provider"] = part.provider
            for task, probabilities in part.probabilities.items():
                file[f"probabilities/{task}"] = probabilities
            file.create_dataset("error", data=part.errors, dtype=h5py.string_dtype())
            if part.scope_distance is not None:
                file["scope_distance"] = part.scope_distance
            for name, found in part.maps():
                scaled, scale = _quantized(found)
                file[f"{name}_scale"] = scale
                maps = create_maps(file, name, scaled.shape, self._chunk_images)
                maps.attrs.update(part.made_by.noted)
                _write_chunks(maps, scaled)
            if part.features is not None:
                features = part.features.astype(np.float16)
                _write_chunks(create_features(file, "features", features.shape, self._chunk_images), features)
            file.flush()
            return bytes(file.id.get_file_image())


def create_maps(file: h5py.File, name: str, shape: tuple[int, ...], chunk_images: int) -> h5py.Dataset:
    """A dataset of maps uint8 (n, H, W), the same chunks and filter in a part and in the joined file."""
    return _create(file, name, shape, np.uint8, chunk_images)


def create_features(file: h5py.File, name: str, shape: tuple[int, ...], chunk_images: int) -> h5py.Dataset:
    """The dataset of features float16 (n, D), the same chunks and filter in a part and in the joined file."""
    return _create(file, name, shape, np.float16, chunk_images)


def _create(file: h5py.File, name: str, shape: tuple[int, ...], dtype: type, chunk_images: int) -> h5py.Dataset:
    chunks = (chunk_images, *shape[1:])
    return file.create_dataset(
        name, shape, dtype, maxshape=(None, *shape[1:]), chunks=chunks, compression="gzip",
        compression_opts=_COMPRESSION,
    )  # fmt: skip


def _write_chunks(dataset: h5py.Dataset, values: NDArray[Any]) -> None:
    """Writes all of a dataset, deflating outside HDF5's lock; the last chunk is filled up with zeros."""
    images = dataset.chunks[0]
    for start in range(0, len(values), images):
        chunk = np.zeros(dataset.chunks, values.dtype)
        block = values[start : start + images]
        chunk[: len(block)] = block
        dataset.id.write_direct_chunk((start, *(0,) * (values.ndim - 1)), deflated(chunk.tobytes(), _COMPRESSION))


def _quantized(maps: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Maps (n, H, W) as uint8 with the scale (n,) that undoes it: map = value * scale / 255."""
    scale = maps.max(axis=(1, 2))
    factors = 255 / np.where(scale > 0, scale, 1)
    values, scaled = np.empty(maps.shape, np.uint8), np.empty(maps.shape[1:], np.float32)
    for map_, factor, value in zip(maps, factors, values, strict=True):  # one by one: they stay in the cache
        np.multiply(map_, factor, out=scaled)
        np.rint(scaled, out=value, casting="unsafe")
    return values, scale
