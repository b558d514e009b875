from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.comparison.picture import _edges, _sheet, draw_comparison


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
    edges = {tuple(map(tuple, edge)) for edge in _edges(found)}
    assert len(edges) == 8  # a square of two by two cells
    assert ((1.5, 1.5), (0.5, 1.5)) in edges and ((2.5, 3.5), (2.5, 2.5)) in edges
    told = "\n".join(text.get_text() for text in _sheet(found).figure.texts)
    assert "4 of 30 cells differ at a false discovery rate of 5 %" in told and "10: 1,200 images, 25 genes" in told


def test_scale_is_even_around_zero_and_the_outside_blank() -> None:
    image = _sheet(_comparison()).figure.axes[0].images[0]
    assert image.get_clim() == pytest.approx((-0.08, 0.08))
    assert np.ma.getmaskarray(image.get_array())[0].all()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_odd_names_are_drawn(tmp_path: Path, ending: str) -> None:
    draw_comparison(_comparison(("<b>$x_{", "&" * 90)), tmp_path / f"c.{ending}")
    if ending == "png":
        assert imread(tmp_path / "c.png")[..., :3].std() > 0.05
