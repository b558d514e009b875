"""What `--layers` found, as a CSV table and a picture with a panel for each task."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lsl_shared.files.atomic import atomic_path
from lsl_trainer.layers.layers import LayerScore
from lsl_trainer.reporting.drawing import BLUE, RED, new_figure, png_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_layers", "write_layers"]

_CHANCE = "#888888"


def write_layers(folder: Path, found: Sequence[LayerScore]) -> tuple[Path, Path]:
    """Writes layers.csv and layers.png to `folder`; returns their paths."""
    table, picture = folder / "layers.csv", folder / "layers.png"
    with atomic_path(table) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("task", "block", "name", "features", "measure", "value", "low", "high", "chance", "images"))
        for one in found:
            low, high = one.interval or ("", "")
            writer.writerow(
                (one.task, one.block, one.name, one.features, one.measure, one.value, low, high, one.chance, one.images)
            )
    with atomic_path(picture) as temporary:
        temporary.write_bytes(png_of(draw_layers(found), dpi=150))
    return table, picture


def draw_layers(found: Sequence[LayerScore]) -> Figure:
    """A panel for each task: the value of each block with its interval, what guessing gives, the best block in red."""
    tasks = list(dict.fromkeys(one.task for one in found))
    figure = new_figure(5.6 * len(tasks), 3.8)
    for place, task in enumerate(tasks):
        chosen = [one for one in found if one.task == task]
        axes = figure.add_subplot(1, len(tasks), place + 1)
        across = np.arange(len(chosen))
        axes.plot(across, [one.value for one in chosen], "o-", color=BLUE, markersize=4)
        if chosen[0].interval:
            low, high = zip(*(one.interval for one in chosen if one.interval), strict=True)
            axes.fill_between(across, low, high, color=BLUE, alpha=0.15, linewidth=0)
        axes.axhline(chosen[0].chance, color=_CHANCE, linestyle=":", linewidth=1)
        axes.annotate("by chance", (across[-1], chosen[0].chance), color=_CHANCE, ha="right", va="bottom", fontsize=8)
        best = int(np.argmax([one.value for one in chosen]))
        axes.plot(across[best], chosen[best].value, "o", color=RED, markersize=6)
        axes.set_xticks(across, [one.name for one in chosen], rotation=90, fontsize=8)
        axes.set(title=task, ylabel=f"{chosen[0].measure}, genes left out", ylim=(0, 1))
        axes.grid(axis="y", alpha=0.25)
    return figure
