"""Part files: the annotations of one partition, complete or absent, so that a rerun skips those that are valid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_runtime.annotation.bulk import EXPRESSION, MAPS, create_features, create_maps, rounded, write_chunks
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.part_rows import FAILED
from lsl_runtime.model.saliency_methods import Saliency
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.measures.age import AGE_DENSITY
from lsl_shared.process.patience import patiently

__all__ = ["Part", "PartFiles", "part_keys", "parts_folder"]

_FORMAT, _VERSION = "lsl-part", 3
_EARLIER = (2,)
"""Versions of the format whose parts are joined as well: theirs have features in float16."""


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
    age_density: NDArray[np.float32] | None = None
    """(n, K · CELLS): over time, of the first task, NaN for failed images; None where the model has no head for it."""
    expression: NDArray[np.uint8] | None = None
    """(n, H, W): stain density and embryo in a byte, zero for failed images; None if not asked for."""

    def maps(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yields the names and values of its maps."""
        held = ((name, getattr(self, name)) for name in MAPS)
        return ((name, values) for name, values in held if values is not None)


def part_keys(fingerprint: str, digest: str, outputs: Outputs, precision: str) -> tuple[str, ...]:
    """What a part depends on, as a SHA-256: the store, the model, the outputs asked for, the precision, the format.

    The first is that of this version; parts of the earlier ones that follow are taken as well.
    """
    told = [fingerprint, digest, sorted(outputs.key), precision]
    versions = [json.dumps([*told, version]) for version in (_VERSION, *_EARLIER)]
    return tuple(hashlib.sha256(text.encode()).hexdigest() for text in versions)


def parts_folder(annotations: Path) -> Path:
    """Where the parts of an annotations file lie: store.annotations.parts beside store.annotations.h5."""
    return annotations.with_suffix(".parts")


class PartFiles:
    """The parts of one annotation run."""

    def __init__(self, annotations: Path, keys: tuple[str, ...], chunk_images: int) -> None:
        self.folder = parts_folder(annotations)
        self._keys, self._chunk_images = keys, chunk_images

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
        return file.attrs["key"] in self._keys  # the keys tell format and version, too

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
            file.attrs["format"], file.attrs["version"], file.attrs["key"] = _FORMAT, _VERSION, self._keys[0]
            file.attrs["provider"], file.attrs[FAILED] = part.provider, sum(map(bool, part.errors))
            for task, probabilities in part.probabilities.items():
                file[f"probabilities/{task}"] = probabilities
            file.create_dataset("error", data=part.errors, dtype=h5py.string_dtype())
            if part.scope_distance is not None:
                file["scope_distance"] = part.scope_distance
            if part.age_density is not None:
                file[AGE_DENSITY] = part.age_density
            for name, found in part.maps():
                scaled, scale = _quantized(found)
                file[f"{name}_scale"] = scale
                maps = create_maps(file, name, scaled.shape, self._chunk_images)
                maps.attrs.update(part.made_by.noted)
                write_chunks(maps, scaled)
            if part.expression is not None:
                shape = part.expression.shape
                write_chunks(create_maps(file, EXPRESSION, shape, self._chunk_images), part.expression)
            if part.features is not None:
                shape = part.features.shape
                write_chunks(create_features(file, "features", shape, self._chunk_images), rounded(part.features))
            file.flush()
            return bytes(file.id.get_file_image())


def _quantized(maps: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Maps (n, H, W) as uint8 with the scale (n,) that undoes it: map = value * scale / 255."""
    scale = maps.max(axis=(1, 2))
    factors = 255 / np.where(scale > 0, scale, 1)
    values, scaled = np.empty(maps.shape, np.uint8), np.empty(maps.shape[1:], np.float32)
    for map_, factor, value in zip(maps, factors, values, strict=True):  # one by one: they stay in the cache
        np.multiply(map_, factor, out=scaled)
        np.rint(scaled, out=value, casting="unsafe")
    return values, scale
