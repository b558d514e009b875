"""What the transfer benchmark asks: the ranges and terms of a store's images, each image left out with its gene."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_shared.files.store_writer import StoreWriter
from lsl_trainer.data.split import group_folds
from lsl_trainer.layers.layers import joined_groups
from lsl_trainer.layers.ridge import Floats
from lsl_trainer.tasks.terms import frequent_terms

__all__ = ["Answers", "Floats", "Problem", "halved", "load"]


@dataclass(frozen=True)
class Problem:
    """All N images of a store, and the fold that leaves each of them out."""

    store: Path
    images: NDArray[np.uint8]
    ranges: NDArray[np.int64]
    """(N,)"""
    range_names: tuple[str, ...]
    terms: NDArray[np.int64]
    """(N, T): 1 carried, 0 not, −1 unknown."""
    names: tuple[str, ...]
    """Of the T terms."""
    often: NDArray[np.int64]
    """Which F of the T terms are scored: those that three genes or more carry."""
    genes: NDArray[np.int64]
    """(N,)"""
    fold: NDArray[np.int64]
    """(N,)"""
    seed: int
    """Of the folds and of the networks."""

    @property
    def one_hot(self) -> Floats:
        """Targets of the ranges, (N, R)."""
        return np.eye(len(self.range_names))[self.ranges]

    @property
    def carried(self) -> Floats:
        """Targets of the terms that are scored, (N, F); NaN unknown."""
        terms = self.terms[:, self.often].astype(np.float64)
        return np.where(terms < 0, np.nan, terms)


@dataclass(frozen=True)
class Answers:
    """What a method says of every image when its gene is left out."""

    ranges: Floats
    """(N, R)"""
    terms: Floats | None
    """(N, F); None if the method does not answer for terms, as the next."""
    chosen: Floats | None
    """(N, F): the thresholds on the scores of the terms, those of the image's fold."""


def load(path: Path, folds: int, seed: int) -> Problem:
    """The problem of a store. `seed` decides to which folds genes of equal size go."""
    with Store(path) as store:
        images = store.select(np.arange(len(store)))
        genes = joined_groups(store, images)
        terms = store.terms("cv_terms").astype(np.int64)
        terms[terms == 255] = -1
        ranges, space = store.labels("stage_range").astype(np.int64), store.tasks["stage_range"]
        names = store.term_tasks["cv_terms"].classes
    fold = group_folds(np.random.default_rng(seed).permutation(genes.max() + 1)[genes], folds)
    return Problem(path, images, ranges, space.classes, terms, names, frequent_terms(terms, genes), genes, fold, seed)


def halved(problem: Problem, folder: Path, factor: float) -> Path:
    """A store of the same images at reduced size."""
    path = folder / "small.h5"
    height, width = (round(side * factor / 32) * 32 for side in problem.images.shape[1:3])
    with Store(problem.store) as store, StoreWriter(path, height, width) as writer:
        for row, image in enumerate(problem.images):
            small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            writer.append(small, id=str(store.ids[row]), gene=str(store.genes[row]))
        writer.add_task(store.tasks["stage_range"], store.labels("stage_range"))
        writer.add_terms(store.term_tasks["cv_terms"], store.terms("cv_terms"))
    return path
