from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.errors import ConfigError
from lsl_tools.stacks.axes import Writer, axes_of, check_axes, images_first


@pytest.mark.parametrize(
    ("shape", "writer", "count", "axes"),
    [
        ((6, 24, 40, 3), "hdf5", None, "nhwc"),
        ((6, 24, 40, 1), "hdf5", None, "nhwc"),
        ((3, 24, 40, 3), "hdf5", None, "nhwc"),
        ((6, 24, 40, 3), "matlab", None, "nhwc"),
        ((3, 40, 24, 6), "hdf5", None, "cwhn"),
        ((3, 40, 24, 6), "matlab", 6, "cwhn"),
        ((6, 3, 40, 24), "matlab", None, "ncwh"),
        ((6, 3, 24, 40), "numpy", None, "nchw"),
        ((24, 40, 3, 6), "numpy", 6, "hwcn"),
        ((6, 24, 40), "hdf5", None, "nhw"),
        ((6, 24, 40), "numpy", None, "nhw"),
        ((40, 24, 6), "hdf5", 6, "whn"),
        ((6, 40, 24), "matlab", 6, "nwh"),
        ((40, 24, 6), "matlab", 6, "whn"),
    ],
)
def test_the_order_is_found(shape: tuple[int, ...], writer: Writer, count: int | None, axes: str) -> None:
    assert axes_of(shape, writer, count)[0] == axes


@pytest.mark.parametrize(
    ("shape", "writer", "count", "told"),
    [
        ((6, 3, 24, 40), "hdf5", None, r"--axes nchw \(channels first.* or --axes ncwh \("),
        ((6, 40, 24), "matlab", None, r"--axes nwh \(.* or --axes whn \("),
    ],
)
def test_where_only_the_user_knows_both_are_told(
    shape: tuple[int, ...], writer: Writer, count: int | None, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        axes_of(shape, writer, count)


@pytest.mark.parametrize(
    ("shape", "count"),
    [((6, 24, 40, 4), None), ((6, 24, 40, 3), 7), ((24, 40, 3), None), ((6, 24), None), ((5,), None)],
)
def test_what_is_no_stack(shape: tuple[int, ...], count: int | None) -> None:
    with pytest.raises(ConfigError, match="expected images of one or three colours"):
        axes_of(shape, "hdf5", count)


def test_axes_of_the_user() -> None:
    check_axes("ncwh", (6, 3, 40, 24))
    for axes in ("nchx", "nnhw", "nhw", ""):
        with pytest.raises(ConfigError, match="--axes takes each of n, h, w"):
            check_axes(axes, (6, 3, 40, 24))
    with pytest.raises(ConfigError, match=r"--axes nhwc does not fit \(6, 3, 40, 24\)"):
        check_axes("nhwc", (6, 3, 40, 24))


def test_images_come_first() -> None:
    pixels = np.arange(2 * 4 * 5 * 3).reshape(2, 4, 5, 3)
    np.testing.assert_array_equal(images_first(pixels.transpose(3, 2, 1, 0), "cwhn"), pixels)
    np.testing.assert_array_equal(images_first(pixels.transpose(0, 3, 2, 1), "ncwh"), pixels)
    np.testing.assert_array_equal(images_first(pixels[..., 0].transpose(2, 1, 0), "whn"), pixels[..., :1])
