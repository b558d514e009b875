"""A sheet of small maps: a row for each gene or cluster, a column for each stage."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_runtime.gem.draw.axes import round_top
from lsl_runtime.gem.draw.sheet import GREY, INK, Sheet, frame, readable
from lsl_runtime.gem.draw.style import Style
from lsl_runtime.genes.study import GeneStudy
from lsl_shared.wording import counted

__all__ = ["Row", "cluster_rows", "draw_rows", "gene_rows"]

_LEFT, _TOP, _GAP, _WIDE, _LEAST = 1.9, 0.75, 0.06, 0.95, 0.68


@dataclass(frozen=True)
class Row:
    """A row: its name, a line or two below it, maps (S, h, w), NaN where there are none."""

    name: str
    told: str
    maps: NDArray[np.float32]
    counts: Sequence[int]
    """What stands below each map: images, or genes."""


def gene_rows(study: GeneStudy, genes: Sequence[str], told: Sequence[str] = ()) -> list[Row]:
    """A row for each gene, with a text each."""
    atlas, found = study.atlas, []
    for place, gene in enumerate(genes):
        at = atlas.genes.index(gene)
        text = told[place] if told else counted(int(atlas.n_images[:, at].sum()), "image")
        found.append(Row(gene, text, atlas.mean[:, at], atlas.n_images[:, at].tolist()))
    return found


def cluster_rows(atlas: Atlas, members: Sequence[NDArray[np.int64]]) -> list[Row]:
    """A row for each cluster: the mean over its genes, and its most typical ones."""
    rows = []
    for number, inside in enumerate(members, 1):
        have = atlas.n_images[:, inside] > 0
        with np.errstate(invalid="ignore"):
            mean = np.nansum(atlas.mean[:, inside], 1) / have.sum(1)[:, None, None]
        genes = ", ".join(readable(atlas.genes[place], 14) for place in inside[:5])
        told = f"{counted(len(inside), 'gene')}: {genes}{' …' * (len(inside) > 5)}"
        rows.append(Row(f"cluster {number}", told, mean.astype(np.float32), have.sum(1).tolist()))
    return rows


def draw_rows(path: str | Path, title: str, rows: Sequence[Row], atlas: Atlas, style: Style, noun: str) -> None:
    """Draws rows of maps, each row on a scale of its own; `noun` says what the numbers below the maps count."""
    height, width = atlas.inside.shape
    tall = _WIDE * height / width
    sheet = Sheet(_LEFT + len(atlas.stages) * (_WIDE + _GAP) + 0.2, _TOP + len(rows) * max(tall + 0.2, _LEAST) + 0.25)
    sheet.text(0.15, 0.12, title, 13, INK, weight="bold")
    sheet.text(0.15, sheet.height - 0.2, _note(noun), 7.5)
    for place, stage in enumerate(atlas.stages):
        left = _LEFT + place * (_WIDE + _GAP) + _WIDE / 2
        sheet.text(left, _TOP - 0.22, readable(stage, 12), 9, INK, ha="center")
    for place, row in enumerate(rows):
        _draw_row(sheet, row, _TOP + place * max(tall + 0.2, _LEAST), tall, atlas, style)
    sheet.save(path, dpi=150)


def _note(noun: str) -> str:
    return f"Mean stain density, each row on its own scale. Numbers: {noun}. Grey: none."


def _draw_row(sheet: Sheet, row: Row, top: float, tall: float, atlas: Atlas, style: Style) -> None:
    sheet.text(0.15, top, readable(row.name, 20), 10, INK, weight="bold")
    wrapped = "\n".join(textwrap.wrap(row.told, 34)[:4])
    sheet.text(0.15, top + 0.19, wrapped, 6.5, GREY, linespacing=1.15)
    seen = np.array([bool(np.isfinite(plane).all()) for plane in row.maps])  # (S,)
    shown = np.ma.masked_array(row.maps, ~(seen[:, None, None] & atlas.inside))
    most = float(shown.max()) if seen.any() else 0.0
    for place, plane in enumerate(shown):
        left = _LEFT + place * (_WIDE + _GAP)
        axes = sheet.axes(left, top, _WIDE, tall)
        frame(axes)
        if not seen[place]:
            axes.set_facecolor("#ededed")
            continue
        axes.imshow(plane, cmap=style.colormap, vmin=0, vmax=round_top(most), aspect="auto")
        sheet.text(left + _WIDE, top + tall + 0.01, str(row.counts[place]), 5.5, ha="right")
