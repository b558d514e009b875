"""From an annotated store to an expression atlas."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.atlas.age_bins import age_bins as find_age_bins
from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_runtime.gem.atlas.gene_cells import GeneCells, gather
from lsl_runtime.gem.build.age_axis import AgeAxis, age_axis
from lsl_runtime.gem.build.bootstrap import area_mean, grid_shape
from lsl_runtime.gem.build.egg_coordinates import EggBox
from lsl_runtime.gem.build.mapped_task import within_told
from lsl_runtime.gem.build.requested import Requested, requested_of_command
from lsl_runtime.gem.build.saliency_source import stain_source
from lsl_runtime.gem.build.selection import Choice, choose
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source, open_source
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.annotations import Annotations
from lsl_shared.fly_timetable import default_timetable
from lsl_shared.timetable import Timetable

__all__ = ["ATLAS_ROWS", "build_atlas", "class_times", "make_atlas", "make_atlas_and_sums", "make_binned_atlas"]

ATLAS_ROWS = 16


def build_atlas(
    store: str | Path,
    stages: Sequence[str] = (),
    *,
    annotations: str | Path | None = None,
    view: str | None = None,
    genes: Collection[str] | None = None,
    exclude: Collection[str] = (),
    floor: float = 0.0,
    constrained: bool = True,
    sure: bool = False,
    rows: int = ATLAS_ROWS,
    age_bins: float | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Atlas:
    """What each gene shows at each place and stage, in one pass over the store.

    The mean over genes is the genomewide map of the stage, on a coarser grid. Memory grows with genes, stages and
    cells, not with images. Images without a gene are left out.

    Args:
        store: The image store.
        stages: Classes of the model's first task; none takes all that have images.
        annotations: The annotations file; None takes the one beside the store.
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all.
        exclude: No images of these genes.
        floor: Only images whose probability of their class is at least this, 0..1.
        constrained: Whether to take classes that keep to known coarse labels, where they are stored.
        sure: Whether only images count of which the class is sure.
        rows: Rows of the grid, at least 1; its cells are about square.
        age_bins: Bins of age as long as this, in the unit of `Annotations.timetable`, take the place of stages.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The atlas. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, or they are of another store.
        GemError: A class is unknown, or no image with a gene is left.
        ConfigError: A setting is outside its range.

    Example:
        >>> from lsl_runtime import build_atlas
        >>> atlas = build_atlas("store.h5", rows=8)
        >>> atlas.stages, len(atlas.genes), atlas.mean.shape
        (('4', '5', '7', '9'), 20, (4, 20, 8, 20))
        >>> atlas.n_images.sum(axis=1).tolist()
        [13, 12, 15, 9]
    """
    if rows < 1:
        raise ConfigError(f"rows of the grid must be at least 1, received {rows}")
    wanted = Filter(view, genes, exclude, "equal", floor, constrained, sure)
    if stages and age_bins is not None:
        raise ConfigError("bins of age take the place of stages; name either")
    with open_source(store, annotations) as source:
        if age_bins is not None:
            return make_binned_atlas(source, age_axis(source, wanted), age_bins, wanted, rows, on_progress)
        return make_atlas(source, requested_of_command(source, stages, (), wanted), wanted, rows, on_progress)


def make_atlas(
    source: Source,
    asked: Requested,
    wanted: Filter,
    rows: int = ATLAS_ROWS,
    on_progress: Callable[[int], None] | None = None,
) -> Atlas:
    """The atlas of what is asked, of the images wanted; see `build_atlas`. Raises GemError."""
    return make_atlas_and_sums(source, asked, wanted, rows, on_progress)[0]


def make_atlas_and_sums(
    source: Source,
    asked: Requested,
    wanted: Filter,
    rows: int = ATLAS_ROWS,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Atlas, GeneCells]:
    """The same, and the sums that it is made of."""
    if asked.task.kind == "terms":
        raise GemError(source.annotations.path, "an atlas has stages, and its model knows terms alone")
    names = [name for name in asked.known if name in asked.names]
    choices = [choose(source, asked.task, name, wanted) for name in names]
    _check_genes(source, choices)
    shape = source.store.shape[1:3]
    found = gather(source.store, choices, grid_shape(shape, rows), on_progress, stain_source(source))
    times = class_times(source.annotations, asked.task.task)
    staged = _Staged(asked.task.task, times.of(names) if times else None, asked.task.within)
    return _atlas(source, staged, wanted, choices, found), found


def make_binned_atlas(
    source: Source,
    axis: AgeAxis,
    width: float,
    wanted: Filter,
    rows: int = ATLAS_ROWS,
    on_progress: Callable[[int], None] | None = None,
) -> Atlas:
    """The atlas whose stages are bins of age; see `build_atlas`. Raises ConfigError and GemError."""
    bins = find_age_bins(axis, width)
    _check_genes(source, bins.choices)
    grid = grid_shape(source.store.shape[1:3], rows)
    found = gather(source.store, bins.choices, grid, on_progress, stain_source(source))
    return _atlas(source, _Staged(axis.task, bins.times), wanted, bins.choices, found)


@dataclass(frozen=True)
class _Staged:
    """The task whose classes the stages are, or whose ages; their times; and a coarse task that they keep to."""

    task: str
    times: Timetable | None
    within: str = ""


def _check_genes(source: Source, choices: Sequence[Choice]) -> None:
    """Raises GemError where no chosen image has a gene."""
    if not any(source.store.genes[row] for choice in choices for row in choice.rows):
        told = "none of the chosen images has a gene, so nothing can be listed by gene; `lsl-gem --stage S` maps them"
        raise GemError(source.store.path, told, "samples/gene")


def _atlas(source: Source, staged: _Staged, wanted: Filter, choices: Sequence[Choice], found: GeneCells) -> Atlas:
    given, grid, shape = source.annotations, found.grid, source.store.shape[1:3]
    embryo = found.embryo.sum(0) / found.weight.sum()
    names = tuple(choice.name for choice in choices)
    box, rows = EggBox(embryo), np.concatenate([choice.rows for choice in choices])
    pixel = _pixel_size(source, rows)
    tall, long = pixel or (1.0, 1.0)
    length, height = box.right - box.left, box.bottom - box.top
    within = [within_told(staged.within)] if staged.within else []
    return Atlas(
        task=staged.task,
        stages=names,
        genes=found.genes,
        mean=found.means(found.density),
        share=found.means(found.stained),
        n_images=found.count,
        embryo=area_mean((found.embryo / found.weight[:, None, None]).astype(np.float32), grid),
        inside=area_mean(embryo.astype(np.float32), grid) >= 0.5,
        egg_length=_middles(shape[1], grid[1], box.length),
        dorsoventral=_middles(shape[0], grid[0], box.height),
        aspect=height * tall / (length * long),
        egg_um=length * long if pixel else float("nan"),
        timetable=staged.times,
        n_without_gene=int((source.store.genes[rows] == "").sum()),
        view=wanted.view or "",
        selection=", ".join(filter(None, [*within, wanted.told()])),
        model=given.model,
        model_digest=given.model_digest,
        store=str(source.store.path),
        store_fingerprint=given.store_fingerprint,
    )


def class_times(given: Annotations, task: str) -> Timetable | None:
    """When the classes of a task begin and end, as stored, else as is usual; None where they have no order."""
    return given.timetable(task) if given.has_age(task) else default_timetable(task, given.tasks[task])


def _pixel_size(source: Source, rows: NDArray[np.int64]) -> tuple[float, float] | None:
    """Height and width of a pixel in µm, the medians over the images that tell them; None where none does."""
    known = source.store.pixel_sizes()[rows]
    known = known[np.isfinite(known).all(1)]
    if not len(known):
        return None
    tall, long = np.median(known, axis=0)
    return float(tall), float(long)


def _middles(pixels: int, cells: int, percent: Callable[[float], float]) -> NDArray[np.float32]:
    """Where the middles of the cells along one side lie, in percent of the egg."""
    return np.array([percent((cell + 0.5) * pixels / cells) for cell in range(cells)], np.float32)
