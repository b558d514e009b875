from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lsl_trainer.calibration.term_thresholds import term_thresholds


def test_the_best_f1_of_each_term() -> None:
    generator = np.random.default_rng(0)
    truth = (generator.random((40, 3)) < 0.3).astype(int)
    chance = np.clip(generator.random((40, 3)) * 0.6 + 0.3 * truth, 0, 1)
    for k, threshold in enumerate(term_thresholds(truth, chance)):
        tried = [f1_score(truth[:, k], chance[:, k] >= cut) for cut in np.linspace(0, 1, 500)]
        assert f1_score(truth[:, k], chance[:, k] >= threshold) == pytest.approx(max(tried))


def test_rare_terms_take_the_common_threshold() -> None:
    truth = np.array([[1, 0], [1, 0], [1, 1], [0, 0], [0, -1]])
    chance = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.7], [0.3, 0.2], [0.2, 0.9]])
    own, common = term_thresholds(truth, chance)
    assert own == pytest.approx(0.5)
    assert common == pytest.approx(0.5)  # of both terms together: between 0.7 and 0.3, the unknown 0.9 left out


def test_without_any_bag() -> None:
    assert term_thresholds(np.zeros((0, 2), int), np.zeros((0, 2))) == (0.5, 0.5)
    assert term_thresholds(np.array([[0, -1]]), np.array([[0.3, 0.9]])) == (0.5, 0.5)
