"""What some stores hold beside images and labels: the truth of a demo store, the transform of standardized images."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.attributes import read_names
from lsl_shared.files.hdf5 import read_array, read_dataset, read_strings
from lsl_shared.files.open_store import OpenStore

__all__ = ["TIME", "StoreExtras"]

TIME = "time"
"""The truth that is no whole number: when a drawn embryo was seen, in stages; 9.5 is half through stage 9."""
_TRUTH_NUMBERS = ("stage", "stage_range", TIME)
_TRANSFORM_TEXTS = ("channel", "flags", "photograph")


class StoreExtras(OpenStore):
    """The truth and the transform of an open store; Store has these methods, too."""

    shape: tuple[int, int, int]
    """(N, H, W)."""

    def __len__(self) -> int:
        return self.shape[0]

    def truth(self, name: str) -> NDArray[Any]:
        """Reads what a demo store knows of its drawn images.

        Args:
            name: stage, stage_range (int16 (N,)), time (float32 (N,), in stages), landmarks or
                expression (uint8 (N, H, W)).

        Returns:
            The whole truth of that name.

        Raises:
            StoreError: The store holds no such truth.
        """
        truth: NDArray[Any] = self.truth_dataset(name)[...]
        return truth

    def has_truth(self, name: str) -> bool:
        """Whether the store holds a truth, as demo stores do.

        Args:
            name: Its name; see `truth`.
        """
        return f"truth/{name}" in self._file

    def truth_dataset(self, name: str) -> h5py.Dataset:
        """The HDF5 dataset behind `truth`, for reading it in parts.

        Args:
            name: Its name; see `truth`.

        Raises:
            StoreError: The store holds no such truth.
        """
        shape = self.shape[:1] if name in _TRUTH_NUMBERS else self.shape
        return read_dataset(self._file, f"truth/{name}", StoreError, dtype="f" if name == TIME else "iu", shape=shape)

    def has_transform(self, name: str) -> bool:
        """Whether the store holds a part of the transform, as standardized stores do.

        Args:
            name: Its name; see `transform`.
        """
        return f"transform/{name}" in self._file

    def transform(self, name: str) -> NDArray[Any]:
        """Reads how the images were standardized; design/standardization.md tells names and units.

        Args:
            name: rotation (N,), box (N, 4), flips bool (N, 2), scale (N, 2), quality (N, Q), photograph, channel, ….

        Raises:
            StoreError: The images were not standardized.
        """
        key = f"transform/{name}"
        if name in _TRANSFORM_TEXTS:
            return np.asarray(read_strings(self._file, key, StoreError, len(self)))
        shape: tuple[int | None, ...] = (len(self),) if name == "rotation" else (len(self), None)
        return read_array(self._file, key, StoreError, dtype="fbiu", shape=shape)

    def transform_columns(self, name: str) -> tuple[str, ...]:
        """What the columns of a part of the transform mean, such as the names of the quality scores.

        Args:
            name: Its name; see `transform`.

        Returns:
            One name a column; () where they have no names.

        Raises:
            StoreError: The images were not standardized.
        """
        stored = read_dataset(self._file, f"transform/{name}", StoreError, dtype="fbiu", shape=(len(self), None))
        return read_names(stored, "columns") if "columns" in stored.attrs else ()
