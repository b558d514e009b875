"""What fine labels say of coarse ones: the class above each, and where the two contradict each other."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lsl_shared.labels import LabelSpace

__all__ = ["contradictions", "implied_coarse"]

Label = TypeVar("Label", bound=np.signedinteger)


def implied_coarse(space: LabelSpace, fine: NDArray[Label]) -> NDArray[Label]:
    """The coarse class above each fine label (N,) of `space`, −1 where unlabelled; of the same type."""
    return np.where(fine >= 0, np.asarray(space.parent_index)[fine], -1).astype(fine.dtype)


def contradictions(space: LabelSpace, fine: NDArray[Label], coarse: NDArray[Label]) -> NDArray[np.intp]:
    """The images, in order, whose fine label lies under another class than their coarse label says."""
    return np.flatnonzero((fine >= 0) & (coarse >= 0) & (implied_coarse(space, fine) != coarse))
