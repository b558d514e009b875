"""What `lsl-gem --age`, `--against` and `--movie` do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lsl_runtime.cluster import Machines
from lsl_runtime.gem.build.age_axis import AgeAxis, age_axis, parse_age
from lsl_runtime.gem.build.age_maps import age_passes, make_age_maps
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.settings import Filter, Mode
from lsl_runtime.gem.build.source import open_source
from lsl_runtime.gem.comparison.ages import compare_age_maps
from lsl_runtime.gem.draw.movie import check_movie_name, write_movie
from lsl_runtime.gem.draw.page import write_page
from lsl_runtime.gem.output_folder import OutputFolder
from lsl_shared.errors import GemError
from lsl_shared.files.annotations import annotations_path
from lsl_shared.files.output_file import refuse_inputs
from lsl_shared.process.terminal import progress, say
from lsl_shared.timetable import MINUTES
from lsl_shared.wording import first_few

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
    against: str | None = None
    """The age that the one age is compared with."""

    @property
    def mapped(self) -> list[str]:
        """Every age of which there is a map."""
        return [*self.ages, *filter(None, [self.against])]


def map_ages(
    store: Path,
    annotations: Path | None,
    asked: AgesAsked,
    wanted: Filter,
    mode: Mode,
    folder: OutputFolder,
    machines: Machines,
) -> None:
    """Maps ages into the folder `ages`, with a page, and writes the film and the comparison."""
    if asked.movie is not None:
        check_movie_name(asked.movie)
        refuse_inputs(asked.movie, "--movie", [store, annotations or annotations_path(store)], GemError)
    inner, compared = replace(folder, path=folder.path / AGES), None
    inner.check()
    with open_source(store, annotations, None) as source:
        axis = age_axis(source, wanted)
        ages = [parse_age(text, axis.table) for text in asked.mapped]
        through = _frames(axis, asked.bandwidth) if asked.movie is not None else []
        passes = age_passes(source.store, len(ages) + len(through)) + (asked.against is not None)
        with progress("mapping", len(source.store) * passes) as advance:
            if asked.against is not None:
                first, second = ages
                compared = compare_age_maps(
                    source, axis, (first, second), asked.bandwidth, wanted, mode, on_progress=advance, machines=machines
                )
            made = make_age_maps(source, axis, [*ages, *through], asked.bandwidth, wanted, mode, advance, machines)
    gems, frames = made[: len(ages)], made[len(ages) :]
    for gem in gems:
        say(f"{gem.stage}: {gem.n_images:,} images of {gem.n_genes:,} genes, {gem.selection}")
    for line in inner.write_maps(gems) if gems else ():
        say(line)
    for line in inner.write_comparison(compared) if compared else ():
        say(line)
    if asked.page:
        inner.path.mkdir(parents=True, exist_ok=True)
        write_page(_in_order(made), inner.path / "ages.html", folder.style)
        say(f"page: {inner.path / 'ages.html'}")
    if asked.movie is not None:
        write_movie(frames, asked.movie, folder.style)
        say(f"film: {asked.movie}, {len(frames)} maps from {frames[0].stage} to {frames[-1].stage}")


def _frames(axis: AgeAxis, bandwidth: float | None) -> list[float]:
    """Ages from the first image to the last, at even steps among the classes; those that no image is near are told."""
    places = np.linspace(axis.places.min(), axis.places.max(), _FRAMES)
    digits = 0 if axis.table.unit == MINUTES else 2
    ages = [float(age) for age in np.unique(np.round(axis.table.ages(places), digits))]
    near = [age for age in ages if bandwidth is not None or axis.is_near(age)]
    if len(near) < len(ages):
        far = [axis.name(age) for age in ages if age not in near]
        say(f"left out of the film, for no image is near: {first_few(far, 5)}")
    return near


def _in_order(gems: Sequence[Gem]) -> list[Gem]:
    """Maps by age, each age once."""
    found = {gem.stage: gem for gem in gems}
    return sorted(found.values(), key=lambda gem: float(re.split(r"[^\d.]", gem.stage)[0]))
