from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from lsl_tools.pictures.flatten import flat_rgb, upright

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_as_pillow_turns(orientation: int) -> None:
    picture = Image.fromarray(RGB)
    picture.getexif()[274] = orientation
    turned = upright(RGB, orientation)
    np.testing.assert_array_equal(turned, np.asarray(ImageOps.exif_transpose(picture)))
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_alpha_of_nothing_was_not_meant(channels: int) -> None:
    values = np.zeros((5, 7, channels), np.uint8)
    colours = channels - (channels in (2, 4))
    values[..., :colours] = RGB[..., :colours]
    shown = RGB if colours == 3 else RGB[..., :1].repeat(3, axis=2)
    np.testing.assert_array_equal(flat_rgb(values, multiplied=False), shown)


@pytest.mark.parametrize("multiplied", [False, True])
def test_half_of_a_colour_on_white(multiplied: bool) -> None:
    values = np.array([[[100, 40, 0, 51]]], np.uint8)  # 51 of 255 is a fifth
    expected = [255, 244, 204] if multiplied else [224, 212, 204]
    np.testing.assert_array_equal(flat_rgb(values, multiplied)[0, 0], expected)
