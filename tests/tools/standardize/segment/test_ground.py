from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.standardize.segment.ground import model_ground, roughness


def uneven(height: int = 150, width: int = 200) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.stack([215 + 12 * x - 9 * y - 8 * x * x + shift for shift in (0, 5, 9)], axis=2).astype(np.float32)


@pytest.mark.parametrize("darkness", [-12, -90, 18])
def test_the_light_is_found_behind_an_embryo_darker_or_brighter(darkness: int) -> None:
    truth, generator = uneven(), np.random.default_rng(0)
    photograph = truth + generator.normal(0, 1, truth.shape).astype(np.float32)
    mask = np.zeros(truth.shape[:2], np.uint8)
    cv2.ellipse(mask, (95, 70), (70, 30), 20, 0, 360, 1, -1)
    photograph[mask > 0] += darkness + generator.normal(0, 7, (int(mask.sum()), 1))
    ground = model_ground(photograph, roughness(photograph))
    assert np.abs(ground.light - truth).max() < 3
    assert ground.noise == pytest.approx([1, 1, 1], abs=0.25)


def test_roughness_is_the_standard_deviation() -> None:
    noise = np.random.default_rng(1).normal(100, 5, (80, 80)).astype(np.float32)
    rough = roughness(np.repeat(noise[..., None], 3, axis=2))
    assert rough[40, 40] == pytest.approx(noise[37:44, 37:44].std(), rel=1e-2)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_picture_is_its_own_ground(level: int) -> None:
    plain = np.full((60, 80, 3), level, np.float32)
    np.testing.assert_allclose(model_ground(plain, roughness(plain)).light, plain, atol=0.5)
