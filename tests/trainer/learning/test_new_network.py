from __future__ import annotations

import numpy as np

from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.new_network import channel_statistics


def test_channel_statistics_equal_numpy() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 6, 3), dtype=np.uint8)
    rows = np.array([1, 4, 6])
    mean, deviation = channel_statistics(Labelled(images, rows, rows, rows, rows.astype(object)))
    pixels = images[rows] / 255
    assert np.allclose(mean, pixels.mean((0, 1, 2)))
    assert np.allclose(deviation, pixels.std((0, 1, 2)))
