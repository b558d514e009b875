"""Writing an image store: append images one by one, then the labels; the file appears when it is complete."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import ImageError, LabelError, StoreError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.growing_dataset import GrowingDataset
from lsl_shared.files.marks import mark
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.output_file import check_writable
from lsl_shared.files.samples_table import PIXEL_SIZE
from lsl_shared.files.store import NOT_ANNOTATED, SPLITS, STORE_FORMAT, STORE_VERSION
from lsl_shared.files.store_coarse import write_further, write_task
from lsl_shared.files.store_extras import TIME
from lsl_shared.files.store_images import images_per_chunk
from lsl_shared.files.store_labels import TERMS_KIND
from lsl_shared.files.texts import write_texts
from lsl_shared.labels import LabelSpace
from lsl_shared.system_errors import unwritable

__all__ = ["StoreWriter", "refuse_existing"]

_COLUMNS = ("id", "gene", "view", "source", "split")


def refuse_existing(path: str | Path, overwrite: bool) -> None:
    """Raises StoreError if `path` may not be overwritten, is a folder or no HDF5 file, or cannot be written."""
    path = Path(path)
    if path.is_dir():
        raise StoreError(path, "is a folder; name a file such as store.h5")
    if path.exists() and not overwrite:
        raise StoreError(path, "exists already; choose another name or add --overwrite")
    if path.exists() and path.stat().st_size and not h5py.is_hdf5(path):
        raise StoreError(path, "is no HDF5 file, and --overwrite replaces only those; choose another name")
    check_writable(path, StoreError)


class StoreWriter:
    """Writes an image store in a `with` block: `append` every image, then `add_task` for each task.

    Nothing stands at `path` until the block ends without an error. Images are kept as gzip chunks of whole images, at
    most 1 MiB of pixels and 256 images each (one image if larger).

    Args:
        path: The file to write.
        height: Of every image, in pixels.
        width: Of every image, in pixels.
        overwrite: Whether a store that exists is replaced.
        compression: 0 (fast) to 9 (small), of gzip.

    Raises:
        StoreError: The file exists already, or cannot be written.

    Example:
        >>> import numpy as np
        >>> from lsl_shared import LabelSpace, Store, StoreWriter
        >>> with StoreWriter("leaves.h5", 32, 48) as writer:
        ...     for name in ("a", "b", "c"):
        ...         writer.append(np.zeros((32, 48, 3), np.uint8), id=name)
        ...     writer.add_task(LabelSpace("family", ("oak", "palm")), [0, 1, -1])
        >>> with Store("leaves.h5") as store:
        ...     store.shape, store.labels("family").tolist()
        ((3, 32, 48), [0, 1, -1])
    """

    def __init__(
        self, path: str | Path, height: int, width: int, *, overwrite: bool = False, compression: int = 4
    ) -> None:
        refuse_existing(path, overwrite)
        self.path, self._shape, self._compression = Path(path), (height, width, 3), compression
        self._columns: dict[str, list[str]] = {name: [] for name in _COLUMNS}
        self._growing: dict[str, GrowingDataset] = {}
        self._pixel_sizes: list[tuple[float, float]] = []
        self._known_ids: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._told(), ExitStack() as stack:
            self._file, self._disk = stack.enter_context(written_hdf5(stack.enter_context(atomic_path(self.path))))
            mark(self._file, STORE_FORMAT, STORE_VERSION)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._told(), self._stack:
            if kind is None:
                self._finish()
            else:
                self._stack.__exit__(kind, value, trace)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells that the disk refuses the store."""
        try:
            yield
        except OSError as problem:
            raise StoreError(self.path, unwritable(problem, "nothing was made")) from None

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
        pixel_size: tuple[float, float] | None = None,
        truth: Mapping[str, NDArray[np.uint8]] | None = None,
    ) -> None:
        """Adds one image.

        Args:
            image: uint8 (H, W, 3), RGB.
            id: Its name, unlike all others.
            gene: Its gene, '' where it is not known.
            view: Its view (lateral, dorsal …), '' where it is not known.
            source: The file that it came from, '' where it is not known.
            split: train, calibration or test, '' where nothing is fixed.
            pixel_size: Height and width of a pixel of this image in µm, None where it is not known.
            truth: What is known of a drawn image: name → uint8 (H, W), the same names for every image.

        Raises:
            ImageError: The image has another size or type.
            StoreError: The id came before, or the split is unknown.
        """
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ImageError(f"{id}: expected uint8 {self._shape}, received {image.dtype} {image.shape}")
        if not id or id in self._known_ids:
            raise StoreError(self.path, f"image ids must be unique and not empty, received {id!r} again", "samples/id")
        if split not in SPLITS:
            raise StoreError(self.path, f"expected one of {SPLITS}, received {split!r}", "samples/split")
        self._known_ids.add(id)
        for name, value in zip(_COLUMNS, (id, gene, view, source, split), strict=True):
            self._columns[name].append(value)
        self._pixel_sizes.append(pixel_size or (math.nan, math.nan))
        self._grow("images", self._shape, image)
        for name, plane in (truth or {}).items():
            self._grow(f"truth/{name}", self._shape[:2], plane)

    def add_task(self, space: LabelSpace, labels: ArrayLike, coarse: Sequence[CoarseTask] = ()) -> None:
        """Adds a task where an image has one class. A coarse task comes before its fine task.

        Args:
            space: The classes of the task.
            labels: int (N,): the index of each image's class, −1 where it has no label.
            coarse: Coarse tasks over this one beside its parent.

        Raises:
            LabelError: The labels lie outside the classes, are not one for each image, or a coarse task was not added.
        """
        indices = np.asarray(labels, dtype=np.int16)
        if indices.shape != (len(self),):
            raise LabelError(f"task {space.name!r}: {len(self)} images but labels of shape {indices.shape}")
        if len(self) and (indices.min() < -1 or indices.max() >= len(space)):
            raise LabelError(f"task {space.name!r}: labels must lie in -1 … {len(space) - 1}")
        if space.parent and f"labels/{space.parent}" not in self._file:
            raise LabelError(f"task {space.name!r}: add its parent {space.parent!r} first")
        write_task(self._file, space, indices)
        write_further(self._file, space, coarse)

    def add_terms(self, space: LabelSpace, labels: ArrayLike) -> None:
        """Adds a task where an image may carry several terms.

        Args:
            space: The terms, without a parent.
            labels: (N, T): 1 where the image carries the term, 0 where it does not, 255 where nobody has said.

        Raises:
            LabelError: Other values, another shape, or terms with a parent.
        """
        carried = np.asarray(labels, dtype=np.uint8)
        if space.parent:
            raise LabelError(f"task {space.name!r}: terms have no parent task")
        if carried.shape != (len(self), len(space)):
            expected = f"expected labels of shape ({len(self)}, {len(space)})"
            raise LabelError(f"task {space.name!r}: {expected}, received {carried.shape}")
        if not np.isin(carried, (0, 1, NOT_ANNOTATED)).all():
            raise LabelError(f"task {space.name!r}: terms are 0, 1 or {NOT_ANNOTATED}")
        dataset = self._file.create_dataset(f"labels/{space.name}", data=carried, compression="gzip")
        dataset.attrs["kind"] = TERMS_KIND
        dataset.attrs.create("classes", list(space.classes), dtype=h5py.string_dtype())

    def add_truth(self, name: str, values: ArrayLike) -> None:
        """Adds what is known of each drawn image, a number.

        Args:
            name: Its name, such as stage.
            values: int (N,); the time is float (N,).
        """
        kind = np.float32 if name == TIME else np.int16
        self._file.create_dataset(f"truth/{name}", data=np.asarray(values, dtype=kind))

    def add_transform(self, name: str, values: ArrayLike, columns: Sequence[str] = ()) -> None:
        """Adds a part of what was done to standardize each image.

        Args:
            name: Its name; see `Store.transform`.
            values: Numbers, booleans or str, (N,) or (N, columns).
            columns: The names of the columns.

        Raises:
            StoreError: There are more or fewer rows than images.
        """
        array = np.asarray(values)
        if array.shape[:1] != (len(self),):
            raise StoreError(self.path, f"{len(self)} images but values of shape {array.shape}", f"transform/{name}")
        key = f"transform/{name}"
        if array.dtype.kind in "OU":
            write_texts(self._file, key, map(str, array))
            return
        self._file[key] = array
        if columns:
            self._file[key].attrs.create("columns", list(columns), dtype=h5py.string_dtype())

    def _grow(self, key: str, shape: tuple[int, ...], array: NDArray[np.uint8]) -> None:
        """Adds an array of that shape to the dataset at `key`, which the first one makes."""
        if key not in self._growing:
            self._growing[key] = GrowingDataset(
                self._file, key, shape, chunk_images=images_per_chunk(self._shape), compression=self._compression
            )
        self._growing[key].add(array)
        with self._told():
            self._disk.check()

    def _finish(self) -> None:
        if not len(self):
            raise StoreError(self.path, "no image to write: nothing was made")
        for dataset in self._growing.values():
            dataset.flush()
        for name, values in self._columns.items():
            write_texts(self._file, f"samples/{name}", values)
        if not np.isnan(self._pixel_sizes).all():
            self._file[PIXEL_SIZE] = np.asarray(self._pixel_sizes, dtype=np.float32)
