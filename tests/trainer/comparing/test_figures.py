from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lsl_trainer.comparing.figures import Responses, accuracies, confusions, difference_bands, filter_pictures
from lsl_trainer.comparing.paired import Difference
from lsl_trainer.comparing.scores import RowScores, Spread
from lsl_trainer.reporting.drawing import BLUE, GREY, png_of
from tests.support.pictures import coloured, colours_at, decoded, within


def row(name: str, values: tuple[float, float], confusion: Sequence[Sequence[int]]) -> RowScores:
    spread = Spread(float(np.mean(values)), 0.1, values)
    counts = tuple(map(tuple, confusion))
    return RowScores(name, (0, 1), spread, spread, None, None, spread, (spread, None), counts, 8, 0, 4, 1.0)


ROWS = [row("plain", (0.5, 0.7), [[3, 1], [0, 4]]), row("gabor", (0.8, 0.9), [[4, 0], [0, 0]])]


def drawn(figure: Figure) -> NDArray[np.uint8]:
    return decoded(io.BytesIO(png_of(figure, dpi=100)))


def shown(axes: Axes) -> NDArray[np.float64]:
    """What a panel shows as a picture; NaN where it stays blank."""
    array = axes.images[0].get_array()
    assert array is not None
    return np.ma.filled(np.ma.asarray(array, np.float64), np.nan)


def test_accuracies_show_every_seed_and_the_mean() -> None:
    figure = accuracies(ROWS)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["gabor", "plain"], "the first row on top"
    points, bar = axes.lines[2], axes.lines[3]
    np.testing.assert_allclose(np.asarray(points.get_xdata(), float), [50, 70])
    np.testing.assert_allclose(np.asarray(bar.get_xdata(), float), [60, 60])
    picture = drawn(figure)
    assert picture.shape == (174, 700, 3)
    upper, lower = (within(picture, axes)[half] for half in (slice(None, 60), slice(60, None)))
    above, below = (np.nonzero(coloured(part, BLUE))[1].mean() for part in (upper, lower))
    assert above < below, "plain, 60 %, lies left of gabor, 85 %"


def test_confusions_are_shares_of_the_true_class() -> None:
    figure = confusions(ROWS, ["a", "b"])
    panels = [axes for axes in figure.axes if axes.images]
    np.testing.assert_allclose(shown(panels[0]), np.array([[0.75, 0.25], [0, 1]]))
    np.testing.assert_allclose(shown(panels[1]), [[1, 0], [0, 0]])
    assert [axes.get_title() for axes in panels] == ["plain: 60.0 %", "gabor: 85.0 %"]
    picture = drawn(figure)
    red = colours_at(within(picture, panels[0]), (2, 2))[:, :, 0]
    assert red[1, 1] < red[0, 0] < red[0, 1] < red[1, 0], "shares of 1, 0.75, 0.25 and 0, from dark to light"


def test_many_classes_have_no_names_beside_the_confusion() -> None:
    many = [row("plain", (0.5, 0.7), np.eye(21, dtype=int).tolist())]
    axes, _ = confusions(many, [f"kind {k}" for k in range(21)]).axes
    assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
    np.testing.assert_array_equal(shown(axes), np.eye(21))


def test_sure_differences_stand_out() -> None:
    pairs = [Difference("a", "b", 0.2, 0.1, 0.3, 0.001, 0.002), Difference("a", "c", 0.1, -0.1, 0.3, 0.4, 0.4)]
    figure = difference_bands(pairs)
    (axes,) = figure.axes
    assert [line.get_color() for line in axes.lines[:4]] == [GREY, GREY, BLUE, BLUE]
    np.testing.assert_allclose(np.asarray(axes.lines[2].get_xdata(), float), [10, 30])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a − c", "a − b"], "the first pair on top"
    picture = drawn(figure)
    assert 100 < coloured(picture, BLUE).sum() < coloured(picture, GREY).sum(), "the unsure one is twice as wide"


def test_filters_are_shown_each_on_its_own_scale() -> None:
    images = np.zeros((2, 8, 10, 3), np.uint8)
    images[0, :, :5], images[1, :, 5:] = (200, 30, 30), (30, 200, 30)
    maps = np.arange(2 * 7 * 4 * 5, dtype=float).reshape(2, 7, 4, 5) * np.arange(1, 8)[:, None, None]
    figure = filter_pictures({"plain": Responses(images, maps)})
    mosaic = shown(figure.axes[2])
    assert mosaic.shape == (2 * 5, 6 * 6), "seven maps of 4×5 in two rows of six, each with a blank line"
    np.testing.assert_allclose([np.nanmin(mosaic), np.nanmax(mosaic)], [0, 1])
    assert np.isnan(mosaic[5:, 6:]).all(), "the rest stays blank"
    picture = drawn(figure)
    for axes, image in zip(figure.axes, images, strict=False):
        np.testing.assert_array_equal(colours_at(within(picture, axes), (8, 10)), image)
    assert (colours_at(within(picture, figure.axes[2]), (10, 36))[5:, 6:] == 255).all()
