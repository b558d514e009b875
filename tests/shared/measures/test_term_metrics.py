from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from lsl_shared.measures.term_metrics import average_precision, bag_means, f1, roc_auc, score_terms


@pytest.mark.parametrize("seed", range(5))
def test_ranking_figures_are_those_of_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.random(40) < 0.2
    truth[:2] = [True, False]
    scores = np.round(generator.random(40) + 0.2 * truth, 1)  # many ties
    assert roc_auc(truth, scores) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert average_precision(truth, scores) == pytest.approx(metrics.average_precision_score(truth, scores))


def test_a_bag_has_the_mean_of_its_images_and_any_of_their_terms() -> None:
    truth = np.array([[1, 0], [0, 0], [-1, 0], [1, -1]])
    chance = np.array([[0.2, 0.4], [0.6, 0.0], [0.1, 0.1], [0.9, 0.3]])
    bags = bag_means(truth, chance, np.array([5, 5, 5, 7]), np.array([1, 1, 2, 1]))
    assert bags.genes.tolist() == [5, 5, 7]
    assert bags.ranges.tolist() == [1, 2, 1]
    assert bags.truth.tolist() == [[1, 0], [-1, 0], [1, -1]]
    np.testing.assert_allclose(bags.probabilities, [[0.4, 0.2], [0.1, 0.1], [0.9, 0.3]])


def test_terms_are_scored_only_where_they_occur() -> None:
    # Term x occurs in range 0 alone; term y is carried by every bag of range 1, and unknown in one of range 0.
    truth = np.array([[1, 0], [0, 1], [0, -1], [0, 1], [0, 1]])
    chance = np.array([[0.9, 0.2], [0.6, 0.9], [0.1, 0.9], [0.7, 0.8], [0.8, 0.7]])
    genes, ranges = np.arange(5), np.array([0, 0, 0, 1, 1])
    found = score_terms(bag_means(truth, chance, genes, ranges), np.array([0.5, 0.95]), ("x", "y"), ("4-6", "7-8"))
    assert found is not None
    assert [(one.term, one.stage_range, one.n_bags, one.n_carried) for one in found.terms] == [
        ("x", "4-6", 3, 1),
        ("y", "4-6", 2, 1),
    ]
    x, y = found.terms
    assert (x.sensitivity, x.specificity) == (1.0, 0.5)
    assert x.f1 == pytest.approx(2 / 3)
    assert (y.sensitivity, y.specificity, y.f1, y.auc) == (0.0, 1.0, 0.0, 1.0)
    assert found.macro_f1 == pytest.approx(1 / 3)
    assert found.micro_f1 == pytest.approx(2 / (2 + 1 + 1))  # one hit, one wrong, one missed
    assert (found.n_bags, found.n_genes) == (5, 5)


def test_macro_and_micro_f1_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(3)
    truth, chance = (generator.random((30, 4)) < 0.4).astype(int), generator.random((30, 4))
    truth[0], truth[1] = 1, 0
    chosen = chance >= 0.6
    found = score_terms(bag_means(truth, chance, np.arange(30), np.zeros(30, int)), np.full(4, 0.6), "abcd")
    assert found is not None
    assert found.macro_f1 == pytest.approx(metrics.f1_score(truth, chosen, average="macro"))
    assert found.micro_f1 == pytest.approx(metrics.f1_score(truth, chosen, average="micro"))
    assert found.sensitivity == pytest.approx(metrics.recall_score(truth, chosen, average="macro"))


def test_nothing_to_score() -> None:
    bags = bag_means(np.array([[1], [1]]), np.array([[0.2], [0.4]]), np.array([0, 1]), np.array([0, 0]))
    assert score_terms(bags, np.array([0.5]), ("x",)) is None
    assert f1(np.array([0, 0, 0, 4])) == 0.0
