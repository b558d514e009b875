"""Cross-validation by gene: every labelled image is tested once, by a network that saw no image of its gene."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_trainer.data.chosen_tasks import choose_tasks, task_to_learn
from lsl_trainer.data.split import fold_store, stored_duplicates
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.figures import confusion_matrix
from lsl_trainer.reporting.page import write_page
from lsl_trainer.reporting.versions import versions
from lsl_trainer.runs.folds_file import write_folds
from lsl_trainer.runs.out_of_fold import CrossValidation, fold_folder, score_folds
from lsl_trainer.runs.run_folder import CONFIG, METRICS, REPORT
from lsl_trainer.runs.training import train
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config
from lsl_trainer.settings.method import find_method

__all__ = ["cross_validate"]


def cross_validate(
    store: str | Path,
    config: TrainConfig,
    out: str | Path,
    folds: int,
    *,
    resume: bool = False,
    on_start: Callable[[int, TwoStepTraining], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> CrossValidation:
    """Trains a run for each fold, and scores their answers for the images that they did not see together.

    Args:
        store: The image store.
        config: The settings of all runs.
        out: The folder of the cross-validation, which gets fold-1/, fold-2/ …; it must be new or empty.
        folds: How many folds, from 2 to the number of genes.
        resume: Whether to go on in `out`: finished folds are kept, and an interrupted one goes on.
        on_start: Called with the number of each fold, from 1, and its training when it is prepared.
        on_images: Called with the number of images just learnt from.
        on_epoch: Called with each epoch as it ends.

    Returns:
        The scores of all folds together, and of each.

    Raises:
        ConfigError: A number of folds that the store does not allow, or settings that `train` refuses.
        TrainingError: A folder that holds something else, or what `train` raises.
        StoreError: A damaged store, or a task that it lacks.

    Example:
        >>> from lsl_trainer import PRESETS, NetworkConfig, cross_validate
        >>> small = NetworkConfig(widths=(8,), strides=(2,), stem_stride=2, pool=2)
        >>> config = PRESETS["tiny"].having(network=small, method="plain", fine_epochs=1)
        >>> found = cross_validate("store.h5", config, "runs/folds", 2)
        >>> sum(fold.n_images for fold in found.folds) == found.scores.n_images
        True
    """
    out, told = Path(out), on_start or (lambda number, training: None)
    with Store(store) as opened:
        parts, space = _parts(opened, config, folds), task_to_learn(opened, config.labels)
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out} exists already; choose another --out, or --resume to go on with it")
    write_folds(out, folds)
    write_config(config, out / CONFIG)
    for number, part in enumerate(parts, start=1):
        path = fold_folder(out, number)
        if not (path / METRICS).exists():
            begun, start = (path / CONFIG).exists(), partial(told, number)
            train(store, config, path, part=part, resume=begun, on_start=start, on_images=on_images, on_epoch=on_epoch)
    with Store(store) as opened:
        found = score_folds(opened, out, parts, opened.labels(space.name).astype(np.int64))
    _write(found, space, config)
    return found


def _parts(store: Store, config: TrainConfig, folds: int) -> list[NDArray[np.int8]]:
    """The split of each fold; equal images stay together."""
    tasks = choose_tasks(store, config, find_method(config.method)).of_classes
    labelled = np.flatnonzero(np.any([store.labels(name) >= 0 for name in tasks], axis=0))
    generator = np.random.default_rng([config.seed, 1])
    return fold_store(store, config.labels.split, folds, tasks, generator, stored_duplicates(store, labelled))


def _write(found: CrossValidation, space: LabelSpace, config: TrainConfig) -> None:
    """The report, and metrics.json last: with it the cross-validation is finished."""
    write_page(
        found.path / REPORT,
        "folds.html",
        title=f"{space.name}: {config.method}, preset {config.preset}, {len(found.folds)} folds",
        found=found,
        scores=found.scores,
        space=space,
        matrix=confusion_matrix(np.array(found.scores.confusion), space.classes),
    )
    figures = {**found.to_dict(), "config": config.to_dict(), "versions": versions()}
    write_text(found.path / METRICS, json.dumps(figures, indent=1, ensure_ascii=False))
