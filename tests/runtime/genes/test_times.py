from __future__ import annotations

from pathlib import Path
from statistics import NormalDist

import numpy as np

from lsl_runtime.genes.times import ImageTimes
from lsl_shared import Annotations
from lsl_shared.measures.age import density_of, quantile


def test_a_stored_age_is_a_distribution_with_that_median_and_interval() -> None:
    places = np.array([[1.0, 1.5, 3.0], [0.0, 0.2, 0.4], [3.1, 3.6, 4.0]])
    density = ImageTimes(np.full((3, 4), 0.25), places).densities(np.arange(3))
    np.testing.assert_allclose(density.sum(1), 1)
    below = NormalDist(1.5, 0.5 / NormalDist().inv_cdf(0.95)).cdf(1.25)
    assert abs(density[0, : 4 * 5].sum() - below) < 0.01  # 16 cells a class
    total = np.cumsum(density[0])
    found = [(np.searchsorted(total, share) + 0.5) / 16 for share in (0.05, 0.5, 0.95)]
    np.testing.assert_allclose(found, places[0], atol=0.07)


def test_an_image_without_an_age_has_the_time_of_its_probabilities() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), 5)
    times = ImageTimes(probabilities, np.full((5, 3), np.nan))
    density = times.densities(np.array([3, 1]))
    np.testing.assert_allclose(density.reshape(2, 16, 4).sum(2), density_of(probabilities[[3, 1]]))


def test_what_annotations_hold(annotated: Path) -> None:
    with Annotations(annotated.with_suffix(".annotations.h5")) as given:
        rows = np.flatnonzero(given.class_index("stage") >= 0)[:20]
        times = ImageTimes.read(given, "stage", rows)
        ages, table = given.age("stage")[rows], given.timetable("stage")
    np.testing.assert_allclose(table.ages(times.places[:, 1]), ages, rtol=1e-5)
    assert np.isfinite(times.places).all()
    medians = quantile(times.densities(np.arange(20)), 0.5) / 4
    inside = (times.places[:, 0] > 0) & (times.places[:, 2] < 4)
    np.testing.assert_allclose(medians[inside], times.places[inside, 1], atol=0.07)
