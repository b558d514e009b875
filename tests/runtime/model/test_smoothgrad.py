from __future__ import annotations

import numpy as np
import pytest

from lsl_runtime.model.smoothgrad import noisy_copies


def _grey(level: int) -> np.ndarray:
    return np.full((64, 80, 3), level, np.uint8)


def test_noise_has_the_deviation_asked_for() -> None:
    copies = noisy_copies(_grey(128), 8, 0.1).astype(float) - 128
    assert copies.mean() == pytest.approx(0, abs=0.3)
    assert copies.std() == pytest.approx(25.5, rel=0.01)
    # Rounded noise of a Gaussian: every channel and copy of its own.
    assert abs(np.corrcoef(copies[0].ravel(), copies[1].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(copies[..., 0].ravel(), copies[..., 1].ravel())[0, 1]) < 0.02


def test_white_ground_is_clipped_as_documented() -> None:
    copies = noisy_copies(_grey(255), 8, 0.1)
    assert (copies == 255).mean() == pytest.approx(0.5, abs=0.02)
    assert 255 - copies.mean() == pytest.approx(0.4 * 25.5, rel=0.02)


def test_noise_is_the_images_own() -> None:
    image, other = _grey(128), _grey(128)
    other[5, 7, 2] += 1
    np.testing.assert_array_equal(noisy_copies(image, 3), noisy_copies(image.copy(), 3))
    np.testing.assert_array_equal(noisy_copies(image, 3), noisy_copies(image, 9)[:3])
    assert (noisy_copies(image, 3) != noisy_copies(other, 3)).mean() > 0.9


def test_no_noise_gives_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(noisy_copies(image, 2, 0.0), np.stack([image, image]))
