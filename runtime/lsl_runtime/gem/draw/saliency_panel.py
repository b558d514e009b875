"""Which pixels decide: sample images above their saliency maps, in grey, white where the model looks most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.saliency_source import check_same_model, saliency_source
from lsl_runtime.gem.build.selection import Filter, answers_of, check_same_store, choose, constraint_kept, task_of
from lsl_runtime.gem.draw.sheet import INK, Sheet, frame, readable
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SaliencyMethod
from lsl_shared.errors import ConfigError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.store import Store

__all__ = ["SaliencySample", "draw_saliency", "saliency_samples"]

_PERCENTILE = 99.5
"""Of a map, shown as white, so that single pixels do not leave the rest in the dark."""

# Lengths in inches.
_PAGE, _MARGIN, _GAP, _TOP, _CAPTION, _DPI = 10.0, 0.3, 0.08, 0.85, 0.24, 200
_WIDEST = 5


@dataclass(frozen=True, eq=False)
class SaliencySample:
    """One image with its saliency map."""

    id: str
    gene: str
    stage: str
    probability: float
    """Of the stage, 0..1."""
    image: NDArray[np.uint8]
    """(H, W, 3)"""
    saliency: NDArray[np.float32]
    """(H, W), at least 0: equation 8 for the stage's logit, the largest of the three channels."""


def saliency_samples(
    store: str | Path,
    stages: Sequence[str],
    count: int,
    *,
    model: Model | None = None,
    annotations: str | Path | None = None,
    wanted: Filter | None = None,
    saliency_method: SaliencyMethod | None = None,
) -> tuple[SaliencySample, ...]:
    """The `count` images that the model is surest of, with their saliency: stages take turns, then genes, then images.

    `wanted` filters images. Where the maps come from, how (`saliency_method`) and what is raised is as in
    `build_gems`; ConfigError where `count` is below 1.
    """
    if count < 1:
        raise ConfigError(f"the number of sample images must be at least 1, received {count}")
    with Store(store) as opened, Annotations(annotations or annotations_path(store)) as given:
        check_same_store(opened, given)
        if model is not None:
            check_same_model(opened, given, model)
        task = task_of(given, stages, model.task.name if model else "")
        if given.is_terms(task):
            raise ConfigError(f"a saliency panel shows classes, and {stages[0]!r} is a term; map it with --term")
        wanted = wanted or Filter()
        probability, groups = answers_of(given, task, stages[0], wanted.constrained)[1], opened.groups()
        chosen = {stage: choose(opened, given, task, stage, wanted).rows for stage in dict.fromkeys(stages)}
        ranked = [[(row, stage) for row in _surest(rows, groups, probability)] for stage, rows in chosen.items()]
        shown = [pair for pair in chain.from_iterable(zip_longest(*ranked)) if pair is not None][:count]
        rows = np.array(sorted(row for row, _ in shown), np.int64)
        images = opened.select(rows)
        kept = task if constraint_kept(given, task, wanted) else ""
        maps = saliency_source(opened, given, model, saliency_method, constrained=kept)(rows, images)
        place = {int(row): k for k, row in enumerate(rows)}
        order = list(chosen)
        shown.sort(key=lambda pair: order.index(pair[1]))  # a stable sort: surest first within the stage
        return tuple(
            SaliencySample(
                opened.ids[row], opened.genes[row], stage, float(probability[row]), images[place[row]], maps[place[row]]
            )
            for row, stage in shown
        )


def draw_saliency(samples: Sequence[SaliencySample], path: str | Path) -> None:
    """Draws images above their saliency maps, up to five a row, as in the paper's Figure 8.

    Each map is scaled by itself: white is its 99.5th percentile and above. The name's ending says whether as PNG, SVG
    or PDF. Raises ConfigError for another ending, or without a sample.
    """
    if not samples:
        raise ConfigError("a saliency panel needs at least one sample image")
    _sheet(samples).save(path, _DPI)


def shown_grey(saliency: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map as it is shown, (H, W) in 0..1."""
    white = float(np.percentile(saliency, _PERCENTILE)) or float(saliency.max())
    return np.clip(saliency / white, 0, 1) if white > 0 else np.zeros_like(saliency)


def _sheet(samples: Sequence[SaliencySample]) -> Sheet:
    across = _across(len(samples))
    width = (_PAGE - 2 * _MARGIN - (across - 1) * _GAP) / across
    height = width * samples[0].image.shape[0] / samples[0].image.shape[1]
    row_height = _CAPTION + 2 * height + _GAP / 2 + 0.2
    sheet = Sheet(_PAGE, _TOP + -(-len(samples) // across) * row_height + 0.1)
    sheet.text(_MARGIN, 0.18, "Where the model looks", 14, INK, weight="bold")
    told = "Class given, gene and probability; the image, below it the saliency map. White pixels contribute most to"
    sheet.text(_MARGIN, 0.48, f"{told} that class; each map has its own scale.", 8.5)
    for place, sample in enumerate(samples):
        row, column = divmod(place, across)
        left, top = _MARGIN + column * (width + _GAP), _TOP + row * row_height
        sheet.text(left, top, _caption(sample, int(width * 14)), 8.5, INK)
        above = sheet.axes(left, top + _CAPTION, width, height)
        above.imshow(sample.image, interpolation="bilinear", aspect="auto")
        below = sheet.axes(left, top + _CAPTION + height + _GAP / 2, width, height)
        below.imshow(shown_grey(sample.saliency), cmap="gray", vmin=0, vmax=1, interpolation="bilinear", aspect="auto")
        frame(above)
        frame(below)
    return sheet


def _across(count: int) -> int:
    """Images a row: five at most, in rows as equal as can be."""
    rows = -(-count // _WIDEST)
    return max(-(-count // rows), 2)


def _caption(sample: SaliencySample, length: int) -> str:
    chance = "> 99 %" if sample.probability > 0.99 else f"{100 * sample.probability:.0f} %"
    stage = readable(sample.stage, 20)
    return f"{stage} · {readable(sample.gene or sample.id, max(length - len(stage) - len(chance) - 6, 6))} · {chance}"


def _surest(rows: NDArray[np.int64], groups: NDArray[np.int64], probability: NDArray[np.float32]) -> list[int]:
    """Rows in the order to be shown: the surest of every gene, then the second of every gene, …"""
    order = rows[np.argsort(-probability[rows], kind="stable")]
    turn, seen = [], Counter[int]()
    for gene in groups[order].tolist():
        turn.append(seen[gene])
        seen[gene] += 1
    return [int(row) for row in order[np.argsort(turn, kind="stable")]]
