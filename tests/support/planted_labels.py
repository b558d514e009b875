"""Out-of-fold answers of a made-up model for made-up images, and labels of which some are wrong for certain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared import Annotations, LabelSpace, Store, StoreWriter
from lsl_shared.files.out_of_fold import OUT_OF_FOLD, OutOfFold, TaskAnswers, write_out_of_fold

RANGE = LabelSpace("range", ("early", "middle", "late", "egg"))
STAGE = LabelSpace("stage", ("1", "2", "3", "4", "5", "6"), "range", (0, 0, 1, 1, 2, 2))
ABOVE = np.array(STAGE.parent_index)


@dataclass(frozen=True)
class Planted:
    """A store of 600 images, 400 with both labels, and its run."""

    store: Path
    run: Path
    wrong_stage: NDArray[np.int64]
    """The images whose fine label is wrong."""
    wrong_range: NDArray[np.int64]


def planted(folder: Path, *, fine: int = 20, coarse: int = 12, seed: int = 0) -> Planted:
    """`fine` and `coarse` labels of different images are replaced by other classes."""
    draws, count, labelled = np.random.default_rng(seed), 600, 400
    truth = draws.integers(0, 6, count)
    chosen = draws.permutation(labelled)[: fine + coarse]
    stage, range_ = np.where(np.arange(count) < labelled, truth, -1), ABOVE[truth]
    wrong_stage, wrong_range = np.sort(chosen[:fine]), np.sort(chosen[fine:])
    stage[wrong_stage] = (truth[wrong_stage] + draws.integers(1, 6, fine)) % 6
    range_[wrong_range] = (range_[wrong_range] + draws.integers(1, 3, coarse)) % 3
    folder.mkdir(parents=True, exist_ok=True)
    path, run = folder / "store.h5", folder / "runs" / "one"
    images = draws.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    with StoreWriter(path, 8, 8) as writer:
        for number, image in enumerate(images):
            writer.append(image, id=f"image-{number}", gene=f"gene-{number // 4}")
        writer.add_task(RANGE, range_.tolist())
        writer.add_task(STAGE, stage.tolist())
    with Store(path) as store:
        fingerprint, ids = store.fingerprint(), store.ids
    answers = TaskAnswers(STAGE.classes, answered(truth, draws), stage.astype(np.int16))
    run.mkdir(parents=True)
    folds = (np.arange(count) // 4 % 5).astype(np.int16)
    write_out_of_fold(run / OUT_OF_FOLD, OutOfFold(fingerprint, ids, folds, {"stage": answers}))
    return Planted(path, run, wrong_stage, wrong_range)


def write_answers(store: Path, annotations: Path, run: Path) -> None:
    """A run's out-of-fold answers: what a model said of the images of a store."""
    with Store(store) as images, Annotations(annotations) as given:
        (name,) = given.tasks
        answers = TaskAnswers(given.tasks[name], given.probabilities(name), images.labels(name))
        folds = (images.groups() % 5).astype(np.int16)
        found = OutOfFold(images.fingerprint(), images.ids, folds, {name: answers})
    write_out_of_fold(run / OUT_OF_FOLD, found)


def answered(truth: NDArray[np.int64], draws: np.random.Generator) -> NDArray[np.float32]:
    """Probabilities of a model that is right nine times in ten, and sure of what it says."""
    logits = draws.standard_normal((len(truth), 6)) + 3.5 * (np.arange(6) == truth[:, None])
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)
