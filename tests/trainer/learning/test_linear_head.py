from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lsl_trainer import TrainConfig
from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.linear_head import fit_head
from lsl_trainer.networks.gabor import gabor_network
from tests.support.squares import SIZE, square


def squares(classes: list[int], count: int = 60) -> Labelled:
    generator = np.random.default_rng(0)
    labels = np.array(classes)[np.arange(count) % len(classes)]
    images = np.stack([square(int(label) % 4, generator) for label in labels])
    places = np.arange(count)
    return Labelled(images, places, labels, places // 3, places.astype(object))


def test_the_layer_answers_as_scikit_learn_does() -> None:
    data, network = squares([0, 1, 2, 3]), gabor_network(SIZE, 5)
    penalty = fit_head(network, data, lambda count: None)
    with torch.no_grad():
        features = network.features(torch.from_numpy(data.images / 255).float().permute(0, 3, 1, 2)).numpy()
    # The judge works in float64 to its own end: in float32 it may stop after a few steps, on some processors.
    standard = StandardScaler().fit_transform(features.astype(np.float64))
    judge = LogisticRegression(C=penalty, max_iter=1000, tol=1e-8).fit(standard, data.labels)
    found = torch.softmax(logits_of(network, data.images, data.rows), 1).numpy()
    assert np.abs(found[:, :4] - judge.predict_proba(standard)).max() < 2e-4
    assert found[:, 4].max() < 1e-6, "a class without images is never predicted"
    assert (found.argmax(1) == data.labels).mean() > 0.95


def test_two_classes_of_many(config: TrainConfig) -> None:
    data, network = squares([1, 3]), gabor_network(SIZE, 4)
    counted: list[int] = []
    fit_head(network, data, counted.append)
    predicted = logits_of(network, data.images, data.rows).argmax(1).numpy()
    assert (predicted == data.labels).mean() > 0.95
    assert sum(counted) == len(data)
