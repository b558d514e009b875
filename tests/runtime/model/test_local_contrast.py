from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.local_contrast import between, local_contrast


def _without_details(plane: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """A Gaussian of four standard deviations, mirrored at the frame, as plain sums."""
    radius = round(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(plane, radius, mode="reflect")
    rows = sum(w * padded[k : k + plane.shape[0]] for k, w in enumerate(kernel))
    return np.asarray(sum(w * rows[:, k : k + plane.shape[1]] for k, w in enumerate(kernel)))


def test_contrast_and_path_equal_their_definition() -> None:
    image = np.random.default_rng(2).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    reference = np.stack([_without_details(channel, 2.0) for channel in image.T.astype(float)]).T
    np.testing.assert_allclose(local_contrast(image[None])[0], np.abs(image - reference).mean(2) / 255, atol=2e-3)
    for share, one in zip((0.125, 0.375, 0.625, 0.875), between(image, 4), strict=True):
        np.testing.assert_allclose(one, reference + share * (image - reference), atol=1.0)


def test_flat_ground_has_no_contrast() -> None:
    images = np.full((2, 32, 80, 3), 255, np.uint8)
    images[:, 12:20, 30:50] = 120
    found = local_contrast(images)
    assert found.dtype == np.float32 and max(found[:, :, :15].max(), found[:, :, 65:].max()) < 1e-6
    assert found[0, 12, 40] > found[0, 16, 40] > 0
    assert local_contrast(images[:0]).shape == (0, 32, 80)


def test_the_reduced_product_bounds_the_signed_one() -> None:
    generator = np.random.default_rng(0)
    gradient, difference = generator.normal(size=(2, 500, 3))
    signed = np.abs((gradient * difference).sum(1))
    reduced = np.abs(gradient).max(1) * np.abs(difference).mean(1)
    assert (signed <= 3 * reduced * (1 + 1e-6)).all()
