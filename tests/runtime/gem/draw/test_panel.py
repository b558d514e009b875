from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Gem
from lsl_runtime.gem.draw.panel import _Panel, draw_panel
from lsl_runtime.gem.draw.style import gem_style
from lsl_shared import ConfigError
from tests.support.pictures import axes_showing, decoded, page_size, pdf_pictures, pictures_of, texts_of, within

MakeGem = Callable[..., Gem]


def _panel(*gems: Gem) -> _Panel:
    return _Panel(gems, gem_style())


def _texts(panel: _Panel) -> str:
    return "\n".join(text.get_text() for text in panel.sheet.figure.texts)


def test_every_map_of_a_column_has_one_scale(make_gem: MakeGem) -> None:
    faint = make_gem("8")
    quarter = (faint.gem / 4).astype(np.float32)
    panel = _panel(replace(faint, gem=quarter, masked_gem=quarter * np.float32(0.5)), make_gem("9"))
    limits = [
        axes.images[0].get_clim()
        for axes in panel.sheet.figure.axes
        if axes.images and axes.images[0].cmap.name == "inferno"
    ]
    assert np.array(limits) == pytest.approx(np.array([(0, 0.2), (0, 0.1)] * 2))
    bars = [axes.get_xlabel() for axes in panel.sheet.figure.axes if "density" in axes.get_xlabel()]
    assert bars == ["mean stain density", "mean stain density, where the model looks"]


def test_rows_say_stage_and_counts(make_gem: MakeGem) -> None:
    told = _texts(_panel(make_gem("8"), make_gem("9", n_genes=4)))
    assert "stages 8 to 9" in told and "30 images\n20 genes" in told and "30 images\nonly 4 genes" in told
    assert "stage 8" in _texts(_panel(make_gem("8")))
    assert "family Poaceae to Poaceae" in _texts(_panel(*[make_gem("Poaceae", task="family")] * 2))


def test_samples_are_those_of_their_row(make_gem: MakeGem) -> None:
    named = [text.get_text() for axes in _panel(make_gem()).sheet.figure.axes for text in axes.texts]
    assert named == ["gene0", "gene1"]


def test_without_masks_and_samples_there_are_no_columns_for_them(make_gem: MakeGem) -> None:
    assert _panel(make_gem(samples=())).names == ["GEM", "masked GEM"]
    assert _panel(make_gem(masked_gem=None, samples=()), make_gem("8")).names[0] == "GEM"
    assert "masked GEM" not in _panel(make_gem(masked_gem=None), make_gem("8")).names


@pytest.mark.parametrize("rows", [1, 9])
def test_panels_show_every_map_in_its_place(make_gem: MakeGem, tmp_path: Path, rows: int) -> None:
    """Map k is a flat 0.01 · (k + 1), so that its colour tells which it is."""
    ones = np.ones((16, 40), np.float32)
    planes = [np.float32(0.01 * (k + 1)) * ones for k in range(rows)]
    gems = [make_gem(str(k), gem=plane, masked_gem=plane, embryo=ones) for k, plane in enumerate(planes)]
    draw_panel(gems, tmp_path / "panel.png", "flyexpress")
    pixels, panel = decoded(tmp_path / "panel.png"), _panel(*gems)
    page, top, colours = panel.sheet.figure, panel.tops[0], gem_style("flyexpress").colours
    heights = []
    for plane in planes:
        for axes in axes_showing(page, plane):
            shown = within(pixels, axes)[20:-20, 20:-20]
            assert np.abs(shown.astype(int) - colours[round(float(plane[0, 0]) / top * 255)]).max() <= 2
        heights.append(axes_showing(page, plane)[0].get_position().y0)
    assert heights == sorted(heights, reverse=True) and len(axes_showing(page, gems[0].samples[0].image)) == 2 * rows


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_vector_formats_hold_the_same_maps(make_gem: MakeGem, tmp_path: Path, ending: str) -> None:
    path, gems = tmp_path / f"panel.{ending}", [make_gem("<b>&'\"$x_{"), make_gem("8")]
    draw_panel(gems, path)
    shown = 2 * (2 + 2) + 2  # a row: two maps, two samples; below, two bars of colours
    if ending == "pdf":
        page = _panel(*gems).sheet
        assert pdf_pictures(path) == shown and page_size(path) == pytest.approx((page.width, page.height), abs=0.01)
    else:
        assert pictures_of(path) == shown and "<b>&'\"$x_{" in texts_of(path)


def test_blank_maps_are_drawn(make_gem: MakeGem, tmp_path: Path) -> None:
    blank = np.zeros((16, 40), np.float32)
    gem = make_gem(gem=blank, masked_gem=blank, embryo=blank, samples=())
    draw_panel([gem], tmp_path / "panel.png")
    pixels = decoded(tmp_path / "panel.png")
    for axes in axes_showing(_panel(gem).sheet.figure, blank):
        assert np.abs(within(pixels, axes)[4:-4, 4:-4].astype(int) - gem_style().colours[0]).max() <= 1


def test_maps_that_do_not_belong_together_are_refused(make_gem: MakeGem, tmp_path: Path) -> None:
    for gems in ([], [make_gem(), make_gem(mode="fraction")], [make_gem(), make_gem(model_digest="e" * 64)]):
        with pytest.raises(ConfigError, match="a panel shows maps of one model"):
            draw_panel(gems, tmp_path / "panel.png")
