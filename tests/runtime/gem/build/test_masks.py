from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime.gem.build.masks import saliency_mask


def _blurred(plane: NDArray[np.floating]) -> NDArray[np.float64]:
    """Gaussian with σ = 4, cut at 16 pixels, mirrored at the frame, as a plain sum in float64."""
    kernel = np.exp(-0.5 * (np.arange(-16, 17) / 4.0) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(plane.astype(np.float64), 16, mode="reflect")
    height, width = plane.shape
    rows = np.sum([w * padded[k : k + height] for k, w in enumerate(kernel)], axis=0)
    return np.asarray(np.sum([w * rows[:, k : k + width] for k, w in enumerate(kernel)], axis=0))


def test_mask_equals_its_definition() -> None:
    generator = np.random.default_rng(0)
    saliency = generator.random((40, 60), dtype=np.float32) ** 6
    embryo = np.zeros((40, 60), bool)
    embryo[8:30, 10:50] = True
    smooth = _blurred(saliency)
    expected = np.minimum(smooth / np.percentile(smooth[embryo], 99), 1)
    np.testing.assert_allclose(saliency_mask(saliency, embryo), expected, atol=1e-5)
    assert saliency_mask(saliency, embryo).dtype == np.float32


def test_scale_of_the_map_does_not_matter() -> None:
    saliency = np.random.default_rng(0).random((40, 60), dtype=np.float32)
    embryo = np.ones((40, 60), bool)
    np.testing.assert_allclose(saliency_mask(saliency * 1e-6, embryo), saliency_mask(saliency, embryo), rtol=1e-5)


def test_one_hot_pixel_becomes_a_bell() -> None:
    saliency = np.zeros((41, 81), np.float32)
    saliency[20, 40] = 1
    mask = saliency_mask(saliency, np.ones((41, 81), bool))
    inside = mask[20, 40:57]
    assert mask[20, 40] == 1 and (np.diff(inside) <= 0).all()
    bell = np.exp(-0.5 * (np.arange(17) / 4) ** 2)
    unclipped = inside < 1
    np.testing.assert_allclose(inside[unclipped] / inside[16], bell[unclipped] / bell[16], rtol=1e-4)


@pytest.mark.parametrize(("level", "covered"), [(0.0, True), (1.0, False)])
def test_no_saliency_or_no_embryo_is_no_mask(level: float, covered: bool) -> None:
    saliency = np.full((16, 40), level, np.float32)
    assert not saliency_mask(saliency, np.full((16, 40), covered)).any()


@pytest.mark.parametrize(("by", "near"), [(2, 0.05), (4, 0.1)])
def test_reduced_maps_make_nearly_the_same_mask(by: int, near: float) -> None:
    saliency, embryo = np.zeros((64, 96), np.float32), np.zeros((64, 96), bool)
    embryo[17:47, 17:79] = True
    saliency[17:47, 17:79] = np.random.default_rng(0).random((30, 62)) ** 6  # nothing lies at the frame
    reduced = saliency.reshape(64 // by, by, 96 // by, by).mean((1, 3))
    found, whole = saliency_mask(reduced, embryo), saliency_mask(saliency, embryo)
    assert found.shape == (64, 96)
    assert np.abs(found - whole).max() < near and np.ptp(whole) > 0.5
    assert saliency_mask(reduced, np.zeros((64, 96), bool)).shape == (64, 96)
