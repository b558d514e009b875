from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from lsl_runtime.evaluation.scores import score
from lsl_shared import Task

STAGES = Task("stage", ("4", "5", "7", "9"), parent="range", parent_classes=("a", "b"), parent_index=(0, 0, 1, 1))


def test_worked_by_hand() -> None:
    task = Task("stage", ("4", "5", "7", "9"), parent="range", parent_classes=("a", "b"), parent_index=(0, 0, 1, 1),
                conformal_threshold=0.5)  # fmt: skip
    probabilities = np.array([[0.7, 0.1, 0.1, 0.1], [0.4, 0.5, 0.1, 0], [0.6, 0.3, 0.1, 0], [0, 0.3, 0.3, 0.4]])
    found = score(task, np.array([0, 1, 1, 0]), probabilities, np.array([5, 5, 6, 7]))
    assert (found.n_images, found.n_genes) == (4, 3)
    assert found.accuracy == 0.5 and found.majority == 0.5 and found.within_one == 0.75
    assert found.parent_accuracy == 0.75
    assert found.confusion == ((1, 0, 0, 1), (1, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0))
    assert found.macro_f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert found.nll == pytest.approx(-np.mean(np.log([0.7, 0.5, 0.3, float(np.finfo(np.float32).tiny)])))
    assert found.brier == pytest.approx((0.12 + 0.42 + (0.36 + 0.49 + 0.01) + (1 + 0.09 + 0.09 + 0.16)) / 4)
    # Ten bins over four images: each is a bin of its own.
    assert found.ece == pytest.approx((0.3 + 0.5 + 0.6 + 0.4) / 4)
    # The sets are {4}, {5}, {4}, {9}.
    assert (found.coverage, found.mean_set_size) == (0.5, 1.0)
    first, second, third = found.classes[0], found.classes[1], found.classes[2]
    assert (first.n_images, first.accuracy, first.confused_with, first.n_confused) == (2, 0.5, "9", 1)
    assert (second.accuracy, second.confused_with, second.n_confused) == (0.5, "4", 1)
    assert (third.n_images, third.accuracy, third.confused_with, third.n_confused) == (0, None, "", 0)


def test_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    probabilities, truth = generator.dirichlet(np.ones(4), 500), generator.integers(0, 4, 500)
    found, predicted = score(STAGES, truth, probabilities, np.arange(500)), probabilities.argmax(1)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    assert found.nll == pytest.approx(metrics.log_loss(truth, probabilities))
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(truth, predicted))


def test_classes_without_order_have_no_neighbours() -> None:
    found = score(Task("species", ("oak", "ash")), np.array([0, 1]), np.eye(2), np.array([0, 1]))
    assert found.within_one is None and found.parent_accuracy is None and found.accuracy == 1


@pytest.mark.parametrize(
    ("classes", "neighbours"),
    [
        (("4", "5", "10"), True),
        (("1-3", "4-6", "13-17"), True),
        (("10", "9"), False),
        (("4", "late"), False),
        (("a", "b"), False),
    ],
)
def test_only_ascending_numbers_have_neighbours(classes: tuple[str, ...], neighbours: bool) -> None:
    found = score(Task("age", classes), np.array([0, 1]), np.eye(len(classes))[[1, 1]], np.array([0, 1]))
    assert found.within_one == (1.0 if neighbours else None)


def test_majority_is_that_of_the_images_scored() -> None:
    found = score(STAGES, np.array([2, 2, 2, 0]), np.eye(4)[[0, 0, 0, 0]], np.arange(4))
    assert found.majority == 0.75
