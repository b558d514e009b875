"""The figures of a comparison: accuracies, differences, confusions (the paper's Figure 5), filters (Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.comparing.paired import Difference
from lsl_trainer.comparing.scores import RowScores
from lsl_trainer.reporting.drawing import BLUE, GREY, SHARE_LABEL, draw_confusion, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Responses", "accuracies", "confusions", "difference_bands", "filter_pictures"]

_MOST_TICKS = 20
"""So many classes have their names beside a confusion matrix."""
_COLUMNS = 6
"""Of the pictures of filters."""


@dataclass(frozen=True)
class Responses:
    """A few images uint8 (N, H, W, 3), and what the first filters answer to each, (N, C, h, w)."""

    images: NDArray[np.uint8]
    responses: NDArray[np.floating]


def accuracies(rows: Sequence[RowScores]) -> Figure:
    """The accuracy of each row: a point for each seed, and a bar at their mean."""
    figure = new_figure(7, 0.42 * len(rows) + 0.9)
    axes = figure.add_subplot()
    for place, row in enumerate(reversed(rows)):
        values = 100 * np.array(row.accuracy.values)
        axes.plot(values, np.full(len(values), place), "o", color=BLUE, alpha=0.35, markeredgewidth=0)
        axes.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color=BLUE, linewidth=2)
    axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
    axes.set(xlabel="accuracy, %  (point: a seed; bar: the mean)", ylim=(-0.6, len(rows) - 0.4))
    _bare(axes)
    return figure


def difference_bands(pairs: Sequence[Difference]) -> Figure:
    """Each difference with its 95 % interval: blue if Holm's p is below 0.05, else grey."""
    figure = new_figure(7, 0.3 * len(pairs) + 0.9)
    axes = figure.add_subplot()
    for place, pair in enumerate(reversed(pairs)):
        colour = BLUE if pair.p_holm < 0.05 else GREY
        axes.plot([100 * pair.low, 100 * pair.high], [place, place], color=colour, linewidth=2)
        axes.plot(100 * pair.difference, place, "o", color=colour)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(pairs)), [f"{pair.first} − {pair.second}" for pair in reversed(pairs)])
    axes.set(xlabel="difference in accuracy, percentage points", ylim=(-0.6, len(pairs) - 0.4))
    _bare(axes)
    return figure


def confusions(rows: Sequence[RowScores], classes: Sequence[str]) -> Figure:
    """A confusion matrix for each row, summed over the seeds: how much of each true class was taken for each class."""
    columns = min(3, len(rows))
    lines = ceil(len(rows) / columns)
    figure = new_figure(3.7 * columns, 3.7 * lines)
    named = classes if len(classes) <= _MOST_TICKS else ()
    for place, row in enumerate(rows):
        axes = figure.add_subplot(lines, columns, place + 1)
        picture, _ = draw_confusion(axes, np.array(row.confusion), named, 7)
        axes.set_title(f"{row.name}: {100 * row.accuracy.mean:.1f} %", fontsize=10)
    figure.colorbar(picture, ax=figure.axes, label=SHARE_LABEL, fraction=0.02)
    return figure


def filter_pictures(responses: Mapping[str, Responses]) -> Figure:
    """A column for each image: the image, then what each row's first filters answer. Each map has its own scale."""
    images = next(iter(responses.values())).images
    ratio = images.shape[1] / images.shape[2]
    sizes = [ratio, *(ratio * ceil(one.responses.shape[1] / _COLUMNS) / _COLUMNS for one in responses.values())]
    figure = new_figure(4.4 * len(images), 4.4 * sum(sizes) + 0.3 * len(sizes))
    grid = figure.subplots(len(sizes), len(images), squeeze=False, height_ratios=sizes)
    for column, image in enumerate(images):
        grid[0, column].imshow(image)
        for line, (name, one) in enumerate(responses.items(), start=1):
            grid[line, column].imshow(_mosaic(one.responses[column].astype(np.float64)), cmap="viridis")
            grid[line, column].set_title(name, fontsize=10)
    for axes in grid.flat:
        axes.axis("off")
    return figure


def _mosaic(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maps (C, h, w) beside one another, each scaled to 0..1, with blank lines between them."""
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    scaled = (maps - low) / np.maximum(high - low, 1e-9)
    rows, blank = ceil(len(maps) / _COLUMNS), max(1, maps.shape[2] // 40)
    padded = np.full((rows * _COLUMNS, maps.shape[1] + blank, maps.shape[2] + blank), np.nan)
    padded[: len(maps), blank:, blank:] = scaled
    tiles = padded.reshape(rows, _COLUMNS, *padded.shape[1:])  # (rows, 6, h, w)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * padded.shape[1], -1)


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e1e5ea")
    axes.set_axisbelow(True)
