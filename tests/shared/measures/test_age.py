from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.measures.age import CELLS, age_threshold, density_of, hull, positions_of, quantile
from lsl_shared.measures.coverage import LINE_SPREAD


def test_a_class_keeps_its_probability() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 40)
    density = density_of(probabilities)
    np.testing.assert_allclose(density.reshape(40, 5, CELLS).sum(2), probabilities, atol=1e-9)


def test_an_image_that_might_be_of_the_class_before_lies_early() -> None:
    early, late = quantile(density_of(np.array([[0.2, 0.78, 0.02], [0.02, 0.78, 0.2]])), 0.5)
    assert 1 < early < 1.45 < 1.55 < late < 2
    np.testing.assert_allclose(early - 1, 2 - late)


def test_quantiles_are_those_of_the_cells() -> None:
    generator = np.random.default_rng(1)
    density = generator.dirichlet(np.ones(8), 30)
    for share in (0.05, 0.5, 0.9):
        below = [np.interp(share, np.r_[0, np.cumsum(row)], np.arange(9) / CELLS) for row in density]
        np.testing.assert_allclose(quantile(density, share), below)


@pytest.mark.parametrize(("spread", "nominal"), [(0.3, 0.62), (0.6, 0.9), (1.0, 0.99)])
@pytest.mark.parametrize("line_spread", [0, LINE_SPREAD])
def test_intervals_hold_places_of_genes_to_come(spread: float, nominal: float, line_spread: float) -> None:
    """Distributions that are too narrow give wider intervals, those that are too wide narrower ones."""
    calibrated, plain = _coverage(spread, line_spread)
    assert 0.86 < calibrated < 0.92 and abs(plain - nominal) < 0.03


def _coverage(spread: float, line_spread: float) -> tuple[float, float]:
    """How often intervals of densities of that spread hold places of spread 0.6, calibrated on labels and not."""
    generator = np.random.default_rng(2)
    count, classes = 4000, 8
    middles = generator.uniform(2, classes - 2, count)
    places = middles + np.clip(generator.normal(0, 0.6, count), -1.9, 1.9)
    labels = (places + line_spread * generator.standard_normal(count)).clip(0, classes - 0.1).astype(int)
    cells = (np.arange(classes * CELLS) + 0.5) / CELLS
    density = np.exp(-((cells - middles[:, None]) ** 2) / (2 * spread**2)) + 1e-9
    density /= density.sum(1, keepdims=True)
    groups = np.repeat(np.arange(count // 4), 4)
    seen = groups < 500
    threshold = age_threshold(density[seen], labels[seen], groups[seen], line_spread=line_spread)
    assert threshold is not None
    found = []
    for cut in (threshold, 0.9):
        low, _, high = positions_of(density[~seen], cut).T
        found.append(float(((low <= places[~seen]) & (places[~seen] <= high)).mean()))
    return found[0], found[1]


def test_few_genes_promise_nothing_and_failed_images_have_no_place() -> None:
    density = density_of(np.array([[0.5, 0.5], [np.nan, np.nan]]))
    assert age_threshold(density[:1].repeat(9, 0), np.zeros(9, int), np.arange(9)) is None
    found = positions_of(density, None)
    np.testing.assert_allclose(found, [[np.nan, 1, np.nan], [np.nan] * 3])


def test_what_a_set_of_classes_spans() -> None:
    sets = np.array([[False, True, False, True, False], [False] * 5])
    np.testing.assert_array_equal(hull(sets), [[1, 4], [np.nan, np.nan]])


def test_an_interval_that_reaches_into_an_end_class_reaches_its_end() -> None:
    density = density_of(np.array([[0.98, 0.02, 0.0, 0.0], [0.0, 0.0, 0.3, 0.7], [0.0, 0.99, 0.01, 0.0]]))
    low, _, high = positions_of(density, 0.8).T
    assert (low[0], high[1]) == (0, 4) and 1 < low[2] < high[2] < 2


def test_the_end_of_an_end_class_counts_as_covered() -> None:
    """Images that are surely of the last class: no place in it is missed, so the threshold may be small."""
    density = density_of(np.full((40, 3), [0.01, 0.01, 0.98]))
    assert age_threshold(density, np.full(40, 2), np.arange(40)) == 0


def test_classes_count_as_often_as_images_are_of_them() -> None:
    """Labels of a class that is found and of one that is missed, as many each: the more frequent one decides."""
    density, labels = density_of(np.array([[0.05, 0.1, 0.7, 0.1, 0.05]]).repeat(100, 0)), np.repeat([2, 3], 50)
    plain, *found = [
        age_threshold(density, labels, np.arange(100), 0.8, 0, frequency)
        for frequency in (None, *(np.array([0, 0, share, 1 - share, 0]) for share in (0.95, 0.5, 0.05)))
    ]
    assert found[1] == plain and found[0] is not None and found[1] is not None and found[2] is not None
    assert found[0] < 0.7 < found[1] <= found[2] and found[2] > 0.8


def test_no_gene_is_counted_on_top_of_those_of_folds() -> None:
    density, labels = density_of(np.array([[0.1, 0.2, 0.4, 0.2, 0.1]]).repeat(10, 0)), np.array([1] + [2] * 9)
    plain, crossed = (age_threshold(density, labels, np.arange(10), 0.9, 0, crossed=one) for one in (False, True))
    assert plain is not None and crossed is not None and crossed < plain
