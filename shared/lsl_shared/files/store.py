"""The image store: raw images, their samples table and labels in one HDF5 file, opened for reading only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import LabelError, StoreError
from lsl_shared.files.chunks import ImageChunks
from lsl_shared.files.fingerprint import fingerprint
from lsl_shared.files.hdf5 import members, open_file, read_dataset, read_names, read_strings
from lsl_shared.labels import LabelSpace
from lsl_shared.process.patience import patiently

__all__ = ["NOT_ANNOTATED", "PARTS", "SPLITS", "STORE_FORMAT", "STORE_VERSION", "Store"]

STORE_FORMAT, STORE_VERSION = "lsl-store", 1
PARTS = ("train", "calibration", "test")
"""What the images of a split are for."""
SPLITS = (*PARTS, "")
NOT_ANNOTATED = 255
"""In a task of kind terms: nobody has said whether the image carries the term."""
_REMEDY = "`lsl-store demo` makes a synthetic store, `lsl-store import` one from your own images"


class Store:
    """An image store, read only; close it or use it in a `with` block.

    `path`; `shape` = (N, H, W); `chunk_images` images lie in one HDF5 chunk; `ids`, `genes`, `views`, `sources`,
    `splits`: str (N,); `tasks`: name → LabelSpace, coarse tasks before fine ones; `term_tasks`: name → LabelSpace of
    the tasks of kind terms, where an image may carry several.
    Raises StoreError that names the file and the key.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = open_file(path, STORE_FORMAT, STORE_VERSION, StoreError, _REMEDY)
        self._stamp = _stamp(self.path)
        try:
            self._load()
        except (OSError, RuntimeError, KeyError, ValueError) as problem:
            self._file.close()
            raise StoreError(self.path, f"damaged store ({problem}). {_REMEDY}") from None
        except BaseException:
            self._file.close()
            raise

    def _load(self) -> None:
        self._images = read_dataset(self._file, "images", StoreError, dtype="u", shape=(None, None, None, 3))
        self._check_images()
        count, height, width, _ = self._images.shape
        self.shape: tuple[int, int, int] = (count, height, width)
        self.chunk_images: int = self._images.chunks[0]
        self._chunks = ImageChunks(self._images, self._reopened)
        self.ids = read_strings(self._file, "samples/id", StoreError, count)
        if len(set(self.ids)) != count or "" in self.ids:
            raise StoreError(self.path, "image ids must be unique and not empty; make the store again", "samples/id")
        self.genes, self.views, self.sources, self.splits = (
            self._column(name) for name in ("gene", "view", "source", "split")
        )
        self.tasks, self.term_tasks = self._read_tasks()

    def _check_images(self) -> None:
        images = self._images
        if images.dtype != np.uint8 or 0 in images.shape:
            raise StoreError(
                self.path, f"expected at least one uint8 image, found {images.dtype} {images.shape}", "images"
            )
        if images.chunks is None or images.chunks[1:] != images.shape[1:]:
            raise StoreError(self.path, f"expected whole images per chunk, found chunks {images.chunks}", "images")

    def _column(self, name: str) -> NDArray[np.object_]:
        if f"samples/{name}" not in self._file:
            return np.full(self.shape[0], "", dtype=object)
        return read_strings(self._file, f"samples/{name}", StoreError, self.shape[0])

    def _read_tasks(self) -> tuple[dict[str, LabelSpace], dict[str, LabelSpace]]:
        stored = members(self._file, "labels", StoreError)
        terms = {name for name, item in stored.items() if item.attrs.get("kind") == "terms"}
        spaces = {name: self._read_space(name, item) for name, item in stored.items()}
        classes = {name: space for name, space in spaces.items() if name not in terms}
        for space in classes.values():
            self._check_parent(space, classes)
        ordered = sorted(classes.items(), key=lambda item: self._level(item[1], classes))
        return dict(ordered), {name: spaces[name] for name in sorted(terms)}

    def _check_parent(self, space: LabelSpace, spaces: dict[str, LabelSpace]) -> None:
        if space.parent not in ("", *spaces):
            raise StoreError(self.path, f"parent task {space.parent!r} is not in the store", f"labels/{space.name}")
        try:
            if space.parent:
                space.check_parent(spaces[space.parent])
        except LabelError as problem:
            raise StoreError(self.path, str(problem), f"labels/{space.name}") from None

    def _level(self, space: LabelSpace, spaces: dict[str, LabelSpace]) -> int:
        """How many tasks lie above this one."""
        above: list[str] = [space.name]
        while parent := spaces[above[-1]].parent:
            if parent in above:
                raise StoreError(self.path, f"task {parent!r} is its own ancestor", f"labels/{space.name}")
            above.append(parent)
        return len(above)

    def _read_space(self, name: str, item: h5py.Dataset) -> LabelSpace:
        try:
            return LabelSpace(
                name,
                read_names(item, "classes"),
                str(item.attrs.get("parent", "")),
                tuple(int(index) for index in item.attrs.get("parent_index", ())),
            )
        except (KeyError, ValueError, TypeError, OverflowError, LabelError) as problem:
            raise StoreError(self.path, f"classes cannot be used: {problem}", f"labels/{name}") from None

    def __len__(self) -> int:
        return self.shape[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; the samples table and the tasks stay usable."""
        self._file.close()

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Images start … stop − 1 as uint8 (n, H, W, 3), RGB. Raises StoreError for a chunk that cannot be read."""
        start, stop, _ = slice(start, stop).indices(len(self))
        pixels = np.empty((max(stop - start, 0), *self._images.shape[1:]), dtype=np.uint8)
        for first in range(start - start % self.chunk_images, stop, self.chunk_images):
            block = self.read_chunk(first)
            lower, upper = max(first, start), min(first + len(block), stop)
            pixels[lower - start : upper - start] = block[lower - first : upper - first]
        return pixels

    def read_chunk(self, start: int) -> NDArray[np.uint8]:
        """The images of the chunk that begins at image `start`, uint8 (n, H, W, 3), read only.

        May be called from several threads, which inflate side by side. A share that vanishes is waited for, a few
        seconds. Raises StoreError for a chunk that cannot be read.
        """
        try:
            return self._chunks.read(start)
        except (OSError, ValueError) as problem:
            stop = min(start + self.chunk_images, len(self))
            raise StoreError(self.path, f"cannot be read ({problem})", f"images[{start}:{stop}]") from None

    def check_reachable(self) -> None:
        """Raises StoreError where the file is gone, or is not the one that was opened."""
        try:
            self._check_same(patiently(lambda: _stamp(self.path)))
        except OSError as problem:
            raise StoreError(self.path, f"is out of reach ({problem.strerror}); run the command again later") from None

    def _check_same(self, stamp: tuple[int, int]) -> None:
        if stamp != self._stamp:
            raise StoreError(self.path, "was replaced or changed while it was read; run the command again")

    def _reopened(self) -> h5py.Dataset:
        """The images of the file opened anew; OSError while it is out of reach."""
        self._check_same(_stamp(self.path))
        self._file.close()
        self._file = h5py.File(self.path, "r", locking="best-effort")
        self._images = self._file["images"]
        return self._images

    def blocks(self, images: int = 256) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yields (start, uint8 (n, H, W, 3)) over the whole store in order, whole chunks, about `images` at a time."""
        step = max(1, images // self.chunk_images) * self.chunk_images
        for start in range(0, len(self), step):
            yield start, self.read(start, min(start + step, len(self)))

    def select(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The images at `indices` (in any order), uint8 (n, H, W, 3); each chunk is read once."""
        selected = np.empty((len(indices), *self._images.shape[1:]), dtype=np.uint8)
        chunk_of = np.asarray(indices) // self.chunk_images
        for chunk in np.unique(chunk_of):
            start = int(chunk) * self.chunk_images
            block = self.read(start, min(start + self.chunk_images, len(self)))
            places = np.flatnonzero(chunk_of == chunk)
            selected[places] = block[indices[places] - start]
        return selected

    def labels(self, task: str) -> NDArray[np.int16]:
        """The labels of a task, int16 (N,), index into its classes, −1 = unlabelled. Raises StoreError."""
        space = self.task(task)
        key = f"labels/{task}"
        stored = read_dataset(self._file, key, StoreError, dtype="i", shape=(len(self),))
        try:
            labels = stored[...]
        except OSError as problem:
            raise StoreError(self.path, f"cannot be read ({problem})", key) from None
        if labels.min() < -1 or labels.max() >= len(space):
            found = f"labels must lie in -1 … {len(space) - 1}, found {labels.min()} … {labels.max()}"
            raise StoreError(self.path, found, key)
        return np.asarray(labels, dtype=np.int16)

    def terms(self, task: str) -> NDArray[np.uint8]:
        """The labels of a task of kind terms, uint8 (N, T): 1 carries the term, 0 does not, 255 = not annotated."""
        if task not in self.term_tasks:
            listed = ", ".join(self.term_tasks) or "none"
            raise StoreError(self.path, f"no such task of kind terms; the store has: {listed}", f"labels/{task}")
        key, shape = f"labels/{task}", (len(self), len(self.term_tasks[task]))
        stored = read_dataset(self._file, key, StoreError, dtype="u", shape=shape)
        try:
            labels = np.asarray(stored[...], dtype=np.uint8)
        except OSError as problem:
            raise StoreError(self.path, f"cannot be read ({problem})", key) from None
        if not np.isin(labels, (0, 1, NOT_ANNOTATED)).all():
            raise StoreError(self.path, f"terms are 0, 1 or {NOT_ANNOTATED}, found {labels.max()}", key)
        return labels

    def task(self, name: str) -> LabelSpace:
        """The label space of a task. Raises StoreError that lists the tasks."""
        if name not in self.tasks:
            listed = ", ".join(self.tasks) or "none"
            raise StoreError(self.path, f"no such task; the store has: {listed}", f"labels/{name}")
        return self.tasks[name]

    def groups(self) -> NDArray[np.int64]:
        """The group of each image, int64 (N,): images of a gene share it; one without a gene is its own."""
        known = np.asarray([gene or f"\0{image}" for gene, image in zip(self.genes, self.ids, strict=True)])
        return np.unique(known, return_inverse=True)[1].astype(np.int64)

    def truth(self, name: str) -> NDArray[np.generic]:
        """A truth of a demo store, whole: stage, stage_range int16 (N,), landmarks, expression uint8 (N, H, W)."""
        data: NDArray[np.generic] = self.truth_dataset(name)[...]
        return data

    def has_truth(self, name: str) -> bool:
        """Whether the store holds this truth, as demo stores do."""
        return f"truth/{name}" in self._file

    def truth_dataset(self, name: str) -> h5py.Dataset:
        """The HDF5 dataset behind `truth`, for reading in parts. Raises StoreError where the store holds no truth."""
        return read_dataset(
            self._file, f"truth/{name}", StoreError, dtype="iu",
            shape=(len(self),) if name in ("stage", "stage_range") else self.shape,
        )  # fmt: skip

    def has_transform(self, name: str) -> bool:
        """Whether the store holds this part of the transform, as standardized stores do."""
        return f"transform/{name}" in self._file

    def transform(self, name: str) -> NDArray[np.generic]:
        """How the images were standardized, (N, …); see design/standardization.md for names and units.

        rotation (N,), box (N, 4), flips bool (N, 2), scale (N, 2), quality (N, Q), photograph str (N,), flags str (N,).
        Raises StoreError where the images were not standardized.
        """
        key = f"transform/{name}"
        if name in ("flags", "photograph"):
            return np.asarray(read_strings(self._file, key, StoreError, len(self)))
        shape: tuple[int | None, ...] = (len(self),) if name == "rotation" else (len(self), None)
        stored = read_dataset(self._file, key, StoreError, dtype="fbiu", shape=shape)
        try:
            return np.asarray(stored[...])
        except OSError as problem:
            raise StoreError(self.path, f"cannot be read ({problem})", key) from None

    def transform_columns(self, name: str) -> tuple[str, ...]:
        """What the columns of a part of the transform mean, such as the names of the quality scores."""
        stored = read_dataset(self._file, f"transform/{name}", StoreError, dtype="fbiu", shape=(len(self), None))
        return read_names(stored, "columns") if "columns" in stored.attrs else ()

    def fingerprint(self) -> str:
        """SHA-256 that identifies the images and their ids, not the labels (see `lsl_shared.files.fingerprint`)."""
        try:
            return fingerprint(self._images, self.ids)
        except (OSError, RuntimeError) as problem:
            raise StoreError(self.path, f"cannot be read ({problem})", "images") from None


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
