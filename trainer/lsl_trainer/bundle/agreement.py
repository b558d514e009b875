"""Whether a smaller variant of a bundle answers as the bundle does, and how much faster it is, on this processor."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model

__all__ = ["Agreement", "agreement"]

_AT_ONCE = 16
_PAYS, _ALIKE = 1.3, 0.99
"""How many times as fast an int8 bundle is at least, and in how many images it gives the same class, to be worth it."""


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
            f"those of model in {whole}; {self.faster:.2f} times as fast on this processor: {self._advice(name)}"
        )

    def _advice(self, name: str) -> str:
        if self.faster < _PAYS:
            return "it does not pay here, take model"
        if self.same_class < _ALIKE:
            return "it often answers otherwise, take model where answers count"
        return f"lsl-annotate --model RUN/{name} takes it"


def agreement(whole: Model, small: Model, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Agreement:
    """Compares the answers of two models to images uint8 (N, H, W, 3), `labels` (N,), −1 where unknown.

    They answer turn by turn, some images at a time, so that other work on the machine slows both.
    """
    one, other = _Answers(), _Answers()
    for model in (whole, small):
        model.predict(images[:1])  # opens its graph
    for start in range(0, len(images), _AT_ONCE):
        for model, found in ((whole, one), (small, other)):
            found.add(model, images[start : start + _AT_ONCE])
    known = np.flatnonzero(labels >= 0)
    return Agreement(
        images=len(images),
        same_class=float((one.classes == other.classes).mean()),
        same_set=float((one.sets == other.sets).all(1).mean()),
        coverage=(_coverage(one.sets[known], labels[known]), _coverage(other.sets[known], labels[known])),
        faster=median(np.array(one.seconds) / np.maximum(other.seconds, 1e-9)),
    )


class _Answers:
    """What a model said of images, and how long each batch took."""

    def __init__(self) -> None:
        self._found: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = []
        self.seconds: list[float] = []

    def add(self, model: Model, images: NDArray[np.uint8]) -> None:
        started = time.perf_counter()
        found = model.predict(images)
        self.seconds.append(time.perf_counter() - started)
        self._found.append((found.class_index, found.prediction_set))

    @property
    def classes(self) -> NDArray[np.int64]:
        return np.concatenate([classes for classes, _ in self._found])

    @property
    def sets(self) -> NDArray[np.bool_]:
        return np.concatenate([sets for _, sets in self._found])


def _coverage(sets: NDArray[np.bool_], labels: NDArray[np.int64]) -> float:
    return float(sets[np.arange(len(labels)), labels].mean()) if len(labels) else float("nan")
