"""The ways of answering that the transfer benchmark compares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from trainings import finished
from transfer_problem import Floats, Problem

from lsl_shared.files.store import Store
from lsl_shared.measures.term_metrics import bag_means
from lsl_trainer.calibration.term_thresholds import term_thresholds
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN, group_folds
from lsl_trainer.layers.handmade import Codebook, Coding, dense_sift
from lsl_trainer.layers.layers import block_features
from lsl_trainer.layers.ridge import choose_penalty, ridge_scores
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

__all__ = ["DECAY", "EPOCHS", "FEATURES", "LITE", "RATE", "FoldAnswer", "Method", "the_methods"]

LITE = "efficientnet-lite0"
FEATURES = "multi-task features, best layer"
EPOCHS, RATE, DECAY = 8, 0.001, 0.9


class FoldAnswer(NamedTuple):
    """What a method says of the k images of a fold; None of the terms if it does not answer for them."""

    ranges: Floats
    """(k, R)"""
    terms: Floats | None = None
    """(k, F)"""
    chosen: Floats | None = None
    """(k, F): the thresholds of the terms."""


Method = Callable[[NDArray[np.bool_]], dict[str, FoldAnswer]]
"""From the images that are left out, (N,), to their answers, by name."""


def ridge_answer(problem: Problem, sets: list[Floats], held: NDArray[np.bool_]) -> FoldAnswer:
    """Ridge classifiers on the best of several sets of features. Training genes choose the set and the penalty."""
    scores = []
    for targets in (problem.one_hot, problem.carried):
        fits = [choose_penalty(one[~held], targets[~held], problem.genes[~held]) for one in sets]
        best = int(np.argmin([fit.error for fit in fits]))
        one, fit = sets[best], fits[best]
        scores.append(ridge_scores(one[~held], targets[~held], one[held], [fit.penalty])[0])
    level = levels(problem, fit.left_out, ~held)
    return FoldAnswer(scores[0], scores[1], np.broadcast_to(level, scores[1].shape))


def levels(problem: Problem, scores: Floats, rows: NDArray[np.bool_]) -> Floats:
    """Thresholds of the terms from scores (n, F) of the images `rows` (N,)."""
    truth = problem.terms[rows][:, problem.often]
    bags = bag_means(truth, scores, problem.genes[rows], problem.ranges[rows])
    return np.array(term_thresholds(bags.truth, bags.probabilities))


def handmade(problem: Problem, name: str, coding: Coding) -> Method:
    """Dense SIFT, with a codebook learnt from the training images of each fold."""
    descriptors = np.stack([dense_sift(image) for image in problem.images])
    return lambda held: {
        name: ridge_answer(problem, [Codebook(descriptors[~held], coding).features(descriptors)], held)
    }


def frozen(problem: Problem, name: str, path: Path) -> Method:
    """Features of every block of the network as it comes from ImageNet; the images are those of the store at `path`."""
    config = PRESETS["tiny"].having(method="plain", fine="stage_range", backbone=LITE)
    with Store(path) as store:
        network = TwoStepTraining(load_data(store, config), config).network
        images = store.select(np.arange(len(store)))
    found = [one.astype(np.float64) for one in block_features(network, images)]
    return lambda held: {name: ridge_answer(problem, found, held)}


def trained(problem: Problem, name: str, small: Path, config: TrainConfig, *, reuse: bool = False) -> Method:
    """A network trained on the images at reduced size. With `reuse`, the features of its blocks answer as well."""

    def method(held: NDArray[np.bool_]) -> dict[str, FoldAnswer]:
        part = np.where(held, TEST, TRAIN).astype(np.int8)
        if len(np.unique(problem.genes)) > 20 and config.labels.tasks:
            part[np.flatnonzero(~held)[group_folds(problem.genes[~held], 8) == 0]] = CALIBRATION
        seeded = config.having(seed=problem.seed)
        with Store(small) as store:
            data = load_data(store, seeded, part)
            images = store.select(np.arange(len(store)))
        network = finished(data, seeded).network
        logits = logits_of(network, images, np.arange(len(images))).double().numpy()
        count = len(problem.range_names)
        if not config.labels.tasks:
            return {name: FoldAnswer(logits[held, :count])}
        probabilities = 1 / (1 + np.exp(-logits[:, count:][:, problem.often]))
        rows = part == CALIBRATION
        level = levels(problem, probabilities[rows], rows) if rows.any() else np.full(probabilities.shape[1], 0.5)
        found = {
            name: FoldAnswer(
                logits[held, :count], probabilities[held], np.broadcast_to(level, probabilities[held].shape)
            )
        }
        if reuse:
            features = [one.astype(np.float64) for one in block_features(network, images)]
            found[FEATURES] = ridge_answer(problem, features, held)
        return found

    return method


def the_methods(problem: Problem, small: Path) -> dict[str, Callable[[str], Method]]:
    """Every way of answering, by name; `small` holds the images that networks learn from."""
    fine = {"method": "plain", "fine": "stage_range", "learning_rate": RATE, "fine_epochs": EPOCHS}
    lite = PRESETS["tiny"].having(**fine, backbone=LITE, layer_decay=DECAY)
    scratch = PRESETS["tiny"].having(method="plain", fine="stage_range")
    both = {"tasks": ("cv_terms",)}
    return {
        "majority": lambda name: majority(problem, name),
        "hand-made, words": lambda name: handmade(problem, name, "words"),
        "hand-made, sparse": lambda name: handmade(problem, name, "sparse"),
        "frozen, best layer": lambda name: frozen(problem, name, problem.store),
        "frozen, best layer, small": lambda name: frozen(problem, name, small),
        "scratch": lambda name: trained(problem, name, small, scratch),
        "scratch, multi-task": lambda name: trained(problem, name, small, scratch.having(**both)),
        "fine-tuned": lambda name: trained(problem, name, small, lite),
        "fine-tuned, multi-task": lambda name: trained(problem, name, small, lite.having(**both), reuse=True),
    }


def majority(problem: Problem, name: str) -> Method:
    """The most frequent range of the training images."""

    def method(held: NDArray[np.bool_]) -> dict[str, FoldAnswer]:
        most = np.bincount(problem.ranges[~held]).argmax()
        return {name: FoldAnswer(np.tile(np.eye(len(problem.range_names))[most], (int(held.sum()), 1)))}

    return method
