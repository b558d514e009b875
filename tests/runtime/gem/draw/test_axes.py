from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from lsl_runtime import Gem
from lsl_runtime.gem.draw.axes import draw_map, draw_outline, has_outline, round_top
from lsl_runtime.gem.draw.style import gem_style


@pytest.mark.parametrize(
    ("value", "top"), [(0.0, 1), (0.004, 0.004), (0.11, 0.15), (0.2, 0.2), (0.61, 0.8), (0.9, 1), (2, 1)]
)
def test_round_top_by_hand(value: float, top: float) -> None:
    assert round_top(value) == pytest.approx(top)


def test_percent_egg_length_runs_from_border_to_border(make_gem: Callable[..., Gem]) -> None:
    embryo = np.zeros((16, 40), np.float32)
    embryo[4:12, 10:30] = 0.9
    embryo[4:12, 30:35] = 0.4
    gem, axes = make_gem(embryo=embryo), Figure().add_subplot()
    draw_map(axes, gem.gem, 0.2, gem_style())
    draw_outline(axes, gem, gem_style())
    assert axes.get_xticks() == pytest.approx([9.5, 13.5, 17.5, 21.5, 25.5, 29.5])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "20", "40", "60", "80", "100"]


def test_no_outline_without_embryo_and_no_egg_in_other_tasks(make_gem: Callable[..., Gem]) -> None:
    axes = Figure().add_subplot()
    bare = make_gem(embryo=np.full((16, 40), 0.3, np.float32))
    draw_map(axes, bare.gem, 0.2, gem_style())
    draw_outline(axes, bare, gem_style())
    assert not has_outline(bare) and len(axes.get_xticks()) == 0
    draw_outline(axes, replace(make_gem(), task="species"), gem_style())
    assert len(axes.get_xticks()) == 0 and axes.get_xlabel() == ""
