"""What an image store holds, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.store import NOT_ANNOTATED, Store
from lsl_shared.labels import LabelSpace

__all__ = ["StoreInfo", "TaskInfo", "TermsInfo", "store_info"]

_TRUTH = ("stage", "stage_range", "time", "landmarks", "expression")


@dataclass(frozen=True)
class TaskInfo:
    """A task and how many images carry each class, in class order."""

    space: LabelSpace
    counts: tuple[int, ...]
    parents: tuple[str, ...] = ()
    """The coarse class of each class; empty for a coarse task."""
    unlabelled: int = 0
    further: tuple[CoarseTask, ...] = ()
    """The coarse tasks beside the parent: which of these classes each of theirs allows."""


@dataclass(frozen=True)
class TermsInfo:
    """A task of kind terms: how many images carry each term, and how many nobody has annotated with any."""

    space: LabelSpace
    counts: tuple[int, ...]
    unlabelled: int


@dataclass(frozen=True)
class StoreInfo:
    """What a store holds, counted."""

    path: Path
    images: int
    size: tuple[int, int]
    """(H, W) of each image, in pixels."""
    chunk_images: int
    """Images in one HDF5 chunk."""
    file_bytes: int
    """On the disk."""
    pixel_bytes: int
    """Of the pixels, if they were not packed."""
    tasks: tuple[TaskInfo, ...]
    """Those where an image has one class."""
    terms: tuple[TermsInfo, ...]
    """Those where an image may carry several terms."""
    genes: dict[str, int]
    """Images per gene, most first; without those that name none."""
    without_gene: int
    """Images that name no gene."""
    views: dict[str, int]
    """Images per view, '' where not stated."""
    splits: dict[str, int]
    """Images per part of the stored split, '' where not stated."""
    truth: tuple[str, ...]
    """The truth datasets of a demo store."""
    fingerprint: str
    """See `Store.fingerprint`."""
    large_chunks: str = ""
    """What to tell of chunks that are needlessly large; '' where they are not."""


def store_info(path: str | Path) -> StoreInfo:
    """Counts what a store holds: images, classes, genes, views, splits.

    Args:
        path: The store.

    Returns:
        The counts.

    Raises:
        StoreError: The store cannot be read.

    Example:
        >>> from lsl_tools import store_info
        >>> info = store_info("store.h5")
        >>> info.images, info.size, [task.space.name for task in info.tasks]
        (60, (16, 40), ['stage_range', 'stage'])
    """
    with Store(path) as store:
        genes = Counter(store.genes)
        without = genes.pop("", 0)
        return StoreInfo(
            path=store.path,
            images=len(store),
            size=store.shape[1:],
            chunk_images=store.chunk_images,
            file_bytes=store.path.stat().st_size,
            pixel_bytes=int(np.prod(store.shape)) * 3,
            tasks=tuple(_task(store, name) for name in store.tasks),
            terms=tuple(_terms(store, name) for name in store.term_tasks),
            genes=dict(genes.most_common()),
            without_gene=without,
            views=dict(Counter(store.views).most_common()),
            splits=dict(Counter(store.splits).most_common()),
            truth=tuple(name for name in _TRUTH if store.has_truth(name)),
            fingerprint=store.fingerprint(),
            large_chunks=store.large_chunks,
        )


def _task(store: Store, name: str) -> TaskInfo:
    space, labels = store.task(name), store.labels(name)
    known = labels[labels >= 0]
    coarse = store.tasks[space.parent].classes if space.parent else ()
    counts = np.bincount(known, minlength=len(space)).tolist()
    parents = tuple(coarse[i] for i in space.parent_index)
    return TaskInfo(space, tuple(counts), parents, len(labels) - len(known), store.further_coarse.get(name, ()))


def _terms(store: Store, name: str) -> TermsInfo:
    carried = store.terms(name)
    unlabelled = int((carried == NOT_ANNOTATED).all(axis=1).sum())
    return TermsInfo(store.term_tasks[name], tuple((carried == 1).sum(axis=0).tolist()), unlabelled)
