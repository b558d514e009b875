"""Why one class and not another: what sets the images of a class apart from the other one, each gene once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gem import few_genes
from lsl_runtime.gem.build.landmark_map import significant_cells
from lsl_runtime.gem.build.mapped_task import MappedTask
from lsl_runtime.gem.build.measured import Measured
from lsl_runtime.gem.build.requested import requested
from lsl_runtime.gem.build.saliency_source import Explained, SaliencyOf, annotating_model
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.settings import Filter, MapSettings
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.gem.build.summing import sum_up
from lsl_runtime.gem.build.sums import Sums
from lsl_runtime.model.contributions import SMOOTH
from lsl_runtime.model.model import Model
from lsl_shared.errors import ConfigError

__all__ = ["Contrast", "ContrastSample", "build_contrast"]


@dataclass(frozen=True, eq=False)
class ContrastSample:
    """One of the images behind a contrast, for the picture."""

    id: str
    gene: str
    image: NDArray[np.uint8]
    """(H, W, 3)"""
    contributions: NDArray[np.float32]
    """(H, W): above 0 what speaks for the class, below 0 what speaks for the one against it."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """What speaks for a class, and what for another one, in the images that were given the first."""

    stage: str
    """The class; most often a stage."""
    against: str
    """The class that it is held against."""
    task: str
    mean: NDArray[np.float32]
    """(H, W): contributions to logit(stage) − logit(against), mean over genes; above 0 what speaks for `stage`."""
    p_for: NDArray[np.float32]
    """(h, w): how likely chance alone speaks as much for `stage`, 0..1; NaN outside the embryo."""
    p_against: NDArray[np.float32]
    """(h, w): the same for `against`."""
    embryo: NDArray[np.float32]
    """(H, W), 0..1: weighted share of the images whose embryo covers the pixel."""
    n_images: int
    n_genes: int
    model: str
    """Path of the bundle that annotated."""
    model_digest: str
    store_fingerprint: str
    samples: tuple[ContrastSample, ...] = field(default=(), repr=False)
    """The most confident images of different genes, at most five."""

    @property
    def caution(self) -> str:
        """What to say of a map of few genes; '' of others."""
        return few_genes(self.n_genes, self.task.replace("_", " "))

    @property
    def cells_for(self) -> NDArray[np.bool_]:
        """(h, w): the cells that speak for `stage` at a false discovery rate of 5 %."""
        return significant_cells(self.p_for)

    @property
    def cells_against(self) -> NDArray[np.bool_]:
        """(h, w): the cells that speak for `against`."""
        return significant_cells(self.p_against)


def build_contrast(
    store: str | Path,
    stage: str,
    against: str,
    *,
    model: Model | None = None,
    annotations: str | Path | None = None,
    wanted: Filter | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Contrast:
    """Why the images of a class were given that class and not another.

    Contributions to the difference of both logits (`Model.contributions`) are averaged over the images that were given
    the class, each gene once. They are computed, eight looks at each image, and tested as those of a landmark map.

    Args:
        store: The image store.
        stage: The class that the images were given.
        against: The class that they were not given, of the same task.
        model: Computes the contributions; None takes the model that annotated.
        annotations: The annotations file; None takes the one beside the store.
        wanted: Which images take part; None takes lateral images and those of unknown view.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The contrast. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, or they are of another store or model.
        BundleError: The model has no contributions graph.
        GemError: A class is unknown, or no image is left for it.
        ConfigError: Both classes are the same.

    Example:
        >>> from lsl_runtime import build_contrast
        >>> why = build_contrast("store.h5", "4", "9")
        >>> why.mean.shape, bool(why.mean[:, :10].sum() > 0), bool(why.mean[:, 30:].sum() > 0)
        ((16, 40), True, False)
    """
    if stage == against:
        raise ConfigError(f"why {stage} and not {stage}? Name two classes")
    wanted = wanted or Filter()
    with open_source(store, annotations, model) as source:
        task = requested(source, [stage, against], wanted).task
        choice, signed = choose(source, task, stage, wanted), _against(source, task, stage, against)
        settings, explained = MapSettings(masked=False), Explained(None, signed)
        sums = sum_up(source.store, [choice], settings, explained, on_progress)[0]
        return _contrast(sums, source, task, against)


def _against(source: Source, task: MappedTask, stage: str, against: str) -> SaliencyOf:
    maker = source.model or annotating_model(source, None, "contrasts of classes")
    maker.ready(saliency=True, method="contributions")
    first, second = (maker.logit_index(task.task, name) for name in (stage, against))

    def maps(rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.float32]:
        both = np.full(len(rows), first), np.full(len(rows), second)
        return maker.contributions(images, *both, smooth=SMOOTH, batch_size=len(images))

    return maps


def _contrast(sums: Sums, source: Source, task: MappedTask, against: str) -> Contrast:
    embryo, choice = (sums.embryo / sums.weight).astype(np.float32), sums.choice
    found = sums.contributions.landmark_map(sums.weight, embryo)
    return Contrast(
        stage=choice.name,
        against=against,
        task=task.task,
        mean=found.mean,
        p_for=found.p,
        p_against=sums.contributions.p(embryo, -1),
        embryo=embryo,
        n_images=len(choice.rows),
        n_genes=choice.n_genes,
        model=source.annotations.model,
        model_digest=source.annotations.model_digest,
        store_fingerprint=source.annotations.store_fingerprint,
        samples=tuple(_sample(source, sums.samples[int(row)]) for row in choice.samples),
    )


def _sample(source: Source, image: Measured) -> ContrastSample:
    assert image.contributions is not None
    store = source.store
    return ContrastSample(store.ids[image.row], store.genes[image.row], image.pixels, image.contributions)
