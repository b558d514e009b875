from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lsl_runtime import Gem, build_gem, draw_gem, landmarks
from lsl_runtime.gem.draw.picture import _Page, rescaling
from lsl_runtime.gem.draw.style import StyleName, gem_style
from tests.support.pictures import (
    axes_showing,
    colour_at,
    colours_at,
    decoded,
    page_size,
    pdf_pictures,
    pictures_of,
    texts_of,
    within,
)

MakeGem = Callable[..., Gem]


@pytest.fixture
def gem(annotated: Path) -> Gem:
    return build_gem(annotated, "5")


def _page(gem: Gem, style: StyleName = "inferno") -> Figure:
    return _Page(gem, gem_style(style)).sheet.figure


def _texts(gem: Gem) -> list[str]:
    page = _page(gem)
    return [text.get_text() for text in page.texts] + [axes.get_xlabel() for axes in page.axes]


def _assert_shown(part: NDArray[np.uint8], plane: NDArray[np.floating], top: float, style: StyleName) -> None:
    """The part of a page has the colours of the map, but near the outline of the embryo."""
    expected = gem_style(style).colours[np.round(plane / top * 255).astype(int)].astype(int)
    off = np.abs(colours_at(part, plane.shape) - expected).max(2)
    assert np.percentile(off, 90) <= 6 and off[plane == plane.max()].max() <= 4


@pytest.mark.parametrize("style", ["inferno", "flyexpress"])
def test_maps_have_their_colours_where_they_lie(make_gem: MakeGem, tmp_path: Path, style: StyleName) -> None:
    gem = make_gem()
    draw_gem(gem, tmp_path / "deep" / "stage-9.png", style)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["stage-9.png"]
    pixels, (plain, masked) = decoded(tmp_path / "deep" / "stage-9.png"), _page(gem, style).axes[:2]
    assert pixels.shape[1] == 2080
    _assert_shown(within(pixels, plain), gem.gem, 0.2, style)
    _assert_shown(within(pixels, masked), gem.gem, 0.2, style)  # half of it, shown × 2
    margin = pixels[:, :40]
    assert (margin == 255).all()


def test_samples_stand_above_what_the_model_looks_at_in_them(make_gem: MakeGem, tmp_path: Path) -> None:
    gem = make_gem()
    draw_gem(gem, tmp_path / "a.png")
    pixels, page = decoded(tmp_path / "a.png"), _page(gem)
    first, second = axes_showing(page, gem.samples[0].image)
    assert (within(pixels, first) == 200).all() and (within(pixels, second) == 200).all()
    overlaid = within(pixels, page.axes[4])
    assert page.axes[4].get_position().y1 < first.get_position().y0
    centre, corner = colour_at(overlaid, (16, 40), 8, 20), colour_at(overlaid, (16, 40), 0, 0)
    assert np.ptp(centre) > 100, "viridis' yellow where the mask is 1"
    assert np.ptp(corner) <= 1 and corner[0] > 200, "grey where it is 0"


def test_an_unmasked_map_stands_alone(make_gem: MakeGem, tmp_path: Path) -> None:
    gem = make_gem(masked_gem=None, samples=())
    draw_gem(gem, tmp_path / "a.png")
    (shown,) = axes_showing(_page(gem), gem.gem)
    _assert_shown(within(decoded(tmp_path / "a.png"), shown), gem.gem, 0.2, "inferno")
    assert len(_page(gem).axes) == 2, "the map and its colours"


def test_title_says_stage_counts_model_and_orientation(gem: Gem) -> None:
    told = "\n".join(_texts(gem))
    assert f"stage 5: {gem.n_images} images of {gem.n_genes} genes" in told
    assert "model 1/model" in told and gem.model_digest[:8] in told and "anterior left" in told
    assert "percent egg length, anterior 0 to posterior 100" in told


def test_few_genes_are_warned_of(gem: Gem) -> None:
    assert any("only 9 genes" in text for text in _texts(replace(gem, n_genes=9)))
    assert not any("only" in text for text in _texts(replace(gem, n_genes=10)))


def test_other_tasks_have_no_anterior(gem: Gem) -> None:
    told = "\n".join(_texts(replace(gem, task="species", stage="Zea mays")))
    assert "species Zea mays" in told and "anterior" not in told and "egg" not in told


