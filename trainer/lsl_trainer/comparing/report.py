"""The report of a comparison: one HTML page that needs no other file, and its figures as PNG files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lsl_shared.files.atomic import atomic_path
from lsl_trainer.comparing import figures as figures
from lsl_trainer.comparing.figures import Responses
from lsl_trainer.comparing.scores import Comparison, Spread
from lsl_trainer.reporting.drawing import data_address, png_of
from lsl_trainer.reporting.page import write_page
from lsl_trainer.settings.config import TrainConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LABELS", "write_comparison_report"]

LABELS = {
    "gabor": "log-Gabor filters, linear classifier",
    "plain": "fine labels alone",
    "data-level": "coarse labels, then fine ones",
    "feature-level": "the two-step method",
    "coarse-constrained": "fine and coarse labels teach the fine classes together",
    "linear": "a linear classifier on a pretrained network's features",
    "continued": "control: data-level, as many more epochs with L_CE alone",
    "prototype": "control: nearest class prototype on data-level features",
}
_RESPONSES = ("gabor", "plain", "data-level", "feature-level")
"""The rows whose filters are shown: those of the paper's Figure 6, and the steps between them."""


def write_comparison_report(comparison: Comparison, config: TrainConfig) -> None:
    """Writes report.html and the PNG figures into the comparison's folder."""
    rows, classes = comparison.rows, comparison.space.classes
    drawn: dict[str, Figure] = {
        "accuracy": figures.accuracies(rows),
        "confusion": figures.confusions(rows, classes),
    }
    if comparison.differences:
        drawn["differences"] = figures.difference_bands(comparison.differences)
    if responses := _responses(comparison.path, [row.name for row in rows], rows[0].seeds[0]):
        drawn["responses"] = figures.filter_pictures(responses)
    write_page(
        comparison.path / "report.html",
        "comparison.html",
        title=f"{comparison.space.name}: methods compared",
        comparison=comparison,
        config=config,
        labels=LABELS,
        best=[_best([row.classes[k] for row in rows]) for k in range(len(classes))],
        pictures={name: _written(figure, comparison.path / f"{name}.png") for name, figure in drawn.items()},
        settings=config.to_dict(),
    )


def _best(values: Sequence[Spread | None]) -> float:
    """The highest mean; 0 if no row has one."""
    return max((value.mean for value in values if value), default=0.0)


def _responses(folder: Path, rows: Sequence[str], seed: int) -> dict[str, Responses]:
    """The filters' answers that rows have kept of a seed."""
    found = {}
    for row in rows:
        path = folder / f"seed-{seed}" / f"{row}.responses.npz"
        if row in _RESPONSES and path.exists():
            with np.load(path) as kept:
                found[row] = Responses(kept["images"], kept["responses"])
    return found


def _written(figure: Figure, path: Path) -> str:
    """Writes a PNG file, and returns the same picture as a data address."""
    content = png_of(figure, dpi=130)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return data_address("png", content)
