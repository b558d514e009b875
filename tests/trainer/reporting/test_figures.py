from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.drawing import BLUE, GREY, RED
from lsl_trainer.reporting.figures import (
    confusion_matrix,
    learning_curves,
    mistake_panel,
    reliability_diagram,
    saliency_panel,
    thumbnail,
)
from lsl_trainer.reporting.reliability import Calibration, Measured, Reliability
from tests.support.pictures import embedded


def texts(svg: str) -> list[str]:
    """The texts that an SVG shows; Matplotlib writes each as a comment beside its shapes."""
    return re.findall(r"<!-- (.*?) -->", svg)


def lines(svg: str, colour: str) -> list[NDArray[np.float64]]:
    """The points (n, 2) of each line of a colour; y grows downwards."""
    paths = re.findall(r'<path d="([^"]*)"[^>]*style="fill: none; stroke: (#\w+)', svg)
    return [np.array(re.findall(r"[ML] (\S+) (\S+)", path), float) for path, stroke in paths if stroke == colour]


def epochs(step: str, losses: list[float], accuracy: float | None) -> list[Epoch]:
    return [Epoch(step, number, loss, accuracy, 0.1) for number, loss in enumerate(losses, 1)]


def test_curves_have_a_panel_for_every_step_known_or_not() -> None:
    svg = learning_curves([*epochs("coarse", [1.0, 0.5], 0.5), *epochs("another", [1.0, 0.5], 0.5)])
    shown = texts(svg)
    assert shown.count("loss") == shown.count("right, %") == 2
    assert "step 1: coarse labels" in shown
    assert "another" in shown
    assert "1.5" not in " ".join(shown).split("loss")[0].split("epoch")[0], "epochs are whole numbers"


def test_curves_go_as_loss_and_accuracy_do() -> None:
    svg = learning_curves(epochs("fine", [2.0, 1.0, 0.5, 1.5], 0.5))
    (loss,), (accuracy,) = lines(svg, RED), lines(svg, BLUE)
    heights = (loss[0, 1] - loss[:, 1]) / (loss[0, 1] - loss[1, 1])
    np.testing.assert_allclose(heights, [0, 1, 1.5, 0.5], atol=1e-3)
    np.testing.assert_allclose(np.diff(loss[:, 0]), loss[1, 0] - loss[0, 0], atol=1e-3)
    assert np.ptp(accuracy[:, 1]) == 0


def test_without_an_accuracy_the_loss_stands_alone() -> None:
    svg = learning_curves(epochs("fine", [2.0, 1.0], None))
    assert len(lines(svg, RED)) == 1
    assert not lines(svg, BLUE)
    assert "right, %" not in texts(svg)


def test_a_confusion_has_counts_for_few_classes_and_colours_for_many() -> None:
    counts = np.array([[30, 10], [0, 40]])
    svg = confusion_matrix(counts, ("oak", "elm"))
    assert [text for text in texts(svg) if text.isdigit()] == ["30", "10", "40"], "nothing stands for none"
    assert {"oak", "elm", "predicted", "true", "share of the true class"} <= set(texts(svg))
    (matrix, *_) = embedded(svg)
    assert re.search(r'<image [^>]*transform="scale\(1 -1\)', svg), "Matplotlib turns the picture over"
    halves = [np.array_split(row, 2, axis=1) for row in np.array_split(matrix[::-1], 2, axis=0)]
    red = [[float(np.median(cell[:, :, 0])) for cell in row] for row in halves]
    assert red[1][1] < red[0][0] < red[0][1] < red[1][0], "shares of 1, 0.75, 0.25 and 0, from dark to light"
    many = confusion_matrix(np.eye(21, dtype=np.int64), [f"kind {k}" for k in range(21)])
    assert "kind 20" in texts(many)
    assert "1" not in texts(many)


def calibration(temperature: float) -> Calibration:
    """The same bins before and after: 0.2 right at a probability of 0.3, 0.8 at 0.9."""
    figure = Measured(0.1, 0.0, 0.2)
    found = Reliability(nll=figure, brier=figure, ece=figure, bins=((0.3, 0.2, 10), (0.9, 0.8, 10)))
    return Calibration(temperature, 20, 5, found, found)


def test_the_diagram_shows_both_temperatures_only_if_one_was_fitted() -> None:
    svg = reliability_diagram(calibration(1.7))
    assert "at temperature 1.70" in texts(svg)
    assert len(lines(svg, BLUE)) == len(lines(svg, GREY)) == 1
    unfitted = reliability_diagram(calibration(1.0))
    assert not any("at temperature" in text for text in texts(unfitted))
    assert not lines(unfitted, BLUE)
    assert len(lines(unfitted, GREY)) == 1


def test_bins_that_are_too_sure_lie_below_the_diagonal() -> None:
    svg = reliability_diagram(calibration(1.0))
    (bins,) = lines(svg, GREY)
    dotted = re.findall(r'<path d="M (\S+) (\S+) \nL (\S+) (\S+) \n"[^>]*stroke-dasharray', svg)
    left, bottom, right, top = map(float, dotted[0])
    places = (bins - (left, bottom)) / (right - left, top - bottom)
    np.testing.assert_allclose(places, [(0.3, 0.2), (0.9, 0.8)], atol=1e-3)


def test_a_panel_shows_the_image_and_the_map_from_dark_to_bright() -> None:
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    saliency = np.tile(np.linspace(0, 1e-3, 30, dtype=np.float32), (20, 1))
    saliency[0, 0] = 1
    panel = saliency_panel(image, saliency, "a caption")
    assert panel["caption"] == "a caption"
    np.testing.assert_array_equal(embedded(panel["image"])[0], image)
    (shown,) = embedded(panel["saliency"])
    assert shown.shape == (20, 30, 3)
    brightness = shown[10].astype(float).sum(1)
    assert np.all(np.diff(brightness) > 0), "a single pixel of great saliency does not darken the others"
    assert shown[10, 0].max() < 10
    assert tuple(shown[10, -1]) == tuple(shown[0, 0]), "the brightest half percent is cut off"


def test_a_mistake_shows_both_sides_on_one_scale() -> None:
    image, contrast = np.full((20, 30, 3), 200, np.uint8), np.zeros((20, 30), np.float32)
    contrast[:10], contrast[10:] = 1e-3, -5e-4
    panel = mistake_panel(image, contrast, "a caption")
    answer, label = (embedded(panel[name])[0].astype(float).sum(2) for name in ("answer", "label"))
    assert answer[0, 0] > label[19, 0] > answer[19, 0] == label[0, 0]


@pytest.mark.parametrize(("size", "small"), [((100, 300), (50, 150)), ((40, 60), (40, 60)), ((1, 900), (1, 150))])
def test_a_thumbnail_is_small_and_keeps_its_colours(size: tuple[int, int], small: tuple[int, int]) -> None:
    (pixels,) = embedded(thumbnail(np.full((*size, 3), (200, 120, 40), np.uint8)))
    assert pixels.shape == (*small, 3)
    np.testing.assert_allclose(pixels[small[0] // 2, small[1] // 2], (200, 120, 40), atol=6)
