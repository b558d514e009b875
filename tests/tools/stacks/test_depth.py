from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.stacks.depth import Depth, depth_of


def depth(values: NDArray[Any]) -> Depth:
    return depth_of(values.dtype, lambda: iter([values[:1], values[1:]]))


@pytest.mark.parametrize(
    ("values", "pixels"),
    [
        (np.array([0, 7, 255], np.uint8), [0, 7, 255]),
        (np.array([0, 7, 255], np.int32), [0, 7, 255]),
        (np.array([0, 7, 200], np.uint16), [0, 7, 200]),
        (np.array([0, 2048, 4095], np.uint16), [0, 128, 255]),
        (np.array([0, 512, 1023], np.int32), [0, 128, 255]),
        (np.array([0, 32768, 65535], np.uint16), [0, 128, 255]),
    ],
)
def test_whole_numbers_become_8_bits(values: NDArray[Any], pixels: list[int]) -> None:
    assert depth(values).pixels(values).tolist() == pixels


def test_scaling_is_told() -> None:
    assert depth(np.array([0, 7, 255], np.int32)).notes == ()
    (note,) = depth(np.array([0, 4095], np.uint16)).notes
    assert "uint16, 16 bits of which at most 12 are used" in note


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.array([0.0, 0.5]), "found float64; of values from 0 to 1 write"),
        (np.array([0, 255], np.float32), "found float32"),
        (np.array([True, False]), r"found bool; write \(255"),
        (np.array([1j]), "found complex128"),
        (np.array([-1, 5]), "found -1 … 5"),
        (np.array([0, 70000]), "found 0 … 70000"),
    ],
)
def test_others_are_refused_with_the_cure(values: NDArray[Any], told: str) -> None:
    with pytest.raises(ImageError, match=told):
        depth(values)
