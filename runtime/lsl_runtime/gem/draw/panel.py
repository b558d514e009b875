"""The figure of many stages: a row each with GEM, masked GEM and sample images, every column on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lsl_runtime.gem.build.gem import FEW_GENES, Gem, GemSample
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_runtime.gem.draw.axes import FLY_TASKS, MEASURE, colour_bar, draw_map, draw_outline, has_outline, round_top
from lsl_runtime.gem.draw.picture import told_about
from lsl_runtime.gem.draw.sheet import GREY, INK, WARNING, Sheet, frame, readable
from lsl_runtime.gem.draw.signed import draw_landmark_map, signed_top
from lsl_runtime.gem.draw.style import Style, StyleName, gem_style
from lsl_shared.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.image import AxesImage

__all__ = ["draw_panel"]

# Lengths in inches.
_MARGIN, _LABEL, _COLUMN, _GAP, _ROW_GAP, _TOP, _DPI = 0.3, 1.05, 3.2, 0.36, 0.15, 1.05, 200
_BAR, _BAR_PLACE, _FOOT = 0.13, 0.72, 1.35
_ACROSS = 2
"""Samples stand two by two."""


def draw_panel(gems: Sequence[Gem], path: str | Path, style: StyleName = "inferno") -> None:
    """Draws maps below each other: GEM, masked GEM if there is one, and four sample images.

    All GEMs share one colour scale and all masked GEMs another, so that classes can be compared. The bars below give
    their values.

    Args:
        gems: Maps of one model, task and mode, in the order to be drawn, at least one.
        path: The picture; its ending says whether PNG, SVG or PDF.
        style: `inferno`, bright on black, or `flyexpress`, blue-violet on white.

    Raises:
        ConfigError: The maps do not belong together, or the ending or the style is another one.

    Example:
        >>> from lsl_runtime import build_gems, draw_panel
        >>> draw_panel(build_gems("store.h5", ["4", "9"]), "panel.png")
    """
    if not gems or len({(gem.task, gem.mode, gem.model_digest, gem.gem.shape) for gem in gems}) > 1:
        raise ConfigError(f"a panel shows maps of one model, task and mode; received {len(gems)} that differ")
    _Panel(gems, gem_style(style)).sheet.save(path, _DPI)


class _Panel:
    """The sheet of many maps."""

    def __init__(self, gems: Sequence[Gem], style: Style) -> None:
        self.gems, self.style = gems, style
        self.row_height = _COLUMN * gems[0].gem.shape[0] / gems[0].gem.shape[1]
        self.masked = all(gem.masked_gem is not None for gem in gems)
        self.mapped = all(gem.landmark_map is not None for gem in gems)
        self.names = ["GEM", *["masked GEM"] * self.masked, *["landmark map"] * self.mapped, *self._sample_heading()]
        height = _TOP + len(gems) * (self.row_height + _ROW_GAP) + _FOOT
        self.sheet = Sheet(2 * _MARGIN + _LABEL + len(self.names) * (_COLUMN + _GAP) - _GAP, height)
        self.tops = [round_top(max(float(gem.gem.max()) for gem in gems))]
        if self.masked:
            self.tops.append(round_top(max(float(gem.masked_gem.max()) for gem in gems if gem.masked_gem is not None)))
        self._headings()
        for place, gem in enumerate(gems):
            self._row(place, gem)

    def _sample_heading(self) -> list[str]:
        return ["embryos the model is surest of"] if any(gem.samples for gem in self.gems) else []

    def _left(self, column: int) -> float:
        return _MARGIN + _LABEL + column * (_COLUMN + _GAP)

    def _headings(self) -> None:
        self.sheet.text(_MARGIN, 0.2, f"Genomewide expression maps, {_told(self.gems)}", 14, INK, weight="bold")
        self.sheet.text(_MARGIN, 0.5, told_about(self.gems[0]), 8.5)
        for column, name in enumerate(self.names):
            self.sheet.text(self._left(column), _TOP - 0.25, name, 11, INK)

    def _row(self, place: int, gem: Gem) -> None:
        top, last = _TOP + place * (self.row_height + _ROW_GAP), place == len(self.gems) - 1
        self._label(top, gem)
        planes = [gem.gem] if gem.masked_gem is None or not self.masked else [gem.gem, gem.masked_gem]
        for column, plane in enumerate(planes):
            axes = self.sheet.axes(self._left(column), top, _COLUMN, self.row_height)
            drawn = draw_map(axes, plane, self.tops[column], self.style)
            draw_outline(axes, gem, self.style, last, 8)
            if last:
                self._bar(drawn, column, top + self.row_height)
        if self.mapped and gem.landmark_map is not None:
            self._landmark_map(gem, gem.landmark_map, len(planes), top)
        self._samples(gem.samples, self._left(len(planes) + self.mapped), top)

    def _landmark_map(self, gem: Gem, found: LandmarkMap, column: int, top: float) -> None:
        """Each on its own scale: logits of one class are no measure of another's."""
        axes = self.sheet.axes(self._left(column), top, _COLUMN, self.row_height)
        drawn, last = draw_landmark_map(axes, gem, found, signed_top(found.mean)), gem is self.gems[-1]
        draw_outline(axes, gem, replace(self.style, line=GREY), last, 8)
        if last:
            label = "← against   contribution, own scale   for →"
            self._bar(drawn, column, top + self.row_height, label)

    def _label(self, top: float, gem: Gem) -> None:
        few = gem.n_genes < FEW_GENES
        self.sheet.text(_MARGIN, top + 0.05, _wrapped(gem.stage), 15 if len(gem.stage) < 7 else 9, INK, weight="bold")
        counts = f"{gem.n_images:,} images\n" + (f"only {gem.n_genes} genes" if few else f"{gem.n_genes:,} genes")
        bottom = top + self.row_height
        self.sheet.text(_MARGIN, bottom, counts, 8.5, WARNING if few else GREY, va="bottom", linespacing=1.3)

    def _bar(self, drawn: AxesImage, column: int, bottom: float, label: str = "") -> None:
        axed = self.gems[-1].task in FLY_TASKS and has_outline(self.gems[-1])
        place = bottom + (_BAR_PLACE if axed else 0.2)
        where = "at the landmarks" if self.gems[0].mask == "landmarks" else "where the model looks"
        label = label or MEASURE[self.gems[0].mode] + (f", {where}" if column else "")
        colour_bar(drawn, self.sheet.axes(self._left(column), place, _COLUMN, _BAR), label, orientation="horizontal")

    def _samples(self, samples: Sequence[GemSample], left: float, top: float) -> None:
        from matplotlib.patheffects import withStroke

        gap = 0.05
        width, height = (_COLUMN - gap) / _ACROSS, (self.row_height - gap) / _ACROSS
        for place, sample in enumerate(samples[: _ACROSS * _ACROSS]):
            row, column = divmod(place, _ACROSS)
            axes = self.sheet.axes(left + column * (width + gap), top + row * (height + gap), width, height)
            axes.imshow(sample.image, interpolation="bilinear", aspect="auto")
            frame(axes)
            axes.text(
                0.01, 0.02, readable(sample.gene or sample.id, 18), transform=axes.transAxes, size=6, color=INK,
                style="italic" if sample.gene else "normal", parse_math=False,
                path_effects=[withStroke(linewidth=1.5, foreground="white")],
            )  # fmt: skip


def _told(gems: Sequence[Gem]) -> str:
    """What is shown: stages 4 to 17, family Poaceae to Fabaceae, 3 terms."""
    first, last = readable(gems[0].stage, 20), readable(gems[-1].stage, 20)
    what = gems[0].what
    if len(gems) == 1:
        return f"{what} {first}"
    if gems[0].is_of_term:
        return f"{len(gems)} terms"
    return f"{what}{'s' if gems[0].task in FLY_TASKS else ''} {first} to {last}"


def _wrapped(name: str) -> str:
    """A class name in lines that fit beside a map."""
    import textwrap

    return "\n".join(textwrap.wrap(readable(name, 40), 14)[:3])
