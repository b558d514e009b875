"""How frequent the classes are among the images of a store, with intervals: label shift, from a model's confusions.

A model that takes some images of a class for another one counts the classes wrongly, in a way that held-out genes show.
With C_jk the share of the images of class j that are taken for k, and n_k the images taken for k, the shares π maximize
Σ_k n_k log Σ_j π_j C_jk (expectation-maximization). C are the confusions of held-out genes. What the calibrated
probabilities say of all images counts as well, as if of 20 more images of each class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.annotation.priors import Prior
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.manifest import Manifest
from lsl_shared.files.store import Store

__all__ = ["Shares", "class_shares", "store_shares"]

_AS_IMAGES = 20
_REPLICATES = 200
_ROUNDS, _SETTLED = 500, 1e-6
_ENDS = (2.5, 97.5)
_TINY = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """The shares of a task's K classes among the images of a store."""

    task: str
    classes: tuple[str, ...]
    shares: Floats
    """(K,), together 1."""
    low: Floats
    high: Floats
    """(K,): between these lie 95 % of a bootstrap over the store's genes and over what is known of the confusions."""
    training: Floats
    """(K,): those of the training images."""
    images: int
    """How many were counted."""
    changed: int
    """How many of them get another class at these shares than at those of the training."""

    @property
    def prior(self) -> Prior:
        """For tables with the classes at these shares."""
        return Prior(self.task, self.training, self.shares)

    def told(self) -> tuple[str, str]:
        """Two lines: the shares, and what they change."""
        each = [
            f"{name} {share:.1%} ({low:.1%} to {high:.1%})"
            for name, share, low, high in zip(self.classes, self.shares, self.low, self.high, strict=True)
        ]
        changed = f"at these shares {self.changed:,} of {self.images:,} images get another {self.task}"
        return f"{self.task} in this store: {', '.join(each)}", changed


def store_shares(given: Annotations, store: Store, manifest: Manifest) -> Shares | None:
    """The shares of the first task's classes; None where the model does not tell its confusions, or nothing is known.

    Images that are not to be used, failed or lie outside count for nothing.
    """
    task, confusion = manifest.tasks[0], np.array(manifest.test_metrics.get("confusion", ()))
    size = len(task.classes)
    if task.kind != "class" or len(task.class_priors) != size or confusion.shape != (size, size):
        return None
    probabilities = given.probabilities(task.name)
    known = ~np.isnan(probabilities).any(1) & np.array([reason == "" for reason in store.unusable()], dtype=np.bool_)
    if not known.any():
        return None
    counted = probabilities[known].astype(np.float64)
    training = np.array(task.class_priors)
    shares, low, high = class_shares(counted, confusion, store.groups()[known], training)
    chosen = Prior(task.name, training, shares).answers(counted)[0]
    changed = int((chosen != counted.argmax(1)).sum())
    return Shares(task.name, task.classes, shares, low, high, training, int(known.sum()), changed)


def class_shares(
    probabilities: Floats, confusion: NDArray[np.integer], groups: NDArray[np.int64], start: Floats
) -> tuple[Floats, Floats, Floats]:
    """The shares (K,) and the ends of their intervals.

    `probabilities` (n, K) are of the images, `groups` (n,) their genes; `confusion` (K, K) counts held-out images, rows
    are the right class; `start` (K,) are shares to begin with, of the training.
    """
    generator = np.random.default_rng(0)
    expected = _expected(probabilities)
    counts = confusion + _AS_IMAGES * expected
    first = np.maximum(start, _TINY) / np.maximum(start, _TINY).sum()
    by_gene = _by_gene(probabilities.argmax(1), groups, len(expected))
    found = _maximized(by_gene.sum(0), counts / counts.sum(1, keepdims=True), first)
    replicates = [_maximized(_drawn(by_gene, generator), _rows(counts, generator), found) for _ in range(_REPLICATES)]
    low, high = np.percentile(replicates, _ENDS, axis=0)
    return found, np.minimum(low, found), np.maximum(high, found)


def _expected(probabilities: Floats) -> Floats:
    """(K, K): what images of each class are taken for, if the probabilities mean what they say."""
    chosen = probabilities == probabilities.max(1, keepdims=True)
    together = probabilities.T @ chosen + np.eye(probabilities.shape[1]) * _TINY
    return np.asarray(together / together.sum(1, keepdims=True))


def _by_gene(taken_for: NDArray[np.intp], groups: NDArray[np.int64], classes: int) -> Floats:
    """(genes, K): how many images of each gene are taken for each class."""
    _, genes = np.unique(groups, return_inverse=True)
    counts = np.zeros((int(genes.max()) + 1, classes))
    np.add.at(counts, (genes, taken_for), 1)
    return counts


def _drawn(by_gene: Floats, generator: np.random.Generator) -> Floats:
    return np.asarray(by_gene[generator.integers(0, len(by_gene), len(by_gene))].sum(0))


def _rows(counts: Floats, generator: np.random.Generator) -> Floats:
    """(K, K): shares that these counts allow."""
    drawn = generator.standard_gamma(counts)
    return np.asarray(drawn / np.maximum(drawn.sum(1, keepdims=True), _TINY))


def _maximized(counted: Floats, confusion: Floats, start: Floats) -> Floats:
    """The shares (K,) by expectation-maximization, from a start without zeros."""
    shares = np.maximum(start, _TINY)
    for _ in range(_ROUNDS):
        joint = shares[:, None] * confusion
        later = (joint / np.maximum(joint.sum(0), _TINY)) @ counted / counted.sum()
        moved, shares = np.abs(later - shares).max(), later
        if moved < _SETTLED:
            break
    return shares
