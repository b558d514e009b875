from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.files.whole_numbers import whole_numbers


@pytest.mark.parametrize(
    ("values", "wholes"),
    [
        (np.array([0, 1, -1], "i2"), [0, 1, -1]),
        (np.array([0, 255], "u1"), [0, 255]),
        (np.array([0.0, 2.0, np.nan, -1.0]), [0, 2, -1, -1]),
        (np.array([0, np.nan], "f4"), [0, -1]),
        (np.array([1, -(2**31)], "i4"), [1, -1]),  # R's NA
        (np.array([1, -(2**31)], ">i4"), [1, -1]),
        (np.array([1, -(2**31)], "i8"), [1, -(2**31)]),
    ],
)
def test_numbers_of_any_writer(values: NDArray[Any], wholes: list[int]) -> None:
    read = whole_numbers(values)
    assert read.dtype == np.int64
    assert read.tolist() == wholes


@pytest.mark.parametrize(("value", "told"), [(1.5, "1.5"), (np.inf, "inf"), (1e300, "1e\\+300")])
def test_others_are_refused(value: float, told: str) -> None:
    with pytest.raises(ValueError, match=f"must be whole numbers, found {told}"):
        whole_numbers(np.array([0.0, value]))
