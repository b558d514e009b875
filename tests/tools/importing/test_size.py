from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.errors import ConfigError
from lsl_tools.importing.size import default_size, fit_image, parse_size


@pytest.mark.parametrize(("text", "size"), [("128x320", (128, 320)), (" 64 X 64 ", (64, 64)), ("8×4096", (8, 4096))])
def test_parse_size(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "128", "128x", "ax b", "0x10", "7x64", "64x5000", "-64x64", "64x64x3", "1e2x64"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="--size expects HEIGHTxWIDTH"):
        parse_size(text)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(128, 320)] * 3, (128, 320)),
        ([(128, 128), (100, 128), (128, 128)], (128, 128)),  # the commonest holds all
        ([(100, 128), (128, 100), (90, 80)], (128, 128)),  # none holds all: longest sides 128, 128, 90
        ([(10, 50), (10, 50), (61, 20)], (48, 48)),  # longest sides 50, 50, 61; 50 → a multiple of 8
        ([(1000, 2000)], (256, 512)),
        ([(3000, 4000), (2999, 4000), (3000, 4000)], (384, 512)),
        ([(700, 600), (600, 700)], (512, 512)),
        ([(4, 30)], (8, 30)),
        ([(1, 9000)], (8, 512)),
    ],
)
def test_default_size(sizes: list[tuple[int, int]], expected: tuple[int, int]) -> None:
    assert default_size(sizes) == expected


def test_default_size_does_not_hang_on_the_order() -> None:
    sizes = [(10, 20), (20, 10), (20, 20), (10, 10)]
    assert {default_size(sizes[k:] + sizes[:k]) for k in range(4)} == {(20, 20)}


def test_an_image_of_the_size_is_untouched() -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    assert fit_image(image, (12, 16), enlarge=True, border=(0, 0, 0)) is image


def test_a_smaller_image_is_centred_on_its_edge_colour() -> None:
    image = np.full((4, 6, 3), (10, 20, 30), np.uint8)
    image[1:3, 1:5] = 200
    fitted = fit_image(image, (9, 10), enlarge=False)
    np.testing.assert_array_equal(fitted[2:6, 2:8], image)
    frame = fitted.copy()
    frame[2:6, 2:8] = (10, 20, 30)
    assert (frame == np.array([10, 20, 30])).all()


def test_border_colour() -> None:
    fitted = fit_image(np.zeros((4, 4, 3), np.uint8), (4, 8), enlarge=False, border=(255, 0, 9))
    assert fitted[0, :, 0].tolist() == [255, 255, 0, 0, 0, 0, 255, 255]
    assert fitted[0, 0].tolist() == [255, 0, 9]


def test_scaling_down_averages_and_keeps_the_aspect() -> None:
    image = np.zeros((40, 20, 3), np.uint8)
    image[::2] = 200
    fitted = fit_image(image, (20, 20), enlarge=False, border=(7, 7, 7))
    assert (fitted[:, 5:15] == 100).all()
    assert (fitted[:, :5] == 7).all()
    assert (fitted[:, 15:] == 7).all()


def test_scaling_up_only_where_asked() -> None:
    image = np.full((4, 4, 3), 50, np.uint8)
    assert (fit_image(image, (8, 8), enlarge=True, border=(0, 0, 0)) == 50).all()
    assert (fit_image(image, (8, 8), enlarge=False, border=(0, 0, 0)) == 0).sum() == 3 * (64 - 16)


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (1, 1), (37, 1111)])
def test_any_shape_fits(shape: tuple[int, int]) -> None:
    assert fit_image(np.zeros((*shape, 3), np.uint8), (64, 96), enlarge=True).shape == (64, 96, 3)
