from __future__ import annotations

import numpy as np
import pytest

from lsl_runtime.gem.build.significance import false_discovery, two_sided


# Two-sided critical values from the tables of Student's t (Abramowitz and Stegun, table 26.10).
@pytest.mark.parametrize(
    ("freedom", "t", "p"),
    [(1, 12.706, 0.05), (2, 4.303, 0.05), (3, 3.182, 0.05), (4, 4.604, 0.01), (5, 2.571, 0.05), (10, 3.169, 0.01),
     (29, 2.045, 0.05), (30, 3.646, 0.001), (120, 1.980, 0.05)],
)  # fmt: skip
def test_tabled_values(freedom: int, t: float, p: float) -> None:
    assert two_sided(np.array([t, -t]), freedom) == pytest.approx([p, p], rel=3e-3)


def test_agrees_with_the_density_integrated() -> None:
    from math import gamma, pi, sqrt

    x = np.linspace(0, 2.5, 20001)
    for freedom in (1, 2, 3, 6, 7, 40):
        scale = gamma((freedom + 1) / 2) / (sqrt(freedom * pi) * gamma(freedom / 2))
        density = scale * (1 + x**2 / freedom) ** (-(freedom + 1) / 2)
        assert two_sided(np.array([2.5]), freedom)[0] == pytest.approx(1 - 2 * np.trapezoid(density, x), abs=1e-7)


def test_zero_and_infinity() -> None:
    np.testing.assert_allclose(two_sided(np.array([0.0, np.inf]), 5), [1, 0], atol=1e-12)


def test_benjamini_hochberg_by_hand() -> None:
    # The largest k with p(k) <= 0.05 k / 5 is 3 (0.028 <= 0.03), though p(2) = 0.025 > 0.02.
    p = np.array([0.2, 0.028, 0.004, 0.9, 0.025])
    assert false_discovery(p, 0.05).tolist() == [False, True, True, False, True]
    assert not false_discovery(p, 0.01).any()
    assert false_discovery(np.array([]), 0.05).shape == (0,)
