from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.measures.order import nth_smallest, percentile, percentile_inside

CASES: dict[str, Callable[[np.random.Generator, int], NDArray[np.number]]] = {
    "normal": lambda generator, count: generator.normal(size=count),
    "few levels": lambda generator, count: generator.integers(0, 5, count),
    "all the same": lambda generator, count: np.full(count, 0.25),
    "sorted": lambda generator, count: np.linspace(-1, 1, count),
    # Every sixteenth value lies at one end: the guess is useless, the answer must not be.
    "misleading high": lambda generator, count: np.where(np.arange(count) % 16 == 0, 9.0, generator.random(count)),
    "misleading low": lambda generator, count: np.where(np.arange(count) % 16 == 0, -9.0, generator.random(count)),
}


@pytest.mark.parametrize("count", [1, 2, 100, 2047, 2048, 30_001])
@pytest.mark.parametrize("case", CASES)
def test_order_statistics_equal_those_of_the_sorted_values(case: str, count: int) -> None:
    values = CASES[case](np.random.default_rng(count), count).astype(np.float32)
    ordered = np.sort(values)
    for share in (0.0, 0.001, 0.15, 0.3, 0.5, 0.7, 0.99, 1.0):
        place = int(share * (count - 1))
        assert nth_smallest(values, place) == ordered[place]
        assert percentile(values, 100 * share) == pytest.approx(np.percentile(values, 100 * share), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (40, 96)])
@pytest.mark.parametrize("case", CASES)
def test_percentile_inside_is_that_of_the_values_picked_out(case: str, shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(7)
    plane = CASES[case](generator, shape[0] * shape[1]).astype(np.float32).reshape(shape)
    corner = np.zeros(shape, bool)
    corner[-1, -1] = True
    for inside in (np.ones(shape, bool), corner, (generator.random(shape) < 0.3) | corner):
        for percent in (0, 1, 50, 99, 100):
            expected = np.percentile(plane[inside].astype(np.float64), percent)
            assert percentile_inside(plane, inside, percent) == pytest.approx(expected, rel=1e-6, abs=1e-7)
