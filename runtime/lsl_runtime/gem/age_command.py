"""What `lsl-gem --age` and `--movie` do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lsl_runtime.gem.build.age_maps import AgeAxis, age_axis, make_age_maps, parse_age
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.settings import Filter, Mode
from lsl_runtime.gem.build.source import open_source
from lsl_runtime.gem.draw.movie import check_movie_name, write_movie
from lsl_runtime.gem.draw.page import write_page
from lsl_runtime.gem.output_folder import OutputFolder
from lsl_shared.errors import GemError
from lsl_shared.files.annotations import annotations_path
from lsl_shared.files.output_file import refuse_inputs
from lsl_shared.process.terminal import progress, say
from lsl_shared.timetable import MINUTES

__all__ = ["AGES", "AgesAsked", "map_ages"]

AGES = "ages"
"""The folder of maps at an age, in that of the other maps."""
_FRAMES = 40


@dataclass(frozen=True)
class AgesAsked:
    """What the options ask for."""

    ages: Sequence[str]
    bandwidth: float | None
    movie: Path | None
    page: bool = True


def map_ages(
    store: Path, annotations: Path | None, asked: AgesAsked, wanted: Filter, mode: Mode, folder: OutputFolder
) -> None:
    """Maps ages into the folder `ages`, with a page, and writes the film."""
    if asked.movie is not None:
        check_movie_name(asked.movie)
        refuse_inputs(asked.movie, "--movie", [store, annotations or annotations_path(store)], GemError)
    inner = replace(folder, path=folder.path / AGES)
    inner.check()
    with open_source(store, annotations, None) as source:
        axis = age_axis(source, wanted)
        ages = [parse_age(text, axis.table) for text in asked.ages]
        through = _frames(axis) if asked.movie is not None else []
        with progress("mapping", len(source.store) * (len(ages) + len(through))) as advance:
            gems = make_age_maps(source, axis, ages, asked.bandwidth, wanted, mode, advance)
            frames = make_age_maps(source, axis, through, asked.bandwidth, wanted, mode, advance)
    for gem in gems:
        say(f"{gem.stage}: {gem.n_images:,} images of {gem.n_genes:,} genes, {gem.selection}")
    if gems:
        for line in inner.write_maps(gems):
            say(line)
    if asked.page:
        inner.path.mkdir(parents=True, exist_ok=True)
        write_page(_in_order([*gems, *frames]), inner.path / "ages.html", folder.style)
        say(f"page: {inner.path / 'ages.html'}")
    if asked.movie is not None:
        write_movie(frames, asked.movie, folder.style)
        say(f"film: {asked.movie}, {len(frames)} maps from {frames[0].stage} to {frames[-1].stage}")


def _frames(axis: AgeAxis) -> list[float]:
    """Ages from the first image to the last, at even steps among the classes."""
    places = np.linspace(axis.places.min(), axis.places.max(), _FRAMES)
    digits = 0 if axis.table.unit == MINUTES else 2
    return [float(age) for age in np.unique(np.round(axis.table.ages(places), digits))]


def _in_order(gems: Sequence[Gem]) -> list[Gem]:
    """Maps by age, each age once."""
    found = {gem.stage: gem for gem in gems}
    return sorted(found.values(), key=lambda gem: float(re.split(r"[^\d.]", gem.stage)[0]))
