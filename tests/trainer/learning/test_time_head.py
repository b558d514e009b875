from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from lsl_shared.measures.age import CELLS, positions_of
from lsl_trainer.learning.time_head import IntervalLabels, TimeHead, _levels, fit_time_head

CLASSES, GENES = 6, 60


def _features(places: np.ndarray, generator: np.random.Generator) -> torch.Tensor:
    """Bumps along time, with noise: what a network might see of a place."""
    middles = np.linspace(0, CLASSES, 13)
    seen = np.exp(-((places[:, None] - middles) ** 2)) + generator.normal(0, 0.2, (len(places), 13))
    return torch.from_numpy(seen - seen.mean(0)).float()


@pytest.fixture(scope="module")
def judged() -> tuple[TimeHead, np.ndarray, torch.Tensor]:
    """A head that learnt from 120 classes and 120 pairs of classes, and other images with their true places."""
    generator = np.random.default_rng(0)
    places = generator.uniform(0, CLASSES, 240)
    fine, index = np.arange(240) % 2 == 0, places.astype(int)
    allowed = np.where(
        fine[:, None], np.eye(CLASSES, dtype=bool)[index], np.eye(CLASSES // 2).repeat(2, 1)[index // 2] > 0
    )
    groups = np.arange(240) // 4
    features = _features(places, generator)
    head = fit_time_head(features, IntervalLabels(allowed, fine, groups, groups % 5), torch.eye(13), 0.9, line_spread=0)
    asked = generator.uniform(0, CLASSES, 400)
    return head, asked, _features(asked, generator)


def test_places_inside_a_class_are_learnt_from_labels_that_do_not_tell_them(
    judged: tuple[TimeHead, np.ndarray, torch.Tensor],
) -> None:
    head, places, features = judged
    density = head(features).numpy()
    assert density.shape == (400, CLASSES * CELLS)
    np.testing.assert_allclose(density.sum(1), 1, rtol=1e-5)
    found = positions_of(density, head.threshold)[:, 1]
    middle = density.reshape(400, CLASSES, CELLS).sum(2).argmax(1) + 0.5
    inside = [spearmanr(found[places.astype(int) == k], places[places.astype(int) == k])[0] for k in range(CLASSES)]
    assert np.mean(inside) > 0.3
    assert np.abs(found - places).mean() < 0.85 * np.abs(middle - places).mean()


def test_its_intervals_hold_the_true_place(judged: tuple[TimeHead, np.ndarray, torch.Tensor]) -> None:
    head, places, features = judged
    low, _, high = positions_of(head(features).numpy(), head.threshold).T
    assert 0.85 < ((low <= places) & (places <= high)).mean() <= 1
    assert np.median(high - low) < 3


def test_levels_make_all_parts_of_a_class_as_frequent() -> None:
    generator = np.random.default_rng(2)
    density = generator.dirichlet(np.linspace(0.2, 2, 3 * CELLS), 300)
    allowed = np.eye(3, dtype=bool)[generator.integers(0, 3, 300)]
    labels = IntervalLabels(allowed, np.ones(300, bool), np.arange(300), np.arange(300) % 5)
    shares = density * np.exp(_levels(density, labels)) * labels.cells
    parts = (shares / shares.sum(1, keepdims=True)).sum(0).reshape(3, CELLS)
    np.testing.assert_allclose(parts / parts.mean(1, keepdims=True), 1, atol=0.05)


def test_images_that_labels_put_nowhere_teach_nothing() -> None:
    generator = np.random.default_rng(1)
    places = generator.uniform(0, CLASSES, 60)
    allowed, groups = np.eye(CLASSES, dtype=bool)[places.astype(int)], np.arange(60) // 2
    features = _features(places, generator)
    plain = fit_time_head(features, IntervalLabels(allowed, np.ones(60, bool), groups, groups % 2), torch.eye(13), 0.9)
    more = IntervalLabels(
        np.vstack([allowed, np.zeros_like(allowed[:9])]),
        np.arange(69) < 60,
        np.r_[groups, [-1] * 9],
        np.r_[groups, [0] * 9] % 2,
    )
    nine = fit_time_head(torch.cat([features, 9 * features[:9]]), more, torch.eye(13), 0.9)
    torch.testing.assert_close(nine(features), plain(features))
