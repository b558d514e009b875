from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps

from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.comparison.picture import _sheet, draw_comparison
from tests.support.pictures import colours_at, decoded, pictures_of, texts_of, within


def _comparison(names: tuple[str, str] = ("9", "10")) -> GemComparison:
    difference = np.zeros((4, 10), np.float32)
    difference[1:3, 2:4], difference[2, 7] = 0.08, -0.03
    t = difference * 100
    t[0] = np.nan
    significant = difference > 0.05
    covered, ones = np.ones((4, 10), np.float32), np.ones((4, 10))
    return GemComparison(
        names, difference, t, ones, significant, covered, (30, 1200), (20, 25), 0.05, 19, "mean", False
    )  # fmt: skip


def test_discoveries_are_outlined_and_counted() -> None:
    found = _comparison()
    lines = _sheet(found).figure.axes[0].lines
    edges = {(tuple(np.asarray(line.get_xdata())), tuple(np.asarray(line.get_ydata()))) for line in lines}
    assert len(edges) == 8  # a square of two by two cells
    assert ((1.5, 1.5), (0.5, 1.5)) in edges and ((2.5, 3.5), (2.5, 2.5)) in edges
    told = "\n".join(text.get_text() for text in _sheet(found).figure.texts)
    assert "4 of 30 cells differ at a false discovery rate of 5 %" in told and "10: 1,200 images, 25 genes" in told


def test_scale_is_even_around_zero_and_the_outside_blank() -> None:
    image = _sheet(_comparison()).figure.axes[0].images[0]
    assert image.get_clim() == pytest.approx((-0.08, 0.08))
    assert np.ma.getmaskarray(np.ma.asarray(image.get_array()))[0].all()


def test_cells_have_the_colour_of_their_side(tmp_path: Path) -> None:
    found = _comparison()
    draw_comparison(found, tmp_path / "c.png")
    part = within(decoded(tmp_path / "c.png"), _sheet(found).figure.axes[0])
    colours = colours_at(part, (4, 10))
    first, second = (np.array(colormaps["PuOr_r"](place, bytes=True))[:3] for place in (1.0, 0.5 - 0.5 * 3 / 8))
    assert np.abs(colours[1:3, 2:4] - first).max() <= 2 and np.abs(colours[2, 7] - second).max() <= 2
    assert (colours[0] == 255).all(), "white outside the embryos"
    middle = round(2 / 4 * part.shape[0])
    edge = part[middle - 20, round(1.9 / 10 * part.shape[1]) : round(2.1 / 10 * part.shape[1])]
    assert edge.max(1).min() < 60, "a dark line around the discoveries"


def test_odd_names_are_text(tmp_path: Path) -> None:
    draw_comparison(_comparison(("<b>$x_{", "&" * 90)), tmp_path / "c.svg")
    assert f"Maps: <b>$x_{{ minus {'&' * 29}…" in texts_of(tmp_path / "c.svg")
    assert pictures_of(tmp_path / "c.svg") == 2
