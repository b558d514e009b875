"""Sample images with their saliency maps: those that the model is surest of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.mapped_task import MappedTerms
from lsl_runtime.gem.build.requested import Requested, requested
from lsl_runtime.gem.build.saliency_source import saliency_source
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SaliencyMethod
from lsl_shared.errors import ConfigError

__all__ = ["SaliencySample", "make_samples", "saliency_samples"]


@dataclass(frozen=True, eq=False)
class SaliencySample:
    """One image with its saliency map."""

    id: str
    gene: str
    stage: str
    """The class given; most often a stage."""
    probability: float
    """Of the class, 0..1."""
    image: NDArray[np.uint8]
    """(H, W, 3)"""
    saliency: NDArray[np.float32]
    """(H, W), at least 0: equation 8 for the logit of the class, the largest of the three channels."""


def saliency_samples(
    store: str | Path,
    stages: Sequence[str],
    count: int,
    *,
    model: Model | None = None,
    annotations: str | Path | None = None,
    wanted: Filter | None = None,
    saliency_method: SaliencyMethod | None = None,
) -> tuple[SaliencySample, ...]:
    """The images that the model is surest of, with their saliency maps.

    Classes take turns, then genes, then images.

    Args:
        store: The image store.
        stages: Classes of the model's first task.
        count: How many images to take, at least 1.
        model: Computes saliency that is not stored; None takes the model that annotated.
        annotations: The annotations file; None takes the one beside the store.
        wanted: Which images take part; None takes lateral images and those of unknown view.
        saliency_method: How saliency is made (see `Model.saliency`); None takes what is stored, else gradients.

    Returns:
        At most `count` samples, in the order of the classes, the surest first.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, they are of another store or model, or no saliency is to be had.
        GemError: A class is unknown, or no image is left for it.
        ConfigError: `count` is below 1, or a name is that of a term.

    Example:
        >>> from lsl_runtime import saliency_samples
        >>> samples = saliency_samples("store.h5", ["4", "9"], 4)
        >>> [sample.stage for sample in samples], samples[0].saliency.shape
        (['4', '4', '9', '9'], (16, 40))
    """
    wanted = wanted or Filter()
    with open_source(store, annotations, model) as source:
        return make_samples(source, requested(source, stages, wanted), count, wanted, saliency_method)


def make_samples(
    source: Source, asked: Requested, count: int, wanted: Filter, method: SaliencyMethod | None = None
) -> tuple[SaliencySample, ...]:
    """The samples of the classes asked for; see `saliency_samples`."""
    if count < 1:
        raise ConfigError(f"the number of sample images must be at least 1, received {count}")
    if isinstance(asked.task, MappedTerms):
        raise ConfigError(f"a saliency panel shows classes, and {asked.names[0]!r} is a term; map it with --term")
    store, probability = source.store, asked.task.given(source.annotations, asked.names[0])[1]
    shown = _shown(source, asked, count, wanted, probability)
    rows = np.array(sorted(row for row, _ in shown), np.int64)
    images = store.select(rows)
    maps = saliency_source(source, asked.task, method)(rows, images)
    place = {int(row): k for k, row in enumerate(rows)}
    return tuple(
        SaliencySample(
            store.ids[row], store.genes[row], name, float(probability[row]), images[place[row]], maps[place[row]]
        )
        for row, name in shown
    )


def _shown(
    source: Source, asked: Requested, count: int, wanted: Filter, probability: NDArray[np.float32]
) -> list[tuple[int, str]]:
    """The rows to show with their classes, in the order of the classes, the surest first."""
    groups = source.store.groups()
    chosen = {name: choose(source, asked.task, name, wanted).rows for name in asked.names}
    ranked = [[(row, name) for row in _surest(rows, groups, probability)] for name, rows in chosen.items()]
    shown = [pair for pair in chain.from_iterable(zip_longest(*ranked)) if pair is not None][:count]
    return sorted(shown, key=lambda pair: asked.names.index(pair[1]))


def _surest(rows: NDArray[np.int64], groups: NDArray[np.int64], probability: NDArray[np.float32]) -> list[int]:
    """Rows in the order to be shown: the surest of every gene, then the second of every gene, …"""
    order = rows[np.argsort(-probability[rows], kind="stable")]
    turn, seen = [], Counter[int]()
    for gene in groups[order].tolist():
        turn.append(seen[gene])
        seen[gene] += 1
    return [int(row) for row in order[np.argsort(turn, kind="stable")]]
