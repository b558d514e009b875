from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from lsl_runtime import Gem, Model, annotate, build_gem, draw_gem
from lsl_runtime.gem.build.landmarks import landmarks
from lsl_runtime.gem.draw.picture import rescaling
from lsl_runtime.gem.draw.style import gem_style


@pytest.fixture
def gem(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> Gem:
    store = make_store(60)
    annotate(store, Model.load(make_bundle()))
    return build_gem(store, "5")


def _texts(gem: Gem) -> list[str]:
    from lsl_runtime.gem.draw.picture import _Page

    page = _Page(gem, gem_style()).sheet.figure
    return [text.get_text() for text in page.texts] + [axes.get_xlabel() for axes in page.axes]


@pytest.mark.parametrize("masked", [True, False])
def test_picture_is_a_png_with_something_on_it(gem: Gem, tmp_path: Path, masked: bool) -> None:
    shown = gem if masked else replace(gem, masked_gem=None)
    draw_gem(shown, tmp_path / "deep" / "stage-5.png")
    pixels = imread(tmp_path / "deep" / "stage-5.png")
    assert pixels.shape[1] == 2080 and pixels[..., :3].std() > 0.1
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["stage-5.png"]


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
    faint = replace(gem, masked_gem=gem.gem / 7)
    assert rescaling(faint) == 6
    assert any("shown × 6" in text for text in _texts(faint))
    whole = replace(gem, masked_gem=gem.gem)
    assert rescaling(whole) == 1
    assert not any("shown ×" in text for text in _texts(whole))


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_blank_and_full_maps_are_drawn(gem: Gem, tmp_path: Path, level: float) -> None:
    plane = np.full_like(gem.gem, level)
    blank = replace(gem, gem=plane, masked_gem=plane, embryo=plane, samples=())
    draw_gem(blank, tmp_path / "blank.png")
    assert (tmp_path / "blank.png").stat().st_size > 1000


def test_class_names_are_not_read_as_formulas(gem: Gem, tmp_path: Path) -> None:
    sample = replace(gem.samples[0], gene="$x_{")
    draw_gem(replace(gem, stage="a $\\frac{1 b$", model="/runs/$1$/model", samples=(sample,)), tmp_path / "odd.png")
    assert (tmp_path / "odd.png").exists()


def test_choice_of_images_is_told(gem: Gem) -> None:
    assert any("each gene counts once" in text for text in _texts(gem))
    assert any(
        "probability at least 0.5" in text for text in _texts(replace(gem, selection="probability at least 0.5"))
    )


def test_landmarks_are_drawn_on_the_masked_map_where_they_lie(make_gem: Callable[..., Gem]) -> None:
    from lsl_runtime.gem.draw.picture import _Page

    gem = make_gem()
    found = landmarks(gem)
    assert len(found) == 1
    plain, masked = _Page(gem, gem_style(), found).sheet.figure.axes[:2]
    assert not plain.lines and [text.get_text() for text in masked.texts] == ["1"]
    x, y = masked.lines[0].get_data()
    assert np.array_equal(np.transpose([x[:-1], y[:-1]]), found[0].outline) and (x[0], y[0]) == (x[-1], y[-1])


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_vector_formats_and_the_white_style(make_gem: Callable[..., Gem], tmp_path: Path, ending: str) -> None:
    draw_gem(make_gem(), tmp_path / f"stage.{ending}", "flyexpress", landmarks(make_gem()))
    assert (tmp_path / f"stage.{ending}").stat().st_size > 5000


def test_the_white_style_leaves_the_ground_white(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    for style in ("inferno", "flyexpress"):
        draw_gem(make_gem(samples=()), tmp_path / f"{style}.png", style)  # type: ignore[arg-type]
    dark, white = (imread(tmp_path / f"{style}.png")[..., :3] for style in ("inferno", "flyexpress"))
    assert (dark < 0.1).all(2).mean() > 0.1 > 0.01 > (white < 0.1).all(2).mean()
