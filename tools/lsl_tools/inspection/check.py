"""Checks of an image store before hours are spent on it: chunks, duplicates, labels, splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.allowed import allowed_sets, told_classes
from lsl_shared.coarse import contradictions
from lsl_shared.errors import StoreError
from lsl_shared.files.content_hash import content_hash, image_digests
from lsl_shared.files.store import Store
from lsl_shared.wording import first_few

__all__ = ["CheckReport", "check_store"]


@dataclass
class CheckReport:
    """What a check found. Images are named by id."""

    store: Path
    images: int
    errors: list[str] = field(default_factory=list)
    """What makes results wrong."""
    warnings: list[str] = field(default_factory=list)
    """What may be meant."""
    content_hash: str = ""
    """SHA-256 of everything in the store; '' unless it was asked for."""

    @property
    def ok(self) -> bool:
        """Whether there are no errors."""
        return not self.errors


def check_store(
    path: str | Path, *, full: bool = False, on_progress: Callable[[int], None] | None = None
) -> CheckReport:
    """Reads every image of a store, and looks for what spoils a training or an evaluation.

    Errors are chunks or labels that cannot be read, genes on both sides of a stored split, and equal pictures on both
    its sides. Warnings are equal pictures, pictures of one colour, fine labels that contradict the coarse ones, coarse
    labels that contradict each other, and classes with at most one image.

    Args:
        path: The store.
        full: Whether to add a hash of all content.
        on_progress: Called with the number of images just read.

    Returns:
        Errors and warnings.

    Raises:
        StoreError: The file is no store at all.

    Example:
        >>> from lsl_tools import check_store
        >>> report = check_store("store.h5")
        >>> report.ok, report.images
        (True, 60)
    """
    with Store(path) as store:
        report = CheckReport(store.path, len(store))
        report.warnings += filter(None, [store.large_chunks])
        digests = _read_images(store, report, on_progress or (lambda _: None))
        labels = _read_labels(store, report)
        _check_counts(store, labels, report)
        _check_coarse(store, labels, report)
        _check_genes(store, report)
        _check_duplicates(store, labels, digests, report)
        if full and report.ok:
            report.content_hash = content_hash(store, digests)
        return report


def _read_images(store: Store, report: CheckReport, on_progress: Callable[[int], None]) -> list[bytes]:
    """SHA-256 of every image's pixels, b'' where the chunk cannot be read."""
    digests: list[bytes] = []
    flat: list[int] = []
    for start in range(0, len(store), store.chunk_images):
        stop = min(start + store.chunk_images, len(store))
        try:
            block = store.read(start, stop)
        except StoreError as problem:
            report.errors.append(str(problem))
            digests += [b""] * (stop - start)
        else:
            digests += image_digests(block)
            flat += [start + place for place, image in enumerate(block) if image.min() == image.max()]
        on_progress(stop - start)
    if flat:
        report.warnings.append(f"{len(flat)} image(s) of one single colour: {first_few(store.ids[flat])}")
    return digests


def _read_labels(store: Store, report: CheckReport) -> dict[str, NDArray[np.int16]]:
    labels = {}
    for name in store.tasks:
        try:
            labels[name] = store.labels(name)
        except StoreError as problem:
            report.errors.append(str(problem))
    for name in store.term_tasks:
        try:
            store.terms(name)
        except StoreError as problem:
            report.errors.append(str(problem))
    return labels


def _check_counts(store: Store, labels: dict[str, NDArray[np.int16]], report: CheckReport) -> None:
    if not store.tasks:
        report.warnings.append("no labels: the store can be annotated, not trained on")
    for name, column in labels.items():
        space = store.tasks[name]
        counts = np.bincount(column[column >= 0], minlength=len(space))
        for few, told in ((0, "no image"), (1, "a single image")):
            classes = [space.classes[k] for k in np.flatnonzero(counts == few)]
            if classes:
                report.warnings.append(f"task {name}: {told} of {len(classes)} class(es): {first_few(classes)}")


def _check_coarse(store: Store, labels: dict[str, NDArray[np.int16]], report: CheckReport) -> None:
    """Fine labels that a coarse one does not allow, and coarse labels that allow nothing together."""
    for name, fine in labels.items():
        known = [(coarse, labels[coarse.name]) for coarse in store.coarse_tasks(name) if coarse.name in labels]
        for coarse, above in known:
            wrong = contradictions(coarse, fine, above)
            if wrong.size:
                contradicted = f"{wrong.size} label(s) of {name} contradict {coarse.name}"
                report.warnings.append(f"{contradicted}: {first_few(store.ids[wrong])}")
        apart = np.flatnonzero(allowed_sets(known, len(store.tasks[name]), len(store)).contradictory)
        if apart.size:
            told = (f"{store.ids[row]} ({told_classes(known, int(row))})" for row in apart)
            report.warnings.append(
                f"{apart.size} image(s) have coarse labels that allow no {name} together: {first_few(told)}"
            )


def _check_genes(store: Store, report: CheckReport) -> None:
    parts: dict[str, set[str]] = defaultdict(set)
    for gene, split in zip(store.genes, store.splits, strict=True):
        if gene and split:
            parts[gene].add(split)
    astride = [gene for gene, splits in parts.items() if len(splits) > 1]
    if astride:
        report.errors.append(f"{len(astride)} gene(s) straddle the stored split: {first_few(astride)}")
    unplaced = int(np.sum(store.splits == ""))
    if 0 < unplaced < len(store):
        report.warnings.append(f"{unplaced} of {len(store)} images are in no part of the stored split")


def _check_duplicates(
    store: Store, labels: dict[str, NDArray[np.int16]], digests: Sequence[bytes], report: CheckReport
) -> None:
    groups = list(_equal(digests))
    if groups:
        pairs = [" = ".join(store.ids[group]) for group in groups]
        report.warnings.append(f"{len(groups)} picture(s) are there more than once: {first_few(pairs)}")
    leaks = [group for group in groups if len(set(store.splits[group]) - {""}) > 1]
    if leaks:
        named = first_few(" = ".join(store.ids[group]) for group in leaks)
        report.errors.append(f"{len(leaks)} picture(s) lie on both sides of the stored split: {named}")
    for name, column in labels.items():
        differing = [group for group in groups if len(set(column[group].tolist()) - {-1}) > 1]
        if differing:
            named = first_few(" = ".join(store.ids[group]) for group in differing)
            report.warnings.append(f"{len(differing)} equal picture(s) differ in {name}: {named}")


def _equal(digests: Sequence[bytes]) -> Iterator[list[int]]:
    """Groups of images with equal pixels."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for place, digest in enumerate(digests):
        places[digest].append(place)
    return (group for digest, group in places.items() if digest and len(group) > 1)
