"""The ways to use an encoder that foundation.py compares, with their recipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from trainings import finished, finished_on_features, share_right
from transfer_methods import FEATURES, FoldAnswer, Method, handmade, ridge_answer, trained
from transfer_problem import Floats, Problem

from lsl_shared.files.store import Store
from lsl_trainer.data.load import load_data
from lsl_trainer.layers.layers import block_features
from lsl_trainer.learning.backbones import transferred_network
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.device import best_device
from lsl_trainer.settings.presets import PRESETS

__all__ = ["Recipe", "embryo_ways", "kept_features", "pollen_ways"]

RATE, DECAY = 0.001, 0.9
EPOCHS = 6
POLLEN_EPOCHS = {1: 20, 5: 8}
"""By labels a species."""
DEPTHS = (1 / 2, 2 / 3, 5 / 6)
"""Where middle layers lie, of all."""


@dataclass(frozen=True)
class Recipe:
    """An encoder, and how it is used."""

    backbone: str
    enlarge: int
    rank: int

    @property
    def source(self) -> dict[str, Any]:
        """What all ways have."""
        return {"backbone": self.backbone, "enlarge": self.enlarge, "method": "plain", "learning_rate": RATE}

    @property
    def adapters(self) -> dict[str, Any]:
        """What learns beside the weights."""
        return {**self.source, "adapters": self.rank}

    @property
    def whole(self) -> dict[str, Any]:
        """All weights, the first layers more slowly."""
        return {**self.source, "layer_decay": DECAY}


def kept_features(problem: Problem, recipe: Recipe, folder: Path) -> list[Floats]:
    """Of every layer (N, D), for images as they lie in the store; computed once."""
    config = PRESETS["tiny"].having(**recipe.source, fine="stage_range")
    network = transferred_network(config, problem.images.shape[1:3], 2).to(best_device())
    return [one.astype(np.float64) for one in block_features(network, problem.images, folder=folder)]


def embryo_ways(
    problem: Problem, small: Path, features: list[Floats], recipe: Recipe
) -> dict[str, Callable[[str], Method]]:
    """By name; `small` holds the images that weights learn from. Ranges and terms are learnt together."""
    base = PRESETS["tiny"].having(fine="stage_range", tasks=("cv_terms",), fine_epochs=EPOCHS)

    def ridge(sets: list[Floats]) -> Callable[[str], Method]:
        return lambda name: lambda held: {name: ridge_answer(problem, sets, held)}

    def learning(settings: Mapping[str, Any]) -> Callable[[str], Method]:
        return lambda name: _with_layers(name, trained(problem, name, small, base.having(**settings), reuse=True))

    return {
        "frozen, last layer": ridge(features[-1:]),
        "frozen, best layer": ridge(features),
        "adapters": learning(recipe.adapters),
        "whole": learning(recipe.whole),
        "hand-made, sparse": lambda name: handmade(problem, name, "sparse"),
    }


def _with_layers(name: str, method: Method) -> Method:
    """The same, with the answers of its layers under a name of their own."""

    def answers(held: np.ndarray) -> dict[str, FoldAnswer]:
        found = method(held)
        return {name: found[name], f"{name}, its best layer": found[FEATURES]}

    return answers


def pollen_ways(
    store: Path, features: Path, recipe: Recipe, labels: int, seed: int
) -> dict[str, Callable[[], dict[str, float]]]:
    """By name, what answers for the test images: the share that is right, their number, seconds of the processor."""
    base = PRESETS["tiny"].having(
        fine="species", split="random", fine_per_class=labels, flip=True, seed=seed, label_seed=seed,
        fine_epochs=POLLEN_EPOCHS[labels], calibration="split",
    )  # fmt: skip
    linear = {**recipe.source, "method": "linear"}
    middle = {**linear, "feature_blocks": _middle(store, base.having(**recipe.source))}

    def answer(settings: Mapping[str, Any]) -> Callable[[], dict[str, float]]:
        return lambda: _answered(store, base.having(**settings), features)

    return {
        "frozen, last layer": answer(linear),
        "frozen, middle layers": answer(middle),
        "frozen, middle layers, turned": answer({**middle, "turned": True}),
        "adapters": answer(recipe.adapters),
        "whole": answer(recipe.whole),
    }


def _middle(store: Path, config: TrainConfig) -> tuple[int, ...]:
    """The numbers of middle layers."""
    from lsl_trainer.layers.layers import block_names

    with Store(store) as opened:
        count = len(block_names(transferred_network(config, opened.shape[1:], 2)))
    return tuple(sorted({round(count * depth) for depth in DEPTHS}))


def _answered(store: Path, config: TrainConfig, features: Path) -> dict[str, float]:
    began = time.process_time()
    with Store(store) as opened:
        data = load_data(opened, config)
    if config.method == "linear":
        _, network, asked = finished_on_features(data, config, features)
    else:
        network, asked = finished(data, config).network, data
    right = share_right(network, asked.test)
    return {"right": right, "images": len(asked.test), "seconds": time.process_time() - began}
