"""The head for time of a frozen network: features of any scale, every other image with a class, the others with two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lsl_shared import LabelSpace, Store, StoreWriter
from lsl_shared.measures.age import positions_of
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.frozen_time import frozen_time_head
from tests.support.squares import small_config

CONFIG = small_config().having(method="coarse-constrained", fine="stage", coarse="stage_range", line_spread=0)
RANGES = LabelSpace("stage_range", ("4-5", "6-7", "8-9"))
STAGES = LabelSpace.fine("stage", {str(stage): RANGES.classes[(stage - 4) // 2] for stage in range(4, 10)}, RANGES)


def _features(places: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Bumps along time, with noise, far from 0 and on no scale in particular."""
    seen = np.exp(-((places[:, None] - np.linspace(0, 6, 13)) ** 2)) + generator.normal(0, 0.2, (len(places), 13))
    return (seen * np.geomspace(0.1, 50, 13) + 7).astype(np.float32)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    """240 images of 60 genes, features in the place of pixels."""
    generator, path = np.random.default_rng(0), tmp_path_factory.mktemp("timed") / "store.h5"
    places = generator.uniform(0, 6, 240)
    stages = places.astype(int)
    with StoreWriter(path, 8, 8) as writer:
        for number in range(240):
            noise = generator.integers(0, 255, (8, 8, 3), np.uint8)
            writer.append(noise, id=f"image{number}", gene=f"gene{number // 4}")
        writer.add_task(RANGES, stages // 2)
        writer.add_task(STAGES, np.where(np.arange(240) % 2, -1, stages))
    with Store(path) as store:
        data = load_data(store, CONFIG, np.zeros(240, np.int8))
    features = _features(places, generator)[:, None]
    sets = {name: replace(getattr(data, name), images=features) for name in ("fine", "coarse", "constrained")}
    return replace(data, **sets)


def test_places_are_found_inside_classes_and_intervals_hold_them(learnt: TrainingData) -> None:
    head, generator = frozen_time_head(learnt, CONFIG), np.random.default_rng(1)
    assert head is not None
    places = generator.uniform(0, 6, 400)
    density = head(torch.from_numpy(_features(places, generator))).numpy()
    low, found, high = positions_of(density, head.threshold).T
    middle = density.reshape(400, 6, -1).sum(2).argmax(1) + 0.5
    assert np.abs(found - places).mean() < 0.85 * np.abs(middle - places).mean()
    assert 0.84 < ((low <= places) & (places <= high)).mean() < 0.97


def test_classes_without_an_order_and_labels_of_few_genes_have_none(learnt: TrainingData) -> None:
    few = replace(learnt, fine=learnt.fine.part(learnt.fine.groups < np.unique(learnt.fine.groups)[4]))
    assert frozen_time_head(few, CONFIG) is None
    (task,) = learnt.first
    names = LabelSpace("stage", tuple("abcdef"))
    assert frozen_time_head(replace(learnt, first=(replace(task, space=names),)), CONFIG) is None
