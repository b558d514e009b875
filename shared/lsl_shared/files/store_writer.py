"""Writing an image store: append images one by one, then the labels; the file appears when it is complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_shared.errors import ImageError, LabelError, StoreError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.store import NOT_ANNOTATED, SPLITS, STORE_FORMAT, STORE_VERSION
from lsl_shared.files.store_labels import TERMS_KIND
from lsl_shared.labels import LabelSpace
from lsl_shared.system_errors import unwritable

__all__ = ["StoreWriter", "refuse_existing"]

_CHUNK_BYTES = 1 << 20
MAX_CHUNK_IMAGES = 256
"""So that a partition of whole chunks never holds more images (design: the files)."""
_COLUMNS = ("id", "gene", "view", "source", "split")


def refuse_existing(path: str | Path, overwrite: bool) -> None:
    """Raises StoreError if `path` exists and may not be overwritten, is a folder, or no HDF5 file (a picture, say)."""
    path = Path(path)
    if path.is_dir():
        raise StoreError(path, "is a folder; name a file such as store.h5")
    if path.exists() and not overwrite:
        raise StoreError(path, "exists already; choose another name or add --overwrite")
    if path.exists() and path.stat().st_size and not h5py.is_hdf5(path):
        raise StoreError(path, "is no HDF5 file, and --overwrite replaces only those; choose another name")


class StoreWriter:
    """Writes a store in a `with` block: `append` every image, then `add_task` and `add_truth`.

    Nothing stands at `path` until the block ends without an error. Images are kept as gzip chunks of whole images, at
    most 1 MiB of pixels and 256 images each (one image if larger). Raises StoreError for an existing target unless
    `overwrite`.
    """

    def __init__(
        self, path: str | Path, height: int, width: int, *, overwrite: bool = False, compression: int = 4
    ) -> None:
        refuse_existing(path, overwrite)
        self.path, self._shape, self._compression = Path(path), (height, width, 3), compression
        self._columns: dict[str, list[str]] = {name: [] for name in _COLUMNS}
        self._pending: dict[str, list[NDArray[np.uint8]]] = {}
        self._known_ids: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            self._file = stack.enter_context(self._opened(temporary))
            self._file.attrs["format"], self._file.attrs["version"] = STORE_FORMAT, STORE_VERSION
            self._create("images", self._shape)
            self._stack = stack.pop_all()
        return self

    def _opened(self, temporary: Path) -> h5py.File:
        try:
            return h5py.File(temporary, "w")
        except OSError as problem:
            raise StoreError(self.path, unwritable(problem)) from None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            if kind is None:
                self._finish()
            else:
                self._stack.__exit__(kind, value, trace)

    def __len__(self) -> int:
        return len(self._columns["id"])

    def append(
        self,
        image: NDArray[np.uint8],
        *,
        id: str,
        gene: str = "",
        view: str = "",
        source: str = "",
        split: str = "",
        truth: Mapping[str, NDArray[np.uint8]] | None = None,
    ) -> None:
        """Adds one image uint8 (H, W, 3), RGB; `truth` maps names to uint8 (H, W). Raises ImageError or StoreError."""
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ImageError(f"{id}: expected uint8 {self._shape}, received {image.dtype} {image.shape}")
        if not id or id in self._known_ids:
            raise StoreError(self.path, f"image ids must be unique and not empty, received {id!r} again", "samples/id")
        if split not in SPLITS:
            raise StoreError(self.path, f"expected one of {SPLITS}, received {split!r}", "samples/split")
        self._known_ids.add(id)
        for name, value in zip(_COLUMNS, (id, gene, view, source, split), strict=True):
            self._columns[name].append(value)
        self._add("images", image)
        for name, plane in (truth or {}).items():
            if f"truth/{name}" not in self._file:
                self._create(f"truth/{name}", self._shape[:2])
            self._add(f"truth/{name}", plane)

    def add_task(self, space: LabelSpace, labels: ArrayLike) -> None:
        """Adds a task; `labels` int (N,) index its classes, −1 = unlabelled. A parent must be added first."""
        indices = np.asarray(labels, dtype=np.int16)
        if indices.shape != (len(self),):
            raise LabelError(f"task {space.name!r}: {len(self)} images but labels of shape {indices.shape}")
        if len(self) and (indices.min() < -1 or indices.max() >= len(space)):
            raise LabelError(f"task {space.name!r}: labels must lie in -1 … {len(space) - 1}")
        if space.parent and f"labels/{space.parent}" not in self._file:
            raise LabelError(f"task {space.name!r}: add its parent {space.parent!r} first")
        dataset = self._file.create_dataset(f"labels/{space.name}", data=indices)
        dataset.attrs.create("classes", list(space.classes), dtype=h5py.string_dtype())
        if space.parent:
            dataset.attrs["parent"] = space.parent
            dataset.attrs["parent_index"] = np.asarray(space.parent_index, dtype=np.int16)

    def add_terms(self, space: LabelSpace, labels: ArrayLike) -> None:
        """Adds a task of kind terms; `labels` (N, T): 1 carries the term, 0 does not, 255 = not annotated."""
        carried = np.asarray(labels, dtype=np.uint8)
        if space.parent:
            raise LabelError(f"task {space.name!r}: terms have no parent task")
        if carried.shape != (len(self), len(space)):
            expected = f"({len(self)}, {len(space)})"
            raise LabelError(f"task {space.name!r}: expected labels of shape {expected}, received {carried.shape}")
        if not np.isin(carried, (0, 1, NOT_ANNOTATED)).all():
            raise LabelError(f"task {space.name!r}: terms are 0, 1 or {NOT_ANNOTATED}")
        dataset = self._file.create_dataset(f"labels/{space.name}", data=carried, compression="gzip")
        dataset.attrs["kind"] = TERMS_KIND
        dataset.attrs.create("classes", list(space.classes), dtype=h5py.string_dtype())

    def add_truth(self, name: str, values: ArrayLike) -> None:
        """Adds a truth column of a demo store, int16 (N,)."""
        self._file.create_dataset(f"truth/{name}", data=np.asarray(values, dtype=np.int16))

    def add_transform(self, name: str, values: ArrayLike, columns: Sequence[str] = ()) -> None:
        """Adds what was done to standardize each image, (N, …): numbers, booleans or str; `columns` name the last axis.

        Raises StoreError for another number of rows than there are images.
        """
        array = np.asarray(values)
        if array.shape[:1] != (len(self),):
            found = f"{len(self)} images but values of shape {array.shape}"
            raise StoreError(self.path, found, f"transform/{name}")
        kind = h5py.string_dtype() if array.dtype.kind in "OU" else array.dtype
        data = array.astype(object) if array.dtype.kind == "U" else array
        dataset = self._file.create_dataset(f"transform/{name}", data=data, dtype=kind)
        if columns:
            dataset.attrs.create("columns", list(columns), dtype=h5py.string_dtype())

    def _create(self, key: str, shape: Sequence[int]) -> None:
        chunk = min(max(1, _CHUNK_BYTES // int(np.prod(self._shape))), MAX_CHUNK_IMAGES)
        self._file.create_dataset(
            key, (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(chunk, *shape),
            compression="gzip", compression_opts=self._compression,
        )  # fmt: skip
        self._pending[key] = []

    def _add(self, key: str, array: NDArray[np.uint8]) -> None:
        pending = self._pending[key]
        pending.append(np.array(array))
        if len(pending) == self._file[key].chunks[0]:
            self._flush(key)

    def _flush(self, key: str) -> None:
        """Writes the pending images as one chunk; the last one may be partly filled."""
        pending, dataset = self._pending[key], self._file[key]
        if pending:
            count = len(dataset)
            dataset.resize(count + len(pending), axis=0)
            dataset[count:] = np.stack(pending)
            pending.clear()

    def _finish(self) -> None:
        if not len(self):
            raise StoreError(self.path, "no image to write: nothing was made")
        for key in self._pending:
            self._flush(key)
        for name, values in self._columns.items():
            self._file.create_dataset(f"samples/{name}", data=values, dtype=h5py.string_dtype())
