from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
import pytest

from lsl_trainer.layers.handmade import Codebook, Coding, dense_sift


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Stripes across and along, alternately."""
    y, x = np.mgrid[:48, :64]
    stripes = [np.sin(axis * (0.5 + 0.05 * k)) for k, axis in enumerate([x, y] * 6)]
    grey = (127 + 100 * np.array(stripes)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)


def test_descriptors_are_opencv_s_at_every_eighth_pixel(images: np.ndarray) -> None:
    found = dense_sift(images[1])
    assert found.shape == (6, 8, 128)
    grey = images[1][..., 0]
    _, expected = cv2.SIFT.create().compute(grey, [cv2.KeyPoint(28.0, 20.0, 16.0, 0.0)])
    np.testing.assert_allclose(found[2, 3] ** 2, expected[0] / expected[0].sum(), atol=1e-5)
    np.testing.assert_allclose((found**2).sum(2), 1, atol=1e-4)


@pytest.mark.parametrize("coding", get_args(Coding))
def test_codes_tell_stripes_apart(images: np.ndarray, coding: Coding) -> None:
    descriptors = np.stack([dense_sift(image) for image in images])
    book = Codebook(descriptors[:8], coding, size=8)
    features = book.features(descriptors)
    assert features.shape == (12, 8 * (1 + 2 * 5))
    means = features[:8:2].mean(0), features[1:8:2].mean(0)
    for row, image in enumerate(features[8:]):
        near = [np.linalg.norm(image - mean) for mean in means]
        assert np.argmin(near) == row % 2
    if coding == "words":
        np.testing.assert_allclose(features[:, :8].sum(1), 1)
        words = descriptors[3].reshape(-1, 128)
        nearest = ((words[:, None] - book._words[None]) ** 2).sum(2).argmin(1)
        np.testing.assert_allclose(features[3, :8], np.bincount(nearest, minlength=8) / len(words))
    again = Codebook(descriptors[:8], coding, size=8)
    np.testing.assert_array_equal(again.features(descriptors[:1]), features[:1])
