"""What an annotations file may hold beside the answers: distances to the known classes, saliency maps, features."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.attributes import as_whole, read_text
from lsl_shared.files.chunks import ImageChunks
from lsl_shared.files.hdf5 import read_dataset
from lsl_shared.files.open_file import OpenFile
from lsl_shared.system_errors import unreadable

__all__ = ["AnnotationExtras"]

_COARSEST = 16
"""A file that says more is damaged: enlarging its maps would fill the memory."""


class AnnotationExtras(OpenFile):
    """The scope, saliency maps and features of an open annotations file; Annotations has these methods, too."""

    status: NDArray[np.uint8]
    """(N,)."""

    def __len__(self) -> int:
        return len(self.status)

    @property
    def has_scope(self) -> bool:
        """Whether the model told how far each image lies from the classes that it was trained on."""
        return "scope_distance" in self._file

    def scope_distance(self) -> NDArray[np.float32]:
        """How far each image lies from the classes that the model was trained on.

        Returns:
            float32 (N,): 1 − the cosine to the nearest class prototype, 0..2, NaN where the image failed.

        Raises:
            AnnotationsError: The model told no distances.
        """
        return np.asarray(self._scope[...], dtype=np.float32)

    def out_of_scope(self) -> NDArray[np.bool_]:
        """Which images lie farther away than 95 % of held-out images of the known classes.

        Returns:
            bool (N,).

        Raises:
            AnnotationsError: The model told no distances.
        """
        return np.asarray(self.scope_distance() > self._scope.attrs["threshold"], dtype=bool)

    @property
    def has_features(self) -> bool:
        """Whether feature vectors are stored."""
        return "features" in self._file

    def features(self, start: int, stop: int) -> NDArray[np.float32]:
        """Reads the stored feature vectors of images that follow each other.

        Args:
            start: The first image, 0 … N − 1.
            stop: One after the last image.

        Returns:
            float32 (n, D), NaN where an image could not be read.

        Raises:
            AnnotationsError: There are none, or they cannot be read.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        stored = self._stored_features
        found = np.empty((max(stop - start, 0), stored.values.shape[1]), np.float32)
        try:
            for first, block in stored.blocks(start, stop):
                found[first - start : first - start + len(block)] = block
        except (OSError, ValueError) as problem:
            raise AnnotationsError(self.path, unreadable(problem), f"features[{start}:{stop}]") from None
        return found

    @property
    def has_expression(self) -> bool:
        """Whether stain density is stored."""
        return "expression" in self._file

    def expression(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Reads the stored stain density and embryo of images that follow each other.

        Args:
            start: The first image, 0 … N − 1.
            stop: One after the last image.

        Returns:
            uint8 (n, H, W): 0 outside the embryo, inside 1 + 254 · density; all 0 where an image could not be read.

        Raises:
            AnnotationsError: There are none, or they cannot be read.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        stored = self._stored_expression
        found = np.empty((max(stop - start, 0), *stored.values.shape[1:]), np.uint8)
        try:
            for first, block in stored.blocks(start, stop):
                found[first - start : first - start + len(block)] = block
        except (OSError, ValueError) as problem:
            raise AnnotationsError(self.path, unreadable(problem), f"expression[{start}:{stop}]") from None
        return found

    @property
    def has_saliency(self) -> bool:
        """Whether saliency maps are stored."""
        return "saliency" in self._file

    @property
    def saliency_method(self) -> str:
        """How the stored maps were made: a method of `Model.saliency`, such as gradient; '' where there are none."""
        return read_text(self._file["saliency"], "method", "gradient") if self.has_saliency else ""

    @property
    def saliency_steps(self) -> int:
        """How many pictures of each image the stored `contributions` looked at; 8 where nothing says so."""
        return as_whole(self._file["saliency"].attrs.get("steps", 8)) or 8 if self.has_saliency else 8

    @property
    def saliency_reduced(self) -> int:
        """How many rows and columns of an image a value of the stored maps stands for, 1 where nothing says so.

        Raises:
            AnnotationsError: It is no whole number from 1 to 16.
        """
        said = as_whole(self._file["saliency"].attrs.get("reduced", 1)) if self.has_saliency else 1
        if said is None or not 1 <= said <= _COARSEST:
            raise AnnotationsError(self.path, f"reduced must be a whole number, 1 to {_COARSEST}", "saliency")
        return said

    def saliency(self, start: int, stop: int) -> NDArray[np.float32]:
        """Reads the stored saliency maps of images that follow each other; of reduced ones, a value fills its block.

        Args:
            start: The first image, 0 … N − 1.
            stop: One after the last image.

        Returns:
            float32 (n, H, W), at least 0: how much each pixel weighs in the answer.

        Raises:
            AnnotationsError: There are none, or they cannot be read.
        """
        return self._enlarged(self._scaled("saliency", start, stop))

    def reduced_saliency(self, start: int, stop: int) -> NDArray[np.float32]:
        """Reads the stored saliency maps of images that follow each other at the resolution that they are stored at.

        Args:
            start: The first image, 0 … N − 1.
            stop: One after the last image.

        Returns:
            float32 (n, H / r, W / r), at least 0, with r = `saliency_reduced`: means of r × r pixels.

        Raises:
            AnnotationsError: There are none, or they cannot be read.
        """
        return self._scaled("saliency", start, stop)

    @property
    def has_contributions(self) -> bool:
        """Whether contributions are stored with their sign."""
        return "against" in self._file and self.has_saliency

    def contributions(self, start: int, stop: int) -> NDArray[np.float32]:
        """Reads the stored contributions of images that follow each other, smoothed as they were stored.

        Args:
            start: The first image, 0 … N − 1.
            stop: One after the last image.

        Returns:
            float32 (n, H, W): above 0 what speaks for the class given, below 0 what speaks against it.

        Raises:
            AnnotationsError: There are none, or they cannot be read.
        """
        signed = self._scaled("saliency", start, stop)
        signed -= self._scaled("against", start, stop)
        return self._enlarged(signed)

    def _scaled(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """The stored maps, float32 (n, H, W), each times its scale."""
        start, stop, _ = slice(start, stop).indices(len(self))
        try:
            maps = self._stored(name)
            scaled = np.empty((max(stop - start, 0), *maps.values.shape[1:]), np.float32)
            for first, block in maps.blocks(start, stop):
                here = slice(first - start, first - start + len(block))
                np.multiply(block, maps.factors[first : first + len(block), None, None], out=scaled[here])
        except (OSError, ValueError) as problem:
            raise AnnotationsError(self.path, unreadable(problem), f"{name}[{start}:{stop}]") from None
        return scaled

    def _enlarged(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each value fills its block."""
        by = self.saliency_reduced
        return maps if by == 1 else maps.repeat(by, 1).repeat(by, 2)

    @property
    def _scope(self) -> h5py.Dataset:
        return read_dataset(self._file, "scope_distance", AnnotationsError, dtype="f", shape=(len(self),))

    @property
    def _maps(self) -> h5py.Dataset:
        return self._stored("saliency").values

    def _stored(self, name: str) -> _StoredMaps:
        """The maps of that name, opened once."""
        if name not in self._opened:
            values = read_dataset(self._file, name, AnnotationsError, dtype="u", shape=(len(self), None, None))
            scale = read_dataset(self._file, f"{name}_scale", AnnotationsError, dtype="f", shape=(len(self),))
            self._opened[name] = _StoredMaps(values, np.asarray(scale[...] / np.float32(255), np.float32))
        return self._opened[name]

    @cached_property
    def _stored_features(self) -> _Rows:
        return _Rows(read_dataset(self._file, "features", AnnotationsError, dtype="f", shape=(len(self), None)))

    @cached_property
    def _stored_expression(self) -> _Rows:
        shape = (len(self), None, None)
        return _Rows(read_dataset(self._file, "expression", AnnotationsError, dtype="u", shape=shape))

    @cached_property
    def _opened(self) -> dict[str, _StoredMaps]:
        return {}


class _Rows:
    """Rows of maps (N, H, W) or features (N, D), `values`, read chunk by chunk where chunks hold whole rows."""

    def __init__(self, values: h5py.Dataset) -> None:
        self.values = values
        whole = values.chunks and values.chunks[1:] == values.shape[1:] and _is_plain(values)
        self._chunks = ImageChunks(values, lambda: values) if whole else None  # to be inflated outside HDF5

    def blocks(self, start: int, stop: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yields (place, stored rows) from `start` to `stop`, chunk by chunk."""
        if self._chunks is None:
            yield start, self.values[start:stop]
            return
        images = self.values.chunks[0]
        for first in range(start - start % images, stop, images):
            lower = max(first, start)
            yield lower, self._chunks.read(first)[lower - first : stop - first]


class _StoredMaps(_Rows):
    """Maps uint8 (N, H, W), `values`, and the factor of each, `factors` float32 (N,)."""

    def __init__(self, values: h5py.Dataset, factors: NDArray[np.float32]) -> None:
        super().__init__(values)
        self.factors = factors


def _is_plain(values: h5py.Dataset) -> bool:
    """Whether the bytes in the file are those of NumPy's type."""
    return bool(h5py.h5t.py_create(values.dtype).equal(values.id.get_type()))
