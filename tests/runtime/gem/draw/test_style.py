from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime.gem.draw.style import gem_style
from lsl_shared import ConfigError


def _lab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of sRGB (n, 3), D65, after the standards' formulas."""
    light = colours / 255
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    scaled = linear @ to_xyz.T / (0.9505, 1.0, 1.089)
    root = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)


@pytest.mark.parametrize(("name", "sign"), [("inferno", 1), ("flyexpress", -1)])
def test_lightness_goes_one_way_in_even_steps(name: Any, sign: int) -> None:
    lightness = sign * _lab(gem_style(name).colours[::15].astype(float))[:, 0]  # 18 colours: bytes are fine enough
    steps = np.diff(lightness)
    assert steps.min() > 0 and steps.max() < 3 * steps.min()


def test_flyexpress_steps_are_even_in_cielab() -> None:
    steps = np.linalg.norm(np.diff(_lab(gem_style("flyexpress").colours[::15].astype(float)), axis=0), axis=1)
    assert steps.max() < 1.2 * steps.min()


def test_flyexpress_lies_on_pure_white() -> None:
    assert gem_style("flyexpress").colours[0].tolist() == [255, 255, 255]
    assert gem_style("inferno").colours[0].max() < 5


def test_the_colormap_has_the_same_colours() -> None:
    style = gem_style("flyexpress")
    assert style.colours.shape == (256, 3) and style.colours.dtype == np.uint8
    assert (style.colormap(np.arange(256), bytes=True)[:, :3] == style.colours).all()


def test_unknown_style() -> None:
    with pytest.raises(ConfigError, match="style must be one of inferno, flyexpress, paper, received 'jet'"):
        gem_style("jet")  # type: ignore[arg-type]
