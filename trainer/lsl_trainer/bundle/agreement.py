"""Whether a smaller variant of a bundle answers as the bundle does, and how much faster it is, on this processor."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model

__all__ = ["Agreement", "agreement"]

_ROUNDS = 3


@dataclass(frozen=True)
class Agreement:
    """How far two models agree on `images` images, all shares in 0..1."""

    images: int
    same_class: float
    same_set: float
    """Share of images with the same prediction set."""
    coverage: tuple[float, float]
    """Share of labelled images whose set holds the right class: of the bundle, of its variant; NaN without labels."""
    faster: float
    """How many times the images a second."""

    def told(self, name: str, which: str) -> str:
        """A note about the variant `name`, for people; `which` says of which part the images are."""
        whole, small = (f"{100 * share:.1f} %" for share in self.coverage)
        return (
            f"{name} gives the same class as model in {100 * self.same_class:.1f} % and the same prediction set in "
            f"{100 * self.same_set:.1f} % of {self.images:,} {which} images; sets hold the right class in {small}, "
            f"those of model in {whole}; {self.faster:.2f} times as fast on this processor"
        )


def agreement(whole: Model, small: Model, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Agreement:
    """Compares the answers of two models to images uint8 (N, H, W, 3), `labels` (N,), −1 where unknown."""
    one, other = whole.predict(images), small.predict(images)
    known = np.flatnonzero(labels >= 0)
    held = [_coverage(found.prediction_set[known], labels[known]) for found in (one, other)]
    return Agreement(
        images=len(images),
        same_class=float((one.class_index == other.class_index).mean()),
        same_set=float((one.prediction_set == other.prediction_set).all(1).mean()),
        coverage=(held[0], held[1]),
        faster=_ratio(whole, small, images),
    )


def _coverage(sets: NDArray[np.bool_], labels: NDArray[np.int64]) -> float:
    return float(sets[np.arange(len(labels)), labels].mean()) if len(labels) else float("nan")


def _ratio(whole: Model, small: Model, images: NDArray[np.uint8]) -> float:
    """Time of one model by that of the other, run in turns; the median of the rounds."""
    ratios = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        whole.predict(images)
        between = time.perf_counter()
        small.predict(images)
        ratios.append((between - started) / max(time.perf_counter() - between, 1e-9))
    return median(ratios)
