"""The image store: raw images, their samples table and labels in one HDF5 file, opened for reading only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import StoreError
from lsl_shared.files.open_store import STORE_FORMAT, STORE_REMEDY, STORE_VERSION
from lsl_shared.files.opening import loading
from lsl_shared.files.samples_table import UNUSABLE, read_column, read_pixel_sizes
from lsl_shared.files.store_coarse import coarse_tasks
from lsl_shared.files.store_columns import StoreColumns
from lsl_shared.files.store_images import StoreImages
from lsl_shared.files.store_labels import NOT_ANNOTATED, read_labels, read_tasks, read_terms
from lsl_shared.labels import LabelSpace

__all__ = ["NOT_ANNOTATED", "PARTS", "SPLITS", "STORE_FORMAT", "STORE_VERSION", "Store"]

PARTS = ("train", "calibration", "test")
"""What the images of a split are for."""
SPLITS = (*PARTS, "")


class Store(StoreColumns):
    """An image store, open for reading. Close it, or use it in a `with` block.

    Args:
        path: The HDF5 file of the store.

    Attributes:
        path: The file, as a Path.
        shape: (N, H, W): the number of images, and the height and width of each.
        chunk_images: How many images lie in one HDF5 chunk.
        ids: The name of each image, str (N,); unique and not empty.
        id_texts: The same as it lies in the file, for what need not make strings of a million names.
        genes: The gene of each image, str (N,); '' where it is not known.
        views: The view of each image (lateral, dorsal …), str (N,); '' where it is not known.
        sources: The file that each image came from, str (N,); '' where it is not known.
        splits: train, calibration or test for each image, str (N,); '' where nothing is fixed.
        tasks: The tasks where an image has one class: name → LabelSpace, coarse tasks before fine ones.
        term_tasks: The tasks where an image may carry several terms: name → LabelSpace.
        further_coarse: The coarse tasks beside the parent: name of the fine task → CoarseTask, …; see `coarse_tasks`.

    Raises:
        StoreError: The file is missing, damaged, or no store; the text names the file and the key.

    Example:
        >>> from lsl_shared import Store
        >>> with Store("store.h5") as store:
        ...     images = store.read(0, 8)
        ...     stages = store.labels("stage")
        >>> images.shape, images.dtype, stages.shape
        ((8, 16, 40, 3), dtype('uint8'), (60,))
        >>> store.tasks["stage"].classes
        ('4', '5', '7', '9')
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        with loading(self._file, StoreError, "store", f". {STORE_REMEDY}"):
            self._images = StoreImages(self._file, self._reopened)
            self.shape, self.chunk_images = self._images.shape, self._images.chunk_images
            count = self.shape[0]
            self._read_columns(count)
            self.tasks, self.term_tasks, self.further_coarse = read_tasks(self._file)

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Reads images that follow each other.

        Args:
            start: The first image, 0 … N − 1.
            stop: One after the last image.

        Returns:
            uint8 (n, H, W, 3), RGB.

        Raises:
            StoreError: A chunk cannot be read.
        """
        return self._images.read(start, stop)

    def read_chunk(self, start: int) -> NDArray[np.uint8]:
        """Reads one chunk. Several threads may call this at once, and then inflate side by side.

        Args:
            start: The first image of the chunk, a multiple of `chunk_images`.

        Returns:
            uint8 (n, H, W, 3), RGB, read only.

        Raises:
            StoreError: The chunk cannot be read. A network disk that vanishes is waited for, a few seconds.
        """
        return self._images.read_chunk(start)

    def blocks(self, images: int = 256) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Reads the whole store in order, in blocks of whole chunks.

        Args:
            images: About how many images a block holds, at least 1.

        Returns:
            Pairs (first image of the block, its images uint8 (n, H, W, 3), RGB).

        Raises:
            StoreError: A chunk cannot be read.
        """
        return self._images.blocks(images)

    def select(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Reads images in any order. Each chunk is read once.

        Args:
            indices: Which images, int (n,), 0 … N − 1; repeats are allowed.

        Returns:
            uint8 (n, H, W, 3), RGB, in the order of `indices`.

        Raises:
            StoreError: A chunk cannot be read.
        """
        return self._images.select(indices)

    def pixel_sizes(self) -> NDArray[np.float32]:
        """Reads how large a pixel of each image is, as microscopes tell.

        Returns:
            float32 (N, 2): height and width of a pixel of the stored image in µm, NaN where they are not known.

        Raises:
            StoreError: They are of another shape or kind.
        """
        return read_pixel_sizes(self._file, len(self))

    def unusable(self) -> NDArray[np.object_]:
        """Reads why images are not to be used: they are kept out of training and maps.

        Returns:
            str (N,): the reason that a person gave, '' for the images that may be used.

        Raises:
            StoreError: The reasons cannot be read.
        """
        return read_column(self._file, UNUSABLE, len(self)).strings

    def labels(self, task: str) -> NDArray[np.int16]:
        """Reads the labels of a task where an image has one class.

        Args:
            task: The name of the task, one of `tasks`.

        Returns:
            int16 (N,): the index of each image's class, −1 where it has no label.

        Raises:
            StoreError: There is no such task, or its labels lie outside its classes.
        """
        return read_labels(self._file, self.task(task), len(self))

    def terms(self, task: str) -> NDArray[np.uint8]:
        """Reads the labels of a task where an image may carry several terms.

        Args:
            task: The name of the task, one of `term_tasks`.

        Returns:
            uint8 (N, T): 1 where the image carries the term, 0 where it does not, 255 where nobody has said.

        Raises:
            StoreError: There is no such task, or it holds other values.
        """
        if task not in self.term_tasks:
            raise self._no_task("no such task of kind terms", self.term_tasks, task)
        return read_terms(self._file, self.term_tasks[task], len(self))

    def task(self, name: str) -> LabelSpace:
        """The classes of a task.

        Args:
            name: The name of the task, one of `tasks`.

        Returns:
            Its classes, and the coarse class above each of them.

        Raises:
            StoreError: There is no such task; the text lists those that there are.
        """
        if name not in self.tasks:
            raise self._no_task("no such task", self.tasks, name)
        return self.tasks[name]

    def coarse_tasks(self, fine: str) -> tuple[CoarseTask, ...]:
        """The coarse tasks over a fine one: which of its classes each of their classes allows.

        Args:
            fine: The name of the fine task, one of `tasks`.

        Returns:
            Its parent, then the other ones, then those that are above these; () where there is none.

        Raises:
            StoreError: There is no such task.
        """
        return coarse_tasks(self.tasks, self.further_coarse, self.task(fine).name)

    @property
    def packing(self) -> str:
        """How the images are packed, chunks and filters: "8x128x320x3 1(4)" is eight a chunk, gzip 4."""
        return self._images.packing

    @property
    def large_chunks(self) -> str:
        """What to tell a person of chunks that are needlessly large; '' where they are not."""
        return self._images.large_chunks

    def fingerprint(self) -> str:
        """Identifies the images and their ids, whatever the labels.

        Returns:
            SHA-256 in hexadecimal; a copy of the store has the same, unless h5repack packed it in another way.

        Raises:
            StoreError: The images cannot be read.
        """
        return self._images.fingerprint(self.id_texts)

    def _no_task(self, problem: str, tasks: dict[str, LabelSpace], name: str) -> StoreError:
        listed = ", ".join(tasks) or "none"
        return StoreError(self.path, f"{problem}; the store has: {listed}", f"labels/{name}")
