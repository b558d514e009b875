"""The annotations of a store: what a model said of every image, opened for reading."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError
from lsl_shared.hdf5 import open_file, read_dataset, read_names, read_strings

__all__ = ["ANNOTATIONS_FORMAT", "ANNOTATIONS_VERSION", "Annotations", "Status", "annotations_path"]

ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION = "lsl-annotations", 1
_REMEDY = "`lsl-annotate STORE` makes the annotations of a store"


class Status(IntEnum):
    """What became of an image."""

    ANNOTATED = 1
    FAILED = 2
    OUTSIDE = 3
    """Known to lie in a coarse class without fine classes: no fine class is given."""


def annotations_path(store: str | Path) -> Path:
    """Where the annotations of a store lie unless told otherwise: store.annotations.h5 beside store.h5."""
    return Path(store).with_suffix(".annotations.h5")


class Annotations:
    """An annotations file, read only; close it or use it in a `with` block.

    `path`; `ids` str (N,) in the store's order; `status` uint8 (N,); `tasks`: task name → class names;
    `store_fingerprint`, `model_digest`, `model` (path of the bundle), `providers`, `precision`, `created`.
    Raises AnnotationsError that names the file and the key.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = open_file(path, ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION, AnnotationsError, _REMEDY)
        try:
            self._load()
        except (OSError, RuntimeError, KeyError, ValueError) as problem:
            self._file.close()
            raise AnnotationsError(self.path, f"damaged annotations ({problem}). {_REMEDY}") from None
        except BaseException:
            self._file.close()
            raise

    def _load(self) -> None:
        status = read_dataset(self._file, "status", AnnotationsError, dtype="u", shape=(None,))
        self.status: NDArray[np.uint8] = status[...]
        self.ids = read_strings(self._file, "id", AnnotationsError, len(self.status))
        self.errors = read_strings(self._file, "error", AnnotationsError, len(self.status))
        for name in ("store_fingerprint", "model_digest", "model", "providers", "precision", "created"):
            setattr(self, name, str(self._file.attrs.get(name, "")))
        # Only what lies in this file: `store` is a link to another one.
        inner = [name for name in self._file if isinstance(self._file.get(name, getlink=True), h5py.HardLink)]
        groups = {name: self._file[name] for name in inner if self._file.get(name, getclass=True) is h5py.Group}
        self.tasks = {name: read_names(group, "classes") for name, group in groups.items()}

    store_fingerprint: str
    model_digest: str
    model: str
    providers: str
    precision: str
    created: str

    def __len__(self) -> int:
        return len(self.status)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; ids, status and tasks stay usable."""
        self._file.close()

    def class_index(self, task: str) -> NDArray[np.int16]:
        """The class given to each image, int16 (N,), −1 where none."""
        return np.asarray(self._dataset(task, "class", "i", (len(self),))[...], dtype=np.int16)

    def probability(self, task: str) -> NDArray[np.float32]:
        """The probability of that class, float32 (N,) in 0..1, NaN where none."""
        return np.asarray(self._dataset(task, "probability", "f", (len(self),))[...], dtype=np.float32)

    def probabilities(self, task: str) -> NDArray[np.float32]:
        """The calibrated probabilities, float32 (N, K), NaN where the image has none."""
        shape = (len(self), len(self.tasks[task]))
        return np.asarray(self._dataset(task, "probabilities", "f", shape)[...], dtype=np.float32)

    def prediction_set(self, task: str) -> NDArray[np.bool_]:
        """The conformal prediction set, bool (N, K); holds the class itself always."""
        shape = (len(self), len(self.tasks[task]))
        return np.asarray(self._dataset(task, "prediction_set", "b", shape)[...], dtype=bool)

    @property
    def has_saliency(self) -> bool:
        """Whether saliency maps are stored."""
        return "saliency" in self._file

    @property
    def has_features(self) -> bool:
        """Whether feature vectors are stored."""
        return "features" in self._file

    def saliency(self, start: int, stop: int) -> NDArray[np.float32]:
        """The stored saliency maps of images start … stop − 1, float32 (n, H, W)."""
        maps = read_dataset(self._file, "saliency", AnnotationsError, dtype="u", shape=(len(self), None, None))
        scale = read_dataset(self._file, "saliency_scale", AnnotationsError, dtype="f", shape=(len(self),))
        try:
            scaled: NDArray[np.float32] = maps[start:stop] * (scale[start:stop] / np.float32(255))[:, None, None]
        except OSError as problem:
            raise AnnotationsError(self.path, f"cannot be read ({problem})", f"saliency[{start}:{stop}]") from None
        return scaled

    def _dataset(self, task: str, name: str, dtype: str, shape: tuple[int, ...]) -> h5py.Dataset:
        if task not in self.tasks:
            raise AnnotationsError(self.path, f"no such task; annotated are: {', '.join(self.tasks)}", task)
        return read_dataset(self._file, f"{task}/{name}", AnnotationsError, dtype=dtype, shape=shape)
