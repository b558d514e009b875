"""Every gene of an annotated store: from when to when it is expressed, where it peaks, what it shows at each stage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_runtime.gem.atlas.build import class_times, make_atlas_and_sums
from lsl_runtime.gem.build.gene_sums import GeneExpression
from lsl_runtime.gem.build.requested import Requested, requested_of_command
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.genes.times import ImageTimes
from lsl_runtime.genes.window import Window, window
from lsl_shared.timetable import Timetable

__all__ = ["GeneStudy", "StudiedGene", "make_study", "study_genes"]


@dataclass(frozen=True)
class StudiedGene:
    """What the images of a gene tell together."""

    gene: str
    n_images: int
    n_stages: int
    """Stages with images."""
    window: Window | None
    """From when to when it is expressed, as places among the classes; None where classes have no order."""
    peak_stage: str
    """The stage at which the highest place of its mean map is highest."""
    peak: GeneExpression
    """The gene at that stage."""


@dataclass(frozen=True, eq=False)
class GeneStudy:
    """All genes, and the atlas of their maps."""

    genes: tuple[StudiedGene, ...]
    """By name, as in the atlas."""
    atlas: Atlas
    timetable: Timetable | None
    """When classes begin and end; None where they have no order."""
    strongest: NDArray[np.float32] = field(repr=False)
    """(S, G): stain density where it is strongest, a twentieth of the embryo, mean over images; NaN without images."""

    def ages(self, places: Sequence[float]) -> list[float]:
        """Ages of places among the classes.

        Args:
            places: From 0, the begin of the first class, to K, the end of the last one.

        Returns:
            Ages in the timetable's unit, minutes or classes.
        """
        return [] if self.timetable is None else self.timetable.ages(np.array(places, np.float64)).tolist()


def study_genes(
    store: str | Path,
    *,
    annotations: str | Path | None = None,
    view: str | None = None,
    genes: Collection[str] | None = None,
    exclude: Collection[str] = (),
    floor: float = 0.0,
    constrained: bool = True,
    sure: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> GeneStudy:
    """Every gene of an annotated store, in one pass.

    Onset and end come with 90 % intervals. These hold what is not known of the images' times, of the stain, and of the
    time between images, so a gene of one image has a wide one.

    Args:
        store: The image store.
        annotations: The annotations file; None takes the one beside the store.
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all.
        exclude: No images of these genes.
        floor: Only images whose probability of their class is at least this, 0..1.
        constrained: Whether to take classes that keep to known coarse labels, where they are stored.
        sure: Whether only images count of which the class is sure.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The genes. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, or they are of another store.
        GemError: No image with a gene is left.
        ConfigError: A setting is outside its range.

    Example:
        >>> from lsl_runtime import study_genes
        >>> study = study_genes("store.h5")
        >>> one = study.genes[3]
        >>> one.gene, one.n_images, one.peak_stage, one.peak.region
        ('gene003', 1, '9', 'posterior-central')
        >>> low, onset, high = study.ages(one.window.onset)
        >>> low <= onset <= high
        True
    """
    wanted = Filter(view, genes, exclude, "equal", floor, constrained, sure)
    with open_source(store, annotations) as source:
        return make_study(source, requested_of_command(source, (), (), wanted), wanted, on_progress)


def make_study(
    source: Source, asked: Requested, wanted: Filter, on_progress: Callable[[int], None] | None = None
) -> GeneStudy:
    """The study of the images wanted; see `study_genes`."""
    atlas, sums = make_atlas_and_sums(source, asked, wanted, on_progress=on_progress)
    rows = np.array(sorted(sums.strongest), np.int64)
    amount = np.array([sums.strongest[row] for row in rows.tolist()])
    rows, amount = rows[np.isfinite(amount)], amount[np.isfinite(amount)]
    times = class_times(source.annotations, atlas.task)
    windows = _windows(source, atlas.task, rows, amount) if times else {}
    studied = tuple(_studied(atlas, place, windows.get(gene)) for place, gene in enumerate(atlas.genes))
    return GeneStudy(studied, atlas, times, _by_stage(source, asked, atlas, rows, amount))


def _windows(source: Source, task: str, rows: NDArray[np.int64], amount: NDArray[np.float64]) -> dict[str, Window]:
    """The window of each gene."""
    given, names = source.annotations, source.store.genes[rows]
    classes, order = len(given.tasks[task]), np.argsort(names, kind="stable")
    cuts = np.flatnonzero(names[order][1:] != names[order][:-1]) + 1
    times, found = ImageTimes.read(given, task, rows), {}
    for part in np.split(order, cuts) if len(order) else []:
        gene = str(names[part[0]])
        found[gene] = window(gene, amount[part], times.densities(part), classes)
    return found


def _studied(atlas: Atlas, place: int, found: Window | None) -> StudiedGene:
    counts = atlas.n_images[:, place]
    maps = np.where(atlas.inside, np.nan_to_num(atlas.mean[:, place], nan=-1.0), -1.0)  # (S, h, w)
    stage, row, column = np.unravel_index(int(maps.argmax()), maps.shape)
    peak = GeneExpression(
        atlas.genes[place],
        int(counts[stage]),
        float(np.mean(atlas.mean[stage, place][atlas.inside])),
        float(maps[stage, row, column]),
        float(atlas.egg_length[column]),
        float(atlas.dorsoventral[row]),
    )
    return StudiedGene(atlas.genes[place], int(counts.sum()), int((counts > 0).sum()), found, atlas.stages[stage], peak)


def _by_stage(
    source: Source, asked: Requested, atlas: Atlas, rows: NDArray[np.int64], amount: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Where each gene is strongest at each stage, the mean over its images, (S, G)."""
    total, count = (np.zeros((len(atlas.stages), len(atlas.genes))) for _ in range(2))
    gene = np.searchsorted(np.array(atlas.genes), source.store.genes[rows].astype(str))
    for place, name in enumerate(atlas.stages):
        here = asked.task.given(source.annotations, name)[0][rows]
        np.add.at(total[place], gene[here], amount[here])
        np.add.at(count[place], gene[here], 1)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count, np.float32)
