"""Reference sets: one confident training sample of each class, drawn k times (paper, section II-C)."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

__all__ = ["ReferenceWarning", "own_references", "select_references"]


class ReferenceWarning(UserWarning):
    """A class without a sample that passes the threshold: `class_index`."""

    def __init__(self, class_index: int, stand_in: str) -> None:
        self.class_index = class_index
        super().__init__(f"class {class_index}: no sample passes the threshold; {stand_in} stands in")


def select_references(
    probabilities: Tensor, labels: Tensor, threshold: float, n_sets: int, generator: torch.Generator
) -> Tensor:
    """Draws reference sets: one sample of each class, as often as wanted.

    The candidates of class c are D_{s,c}: samples labelled c with p_c > p_i for all i ≠ c, and p_c > `threshold`. A
    class without a candidate takes its most confident sample that is predicted right, else its most confident one,
    with a ReferenceWarning.

    Args:
        probabilities: Of the network after data-level learning, float (N, K) in 0..1.
        labels: The classes, int64 (N,) in 0 … K − 1.
        threshold: τ, which a reference sample's probability must exceed.
        n_sets: How many sets, at least 1.
        generator: Where the draws come from.

    Returns:
        int64 (n_sets, K): indices of samples; −1 for a class without any sample.

    Example:
        >>> import torch
        >>> from lsl_trainer import select_references
        >>> probabilities = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
        >>> labels = torch.tensor([0, 0, 1])
        >>> sets = select_references(probabilities, labels, 0.75, 4, torch.Generator().manual_seed(0))
        >>> sets.tolist()
        [[0, 2], [0, 2], [0, 2], [0, 2]]
    """
    columns = [_candidates(probabilities, labels, c, threshold) for c in range(probabilities.shape[1])]
    return torch.stack([_draw(candidates, n_sets, generator) for candidates in columns], dim=1)


def own_references(sets: Tensor, chosen: Tensor, samples: Tensor) -> Tensor:
    """The references of each sample, int64 (B, K): those of its set, but never the sample itself where others exist.

    `sets` (n_sets, K); `chosen` int64 (B,) names each sample's set; `samples` int64 (B,) are their indices. A reference
    that is the sample itself gives way to that of the next set with another one.
    """
    references = sets[chosen]  # (B, K)
    for row, column in (references == samples[:, None]).nonzero().tolist():
        following = sets[:, column].roll(-int(chosen[row]))
        others = following[following != samples[row]]
        if len(others):
            references[row, column] = others[0]
    return references


def _candidates(probabilities: Tensor, labels: Tensor, c: int, threshold: float) -> Tensor:
    """Indices of the samples that may stand for class c; empty where the class has no sample."""
    members = (labels == c).nonzero()[:, 0]
    if not len(members):
        return members
    own = probabilities[members, c]
    others = probabilities[members].clone()
    others[:, c] = -1
    right = own > others.max(1).values
    passed = right & (own > threshold)
    if passed.any():
        return members[passed]
    best = torch.where(right, own, -1).argmax() if right.any() else own.argmax()
    stand_in = "the most confident right one" if right.any() else "the most confident one, none being right,"
    warnings.warn(ReferenceWarning(c, stand_in), stacklevel=3)
    return members[best : best + 1]


def _draw(candidates: Tensor, n_sets: int, generator: torch.Generator) -> Tensor:
    """`n_sets` random candidates, with replacement, int64 (n_sets,)."""
    if not len(candidates):
        return torch.full((n_sets,), -1)
    return candidates[torch.randint(len(candidates), (n_sets,), generator=generator)]
