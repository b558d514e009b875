"""A store that is written sample by sample: the image with what the listing says of it, then labels and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Sample
from lsl_tools.importing.spaces import label_column
from lsl_tools.importing.terms import term_column, term_space

__all__ = ["SampleStore"]


class SampleStore:
    """Writes a store in a `with` block. The first image opens the file, so that without one nothing is made."""

    def __init__(self, path: str | Path, size: tuple[int, int], *, overwrite: bool) -> None:
        self._path, self._size, self._overwrite = path, size, overwrite
        self._stack, self._opened = ExitStack(), list[StoreWriter]()
        self.samples: list[Sample] = []
        """Those written so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, value, trace)

    @property
    def writer(self) -> StoreWriter:
        """What writes the file, opened when it is first asked for."""
        if not self._opened:
            writer = StoreWriter(self._path, *self._size, overwrite=self._overwrite)
            self._opened.append(self._stack.enter_context(writer))
        return self._opened[0]

    def add(self, sample: Sample, image: NDArray[np.uint8], pixel_size: tuple[float, float] | None = None) -> None:
        """Adds an image uint8 (H, W, 3) of the store's size; `pixel_size` is that of its own pixels in µm."""
        self.writer.append(
            image, id=sample.id, gene=sample.gene, view=sample.view, source=sample.source, split=sample.split,
            pixel_size=pixel_size,
        )  # fmt: skip
        self.samples.append(sample)

    def add_labels(
        self, spaces: Mapping[str, LabelSpace], further: Mapping[str, Sequence[CoarseTask]] = MappingProxyType({})
    ) -> dict[str, NDArray[np.int16]]:
        """Adds the tasks and any terms of the images written; returns the labels of each task, int16 (N,).

        `further` are the coarse tasks beside the parent, by fine task.
        """
        columns = {name: label_column(self.samples, space) for name, space in spaces.items()}
        for name, space in spaces.items():
            self.writer.add_task(space, columns[name], further.get(name, ()))
        terms = term_space(self.samples)
        if terms is not None:
            self.writer.add_terms(terms, term_column(self.samples, terms))
        return columns
