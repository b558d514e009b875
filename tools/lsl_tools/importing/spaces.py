"""Label spaces and label columns from the class names that the samples carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import LabelError
from lsl_shared.fly import STAGES, stage_range_space, stage_space
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.class_notes import class_notes
from lsl_tools.importing.coarse_sets import classes_of, declared_sets
from lsl_tools.importing.fly_columns import fly_samples
from lsl_tools.importing.fly_labels import looks_like_fly
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.tasks import FLY_TASKS, TaskSpec
from lsl_tools.tables.faults import listed_faults

__all__ = ["are_fly", "is_fly", "label_column", "label_spaces", "with_implied_labels", "with_labels_read"]

Faults = tuple[tuple[Sample, str], ...]
"""Samples of whose labels something is wrong, and what."""


def with_implied_labels(listing: Listing) -> Listing:
    """The listing with labels that follow from others filled in: the coarse class of a known fine class.

    The fly's stages and ranges are brought to their usual spelling, and `stage` brings its parent `stage_range`.
    Raises LabelError where a fine class has two parents or none, or a stage contradicts its range.
    """
    read, faults = with_labels_read(listing)
    if faults:
        raise LabelError(listed_faults([f"{sample.place}: {text}" for sample, text in faults]))
    return read


def with_labels_read(listing: Listing) -> tuple[Listing, Faults]:
    """As `with_implied_labels`, with all that is wrong instead of an error."""
    faults: list[tuple[Sample, str]] = []
    fly = is_fly(listing)
    if fly:
        present = {spec.name for spec in listing.tasks}
        read = fly_samples(listing.samples, "stage" in present)
        listing = replace(
            listing, tasks=_fly_tasks(listing.tasks), samples=read.samples, notes=(*listing.notes, *read.notes)
        )
        faults += read.faults
    else:
        listing = _without_fly_parent(listing)
    for spec in reversed(listing.tasks):
        for coarse in spec.coarse:
            if not (fly and (spec.name, coarse) == ("stage", "stage_range")):
                samples, wrong = _with_coarse(listing, spec, coarse, fly)
                listing = replace(listing, samples=samples)
                faults += wrong
    general = [spec.name for spec in listing.tasks if not (fly and spec.name in ("stage", "stage_range"))]
    coarse_ones = {coarse for spec in listing.tasks for coarse in spec.coarse}
    notes = class_notes(listing.samples, general, coarse_ones)
    return replace(listing, notes=(*listing.notes, *notes)), tuple(faults)


def is_fly(listing: Listing) -> bool:
    """Whether the tasks `stage` and `stage_range`, as far as present, hold the fly's stages."""
    labels = {name: [sample.labels.get(name, "") for sample in listing.samples] for name in ("stage", "stage_range")}
    return are_fly(listing.tasks, labels)


def are_fly(tasks: Sequence[TaskSpec], labels: Mapping[str, Sequence[str]]) -> bool:
    """As `is_fly`, of the labels of the two tasks."""
    names = {spec.name: spec.parent for spec in tasks}
    if not {"stage", "stage_range"} & set(names) or names.get("stage_range") or names.get("stage", "") not in (
        "", "stage_range",
    ):  # fmt: skip
        return False
    return all(looks_like_fly(name, texts) or not any(texts) for name, texts in labels.items())


def label_spaces(listing: Listing) -> dict[str, LabelSpace]:
    """One LabelSpace a task, coarse first: the classes that occur in natural order, the fly's always complete."""
    fly = {"stage_range": stage_range_space(), "stage": stage_space()} if is_fly(listing) else {}
    spaces: dict[str, LabelSpace] = {}
    for spec in listing.tasks:
        spaces[spec.name] = fly.get(spec.name) or _space(listing, spec, spaces)
    return spaces


def label_column(samples: Sequence[Sample], space: LabelSpace) -> NDArray[np.int16]:
    """The labels of a task, int16 (N,), −1 = unlabelled."""
    index = {name: place for place, name in enumerate(space.classes)}
    return np.array([index.get(sample.labels.get(space.name, ""), -1) for sample in samples], dtype=np.int16)


def _fly_tasks(specs: Sequence[TaskSpec]) -> tuple[TaskSpec, ...]:
    """The tasks with those of the fly, coarse ones first; stages bring their ranges, and keep further coarse tasks."""
    given = {spec.name: spec for spec in specs}
    others = [spec for spec in specs if spec.name not in ("stage", "stage_range")]
    ranges, stages = FLY_TASKS
    if "stage" not in given:
        return ranges, *others
    stages = replace(stages, further=given["stage"].further)
    return (ranges, *others, stages) if stages.further else (ranges, stages, *others)


