"""How frequent the fine classes of a coarse one are among themselves: estimated while the network learns them.

Where sets of several coarse tasks overlap, siblings are classes that no set tells apart.

Online expectation-maximization (Cappé and Moulines 2009): the expectation is what the network says of images that carry
a coarse label alone; the maximization is their mean, over about one pass through the images of a coarse class. A
Dirichlet prior counts some images more of every class, so that few images say little.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["SiblingShares", "told_by_labels"]

_LEAST = 1e-6
_FASTEST = 0.5


class SiblingShares:
    """The shares of K classes among their siblings, themselves included.

    `means` float (K,), changed in place, is all that is remembered: the mean probability of each class among its
    siblings, of the images without a fine label.
    """

    def __init__(
        self, siblings: Tensor, unlabelled: Tensor, labelled: Tensor, prior: float, told: bool = False
    ) -> None:
        """What is known at first.

        `siblings` bool (K, K); `unlabelled` float (K,): how many images without a fine label may be of each class;
        `labelled` float (K,): the images with a label of each; `prior`: how many more are counted of each.
        With `told` the labelled images were drawn at random, and the shares begin with theirs, otherwise as equal.
        """
        self._siblings, self._unlabelled, self._known = siblings.float(), unlabelled, labelled + prior
        self.means = self._within(self._known if told else torch.ones_like(self._known))

    def update(self, probabilities: Tensor, allowed: Tensor) -> None:
        """Takes in what is thought of a batch: `probabilities` (B, K) of the classes `allowed`, bool (B, K)."""
        seen = allowed.float().sum(0)
        rate = (seen / self._unlabelled.clamp(min=1)).clamp(max=_FASTEST)
        self.means += rate * (probabilities.sum(0) / seen.clamp(min=1) - self.means) * (seen > 0)

    @property
    def shares(self) -> Tensor:
        """Float (K,), above 0; those of siblings sum to 1."""
        return self._within((self._unlabelled * self.means + self._known).clamp(min=_LEAST))

    @property
    def log_ratios(self) -> Tensor:
        """log(share × number of siblings), float (K,): 0 where siblings are equal."""
        return (self.shares * self._siblings.sum(1)).log()

    def _within(self, images: Tensor) -> Tensor:
        """Numbers of images (K,) as shares of those of all siblings."""
        return images / (self._siblings @ images).clamp(min=_LEAST)


def told_by_labels(labels: NDArray[np.int64], several: NDArray[np.bool_]) -> bool:
    """Whether the labels (N,), −1 unknown, look drawn at random, and so tell how frequent classes are.

    Somebody who labels so many of each class stops at one number: then at least half of the classes with siblings
    (`several` (K,)) have as many labels as the class with the most.
    """
    counts = np.bincount(labels[labels >= 0], minlength=len(several))[: len(several)]
    if not several.any():
        return False
    return bool(np.mean(counts[several] == counts[several].max()) < 0.5)
