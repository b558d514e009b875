from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.measures.conformal import MIN_GROUPS, conformal_threshold, prediction_set


def two_classes(right: np.ndarray) -> np.ndarray:
    """Probabilities (N, 2) whose first class, the true one, has `right`."""
    return np.stack([right, 1 - right], axis=1)


def test_the_threshold_is_the_conformal_quantile_of_the_scores() -> None:
    """40 genes: rank ⌈41 · 0.9⌉ = 37 of the scores 0.01 … 0.40."""
    right = 1 - np.arange(1, 41) / 100
    found = conformal_threshold(np.zeros(40, int), two_classes(right), np.arange(40))
    assert found == pytest.approx(0.37)


def test_each_gene_counts_once_however_many_images_it_has() -> None:
    """29 genes of one sure image and one of 500 unsure ones: 28 of 31 genes suffice, and these are sure."""
    groups = np.array([*range(29), *[29] * 500])
    right = np.where(groups < 29, 0.9, 0.2)
    found = conformal_threshold(np.zeros(529, int), two_classes(right), groups)
    assert found == pytest.approx(0.1)


def test_the_images_of_a_gene_share_its_weight() -> None:
    """19 genes with the scores 0.01 … 0.19, the last one's in half of its images alone, the others at 0.9: of 20 parts
    18 lie at or below 0.18, 18.5 at or below 0.19."""
    truth, groups = np.zeros(20, int), np.array([*range(19), 18])
    right = 1 - np.array([*np.arange(1, 20) / 100, 0.9])
    found = [conformal_threshold(truth, two_classes(right), groups, one) for one in (0.9, 0.925, 0.926, 0.951)]
    assert found == pytest.approx([0.18, 0.19, 0.9, 1.0])


def test_few_genes_give_no_threshold_however_many_images() -> None:
    groups = np.arange(500) % (MIN_GROUPS - 1)
    chances = two_classes(np.full(500, 0.9))
    assert conformal_threshold(np.zeros(500, int), chances, groups) is None


def test_new_genes_are_covered_as_promised() -> None:
    generator, covered = np.random.default_rng(1), []
    for _ in range(2000):
        right = generator.random(60)
        held = conformal_threshold(np.zeros(30, int), two_classes(right[:30]), np.arange(30))
        assert held is not None
        covered.append((1 - right[30:] <= held).mean())
    assert 0.9 <= np.mean(covered) < 0.91  # 28 of 31: 0.903


def test_a_set_holds_what_is_within_the_threshold_and_the_likeliest_always() -> None:
    chances = np.array([[0.5, 0.3, 0.2], [0.4, 0.35, 0.25]])
    assert prediction_set(chances, 0.7).tolist() == [[True, True, False], [True, True, False]]
    assert prediction_set(chances, 0.1).tolist() == [[True, False, False]] * 2
    assert prediction_set(chances, None).tolist() == [[True, False, False]] * 2
