"""gems.html: all maps on one page that needs no network, to walk through by slider and to read values from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.egg_coordinates import EggBox
from lsl_runtime.gem.build.gem import FEW_GENES, Gem
from lsl_runtime.gem.draw.axes import FLY_TASKS, MEASURE, has_outline, round_top
from lsl_runtime.gem.draw.picture import told_about
from lsl_runtime.gem.draw.sheet import readable
from lsl_runtime.gem.draw.signed import SIGNED_COLOURS, signed_top
from lsl_runtime.gem.draw.style import StyleName, gem_style
from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import write_text

__all__ = ["PAGE", "write_page"]

PAGE = "gems.html"

_WIDEST = 640
"""Maps wider than this, in pixels, are reduced on the page."""

_STEPS = 65535


def write_page(gems: Sequence[Gem], path: str | Path, style: StyleName = "inferno") -> None:
    """Writes an HTML page to walk through maps and to read values from; it needs no network.

    Values are held as 16-bit steps of the map's own maximum, so that what is read off errs by less than 1e-5.

    Args:
        gems: Maps of one store and task, in the order to be shown, at least one.
        path: The page.
        style: `inferno`, bright on black, or `flyexpress`, blue-violet on white.

    Raises:
        ConfigError: The maps do not belong together, or the style is another one.

    Example:
        >>> from lsl_runtime import build_gems, write_page
        >>> write_page(build_gems("store.h5", ["4", "9"]), "gems.html")
    """
    from jinja2 import Environment, PackageLoader

    if not gems or len({(gem.task, gem.store_fingerprint, gem.gem.shape) for gem in gems}) > 1:
        raise ConfigError(f"a page shows one or more maps of one store and task; received {len(gems)} that differ")
    environment = Environment(loader=PackageLoader("lsl_runtime", "templates"), autoescape=True)
    what = gems[0].what
    page = environment.get_template("gems.html").render(
        title=f"Genomewide expression maps by {what}", data=_data(gems, what, style), few=FEW_GENES
    )
    write_text(path, page)


def _data(gems: Sequence[Gem], what: str, style: StyleName) -> dict[str, Any]:
    look = gem_style(style)
    height, width = _reduced(gems[0].gem).shape
    return {
        "task": what,
        "fly": gems[0].task in FLY_TASKS,
        "width": width,
        "height": height,
        "colours": _base64(look.colours),
        "signed": _base64(_signed_colours()),
        "line": look.line,
        "stages": [_entry(gem, _tops(gem, gems)) for gem in gems],
    }


def _tops(gem: Gem, gems: Sequence[Gem]) -> list[float]:
    """Where the shared scales of GEM and masked GEM end: over all maps of the same mode."""
    alike = [other for other in gems if other.mode == gem.mode]
    masked = [float(other.masked_gem.max()) for other in alike if other.masked_gem is not None]
    own = [] if gem.landmark_map is None else [signed_top(gem.landmark_map.mean)]
    return [round_top(max(float(other.gem.max()) for other in alike)), round_top(max(masked, default=0.0)), *own]


def _entry(gem: Gem, tops: list[float]) -> dict[str, Any]:
    """What the page knows of one map."""
    embryo = _reduced(gem.embryo)
    egg = EggBox(embryo)
    return {
        "name": readable(gem.stage, 80),
        "images": gem.n_images,
        "genes": gem.n_genes,
        "empty": gem.n_empty,
        "measure": MEASURE[gem.mode],
        "about": told_about(gem),
        "tops": tops,
        "maps": [plane if plane is None else _plane(plane) for plane in (gem.gem, gem.masked_gem)] + [_landmarks(gem)],
        "mask": gem.mask,
        "bands": [band if band is None else _steps(band) for band in (gem.band, gem.masked_band)] + [None],
        "outline": _outline(embryo),
        "egg": [egg.left, egg.right] if has_outline(gem) else None,
    }


def _landmarks(gem: Gem) -> dict[str, Any] | None:
    """The landmark map, whose values have a sign, its p, and the lines around its significant cells."""
    if gem.landmark_map is None:
        return None
    found, small = gem.landmark_map, _reduced(np.where(gem.embryo >= 0.5, gem.landmark_map.mean, 0))
    low = float(min(small.min(), 0))
    steps = _steps((small - np.float32(low)).astype(np.float32))
    p = [[None if np.isnan(one) else round(float(one), 4) for one in row] for row in found.p]
    return {**steps, "min": low, "top": signed_top(found.mean), "p": p, "cells": found.significant.tolist()}


def _plane(plane: NDArray[np.float32]) -> dict[str, Any]:
    """A map, and the round `top` of its own scale."""
    small = _reduced(plane)
    return {**_steps(small), "top": round_top(float(small.max()))}


def _steps(values: NDArray[np.float32]) -> dict[str, Any]:
    """Values as little-endian 16-bit steps of their maximum `max`, and their `shape`."""
    top = float(values.max())
    steps = np.round(values * (_STEPS / top)) if top > 0 else np.zeros_like(values)
    return {"max": top, "shape": values.shape, "steps": _base64(steps.astype("<u2"))}


def _reduced(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    height, width = plane.shape
    if width <= _WIDEST:
        return plane
    size = (_WIDEST, max(1, round(height * _WIDEST / width)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _outline(embryo: NDArray[np.float32]) -> list[list[list[float]]]:
    """The outlines of what half of the embryos cover: lines of (x, y) in pixels, from the picture's left and top."""
    from contourpy import contour_generator

    lines = contour_generator(z=np.pad(embryo, 1)).lines(0.5)
    return [np.round(np.asarray(line) - 0.5, 1).tolist() for line in lines]


def _signed_colours() -> NDArray[np.uint8]:
    from matplotlib import colormaps

    return np.asarray(colormaps[SIGNED_COLOURS](np.arange(256), bytes=True))[:, :3]


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
