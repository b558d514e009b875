from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from lsl_runtime import Gem, LandmarkMap, draw_gem, draw_panel, landmarks, write_page
from lsl_runtime.gem.draw.signed import draw_edges, signed_top

MakeGem = Callable[..., Gem]


@pytest.fixture
def gem(make_gem: MakeGem) -> Gem:
    """A landmark map that speaks for the class in 4 × 6 pixels, and against it in as many."""
    mean, p = np.zeros((16, 40), np.float32), np.full((16, 40), 0.5, np.float32)
    mean[6:10, 8:14], mean[6:10, 24:30], p[6:10, 8:14] = 0.02, -0.01, 0.0002
    return make_gem(landmark_map=LandmarkMap(mean, p), mask="landmarks")


def test_lines_go_around_the_marked_cells() -> None:
    axes, cells = Figure().add_subplot(), np.zeros((4, 10), bool)
    cells[1:3, 2:5] = True
    draw_edges(axes, cells, (16, 40))
    places = [(np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)) for line in axes.lines]
    assert len(places) == 2 * (2 + 3)
    xs, ys = (np.concatenate(part) for part in zip(*places, strict=True))
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (7.5, 19.5, 3.5, 11.5)


def test_both_ends_of_a_scale_are_one_number() -> None:
    assert signed_top(np.array([-3.0, 1.0])) == pytest.approx(3, rel=0.01) and signed_top(np.zeros(4)) == 1


def test_pictures_and_panels_show_it(gem: Gem, tmp_path: Path) -> None:
    draw_gem(gem, tmp_path / "one.svg", landmarks=landmarks(gem))
    text = (tmp_path / "one.svg").read_text()
    assert "landmark map: what speaks for the class" in text and "Outlined: 24 of 640 cells" in text
    assert "the stain at the class's landmarks" in text
    draw_panel([gem, gem], tmp_path / "panel.svg")
    assert "landmark map" in (tmp_path / "panel.svg").read_text()


def test_the_page_holds_it_with_its_sign(gem: Gem, make_gem: MakeGem, tmp_path: Path) -> None:
    import base64

    write_page([gem, make_gem("10")], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    first, second = json.loads(found[1])["stages"]
    held = first["maps"][2]
    steps = np.frombuffer(base64.b64decode(held["steps"]), "<u2").reshape(16, 40)
    values = steps / 65535 * held["max"] + held["min"]
    assert gem.landmark_map is not None
    np.testing.assert_allclose(values, gem.landmark_map.mean, atol=1e-6)
    assert np.array(held["cells"]).sum() == 24 and held["p"][7][9] == 0.0002
    assert second["maps"][2] is None and (len(first["tops"]), len(second["tops"])) == (3, 2)
