from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime.genes.window import _ON, _evidence, _marginal, window

CLASSES, CELLS = 6, 24
Floats = NDArray[np.float64]


def at(times: NDArray[np.floating], spread: float = 0.3) -> NDArray[np.float64]:
    """Distributions about times in classes, float64 (n, CELLS)."""
    middle = (np.arange(CELLS) + 0.5) * CLASSES / CELLS
    density = np.exp(-0.5 * ((middle - times[:, None]) / spread) ** 2)
    return np.asarray(density / density.sum(1, keepdims=True))


def planted(
    onset: float, count: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amounts and distributions of `count` images of a gene that begins at `onset`; times are known but for 0.3."""
    times = generator.uniform(0, CLASSES, count)
    amount = np.where(times >= onset, generator.uniform(0.25, 0.5, count), generator.uniform(0, 0.03, count))
    return amount, at(times + 0.3 * generator.normal(size=count))


def test_the_likelihood_is_the_integral_over_mean_and_spread() -> None:
    values = np.array([-1.2, -0.7, -0.9])
    found = _marginal(np.array(3), np.array(values.sum()), np.array((values**2).sum()), _ON)
    generator = np.random.default_rng(0)
    spread = np.sqrt(_ON.shape * _ON.spread**2 / generator.gamma(_ON.shape, size=400_000))
    mean = _ON.mean + spread / math.sqrt(_ON.weight) * generator.normal(size=spread.size)
    density = np.exp(-0.5 * ((values - mean[:, None]) / spread[:, None]) ** 2) / (
        spread[:, None] * math.sqrt(2 * math.pi)
    )
    assert float(found) == pytest.approx(math.log(density.prod(1).mean()), abs=0.03)


def test_evidence_is_that_of_both_sets() -> None:
    values = np.random.default_rng(1).normal(-2, 1, (1, 5))
    whole = _evidence(values)[0]
    assert whole.shape == (6, 6) and whole[3, 1] == -np.inf
    assert whole[0, 0] == pytest.approx(whole[5, 5]) and not math.isclose(whole[0, 5], whole[0, 0])


def test_planted_onsets_are_found_and_intervals_cover() -> None:
    generator, errors, covered = np.random.default_rng(2), [], []
    for place in range(40):
        onset = generator.uniform(1, 5)
        found = window(f"gene{place}", *planted(onset, 20, generator), CLASSES)
        low, middle, high = found.onset
        errors.append(abs(middle - onset))
        covered.append(low <= onset <= high)
        assert found.expressed > 0.9
    assert np.mean(np.array(errors) <= 0.5) >= 0.8 and np.mean(covered) >= 0.85


def test_always_and_never() -> None:
    times = np.linspace(0.2, 5.8, 15)
    always = window("a", np.full(15, 0.4), at(times), CLASSES)
    assert always.starts < 0.2 and always.ends < 0.2 and always.onset[1] == 0 and always.end[1] == CLASSES
    never = window("n", np.full(15, 0.005), at(times), CLASSES)
    assert never.expressed < 0.2


def test_an_end() -> None:
    times = np.linspace(0.2, 5.8, 24)
    found = window("e", np.where(times < 3, 0.4, 0.01), at(times, 0.1), CLASSES)
    assert found.ends > 0.9 and found.end[0] <= 3 <= found.end[2] and abs(found.end[1] - 3) < 0.4


@pytest.mark.parametrize("amount", [0.5, 0.01])
def test_one_image_says_little(amount: float) -> None:
    found = window("one", np.array([amount]), at(np.array([3.0])), CLASSES)
    assert found.onset[2] - found.onset[0] > 2 and found.end[2] - found.end[0] > 2


def test_the_same_name_gives_the_same_numbers() -> None:
    amount, density = planted(2.5, 9, np.random.default_rng(3))
    assert window("eve", amount, density, CLASSES) == window("eve", amount, density, CLASSES)
