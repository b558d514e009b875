"""An expression atlas: what each gene shows at each place of the egg and each stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.timetable import Timetable

__all__ = ["Atlas"]


@dataclass(frozen=True, eq=False)
class Atlas:
    """Genes by places and stages, on a grid of h × w cells. NaN says that a gene has no image of a stage."""

    task: str
    """The task whose classes the stages are; most often `stage`."""
    stages: tuple[str, ...]
    """S classes, in the model's order."""
    genes: tuple[str, ...]
    """G genes by name. Names that differ in case alone are different genes."""
    mean: NDArray[np.float32]
    """(S, G, h, w): stain density 0..1, mean over the gene's images and the cell's pixels."""
    share: NDArray[np.float32]
    """(S, G, h, w): how much of the cell is stained (density above 0.2), 0..1, mean over the gene's images."""
    n_images: NDArray[np.int32]
    """(S, G)"""
    embryo: NDArray[np.float32]
    """(S, h, w), 0..1: how much of the cell the embryos of a stage cover, each gene counting once."""
    inside: NDArray[np.bool_]
    """(h, w): cells that at least half of the embryos of all stages cover. Tools get these alone."""
    egg_length: NDArray[np.float32]
    """(w,): where the middle of a column lies, in percent from anterior 0 to posterior 100."""
    dorsoventral: NDArray[np.float32]
    """(h,): where the middle of a row lies, in percent from dorsal 0 to ventral 100."""
    aspect: float
    """Height of the mean embryo / its length."""
    egg_um: float
    """Length of the mean embryo in µm, where the store tells the size of pixels; else NaN."""
    timetable: Timetable | None
    """When the stages begin and end; None where classes have no order."""
    n_without_gene: int
    """Images left out because they have no gene."""
    view: str
    """The view asked for; '' is lateral or not known."""
    selection: str
    """What was asked for beyond class and view, for people."""
    model: str
    """Path of the bundle that annotated."""
    model_digest: str
    store: str
    """Path of the store."""
    store_fingerprint: str

    def spatial(self) -> NDArray[np.float32]:
        """Places of the cells inside.

        Returns:
            float32 (cells, 2): from the anterior end, and from the dorsal side, both in percent of the egg's length, so
            that distances are the same in all directions.
        """
        rows, columns = np.nonzero(self.inside)
        return np.stack([self.egg_length[columns], self.dorsoventral[rows] * np.float32(self.aspect)], axis=1)

    def cells(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values of the cells inside.

        Args:
            plane: float32 (S, G, h, w), such as `mean`.

        Returns:
            float32 (S · cells, G): stage after stage, in each the cells as in `spatial`.
        """
        kept = plane[:, :, self.inside]  # (S, G, cells)
        return np.ascontiguousarray(kept.transpose(0, 2, 1)).reshape(-1, len(self.genes))
