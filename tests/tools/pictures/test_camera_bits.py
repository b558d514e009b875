from __future__ import annotations

import numpy as np
import pytest

from lsl_tools.pictures.camera_bits import eight_bits, used_bits


@pytest.mark.parametrize("bits", range(1, 17))
def test_the_greatest_value_becomes_white_and_others_are_rounded(bits: int) -> None:
    values = np.arange(2**bits, dtype=np.uint16)
    np.testing.assert_array_equal(eight_bits(values, bits), np.round(values / (2**bits - 1) * 255))


@pytest.mark.parametrize(
    ("brightest", "bits"),
    [(0, 8), (255, 8), (256, 10), (511, 10), (1023, 10), (1024, 12), (2047, 12), (4095, 12), (4096, 14), (8191, 14),
     (16383, 14), (16384, 16), (32767, 16), (65535, 16)],
)  # fmt: skip
def test_a_dark_picture_keeps_the_bits_of_its_camera(brightest: int, bits: int) -> None:
    found, told = used_bits(np.array([[3, brightest]], np.uint16), 16)
    assert found == bits
    assert len(told) == (brightest < 32768)


def test_bits_that_are_stated_hold() -> None:
    assert used_bits(np.array([[3, 900]], np.uint16), 12) == (12, ())
    assert used_bits(np.array([[3]], np.uint8), 8) == (8, ())
