from __future__ import annotations

import base64
import io

import numpy as np
import pytest

from lsl_trainer.reporting.drawing import BLUE, GREY, RED, data_address, draw_confusion, new_figure, png_of, svg_of
from tests.support.pictures import coloured, decoded


def test_a_figure_has_its_size_in_pixels_and_its_colours() -> None:
    figure = new_figure(3, 2)
    axes = figure.add_subplot()
    axes.axis("off")
    for place, colour in enumerate((BLUE, RED, GREY)):
        axes.axvspan(place, place + 1, color=colour, linewidth=0)
    shown = decoded(io.BytesIO(png_of(figure, dpi=50)))
    assert shown.shape == (100, 150, 3)
    for colour in (BLUE, RED, GREY):
        assert coloured(shown, colour).sum() > 2000


def test_svg_is_the_element_alone_and_the_same_each_time() -> None:
    def drawn() -> str:
        figure = new_figure(2, 1)
        figure.add_subplot().plot([1, 2], color=RED)
        return svg_of(figure)

    assert drawn().startswith("<svg")
    assert drawn().rstrip().endswith("</svg>")
    assert RED in drawn()
    assert drawn() == drawn()


def test_an_address_holds_the_picture() -> None:
    kind, _, content = data_address("png", b"\x00\xffabc").partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x00\xffabc"


def test_a_confusion_shows_shares_of_each_true_class() -> None:
    axes = new_figure(3, 3).add_subplot()
    picture, shares = draw_confusion(axes, np.array([[3, 1], [0, 0]]), ("a", "b"), 7)
    np.testing.assert_array_equal(shares, [[0.75, 0.25], [0, 0]])
    np.testing.assert_array_equal(picture.get_array(), shares)
    assert picture.get_clim() == (0, 1)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    blue = [picture.to_rgba(np.array([share]))[0] for share in (0.0, 0.25, 0.75)]
    assert blue[0][0] > blue[1][0] > blue[2][0], "the more, the darker"


@pytest.mark.parametrize(("classes", "turned"), [(("4", "5"), 0), (("oak", "beech"), 90)])
def test_long_names_stand_upright(classes: tuple[str, ...], turned: float) -> None:
    axes = new_figure(3, 3).add_subplot()
    draw_confusion(axes, np.eye(2, dtype=np.int64), classes, 7)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(classes)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {turned}
    assert {label.get_fontsize() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())} == {7}


def test_without_names_there_are_no_ticks() -> None:
    axes = new_figure(3, 3).add_subplot()
    draw_confusion(axes, np.eye(30, dtype=np.int64), (), 7)
    assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
