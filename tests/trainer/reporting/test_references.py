from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from lsl_shared import Store
from lsl_trainer.data.load import load_data
from lsl_trainer.reporting.references import reference_pictures
from lsl_trainer.settings.config import TrainConfig
from tests.support.pictures import embedded


def test_each_class_shows_its_most_frequent_references_first(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
    first, second, *_ = np.flatnonzero(data.fine.labels == 0)
    sets = torch.full((10, 4), -1)
    sets[:, 0] = torch.tensor([first] * 3 + [second] * 7)
    found = reference_pictures(data, sets)
    assert [one.name for one in found] == ["a", "b", "c", "d"]
    assert [one.n_samples for one in found] == [2, 0, 0, 0]
    assert [(id, share) for _, id, share in found[0].pictures] == [
        (data.fine.ids[second], 0.7), (data.fine.ids[first], 0.3)
    ]  # fmt: skip
    shown = [embedded(address)[0] for address, _, _ in found[0].pictures]
    images = data.fine.images[data.fine.rows[[second, first]]]
    apart = np.array([[np.abs(one.astype(float) - image).mean() for image in images] for one in shown])
    assert (apart.diagonal() < 0.75 * apart.max(1)).all(), "noise suffers from JPEG, but it is the right image"
    assert found[1].pictures == ()


def test_without_step_two_there_are_none(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        assert reference_pictures(load_data(opened, config), None) == []
