"""Which images the batches of an epoch hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.settings.literals import Sampling

__all__ = ["Sampler", "balanced", "every_image", "in_batches", "mixed_batches", "sampler_of"]

Sampler = Callable[[np.random.Generator], list[NDArray[np.int64]]]
"""Draws an epoch: the positions of its images, batch by batch."""


def sampler_of(sampling: Sampling, labels: NDArray[np.int64], size: int) -> Sampler:
    """What the setting `sampling` means for images with `labels` (N,), in batches of `size`."""
    return balanced(labels, size) if sampling == "balanced" else every_image(len(labels), size)


def every_image(count: int, size: int) -> Sampler:
    """Each of `count` images once, in random order."""
    return lambda generator: in_batches(generator.permutation(count), size)


def balanced(labels: NDArray[np.int64], size: int) -> Sampler:
    """As many draws as there are images, with replacement, every class of `labels` (N,) alike (−1 counts as one)."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares = 1 / counts[inverse] / len(counts)
    return lambda generator: in_batches(generator.choice(len(labels), len(labels), p=shares), size)


def mixed_batches(labels: NDArray[np.int64], size: int, share: float) -> Sampler:
    """Batches of `size` positions, `share` of them labelled (at least one, at most all but one).

    An epoch takes every image without a label (`labels` (N,) −1) once; those with one come in turn, in a new random
    order each time round. Without any unlabelled image, every batch is labelled.
    """
    known, rest = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
    of_known = min(max(1, round(share * size)), size - 1)

    def draw(generator: np.random.Generator) -> list[NDArray[np.int64]]:
        count = max(1, round(len(rest) / (size - of_known))) if len(rest) else max(1, round(len(known) / size))
        wanted = count * (of_known if len(rest) else 0) or len(known)
        rounds = [generator.permutation(known) for _ in range(-(-wanted // len(known)))]
        parts = zip(
            np.array_split(np.concatenate(rounds)[:wanted], count),
            np.array_split(generator.permutation(rest), count),
            strict=True,
        )
        return [np.concatenate(part) for part in parts]

    return draw


def in_batches(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Positions (N,) cut into batches of `size`; a last batch of one joins the one before, for BatchNorm needs two."""
    starts = list(range(0, len(order), size))
    if len(starts) > 1 and len(order) - starts[-1] == 1:
        starts.pop()
    return [order[start:stop] for start, stop in zip(starts, [*starts[1:], len(order)], strict=True)]
