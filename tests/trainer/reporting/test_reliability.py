from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_trainer.calibration.temperature import fit_temperature, softmax
from lsl_trainer.reporting.reliability import measure_calibration


def answers(n: int, sharpness: float, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits whose softmax at temperature `sharpness` is the truth's own distribution."""
    generator = np.random.default_rng(seed)
    honest = generator.normal(0, 1.5, (n, 4))
    truth = np.array([generator.choice(4, p=row) for row in softmax(honest)])
    return honest * sharpness, truth


def test_the_temperature_mends_what_is_too_sure() -> None:
    logits, truth = answers(600, 3.0)
    temperature = fit_temperature(*answers(600, 3.0, seed=1))
    found = measure_calibration(logits, truth, np.arange(600) // 3, temperature, np.random.default_rng(0))
    assert temperature == pytest.approx(3, rel=0.2)
    for score in ("nll", "brier", "ece"):
        before, after = getattr(found.before, score), getattr(found.after, score)
        assert before.low < before.value < before.high
        assert after.high < before.low
    assert (found.n_images, found.n_genes) == (600, 200)


def test_figures_and_bins_worked_by_hand() -> None:
    """Two sure images, one of them wrong; one gene, so nothing varies."""
    logits = np.log(np.array([[0.9, 0.1], [0.8, 0.2]]))
    found = measure_calibration(logits, np.array([0, 1]), np.array([7, 7]), 1.0, np.random.default_rng(0))
    nll = -(np.log(0.9) + np.log(0.2)) / 2
    assert found.before == found.after
    assert found.before.nll.value == pytest.approx(nll)
    assert (found.before.nll.low, found.before.nll.high) == pytest.approx((nll, nll))
    assert found.before.brier.value == pytest.approx((2 * 0.1**2 + 2 * 0.8**2) / 2)
    assert found.before.ece.value == pytest.approx((0.1 + 0.8) / 2)
    np.testing.assert_allclose(found.before.bins, [(0.8, 0, 1), (0.9, 1, 1)])


def test_a_gene_of_many_images_widens_the_interval() -> None:
    logits, truth = answers(300, 1.0)
    order = np.argsort(softmax(logits)[np.arange(300), truth])
    widths = []
    for groups in (np.arange(300), np.argsort(order) // 30):
        nll = measure_calibration(logits, truth, groups, 1.0, np.random.default_rng(0)).before.nll
        widths.append(nll.high - nll.low)
    assert widths[1] > 2 * widths[0]
