"""What a user should look at among class names: those that are all but the same, and ranges that overlap."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import combinations
from typing import Final

from lsl_shared.wording import first_few
from lsl_tools.importing.fly_labels import is_fish_range, looks_like_fly
from lsl_tools.importing.listing import Sample
from lsl_tools.importing.terms import TERMS

__all__ = ["class_notes"]

_RANGE: Final = re.compile(r"(\d+)\s*[-–]\s*(\d+)")
_BLANKS: Final = re.compile(r"[\s_]+")
_MOST, _MOST_TOLD = 200, 5


def class_notes(samples: Sequence[Sample], tasks: Sequence[str], coarse: Container[str] = ()) -> tuple[str, ...]:
    """Notes on the classes of tasks whose classes are those that occur, and on the terms; `coarse` ones may overlap."""
    counts = {task: Counter(sample.labels.get(task, "") for sample in samples) for task in tasks}
    counts[TERMS] = Counter(term for sample in samples for term in sample.terms)
    return tuple(note for task, found in counts.items() for note in _notes(task, found, task in coarse))


def _notes(task: str, counts: Counter[str], coarse: bool) -> Iterator[str]:
    del counts[""]
    for names in _alike(counts)[:_MOST_TOLD]:
        told = " and ".join(f"{name!r} ({counts[name]:,} images)" for name in names)
        yield f"{task}: {told} differ in case or blanks alone: write one of them if they are one class"
    overlaps = [] if coarse else _overlapping(counts)
    if overlaps:
        told = first_few([f"{one} and {other}" for one, other in overlaps])
        yield f"{task}: ranges overlap, {told}: classes should not"
    if task == "stage_range" and any(map(is_fish_range, counts)):
        yield "stage_range: ranges of Fly-FISH are taken as classes of their own; the BDGP's are others"
    if task == "stage" and looks_like_fly("stage_range", counts):
        yield "stage: these are stage ranges; call the column stage_range"
    if task == "stage_range" and looks_like_fly("stage", counts):
        yield "stage_range: these are single stages; call the column stage"


def _alike(names: Counter[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_BLANKS.sub("", name.casefold()), []).append(name)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _overlapping(names: Counter[str]) -> list[tuple[str, str]]:
    """Pairs of ranges that share more than an end."""
    ranges = sorted((int(match[1]), int(match[2]), name) for name in names if (match := _RANGE.fullmatch(name)))[:_MOST]
    return [(one, other) for (_, last, one), (first, _, other) in combinations(ranges, 2) if first < last]
