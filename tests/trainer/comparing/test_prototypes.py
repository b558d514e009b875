from __future__ import annotations

import numpy as np
from torch import nn

from lsl_trainer.comparing.prototypes import nearest_prototype
from lsl_trainer.data.batch import Labelled
from lsl_trainer.networks.residual import Network


def pictures(rows: list[tuple[int, int, int]], labels: list[int]) -> Labelled:
    images = np.zeros((len(rows), 1, 1, 3), np.uint8)
    images[:, 0, 0] = rows
    return Labelled(images, np.arange(len(rows)), np.array(labels), np.arange(len(rows)), np.array(rows, dtype=object))


def test_the_nearest_by_cosine_whatever_the_length() -> None:
    """Features are the three channels themselves; class 1 is never trained on, an unlabelled image takes no part."""
    network = Network(nn.Flatten(), 3, 4, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    trained = pictures([(200, 10, 0), (20, 0, 0), (0, 100, 0), (0, 0, 9), (0, 0, 255)], [0, 0, 2, 3, -1])
    test = pictures([(9, 1, 0), (1, 250, 90), (30, 20, 60)], [0, 2, 3])
    assert nearest_prototype(network, trained, test).tolist() == [0, 2, 3]


def test_prototypes_weigh_every_image_the_same() -> None:
    network = Network(nn.Flatten(), 3, 2, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    trained = pictures([(250, 0, 0), (0, 2, 0), (0, 2, 0), (180, 60, 0)], [0, 0, 0, 1])
    assert nearest_prototype(network, trained, pictures([(10, 20, 0)], [0])).tolist() == [0]
