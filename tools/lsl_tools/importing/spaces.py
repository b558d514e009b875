"""Label spaces and label columns from the class names that the samples carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import LabelError
from lsl_shared.fly import stage_range_space, stage_space
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.fly_labels import looks_like_fly, reconcile
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.importing.tasks import FLY_TASKS, TaskSpec

__all__ = ["is_fly", "label_column", "label_spaces", "with_implied_labels"]

_MOST_TOLD = 3


def with_implied_labels(listing: Listing) -> Listing:
    """The listing with labels that follow from others filled in: the coarse class of a known fine class.

    The fly's stages and ranges are brought to their usual spelling, and `stage` brings its parent `stage_range`.
    Raises LabelError where a fine class has two parents or none, or a stage contradicts its range.
    """
    if is_fly(listing):
        present = {spec.name for spec in listing.tasks}
        tasks = [*(spec for spec in FLY_TASKS if spec.name in present or "stage" in present)]
        others = [spec for spec in listing.tasks if spec.name not in ("stage", "stage_range")]
        listing = replace(listing, tasks=(*tasks, *others), samples=_reconciled(listing.samples, "stage" in present))
    for spec in reversed(listing.tasks):
        if spec.parent and spec not in FLY_TASKS:
            listing = replace(listing, samples=_with_parents(listing.samples, spec))
    return listing


def is_fly(listing: Listing) -> bool:
    """Whether the tasks `stage` and `stage_range`, as far as present, hold the fly's stages."""
    names = {spec.name: spec.parent for spec in listing.tasks}
    if not {"stage", "stage_range"} & set(names) or names.get("stage_range") or names.get("stage", "") not in (
        "", "stage_range",
    ):  # fmt: skip
        return False
    return all(
        looks_like_fly(name, (sample.labels.get(name, "") for sample in listing.samples))
        or not any(sample.labels.get(name, "") for sample in listing.samples)
        for name in ("stage", "stage_range")
    )


def label_spaces(listing: Listing) -> dict[str, LabelSpace]:
    """One LabelSpace a task, coarse first: the classes that occur in natural order, the fly's always complete."""
    fly = {"stage_range": stage_range_space(), "stage": stage_space()} if is_fly(listing) else {}
    spaces: dict[str, LabelSpace] = {}
    for spec in listing.tasks:
        spaces[spec.name] = fly.get(spec.name) or _space(listing.samples, spec, spaces)
    return spaces


def label_column(samples: Sequence[Sample], space: LabelSpace) -> NDArray[np.int16]:
    """The labels of a task, int16 (N,), −1 = unlabelled."""
    index = {name: place for place, name in enumerate(space.classes)}
    return np.array([index.get(sample.labels.get(space.name, ""), -1) for sample in samples], dtype=np.int16)


def _space(samples: Sequence[Sample], spec: TaskSpec, spaces: dict[str, LabelSpace]) -> LabelSpace:
    classes = sorted({sample.labels.get(spec.name, "") for sample in samples} - {""}, key=natural_key)
    if not spec.parent:
        return LabelSpace(spec.name, tuple(classes))
    labelled = [sample.labels for sample in samples if sample.labels.get(spec.name)]
    parent_of = {labels[spec.name]: labels[spec.parent] for labels in labelled}
    return LabelSpace.fine(spec.name, {name: parent_of[name] for name in classes}, spaces[spec.parent])


def _reconciled(samples: Sequence[Sample], with_stage: bool) -> tuple[Sample, ...]:
    problems: list[str] = []
    reconciled = []
    for sample in samples:
        try:
            stage, coarse = reconcile(sample.labels.get("stage", ""), sample.labels.get("stage_range", ""))
        except LabelError as problem:
            problems.append(f"{sample.place}: {problem}")
            continue
        known = {"stage": stage, "stage_range": coarse} if with_stage else {"stage_range": coarse}
        reconciled.append(replace(sample, labels={**sample.labels, **known}))
    _raise(problems)
    return tuple(reconciled)


def _with_parents(samples: Sequence[Sample], spec: TaskSpec) -> tuple[Sample, ...]:
    """Each sample with a fine label gets that class's parent; the parent must be the same wherever it is given."""
    first: dict[str, Sample] = {}
    problems: dict[str, str] = {}
    for sample in samples:
        fine, coarse = sample.labels.get(spec.name, ""), sample.labels.get(spec.parent, "")
        if fine and coarse and first.setdefault(fine, sample).labels[spec.parent] != coarse:
            there = f"under {first[fine].labels[spec.parent]!r} in {first[fine].place}"
            here = f"{sample.place}: {spec.name} {fine!r} lies under {spec.parent} {coarse!r}"
            problems.setdefault(fine, f"{here}, but {there}")
    _raise([*problems.values(), *_orphans(samples, spec, first)])
    return tuple(
        replace(sample, labels={**sample.labels, spec.parent: first[fine].labels[spec.parent]})
        if (fine := sample.labels.get(spec.name, "")) else sample
        for sample in samples
    )  # fmt: skip


def _orphans(samples: Sequence[Sample], spec: TaskSpec, first: dict[str, Sample]) -> list[str]:
    lost = {
        sample.labels[spec.name]: sample.place
        for sample in samples
        if sample.labels.get(spec.name) and sample.labels[spec.name] not in first
    }
    return [f"{place}: {spec.name} {name!r} has no {spec.parent} in any row" for name, place in lost.items()]


def _raise(problems: list[str]) -> None:
    if problems:
        more = f"; and {len(problems) - _MOST_TOLD} more" if len(problems) > _MOST_TOLD else ""
        raise LabelError("; ".join(problems[:_MOST_TOLD]) + more)
