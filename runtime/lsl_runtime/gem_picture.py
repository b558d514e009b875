"""The picture of a genomewide expression map: plain and masked side by side, and sample embryos below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem import FEW_GENES, Gem, GemSample
from lsl_shared.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["draw_gem", "egg_extent", "rescaling"]

_MAP, _OVERLAY = "inferno", "viridis"
_INK, _GREY, _WARNING, _LINE = "#1a1a1a", "#5f5f5f", "#a93226", "#ffffff"
_FLY_TASKS = ("stage", "stage_range")
_MEASURE = {"mean": "mean stain density", "fraction": "share of stained embryos"}
_FACTORS = (1.0, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
_CEILINGS = np.outer([0.01, 0.1, 1], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]).ravel()

# Lengths in inches, from the left and from the top.
_PAGE, _MARGIN, _GAP, _BAR, _DPI = 13.0, 0.45, 0.3, 0.16, 160
_MAPS_TOP, _AXIS, _HEADING, _CAPTION = 1.3, 0.65, 0.3, 0.22


def draw_gem(gem: Gem, path: str | Path) -> None:
    """Draws a map as a PNG: GEM and masked GEM on one scale, the mean outline, percent egg length, sample embryos."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _Page(gem).figure
    FigureCanvasAgg(figure)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=_DPI)


def rescaling(gem: Gem) -> float:
    """The round factor by which the masked map is multiplied for display: it fills the scale of the GEM, no more."""
    if gem.masked_gem is None or not gem.masked_gem.max() > 0:
        return 1.0
    room = gem.gem.max() / gem.masked_gem.max()
    return max(factor for factor in _FACTORS if factor <= max(room, 1.0))


def egg_extent(embryo: NDArray[np.float32]) -> tuple[int, int] | None:
    """First and last column that at least half of the embryos, (H, W) in 0..1, reach; None where there is none."""
    columns = np.flatnonzero(embryo.max(axis=0) >= 0.5)
    return (int(columns[0]), int(columns[-1])) if len(columns) else None


class _Page:
    """A figure laid out in inches from its upper left corner."""

    def __init__(self, gem: Gem) -> None:
        from matplotlib.figure import Figure

        self.gem, self.aspect = gem, gem.gem.shape[0] / gem.gem.shape[1]
        self.panels = 1 if gem.masked_gem is None else 2
        self.map_width = min((_PAGE - 2 * _MARGIN - 2 * _GAP - 0.75) / 2 * (1.0 if self.panels == 2 else 1.4), 11)
        self.sample_width = (_PAGE - 2 * _MARGIN - 4 * 0.15) / 5
        below_maps = _MAPS_TOP + self.map_width * self.aspect + _AXIS
        samples = _HEADING + _CAPTION + self.panels * (self.sample_width * self.aspect + 0.06) + 0.25
        self.height = below_maps + (samples if gem.samples else 0)
        self.figure: Figure = Figure(figsize=(_PAGE, self.height), facecolor="white")
        self._title()
        self._maps()
        self._samples(gem.samples, below_maps)

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / _PAGE, 1 - (top + height) / self.height, width / _PAGE, height / self.height)
        return self.figure.add_axes(box)

    def _text(
        self, left: float, top: float, text: str, size: float = 10, color: str = _GREY, weight: str = "normal"
    ) -> None:
        place = left / _PAGE, 1 - top / self.height
        self.figure.text(*place, text, size=size, color=color, weight=weight, va="top", parse_math=False)

    def _title(self) -> None:
        gem = self.gem
        counts = f"{gem.n_images:,} images of {gem.n_genes:,} genes"
        stage = f"{gem.task.replace('_', ' ')} {_shortened(gem.stage, 40)}"
        self._text(_MARGIN, 0.2, f"Genomewide expression map, {stage}: {counts}", 16, _INK, weight="bold")
        self._text(_MARGIN, 0.56, _subtitle(gem))
        if gem.n_genes < FEW_GENES:
            warning = f"Only {gem.n_genes} genes: the map shows these genes more than the stage"
            self._text(_MARGIN, 0.75, warning, color=_WARNING, weight="bold")

    def _maps(self) -> None:
        gem, factor = self.gem, rescaling(self.gem)
        planes = [("GEM", gem.gem)]
        if gem.masked_gem is not None:
            shown = "" if factor == 1 else f" (shown × {factor:g})"
            planes.append((f"masked GEM: the stain where the model looks{shown}", gem.masked_gem * factor))
        top = float(_CEILINGS[np.searchsorted(_CEILINGS, min(gem.gem.max(), 1) - 1e-9)]) if gem.gem.max() > 0 else 1.0
        height = self.map_width * self.aspect
        for place, (name, plane) in enumerate(planes):
            left = _MARGIN + place * (self.map_width + _GAP)
            self._text(left, _MAPS_TOP - 0.26, name, 11.5, _INK)
            axes = self._axes(left, _MAPS_TOP, self.map_width, height)
            drawn = axes.imshow(plane, cmap=_MAP, vmin=0, vmax=min(top, 1), interpolation="bilinear", aspect="auto")
            _outline(axes, gem)
        self._colour_bar(drawn, _MARGIN + len(planes) * (self.map_width + _GAP) - 0.1, height, factor)

    def _colour_bar(self, drawn: AxesImage, left: float, height: float, factor: float) -> None:
        bar = self.figure.colorbar(drawn, cax=self._axes(left, _MAPS_TOP, _BAR, height))
        note = "" if factor == 1 else f"\n(masked GEM: divide by {factor:g})"
        bar.set_label(_MEASURE[self.gem.mode] + note, size=9, color=_GREY)
        bar.ax.locator_params(nbins=6)
        bar.ax.tick_params(labelsize=8, colors=_GREY, length=2)
        bar.outline.set_visible(False)

    def _samples(self, samples: Sequence[GemSample], top: float) -> None:
        if not samples:
            return
        height = self.sample_width * self.aspect
        below = "" if self.panels == 1 else "; below, where the model looks in them (saliency)"
        self._text(_MARGIN, top, f"Embryos the model is surest of, one per gene{below}", 11.5, _INK)
        for place, sample in enumerate(samples):
            left, upper = _MARGIN + place * (self.sample_width + 0.15), top + _HEADING
            caption = f"{sample.gene or sample.id}  ·  {_percent(sample.probability)}"
            self._text(left, upper, _shortened(caption, 40), 9)
            pictures: list[NDArray[Any]] = [sample.image] if sample.mask is None else [sample.image, _overlaid(sample)]
            for row, picture in enumerate(pictures[: self.panels]):
                axes = self._axes(left, upper + _CAPTION + row * (height + 0.06), self.sample_width, height)
                axes.imshow(picture, interpolation="bilinear", aspect="auto")
                _frame(axes)


