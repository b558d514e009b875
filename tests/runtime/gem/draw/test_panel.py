from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from lsl_runtime import Gem
from lsl_runtime.gem.draw.panel import _Panel, draw_panel
from lsl_runtime.gem.draw.style import gem_style
from lsl_shared import ConfigError


def _panel(*gems: Gem) -> _Panel:
    return _Panel(gems, gem_style())


def _texts(panel: _Panel) -> str:
    return "\n".join(text.get_text() for text in panel.sheet.figure.texts)


def test_every_map_of_a_column_has_one_scale(make_gem: Callable[..., Gem]) -> None:
    faint = make_gem("8")
    panel = _panel(replace(faint, gem=faint.gem / 4, masked_gem=faint.gem / 8), make_gem("9"))
    limits = [
        axes.images[0].get_clim()
        for axes in panel.sheet.figure.axes
        if axes.images and axes.images[0].cmap.name == "inferno"
    ]
    assert np.array(limits) == pytest.approx(np.array([(0, 0.2), (0, 0.1)] * 2))
    bars = [axes.get_xlabel() for axes in panel.sheet.figure.axes if "density" in axes.get_xlabel()]
    assert bars == ["mean stain density", "mean stain density, where the model looks"]


def test_rows_say_stage_and_counts(make_gem: Callable[..., Gem]) -> None:
    told = _texts(_panel(make_gem("8"), make_gem("9", n_genes=4)))
    assert "stages 8 to 9" in told and "30 images\n20 genes" in told and "30 images\nonly 4 genes" in told
    assert "stage 8" in _texts(_panel(make_gem("8")))
    assert "family Poaceae to Poaceae" in _texts(_panel(*[make_gem("Poaceae", task="family")] * 2))


def test_samples_are_those_of_their_row(make_gem: Callable[..., Gem]) -> None:
    named = [text.get_text() for axes in _panel(make_gem()).sheet.figure.axes for text in axes.texts]
    assert named == ["gene0", "gene1"]


def test_without_masks_and_samples_there_are_no_columns_for_them(make_gem: Callable[..., Gem]) -> None:
    assert _panel(make_gem(samples=())).names == ["GEM", "masked GEM"]
    assert _panel(make_gem(masked_gem=None, samples=()), make_gem("8")).names[0] == "GEM"
    assert "masked GEM" not in _panel(make_gem(masked_gem=None), make_gem("8")).names


@pytest.mark.parametrize(("rows", "ending"), [(1, "png"), (14, "png"), (3, "svg"), (2, "pdf")])
def test_panels_are_drawn_for_any_number_of_stages(
    make_gem: Callable[..., Gem], tmp_path: Path, rows: int, ending: str
) -> None:
    names = ["<b>&'\"$x_{", *map(str, range(rows - 1))]
    draw_panel([make_gem(name) for name in names], tmp_path / f"panel.{ending}", "flyexpress")
    assert (tmp_path / f"panel.{ending}").stat().st_size > 1000
    if ending == "png":
        assert imread(tmp_path / "panel.png")[..., :3].std() > 0.05


def test_blank_maps_are_drawn(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    blank = np.zeros((16, 40), np.float32)
    draw_panel([make_gem(gem=blank, masked_gem=blank, embryo=blank, samples=())], tmp_path / "panel.png")
    assert (tmp_path / "panel.png").exists()


def test_maps_that_do_not_belong_together_are_refused(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    for gems in ([], [make_gem(), make_gem(mode="fraction")], [make_gem(), make_gem(model_digest="e" * 64)]):
        with pytest.raises(ConfigError, match="a panel shows maps of one model"):
            draw_panel(gems, tmp_path / "panel.png")
