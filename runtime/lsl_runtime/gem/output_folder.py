"""The pictures in a folder of genomewide expression maps: one a stage, the panel, and the page of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py

from lsl_runtime.gem.build.landmarks import Landmark
from lsl_runtime.gem.build.maps import Gem
from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.comparison.file import comparison_path
from lsl_runtime.gem.comparison.picture import draw_comparison
from lsl_runtime.gem.draw.page import PAGE, write_page
from lsl_runtime.gem.draw.panel import draw_panel
from lsl_runtime.gem.draw.picture import draw_gem
from lsl_runtime.gem.draw.saliency_panel import SaliencySample, draw_saliency
from lsl_runtime.gem.draw.sheet import FORMATS, Format
from lsl_runtime.gem.draw.style import StyleName
from lsl_runtime.gem.files.maps_file import GEMS, picture_path, read_gem

__all__ = [
    "draw_folder_comparison",
    "draw_folder_panel",
    "draw_folder_saliency",
    "draw_stage",
    "remove_panels",
    "remove_pictures",
    "write_folder_page",
]


def draw_stage(
    folder: str | Path, gem: Gem, formats: Sequence[Format], style: StyleName, landmarks: Sequence[Landmark] = ()
) -> list[Path]:
    """Draws a map in each format, with its `landmarks`; returns the pictures."""
    paths = [picture_path(folder, gem.task, gem.stage).with_suffix(f".{ending}") for ending in dict.fromkeys(formats)]
    for path in paths:
        draw_gem(gem, path, style, landmarks)
    return paths


def remove_pictures(folder: str | Path, task: str, stage: str) -> None:
    """Removes the pictures of a stage or term, whatever their format."""
    for ending in FORMATS:
        picture_path(folder, task, stage).with_suffix(f".{ending}").unlink(missing_ok=True)


def remove_panels(folder: str | Path) -> None:
    """Removes the panels, which show several stages."""
    for path in [*_paths(folder, "panel", FORMATS), *_paths(folder, "saliency", FORMATS)]:
        path.unlink(missing_ok=True)


def draw_folder_panel(
    folder: str | Path, gems: Sequence[Gem], formats: Sequence[Format], style: StyleName
) -> list[Path]:
    """Draws the panel of these maps in each format; returns the pictures."""
    paths = _paths(folder, "panel", formats)
    for path in paths:
        draw_panel(gems, path, style)
    return paths


def draw_folder_saliency(
    folder: str | Path, samples: Sequence[SaliencySample], formats: Sequence[Format]
) -> list[Path]:
    """Draws the saliency panel in each format; returns the pictures."""
    paths = _paths(folder, "saliency", formats)
    for path in paths:
        draw_saliency(samples, path)
    return paths


def draw_folder_comparison(folder: str | Path, found: GemComparison, formats: Sequence[Format]) -> list[Path]:
    """Draws a comparison beside its numbers in each format; returns the pictures."""
    paths = [comparison_path(folder, found.names).with_suffix(f".{ending}") for ending in dict.fromkeys(formats)]
    for path in paths:
        draw_comparison(found, path)
    return paths


def write_folder_page(folder: str | Path, task: str, classes: Sequence[str], style: StyleName) -> Path:
    """Writes the page of all maps of a task that the folder's file holds, in the order of `classes`; returns it."""
    file = Path(folder) / GEMS
    with h5py.File(file) as opened:
        held = {str(group.attrs["stage"]) for group in opened.values() if group.attrs.get("task") == task}
    path = Path(folder) / PAGE
    write_page([read_gem(file, stage, task) for stage in classes if stage in held], path, style)
    return path


def _paths(folder: str | Path, name: str, formats: Sequence[Format]) -> list[Path]:
    return [Path(folder) / f"{name}.{ending}" for ending in dict.fromkeys(formats)]
