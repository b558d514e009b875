"""Significance of many comparisons at once: Student's t and the false discovery rate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["false_discovery", "two_sided"]


def two_sided(t: NDArray[np.floating], freedom: int) -> NDArray[np.float64]:
    """Two-sided p of Student's t with `freedom` ≥ 1 degrees of freedom, float64 of the same shape, in 0..1.

    Abramowitz and Stegun 26.7.3 and 26.7.4; p below 1e-15 is rounding.
    """
    angle = np.arctan(np.abs(t.astype(np.float64)) / math.sqrt(freedom))
    sine, cosine = np.sin(angle), np.cos(angle)
    odd = freedom % 2
    term = cosine.copy() if odd else np.ones_like(cosine)
    total = np.zeros_like(cosine) if freedom == 1 else term.copy()
    for power in range(2 + odd, freedom - 1, 2):
        term = term * cosine**2 * (power - 1) / power
        total += term
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return np.asarray(np.clip(1 - inside, 0, 1), np.float64)


def false_discovery(p: NDArray[np.floating], rate: float) -> NDArray[np.bool_]:
    """Which of the hypotheses, p float (n,), are discoveries at this false discovery rate (Benjamini and Hochberg)."""
    order = np.sort(p)
    passed = np.flatnonzero(order <= rate * np.arange(1, len(p) + 1) / max(len(p), 1))
    return np.asarray(p <= order[passed[-1]] if len(passed) else np.zeros(len(p), bool))
