from __future__ import annotations

import numpy as np
import torch

from lsl_trainer.calibration.temperature import fit_temperature, softmax


def test_softmax_equals_torch() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 4)) * 50
    assert np.allclose(softmax(logits, 2.5), torch.softmax(torch.tensor(logits) / 2.5, 1).numpy(), atol=1e-12)


def test_the_temperature_that_made_the_labels_is_found() -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(20000, 5)) * 4
    truth = np.array([generator.choice(5, p=p) for p in softmax(logits, 2.0)])
    assert abs(fit_temperature(logits, truth) - 2.0) < 0.1


def test_few_images_leave_the_temperature_at_one() -> None:
    assert fit_temperature(np.zeros((19, 3)), np.zeros(19, dtype=int)) == 1.0


def test_it_is_the_least_nll_of_a_grid() -> None:
    generator = np.random.default_rng(2)
    logits = generator.normal(size=(300, 4)) * 3
    truth = generator.integers(0, 4, 300)
    found = fit_temperature(logits, truth)
    rows = np.arange(300)
    grid = np.geomspace(0.1, 10, 400)
    best = grid[np.argmin([-np.log(softmax(logits, t)[rows, truth]).mean() for t in grid])]
    assert abs(np.log(found / best)) < 0.02
