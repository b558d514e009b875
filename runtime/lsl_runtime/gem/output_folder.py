"""A folder of genomewide expression maps: numbers, pictures, tables and the page, each told in a line as it is written.

Nothing is written before the lines are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from lsl_runtime.gem.build.contrast import Contrast
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_runtime.gem.build.landmarks import LANDMARK_NOTE, Landmark, landmarks
from lsl_runtime.gem.build.requested import Requested
from lsl_runtime.gem.build.saliency_samples import SaliencySample
from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.comparison.file import comparison_path, write_comparison
from lsl_runtime.gem.comparison.picture import draw_comparison
from lsl_runtime.gem.comparison.sides import told
from lsl_runtime.gem.draw.contrast_picture import draw_contrast
from lsl_runtime.gem.draw.page import PAGE, write_page
from lsl_runtime.gem.draw.panel import draw_panel
from lsl_runtime.gem.draw.picture import draw_gem
from lsl_runtime.gem.draw.saliency_panel import draw_saliency
from lsl_runtime.gem.draw.sheet import FORMATS, Format
from lsl_runtime.gem.draw.style import StyleName
from lsl_runtime.gem.files.contrast_file import contrast_path, write_contrast
from lsl_runtime.gem.files.csv_tables import write_gene_table, write_landmarks
from lsl_runtime.gem.files.maps_file import GEMS, check_folder, picture_path, read_gem, write_gems

__all__ = ["Contents", "OutputFolder"]


@dataclass(frozen=True)
class Contents:
    """What is written beside the numbers and the picture of each map."""

    panel: bool = False
    """All maps below each other, in one picture."""
    page: bool = True
    """The page of all maps of the task that the folder holds."""
    landmarks: bool = False
    """Landmarks, as a table and in the pictures; they need masked maps."""
    genes: bool = False
    """The table of what each gene shows; it needs maps that were built with `per_gene`."""


@dataclass(frozen=True)
class OutputFolder:
    """A folder, and how its pictures are drawn."""

    path: Path
    style: StyleName = "inferno"
    formats: Sequence[Format] = ("png",)
    """Every picture is drawn in each, once."""

    def check(self) -> None:
        """Raises GemError where maps cannot be written because something else stands there."""
        check_folder(self.path)

    def write(
        self, asked: Requested, gems: Sequence[Gem], contents: Contents, samples: Sequence[SaliencySample] = ()
    ) -> Iterator[str]:
        """Writes the maps of what was asked, and the rest; with `samples`, their picture as well."""
        yield from asked.told()
        yield from self.write_maps(gems, contents.landmarks)
        if contents.panel:
            yield from self.write_panel(gems)
        if samples:
            yield from self.write_samples(samples)
        if contents.page:
            yield from self.write_page(asked.task.task, asked.known)
        if contents.landmarks:
            yield from self.write_landmarks(gems)
        if contents.genes:
            yield from self.write_genes(gems)

    def write_maps(self, gems: Sequence[Gem], marked: bool = False) -> Iterator[str]:
        """Writes maps and draws a picture of each, with its landmarks if `marked`.

        Maps of another model or store go, with their pictures.
        """
        dropped = write_gems(self.path, gems)
        for gem in gems:
            yield from self._draw_map(gem, landmarks(gem) if marked else ())
        if dropped:
            self._remove("panel", "saliency")
        for task, name in sorted(set(dropped) - {(gem.task, gem.stage) for gem in gems}):
            self._remove(picture_path("", task, name).stem)
            yield f"{task} {name}: removed, it was of another model or store"
        yield f"numbers: {self.path / GEMS}"

    def write_panel(self, gems: Sequence[Gem]) -> Iterator[str]:
        """Draws maps below each other."""
        paths = self._pictures("panel")
        for path in paths:
            draw_panel(gems, path, self.style)
        yield _drawn("panel", paths)

    def write_samples(self, samples: Sequence[SaliencySample]) -> Iterator[str]:
        """Draws sample images above their saliency maps."""
        paths = self._pictures("saliency")
        for path in paths:
            draw_saliency(samples, path)
        yield _drawn("saliency", paths)

    def write_page(self, task: str, names: Sequence[str]) -> Iterator[str]:
        """Writes the page of all maps of a task that the folder holds, in the order of `names`."""
        with h5py.File(self.path / GEMS) as file:
            held = {str(group.attrs["stage"]) for group in file.values() if group.attrs.get("task") == task}
        shown = [read_gem(self.path / GEMS, name, task) for name in names if name in held]
        write_page(shown, self.path / PAGE, self.style)
        yield f"page: {self.path / PAGE}"

    def write_landmarks(self, gems: Sequence[Gem]) -> Iterator[str]:
        """Writes the table of the landmarks of maps, and tells each."""
        path, found = self.path / "landmarks.csv", [(gem, one) for gem in gems for one in landmarks(gem)]
        write_landmarks(path, [one for _, one in found])
        for gem, one in found:
            place = f"{one.egg_length:.0f} % egg length, {one.dorsoventral:.0f} % from dorsal to ventral"
            size = f"{one.area:.1f} % of the embryo at {place}, from {one.first:.0f} to {one.last:.0f} %"
            sure = f"mean {one.mean:.3g}" if math.isnan(one.p) else f"p {one.p:.4f}"
            yield f"{gem.what} {one.stage}, landmark {one.number}: {size}, {sure}"
        marked = {id(gem) for gem, _ in found}
        for gem in gems:
            if id(gem) not in marked:
                yield f"{gem.what} {gem.stage}: no landmark, as nothing stands out"
        yield f"{LANDMARK_NOTE} → {path}"

    def write_genes(self, gems: Sequence[Gem]) -> Iterator[str]:
        """Writes the table of the genes of maps."""
        path = self.path / "genes.csv"
        yield f"{write_gene_table(path, gems):,} rows, one for each gene of each map → {path}"

    def write_comparison(self, found: GemComparison) -> Iterator[str]:
        """Writes a comparison, tells it, and draws it beside its numbers."""
        path = comparison_path(self.path, found.names)
        write_comparison(path, found)
        yield from told(found)
        yield f"numbers: {path}"
        pictures = self._pictures(path.stem)
        for picture in pictures:
            draw_comparison(found, picture)
        yield _drawn("picture", pictures)

    def write_contrast(self, found: Contrast) -> Iterator[str]:
        """Writes a contrast of two classes, tells it, and draws it beside its numbers."""
        path = contrast_path(self.path, found.stage, found.against)
        write_contrast(path, found)
        cells = f"{int(found.cells_for.sum())} cells speak for it, {int(found.cells_against.sum())} for {found.against}"
        given = f"{found.n_images:,} images of {found.n_genes:,} genes that were given {found.stage}"
        yield f"why {found.stage} and not {found.against}, in {given}: beyond chance, {cells}"
        if found.caution:
            yield f"  {found.caution}"
        yield f"numbers: {path}"
        pictures = self._pictures(path.stem)
        for picture in pictures:
            draw_contrast(found, picture)
        yield _drawn("picture", pictures)

    def _draw_map(self, gem: Gem, marks: Sequence[Landmark]) -> Iterator[str]:
        paths = self._pictures(picture_path("", gem.task, gem.stage).stem)
        for path in paths:
            draw_gem(gem, path, self.style, marks)
        yield _drawn(f"{gem.what} {gem.stage}: {gem.n_images:,} images of {gem.n_genes:,} genes", paths)
        if gem.landmark_map is not None:
            yield f"  {_landmark_map_told(gem, gem.landmark_map)}"
        if gem.caution:
            yield f"  {gem.caution}"
        if gem.n_empty:
            yield f"  no embryo found in {gem.n_empty:,} images; they count as unstained"

    def _pictures(self, name: str) -> list[Path]:
        return [self.path / f"{name}.{ending}" for ending in dict.fromkeys(self.formats)]

    def _remove(self, *names: str) -> None:
        """Removes pictures, whatever their format."""
        for name in names:
            for ending in FORMATS:
                (self.path / f"{name}.{ending}").unlink(missing_ok=True)


def _landmark_map_told(gem: Gem, found: LandmarkMap) -> str:
    cells, all_cells = int(found.significant.sum()), int((~np.isnan(found.p)).sum())
    by = {"landmarks": "; it masks the masked map", "image": "; each image's own map masks the masked map"}
    return f"landmark map: {cells} of {all_cells} cells speak for it beyond chance{by.get(gem.mask, '')}"


def _drawn(what: str, pictures: Sequence[Path]) -> str:
    return f"{what} → {', '.join(map(str, pictures))}"
