from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as judge

from lsl_shared.measures import metrics

RNG = np.random.default_rng(5)
TRUTH = RNG.integers(0, 4, 200)
LOGITS = RNG.normal(size=(200, 5)) + 2 * np.eye(5)[TRUTH]
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
PREDICTED = PROBABILITIES.argmax(1)


def test_against_scikit_learn() -> None:
    counts = metrics.confusion(TRUTH, PREDICTED, 5)
    np.testing.assert_array_equal(counts, judge.confusion_matrix(TRUTH, PREDICTED, labels=range(5)))
    assert metrics.accuracy(TRUTH, PREDICTED) == judge.accuracy_score(TRUTH, PREDICTED)
    assert metrics.macro_f1(counts) == pytest.approx(judge.f1_score(TRUTH, PREDICTED, average="macro"), abs=1e-12)
    assert metrics.nll(TRUTH, PROBABILITIES) == pytest.approx(judge.log_loss(TRUTH, PROBABILITIES, labels=range(5)))


def test_by_hand() -> None:
    truth, probabilities = np.array([0, 1]), np.array([[0.5, 0.5], [0.75, 0.25]])
    assert metrics.nll(truth, probabilities) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert metrics.brier(truth, probabilities) == pytest.approx((0.25 + 0.25 + 0.5625 + 0.5625) / 2)
    assert metrics.within(np.array([0, 3, 5]), np.array([1, 1, 5])) == pytest.approx(2 / 3)
    assert metrics.within(np.array([0, 3, 5]), np.array([1, 1, 5]), steps=2) == 1


def test_unsigned_labels_do_not_wrap() -> None:
    assert metrics.within(np.array([0], np.uint8), np.array([5], np.uint8)) == 0


def test_certain_and_wrong_is_finite() -> None:
    assert 80 < metrics.nll(np.array([1]), np.array([[1.0, 0.0]])) < 100


def test_f1_leaves_absent_classes_out() -> None:
    assert metrics.macro_f1(np.array([[2, 0, 0], [0, 3, 0], [0, 0, 0]])) == 1
    assert metrics.macro_f1(np.array([[1, 1], [0, 0]])) == pytest.approx(2 / 3 / 2)
    assert np.isnan(metrics.macro_f1(np.zeros((3, 3), np.int64)))


def test_calibration_bins_by_hand() -> None:
    truth = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    bins = metrics.calibration_bins(truth, probabilities, bins=2)
    np.testing.assert_allclose(bins, [[0.65, 1.0, 2], [0.85, 0.5, 2]])
    assert metrics.expected_calibration_error(truth, probabilities, bins=2) == pytest.approx(0.35)


def test_calibration_bins_hold_every_image_once() -> None:
    bins = metrics.calibration_bins(TRUTH, PROBABILITIES, bins=7)
    assert bins[:, 2].sum() == 200
    assert set(bins[:, 2]) <= {28.0, 29.0}
    assert np.average(bins[:, 1], weights=bins[:, 2]) == pytest.approx(metrics.accuracy(TRUTH, PREDICTED))
    assert len(metrics.calibration_bins(TRUTH[:3], PROBABILITIES[:3])) == 3


def test_majority_share() -> None:
    assert metrics.majority_share(np.array([4, 2, 4, 4])) == 0.75


@pytest.mark.parametrize(
    ("classes", "ordered"),
    [(("4", "5", "10"), True), (("1-3", "4-6"), True), (("10", "9"), False), (("oak", "palm"), False), (("4",), True)],
)
def test_is_ordered(classes: tuple[str, ...], ordered: bool) -> None:
    assert metrics.is_ordered(classes) is ordered


def test_bins_of_unequal_size_weigh_by_their_images() -> None:
    """Five images in two bins of three and two."""
    chance = np.array([0.6, 0.6, 0.6, 0.8, 0.8])
    truth = np.array([0, 0, 1, 0, 1])
    table = metrics.calibration_bins(truth, np.stack([chance, 1 - chance], 1), bins=2)
    assert table[:, 2].tolist() == [3, 2]
    found = metrics.expected_calibration_error(truth, np.stack([chance, 1 - chance], 1), bins=2)
    assert np.isclose(found, (3 * abs(0.6 - 2 / 3) + 2 * abs(0.8 - 0.5)) / 5)
