"""Which fine classes the classes of a coarse task allow: as a table says, as ranges of numbers do, or as rows show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lsl_shared.allowed import allowed_sets, told_classes
from lsl_shared.coarse import CoarseTask, contradictions
from lsl_shared.errors import LabelError
from lsl_shared.fly import stage_space
from lsl_shared.labels import LabelSpace
from lsl_shared.wording import first_few
from lsl_tools.importing.allows import named_classes
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.importing.number_ranges import ranges_of_numbers
from lsl_tools.importing.tasks import TaskSpec

__all__ = ["classes_of", "coarse_notes", "declared_sets", "further_tasks"]

Sets = Mapping[str, tuple[str, ...]]


def classes_of(listing: Listing, task: str) -> tuple[str, ...]:
    """The classes of a task that occur, in natural order, those of --allows tables among them."""
    occurring = {sample.labels.get(task, "") for sample in listing.samples} - {""}
    declared = {name for (_, coarse), sets in listing.allows.items() if coarse == task for name in sets}
    return tuple(sorted(occurring | declared, key=natural_key))


def declared_sets(listing: Listing, spec: TaskSpec, coarse: str, fine: tuple[str, ...]) -> Sets | None:
    """What each coarse class allows of the `fine` ones, by a table or by its name; None where neither says it.

    Raises LabelError where the table lacks a class, or names no fine class that there is.
    """
    names, told = classes_of(listing, coarse), listing.allows.get((spec.name, coarse))
    if told is None:
        return ranges_of_numbers(names, fine)
    lost = [name for name in names if name not in told]
    if lost:
        raise LabelError(f"--allows says nothing of {coarse} {first_few(lost)}: add a row for each")
    meant = {name: named_classes(told[name], fine)[0] for name in names}
    if not any(meant.values()):
        raise LabelError(f"--allows names no {spec.name} that an image has, for any {coarse}")
    return meant


def further_tasks(listing: Listing, spaces: Mapping[str, LabelSpace]) -> dict[str, tuple[CoarseTask, ...]]:
    """The coarse tasks beside each parent, by fine task: as declared, else as the rows with both labels show."""
    found = {}
    for spec in listing.tasks:
        space = spaces[spec.name]
        others = [coarse for coarse in spec.coarse if coarse != space.parent]
        if others:
            found[spec.name] = tuple(_coarse(listing, spec, spaces[coarse], space) for coarse in others)
    return found


def coarse_notes(
    listing: Listing, spaces: Mapping[str, LabelSpace], columns: Mapping[str, NDArray[np.int16]]
) -> tuple[str, ...]:
    """What a user should know of the coarse labels: how sets were found, and which labels contradict each other.

    `columns` are the labels (N,) of the images that are written.
    """
    further, notes = further_tasks(listing, spaces), list[str]()
    for spec in listing.tasks:
        space = spaces[spec.name]
        parent = (CoarseTask.of_parent(space, spaces[space.parent]),) if space.parent else ()
        known = [(one, columns[one.name]) for one in (*parent, *further.get(spec.name, ()))]
        for one, labels in known:
            notes += _set_notes(listing, spec, one, space)
            wrong = contradictions(one, columns[spec.name], labels)
            if wrong.size:
                told = f"{wrong.size:,} label(s) of {spec.name} contradict {one.name}"
                notes.append(f"{told}: lsl-store check lists them")
        apart = np.flatnonzero(allowed_sets(known, len(space), len(columns[spec.name])).contradictory)
        if apart.size:
            told = f"such as {told_classes(known, int(apart[0]))}: lsl-store check lists them"
            notes.append(f"{apart.size:,} image(s) have coarse labels that allow no {spec.name} together, {told}")
    return tuple(notes)


def _set_notes(listing: Listing, spec: TaskSpec, coarse: CoarseTask, space: LabelSpace) -> list[str]:
    told = listing.allows.get((spec.name, coarse.name))
    if told is not None:
        unknown = [text for name in coarse.classes for text in named_classes(told[name], space.classes)[1]]
        named = first_few(dict.fromkeys(unknown))
        return [f"--allows names {spec.name} that no image has, which were passed over: {named}"] if unknown else []
    if space == stage_space() and coarse.name == space.parent:
        return []  # the fly's own
    if ranges_of_numbers(coarse.classes, space.classes) is None:
        return []
    example = next(k for k, members in enumerate(coarse.allows) if members)
    allowed = first_few((space.classes[k] for k in coarse.allows[example]), 20)
    meaning = f"{coarse.classes[example]} allows {allowed}"
    return [f"{coarse.name}: its classes are read as ranges of {spec.name}, {meaning}; --allows TABLE says otherwise"]


def _coarse(listing: Listing, spec: TaskSpec, coarse: LabelSpace, fine: LabelSpace) -> CoarseTask:
    sets = declared_sets(listing, spec, coarse.name, fine.classes)
    if sets is None:
        sets = _shown(listing, spec.name, coarse.name)
    return CoarseTask.of_names(coarse.name, {name: sets.get(name, ()) for name in coarse.classes}, fine)


def _shown(listing: Listing, fine: str, coarse: str) -> Sets:
    """The coarse class that each fine one lies under, in the rows that give both."""
    found: dict[str, tuple[str, ...]] = {}
    for sample in listing.samples:
        name, above = sample.labels.get(fine, ""), sample.labels.get(coarse, "")
        if name and above and name not in found.get(above, ()):
            found[above] = (*found.get(above, ()), name)
    return found