def _subtitle(gem: Gem) -> str:
    model = Path(gem.model)
    name = f"{model.parent.name}/{model.name}" if model.name == "model" else model.name
    told = [f"model {name} ({gem.model_digest[:8]})", f"view: {gem.view or 'lateral or not known'}"]
    if gem.task in _FLY_TASKS:
        told.append("anterior left")
    return "  ·  ".join([*told, "each gene counts once"])


def _outline(axes: Axes, gem: Gem) -> None:
    """The outline of the mean embryo and, for flies, an axis in percent egg length."""
    _frame(axes)
    extent = egg_extent(gem.embryo)
    if extent is None:
        return
    height, width = gem.embryo.shape
    closed = np.pad(gem.embryo, 1)  # (H + 2, W + 2): an embryo that touches the frame has an outline there, too
    axes.contour(
        np.arange(-1, width + 1), np.arange(-1, height + 1), closed, levels=[0.5], colors=_LINE, linewidths=0.9,
        alpha=0.8,
    )  # fmt: skip
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    if gem.task in _FLY_TASKS:
        first, last = extent
        percents = np.arange(0, 101, 20)
        axes.set_xticks(first + (last - first) * percents / 100, [str(percent) for percent in percents])
        axes.tick_params(axis="x", labelsize=9, colors=_GREY, length=3)
        axes.set_xlabel("percent egg length, anterior 0 to posterior 100", size=9, color=_GREY)


def _frame(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _overlaid(sample: GemSample) -> NDArray[np.float64]:
    """The embryo in grey under its saliency mask, (H, W, 3) in 0..1."""
    from matplotlib import colormaps

    assert sample.mask is not None
    grey = (sample.image.mean(axis=2, keepdims=True) / 255) * 0.75 + 0.25
    weight = 0.75 * sample.mask[..., None].astype(np.float64)
    colours = np.asarray(colormaps[_OVERLAY](sample.mask))[..., :3]
    return np.asarray(grey * (1 - weight) + colours * weight)


def _percent(probability: float) -> str:
    return "over 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
