from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_tools.auditing.calibration import mapped, tempered
from lsl_tools.auditing.estimate import estimated
from lsl_tools.auditing.evidence import Evidence, TaskLabels
from lsl_tools.auditing.noise import Noise
from tests.support.planted_labels import ABOVE, answered

FINE = np.eye(6, dtype=np.bool_)
COARSE = np.arange(3)[:, None] == ABOVE


def evidence(stage: NDArray[np.int64], range_: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Evidence:
    rows = np.arange(len(stage))
    fine = TaskLabels("stage", tuple("123456"), FINE, stage)
    coarse = TaskLabels("range", ("early", "middle", "late"), COARSE, range_)
    return Evidence(rows, probabilities, rows % 5, rows, (fine, coarse))


def test_the_likelihood_of_labels_is_that_of_a_naive_loop() -> None:
    labels = np.array([0, 2, -1, 1])
    probabilities = np.random.default_rng(0).dirichlet(np.ones(6), 4)
    noise = Noise.of(TaskLabels("range", ("a", "b", "c"), COARSE, labels), probabilities, 0.1, 0.7)
    found = noise.likelihood()
    for image, label in enumerate(labels):
        for state in range(6):
            if label < 0:
                expected = 1.0
            elif COARSE[label, state]:
                expected = 0.9
            else:
                expected = 0.1 * (0.7 / 2 + 0.3 * noise.alike[label, state])
            assert found[image, state] == pytest.approx(expected)
    np.testing.assert_allclose(noise.alike.sum(0), 1)


def test_a_label_of_overlapping_sets_is_right_in_shares() -> None:
    allows = np.array([[True, True, False], [False, True, True]])
    noise = Noise.of(TaskLabels("hours", ("0-2", "1-3"), allows, np.array([0, 1])), np.full((2, 3), 1 / 3), 0.2, 1.0)
    np.testing.assert_allclose(noise.likelihood(), [[0.8, 0.4, 0.2], [0.2, 0.4, 0.8]])


def test_the_answer_says_which_of_two_contradicting_labels_is_wrong() -> None:
    draws = np.random.default_rng(1)
    truth = draws.integers(0, 6, 500)
    stage, range_ = truth.copy(), ABOVE[truth]
    stage[:12] = (truth[:12] + 3) % 6  # another range
    range_[12:24] = (range_[12:24] + 1) % 3
    found = estimated(evidence(stage, range_, answered(truth, draws).astype(np.float64)))
    fine, coarse = found.wrong
    assert (fine[:12] > coarse[:12]).mean() > 0.9 and (fine[12:24] < coarse[12:24]).mean() > 0.9
    assert (found.any_wrong[:24] > 0.99).all() and np.median(found.any_wrong[24:]) < 0.01


def test_an_answer_that_breaks_both_labels_is_likelier_wrong_than_one_that_breaks_one() -> None:
    draws = np.random.default_rng(2)
    truth = draws.integers(0, 6, 500)
    probabilities = answered(truth, draws).astype(np.float64)
    stage, range_ = truth.copy(), ABOVE[truth]
    range_[:10] = (range_[:10] + 1) % 3  # makes the labels independent ones
    probabilities[20], probabilities[21] = 0.005, 0.005
    probabilities[20, (truth[20] + 3) % 6] = 0.975  # breaks stage and range
    probabilities[21, (truth[21] + 3) % 6] = 0.975  # breaks the stage: there is no range
    range_[21] = -1
    found = estimated(evidence(stage, range_, probabilities))
    assert found.any_wrong[20] < found.any_wrong[21]


def test_coarse_labels_made_from_fine_ones_are_no_second_witness() -> None:
    draws = np.random.default_rng(3)
    truth = draws.integers(0, 6, 500)
    stage = truth.copy()
    stage[:20] = (truth[:20] + 3) % 6
    found = estimated(evidence(stage, ABOVE[stage], answered(truth, draws).astype(np.float64)))
    assert np.median(found.wrong[0][:20]) > 0.7 and np.median(found.wrong[1][:20]) > 0.7
    assert np.nanmedian(found.wrong[0][20:]) < 0.02


def test_tempered_probabilities_are_powers_brought_to_one() -> None:
    given = np.array([[0.5, 0.25, 0.25]])
    np.testing.assert_allclose(tempered(given, 0.5), [[0.25 / 0.375, 0.0625 / 0.375, 0.0625 / 0.375]])


def test_the_map_mends_what_a_linear_map_of_the_logits_has_spoilt() -> None:
    draws = np.random.default_rng(4)
    truth = draws.integers(0, 4, 4000)
    logits = 2.0 * np.eye(4)[truth] + draws.standard_normal((4000, 4))
    spoilt = logits @ (0.6 * np.eye(4) + 0.2 * draws.standard_normal((4, 4))) + [0.5, 0, -0.5, 0]
    shares = [np.exp(one) / np.exp(one).sum(1, keepdims=True) for one in (logits * 2, spoilt)]
    likelihood = np.where(np.eye(4, dtype=bool)[truth], 1.0, 1e-9)
    mended = mapped(shares[1], likelihood, np.arange(4000) % 5)
    loss = [-np.log(one[np.arange(4000), truth]).mean() for one in (*shares, mended)]
    assert loss[2] < loss[0] + 0.3 * (loss[1] - loss[0])
    assert mapped(shares[1], likelihood, np.zeros(4000, np.int64)) is shares[1]