def test_rescaled_masked_map_is_told(gem: Gem) -> None:
    faint = replace(gem, masked_gem=(gem.gem / 7).astype(np.float32))
    assert rescaling(faint) == 6
    assert any("shown × 6" in text for text in _texts(faint))
    whole = replace(gem, masked_gem=gem.gem)
    assert rescaling(whole) == 1
    assert not any("shown ×" in text for text in _texts(whole))


@pytest.mark.parametrize(("level", "colour"), [(0.0, 0), (1.0, -1)])
def test_blank_and_full_maps_are_drawn(make_gem: MakeGem, tmp_path: Path, level: float, colour: int) -> None:
    plane = np.full((16, 40), level, np.float32)
    gem = make_gem(gem=plane, masked_gem=plane, embryo=plane, samples=())
    draw_gem(gem, tmp_path / "blank.png")
    pixels = decoded(tmp_path / "blank.png")
    for axes in _page(gem).axes[:2]:
        inner = within(pixels, axes)[20:-20, 20:-20]
        assert np.abs(inner.astype(int) - gem_style().colours[colour]).max() <= 1


def test_class_names_are_not_read_as_formulas(make_gem: MakeGem, tmp_path: Path) -> None:
    sample = replace(make_gem().samples[0], gene="$x_{")
    odd = make_gem("a $\\frac{1 b$", model="/runs/$1$/model", samples=(sample,))
    draw_gem(odd, tmp_path / "odd.svg")
    told = "\n".join(texts_of(tmp_path / "odd.svg"))
    assert "stage a $\\frac{1 b$: 30 images" in told and "model $1$/model" in told and "$x_{  ·  90 %" in told


def test_choice_of_images_is_told(gem: Gem) -> None:
    assert any("each gene counts once" in text for text in _texts(gem))
    assert any(
        "probability at least 0.5" in text for text in _texts(replace(gem, selection="probability at least 0.5"))
    )


def test_landmarks_are_drawn_on_the_masked_map_where_they_lie(make_gem: MakeGem, tmp_path: Path) -> None:
    gem = make_gem()
    (found,) = landmarks(gem)
    page = _Page(gem, gem_style(), [found]).sheet.figure
    plain, masked = page.axes[:2]
    assert not plain.lines and [text.get_text() for text in masked.texts] == ["1"]
    x, y = (np.asarray(one) for one in masked.lines[0].get_data())
    assert np.array_equal(np.transpose([x[:-1], y[:-1]]), found.outline) and (x[0], y[0]) == (x[-1], y[-1])
    draw_gem(gem, tmp_path / "marked.png", landmarks=[found])
    draw_gem(gem, tmp_path / "bare.png")
    marked, bare = decoded(tmp_path / "marked.png"), decoded(tmp_path / "bare.png")
    mark = np.array([int(gem_style().mark[k : k + 2], 16) for k in (1, 3, 5)])
    like = (np.abs(within(marked, masked).astype(int) - mark) < 20).all(2)  # (h, w)
    height, width = like.shape
    for x, y in found.outline:
        row, column = round((y + 0.5) / 16 * height), round((x + 0.5) / 40 * width)
        assert like[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4].any(), (x, y)
    assert not (np.abs(within(bare, masked).astype(int) - mark) < 20).all(2).any()
    np.testing.assert_array_equal(within(marked, plain), within(bare, plain))


def test_vector_formats_hold_the_same_maps_and_texts(make_gem: MakeGem, tmp_path: Path) -> None:
    for ending in ("svg", "pdf"):
        draw_gem(make_gem(), tmp_path / f"stage.{ending}", "flyexpress", landmarks(make_gem()))
    page = _page(make_gem())
    width, height = page.get_size_inches()
    shown = 1 + sum(len(axes.images) for axes in page.axes)  # and the bar of colours
    assert pictures_of(tmp_path / "stage.svg") == pdf_pictures(tmp_path / "stage.pdf") == shown == 7
    assert page_size(tmp_path / "stage.pdf") == pytest.approx((width, height), abs=0.01)
    assert {"GEM", "gene0  ·  90 %", "percent egg length, anterior 0 to posterior 100"} <= set(
        texts_of(tmp_path / "stage.svg")
    )


def test_the_white_style_leaves_the_ground_white(make_gem: MakeGem, tmp_path: Path) -> None:
    styles: tuple[StyleName, ...] = ("inferno", "flyexpress")
    for style in styles:
        draw_gem(make_gem(samples=()), tmp_path / f"{style}.png", style)
    dark, white = (decoded(tmp_path / f"{style}.png") for style in styles)
    assert (dark < 26).all(2).mean() > 0.1 > 0.01 > (white < 26).all(2).mean()
