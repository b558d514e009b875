"""Among candidates that chance sets apart, the one whose features tell most of time is taken."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch

from lsl_trainer.choosing.candidate import Candidate
from lsl_trainer.choosing.features import Layer, SharedFeatures
from lsl_trainer.choosing.sight import Sight
from lsl_trainer.choosing.telling import Tried, choice_of
from lsl_trainer.choosing.time_told import ask_for_time
from lsl_trainer.choosing.yardstick import Marks
from lsl_trainer.learning.time_head import IntervalLabels

CLASSES, IMAGES = 4, 60


class Stub:
    """Block 1 sees time, block 2 noise."""

    def __init__(self, places: np.ndarray) -> None:
        generator = np.random.default_rng(0)
        bumps = np.exp(-((places[:, None] - np.linspace(0, CLASSES, 9)) ** 2))
        noise = generator.normal(0, 0.2, (2, len(places), 9))
        self.found = {1: torch.from_numpy(bumps + noise[0]).float(), 2: torch.from_numpy(noise[1]).float()}

    def of(self, enlarge: int, view: int, layers: tuple[Layer, ...]) -> list[torch.Tensor]:
        return [self.found[one.block] for one in layers]

    def sizes(self, enlarge: int, layers: tuple[Layer, ...]) -> tuple[int, ...]:
        return tuple(9 for _ in layers)


def tried(block: int, right: int, name: str = "") -> Tried:
    """A candidate of a block that gave `right` of a hundred labels right, no two candidates the same ones."""
    fine = np.zeros(100)
    fine[(np.arange(right) * 7 + 13 * block) % 100] = 1
    settings = {"method": "linear", "feature_blocks": (block,), "feature_cells": 16, "feature_kind": "cells"}
    return Tried(Candidate(name or f"block {block}, {right}", settings), Marks(fine, np.full(100, np.nan)))


def asked(*found: Tried) -> list[Tried]:
    """The same, with what they tell of time."""
    places = np.random.default_rng(1).uniform(0, CLASSES, IMAGES)
    allowed, fine = np.eye(CLASSES, dtype=bool)[places.astype(int)], np.arange(IMAGES) % 2 == 0
    allowed[~fine] |= np.eye(CLASSES, dtype=bool)[places.astype(int) ^ 1][~fine]
    groups, told = np.arange(IMAGES) // 3, list(found)
    stub = cast(SharedFeatures, Stub(places))
    ask_for_time(told, stub, IntervalLabels(allowed, fine, groups, groups % 5))
    return told


def test_chance_does_not_choose_between_layers() -> None:
    found = asked(tried(2, 62), tried(1, 60), tried(1, 30))
    noise, time, far = (one.time for one in found)
    assert noise is not None and time is not None and time < noise and far is None
    choice = choice_of(cast(Sight, "what is seen"), found, np.ones(100, dtype=np.bool_), "")
    assert choice.name == "block 1, 60" and "tells most of time" in choice.lines[2]


def test_what_is_better_by_more_than_chance_stays() -> None:
    found = asked(tried(2, 90), tried(1, 60))
    assert [one.time for one in found] == [None, None]
    choice = choice_of(cast(Sight, "what is seen"), found, np.ones(100, dtype=np.bool_), "")
    assert choice.name == "block 2, 90" and "the best of 2" in choice.lines[2]
