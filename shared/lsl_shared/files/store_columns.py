"""The samples table of an open store, column by column: strings are made of a column when it is asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.samples_table import read_column, read_ids
from lsl_shared.files.store_extras import StoreExtras

__all__ = ["StoreColumns"]


class StoreColumns(StoreExtras):
    """The columns of an open store; Store has them, too. What was read stays usable when the file is closed."""

    def _read_columns(self, count: int) -> None:
        self.id_texts = read_ids(self._file, count)
        self._columns = {name: read_column(self._file, name, count) for name in ("gene", "view", "source", "split")}

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """The name of each image, str (N,)."""
        return self.id_texts.strings

    @cached_property
    def genes(self) -> NDArray[np.object_]:
        """The gene of each image, str (N,); '' where it is not known."""
        return self._columns["gene"].strings

    @cached_property
    def views(self) -> NDArray[np.object_]:
        """The view of each image, str (N,); '' where it is not known."""
        return self._columns["view"].strings

    @cached_property
    def sources(self) -> NDArray[np.object_]:
        """The file that each image came from, str (N,); '' where it is not known."""
        return self._columns["source"].strings

    @cached_property
    def splits(self) -> NDArray[np.object_]:
        """train, calibration or test for each image, str (N,); '' where nothing is fixed."""
        return self._columns["split"].strings

    def groups(self) -> NDArray[np.int64]:
        """Groups the images by gene, so that a split keeps the images of a gene together.

        Returns:
            int64 (N,): the group of each image. One without a gene is a group of its own.
        """
        known = np.asarray([gene or f"\0{image}" for gene, image in zip(self.genes, self.ids, strict=True)])
        return np.unique(known, return_inverse=True)[1].astype(np.int64)
