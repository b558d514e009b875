import numpy as np

from lsl_trainer.comparing.figures import Responses, accuracies, confusions, difference_bands, filter_pictures
from lsl_trainer.comparing.paired import Difference
from lsl_trainer.comparing.scores import RowScores, Spread


def row(name, values, confusion):
    spread = Spread(float(np.mean(values)), 0.1, tuple(values))
    counts = tuple(map(tuple, confusion))
    return RowScores(name, (0, 1), spread, spread, None, None, spread, (spread, None), counts, 8, 0, 4, 1.0)


ROWS = [row("plain", (0.5, 0.7), [[3, 1], [0, 4]]), row("gabor", (0.8, 0.9), [[4, 0], [0, 0]])]


def test_accuracies_show_every_seed_and_the_mean():
    (axes,) = accuracies(ROWS).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["gabor", "plain"], "the first row on top"
    points, bar = axes.lines[2], axes.lines[3]
    np.testing.assert_allclose(points.get_xdata(), [50, 70])
    np.testing.assert_allclose(bar.get_xdata(), [60, 60])


def test_confusions_are_shares_of_the_true_class():
    figure = confusions(ROWS, ["a", "b"])
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_allclose(shown[0], [[0.75, 0.25], [0, 1]])
    np.testing.assert_allclose(shown[1], [[1, 0], [0, 0]])


def test_sure_differences_stand_out():
    pairs = [Difference("a", "b", 0.2, 0.1, 0.3, 0.001, 0.002), Difference("a", "c", 0.1, -0.1, 0.3, 0.4, 0.4)]
    (axes,) = difference_bands(pairs).axes
    colours = {line.get_color() for line in axes.lines[:4]}
    assert len(colours) == 2
    np.testing.assert_allclose(axes.lines[2].get_xdata(), [10, 30])


def test_filters_are_shown_each_on_its_own_scale():
    images = np.zeros((2, 8, 10, 3), np.uint8)
    maps = np.arange(2 * 7 * 4 * 5, dtype=float).reshape(2, 7, 4, 5) * np.arange(1, 8)[:, None, None]
    figure = filter_pictures({"plain": Responses(images, maps)})
    shown = figure.axes[2].images[0].get_array()
    assert shown.shape == (2 * 5, 6 * 6), "seven maps of 4×5 in two rows of six, each with a blank line"
    np.testing.assert_allclose([np.nanmin(shown), np.nanmax(shown)], [0, 1])
    assert np.ma.getmaskarray(shown)[5:, 6:].all() or np.isnan(shown[5:, 6:]).all(), "the rest stays blank"