def _space(listing: Listing, spec: TaskSpec, spaces: dict[str, LabelSpace]) -> LabelSpace:
    """A task; with its parent, where each class lies in one of its classes."""
    classes = classes_of(listing, spec.name)
    if not spec.parent:
        return LabelSpace(spec.name, classes)
    sets = declared_sets(listing, spec, spec.parent, classes)
    if sets is not None:
        alone = LabelSpace(spec.name, classes)
        parents = CoarseTask.of_names(spec.parent, sets, alone).parent_index(len(classes))
        return LabelSpace(spec.name, classes, spec.parent, parents) if parents else alone
    labelled = [sample.labels for sample in listing.samples if sample.labels.get(spec.name)]
    parent_of = {labels[spec.name]: labels[spec.parent] for labels in labelled}
    return LabelSpace.fine(spec.name, {name: parent_of[name] for name in classes}, spaces[spec.parent])


def _without_fly_parent(listing: Listing) -> Listing:
    """Stages of another animal in a table without a range: `stage` has no parent then."""
    if TaskSpec("stage", "stage_range") not in listing.tasks or any(
        sample.labels.get("stage_range") for sample in listing.samples
    ):
        return listing
    others = [spec for spec in listing.tasks if spec.name != "stage_range"]
    return replace(listing, tasks=tuple(TaskSpec("stage") if spec.name == "stage" else spec for spec in others))


def _with_coarse(listing: Listing, spec: TaskSpec, coarse: str, fly: bool) -> tuple[tuple[Sample, ...], Faults]:
    """The samples with the labels of a coarse task that follow; only those of the parent are filled in."""
    fine = STAGES if fly and spec.name == "stage" else classes_of(listing, spec.name)
    sets = declared_sets(listing, spec, coarse, fine)
    if sets is None:
        samples, faults = _with_parents(listing.samples, spec, coarse)
        return (samples if coarse == spec.parent else listing.samples), faults
    if coarse != spec.parent:
        return listing.samples, ()
    above = {name: [one for one, allowed in sets.items() if name in allowed] for name in fine}
    return _with_only(listing.samples, spec, {name: names[0] for name, names in above.items() if len(names) == 1})


def _with_only(samples: Sequence[Sample], spec: TaskSpec, only: Mapping[str, str]) -> tuple[tuple[Sample, ...], Faults]:
    """Each sample with a fine label gets the `only` class of the parent that allows it; another one is a fault."""
    found, problems = [], dict[str, tuple[Sample, str]]()
    for sample in samples:
        fine, coarse = sample.labels.get(spec.name, ""), sample.labels.get(spec.parent, "")
        above = only.get(fine, coarse)
        if coarse not in ("", above):
            told = (
                f"{spec.name} {fine!r} lies under {spec.parent} {coarse!r}, but under {above!r} by its name or --allows"
            )
            problems.setdefault(fine, (sample, told))
        same = above == coarse
        found.append(sample if same else replace(sample, labels={**sample.labels, spec.parent: above}))
    return tuple(found), tuple(problems.values())


def _with_parents(samples: Sequence[Sample], spec: TaskSpec, parent: str) -> tuple[tuple[Sample, ...], Faults]:
    """Each sample with a fine label gets that class's parent; the parent must be the same wherever it is given."""
    first: dict[str, Sample] = {}
    problems: dict[str, tuple[Sample, str]] = {}
    for sample in samples:
        fine, coarse = sample.labels.get(spec.name, ""), sample.labels.get(parent, "")
        if fine and coarse and first.setdefault(fine, sample).labels[parent] != coarse:
            there = f"under {first[fine].labels[parent]!r} in {first[fine].place}"
            here = f"{spec.name} {fine!r} lies under {parent} {coarse!r}"
            problems.setdefault(fine, (sample, f"{here}, but {there}"))
    parent_of = {fine: sample.labels[parent] for fine, sample in first.items()}
    with_parents = tuple(
        replace(sample, labels={**sample.labels, parent: parent_of[fine]})
        if (fine := sample.labels.get(spec.name, "")) in parent_of else sample
        for sample in samples
    )  # fmt: skip
    return with_parents, (*problems.values(), *_orphans(samples, spec, parent, first))


def _orphans(
    samples: Sequence[Sample], spec: TaskSpec, parent: str, first: dict[str, Sample]
) -> list[tuple[Sample, str]]:
    lost = {
        sample.labels[spec.name]: sample
        for sample in samples
        if sample.labels.get(spec.name) and sample.labels[spec.name] not in first
    }
    told = f"has no {parent} in any row, nor in a table of --allows"
    return [(sample, f"{spec.name} {name!r} {told}") for name, sample in lost.items()]
