"""Training images kept aside tell when a network has learnt enough, and which weights are best.

They come from the training genes alone; calibration and test images never decide anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["kept_aside"]

_SHARE = 0.1


def kept_aside(
    groups: NDArray[np.int64], labels: NDArray[np.int64], train: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Which training images (N,) are kept aside: about a tenth, of whole genes, and no class's last training gene.

    `groups` (N,) are the genes, `labels` (N,) the fine classes that count, −1 unknown, `train` (N,) the training part.
    """
    aside = np.zeros(len(groups), dtype=bool)
    labelled = train & (labels >= 0)
    wanted = _SHARE * labelled.sum()
    for gene in generator.permutation(np.unique(groups[labelled])):
        members = train & (groups == gene)
        left = labelled & ~aside & ~members
        if np.isin(labels[members & labelled], labels[left]).all():
            aside |= members
        if (aside & labelled).sum() >= wanted:
            break
    return aside
