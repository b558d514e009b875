"""The picture of a genomewide expression map: plain and masked side by side, and sample embryos below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gem import Gem, GemSample
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_runtime.gem.build.landmarks import Landmark
from lsl_runtime.gem.draw.axes import FLY_TASKS, MEASURE, colour_bar, draw_map, draw_outline, round_top
from lsl_runtime.gem.draw.sheet import GREY, INK, WARNING, Sheet, frame, readable
from lsl_runtime.gem.draw.signed import draw_landmark_map, signed_top
from lsl_runtime.gem.draw.style import Style, StyleName, gem_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["draw_gem", "rescaling", "told_about"]

_OVERLAY = "viridis"
_FACTORS = (1.0, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)

# Lengths in inches.
_PAGE, _MARGIN, _GAP, _BAR, _DPI = 13.0, 0.45, 0.3, 0.16, 160
_MAPS_TOP, _AXIS, _HEADING, _CAPTION = 1.3, 0.65, 0.3, 0.22


def draw_gem(gem: Gem, path: str | Path, style: StyleName = "inferno", landmarks: Sequence[Landmark] = ()) -> None:
    """Draws a map: GEM and masked GEM on one scale, the mean outline, percent egg length, sample embryos.

    Args:
        gem: The map.
        path: The picture; its ending says whether PNG, SVG or PDF.
        style: `inferno`, bright on black, or `flyexpress`, blue-violet on white.
        landmarks: Landmarks of this map, which are drawn on the masked GEM with their numbers.

    Raises:
        ConfigError: The ending or the style is another one.

    Example:
        >>> from lsl_runtime import build_gem, draw_gem, landmarks
        >>> gem = build_gem("store.h5", "9")
        >>> draw_gem(gem, "stage-9.png", "flyexpress", landmarks(gem))
    """
    _Page(gem, gem_style(style), landmarks).sheet.save(path, _DPI)


def rescaling(gem: Gem) -> float:
    """The round factor by which the masked map is multiplied for display: it fills the scale of the GEM, no more."""
    if gem.masked_gem is None or not gem.masked_gem.max() > 0:
        return 1.0
    room = gem.gem.max() / gem.masked_gem.max()
    return max(factor for factor in _FACTORS if factor <= max(room, 1.0))


def told_about(gem: Gem) -> str:
    """One line on how a map was made: model, view, orientation, choice of images."""
    model = Path(gem.model)
    name = f"{model.parent.name}/{model.name}" if model.name == "model" else model.name
    told = [f"model {readable(name, 60)} ({gem.model_digest[:8]})", f"view: {gem.view or 'lateral or not known'}"]
    if gem.task in FLY_TASKS:
        told.append("anterior left")
    return "  ·  ".join([*told, readable(gem.selection, 90) or "each gene counts once"])


class _Page:
    """The sheet of one map."""

    def __init__(self, gem: Gem, style: Style, landmarks: Sequence[Landmark] = ()) -> None:
        self.gem, self.style, self.landmarks = gem, style, landmarks
        self.aspect = gem.gem.shape[0] / gem.gem.shape[1]
        self.panels = 1 if gem.masked_gem is None else 2
        self.map_width = min((_PAGE - 2 * _MARGIN - 2 * _GAP - 0.75) / 2 * (1.0 if self.panels == 2 else 1.4), 11)
        self.sample_width = (_PAGE - 2 * _MARGIN - 4 * 0.15) / 5
        self.below = 0.0 if gem.landmark_map is None else self.map_width * self.aspect + _AXIS + _HEADING
        below_maps = _MAPS_TOP + self.map_width * self.aspect + _AXIS + self.below
        samples = _HEADING + _CAPTION + self.panels * (self.sample_width * self.aspect + 0.06) + 0.25
        self.sheet = Sheet(_PAGE, below_maps + (samples if gem.samples else 0))
        self._title()
        self._maps()
        if gem.landmark_map is not None:
            self._landmark_map(gem.landmark_map, _MAPS_TOP + self.map_width * self.aspect + _AXIS + _HEADING)
        self._samples(gem.samples, below_maps)

    def _title(self) -> None:
        gem = self.gem
        counts = f"{gem.n_images:,} images of {gem.n_genes:,} genes"
        title = f"Genomewide expression map, {gem.what} {readable(gem.stage, 40)}: {counts}"
        self.sheet.text(_MARGIN, 0.2, title, 16, INK, weight="bold")
        self.sheet.text(_MARGIN, 0.56, told_about(gem))
        if gem.caution:
            self.sheet.text(_MARGIN, 0.75, gem.caution, color=WARNING, weight="bold")

    def _maps(self) -> None:
        gem, factor = self.gem, rescaling(self.gem)
        planes = [("GEM", gem.gem)]
        if gem.masked_gem is not None:
            shown = "" if factor == 1 else f" (shown × {factor:g})"
            masked = (gem.masked_gem * factor).astype(np.float32)
            where = "at the class's landmarks" if gem.mask == "landmarks" else "where the model looks"
            planes.append((f"masked GEM: the stain {where}{shown}", masked))
        top, height = round_top(float(gem.gem.max())), self.map_width * self.aspect
        for place, (name, plane) in enumerate(planes):
            left = _MARGIN + place * (self.map_width + _GAP)
            self.sheet.text(left, _MAPS_TOP - 0.26, name, 11.5, INK)
            axes = self.sheet.axes(left, _MAPS_TOP, self.map_width, height)
            drawn = draw_map(axes, plane, top, self.style)
            draw_outline(axes, gem, self.style)
            if place and gem.landmark_map is None:
                _mark(axes, self.landmarks, self.style)
        self._colour_bar(drawn, _MARGIN + len(planes) * (self.map_width + _GAP) - 0.1, height, factor)

    def _landmark_map(self, found: LandmarkMap, top: float) -> None:
        """The landmark map below the GEM, and what it shows beside it."""
        height, scale = self.map_width * self.aspect, signed_top(found.mean)
        self.sheet.text(_MARGIN, top - 0.26, "landmark map: what speaks for the class, mean over genes", 11.5, INK)
        axes = self.sheet.axes(_MARGIN, top, self.map_width, height)
        drawn = draw_landmark_map(axes, self.gem, found, scale)
        draw_outline(axes, self.gem, replace(self.style, line=GREY))
        _mark(axes, self.landmarks, self.style)
        left = _MARGIN + self.map_width + 0.15
        colour_bar(drawn, self.sheet.axes(left, top, _BAR, height), "← against     contribution to the logit     for →")
        told = f"{int(found.significant.sum())} of {int((~np.isnan(found.p)).sum())} cells speak for the class"
        note = f"Outlined: {told}\nbeyond chance (signs of whole genes turned at\nrandom, false discovery rate 5 %)."
        self.sheet.text(left + 1.1, top + 0.05, note, 9, linespacing=1.5)

    def _colour_bar(self, drawn: AxesImage, left: float, height: float, factor: float) -> None:
        note = "" if factor == 1 else f"\n(masked GEM: divide by {factor:g})"
        colour_bar(drawn, self.sheet.axes(left, _MAPS_TOP, _BAR, height), MEASURE[self.gem.mode] + note)

    def _samples(self, samples: Sequence[GemSample], top: float) -> None:
        if not samples:
            return
        height = self.sample_width * self.aspect
        mask = "under the mask of the landmark map" if self.gem.mask == "landmarks" else "where the model looks in them"
        below = "" if self.panels == 1 else f"; below, {mask}"
        self.sheet.text(_MARGIN, top, f"Embryos the model is surest of, one per gene{below}", 11.5, INK)
        for place, sample in enumerate(samples):
            left, upper = _MARGIN + place * (self.sample_width + 0.15), top + _HEADING
            caption = f"{sample.gene or sample.id}  ·  {_percent(sample.probability)}"
            self.sheet.text(left, upper, readable(caption, 40), 9)
            pictures: list[NDArray[Any]] = [sample.image] if sample.mask is None else [sample.image, _overlaid(sample)]
            for row, picture in enumerate(pictures[: self.panels]):
                axes = self.sheet.axes(left, upper + _CAPTION + row * (height + 0.06), self.sample_width, height)
                axes.imshow(picture, interpolation="bilinear", aspect="auto")
                frame(axes)


def _mark(axes: Axes, landmarks: Sequence[Landmark], style: Style) -> None:
    from matplotlib.patheffects import withStroke

    edge = [withStroke(linewidth=2.5, foreground="black" if style.line == "#ffffff" else "white")]
    for landmark in landmarks:
        x, y = np.append(landmark.outline, landmark.outline[:1], axis=0).T
        axes.plot(x, y, color=style.mark, linewidth=1.2, path_effects=edge)
        corner = int(np.argmax(x - y))  # upper right
        axes.annotate(
            str(landmark.number), (float(x[corner]), float(y[corner])), (2, 2), textcoords="offset points", size=9,
            color=style.mark, weight="bold", path_effects=edge, annotation_clip=False,
        )  # fmt: skip


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
