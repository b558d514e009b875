"""The class that a person means by a cell, among those of a task of a store."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lsl_shared.errors import LabelError
from lsl_shared.fly import stage_range_space, stage_space
from lsl_shared.labels import LabelSpace
from lsl_shared.tables.damage import damage_of
from lsl_shared.tables.dates import Pair
from lsl_shared.tables.missing import is_missing
from lsl_shared.tables.months import month_of
from lsl_shared.wording import first_few
from lsl_tools.importing.fly_labels import EARLY, range_of_stage, read_range, read_stage
from lsl_tools.tables.label_columns import CURE

__all__ = ["GivenClass", "given_class"]

_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_TWO_NUMBERS: Final = re.compile(r"0*(\d{1,2})\s*[-–/.]\s*0*(\d{1,2})")
_MONTH_NUMBER: Final = re.compile(r"([^\W\d_]+)[-. /]?0*(\d{1,2})")


@dataclass(frozen=True)
class GivenClass:
    """A class by its index, −1 for an image without one, and the coarse class that follows, '' where none does."""

    index: int
    parent: str = ""


def given_class(space: LabelSpace, text: str) -> GivenClass | None:
    """The class that a cell means; None where it says nothing. Stages 1 to 3 of the fly have a range alone.

    What a spreadsheet turned is brought back where only one class can be meant. Raises LabelError.
    """
    text = unicodedata.normalize("NFC", text)
    if text in space.classes and not any(_same_number(name, text) for name in space.classes if name != text):
        return GivenClass(space.classes.index(text))
    if is_missing(text):
        return None
    if space == stage_range_space():
        return GivenClass(space.index(read_range(text)))
    if space == stage_space():
        stage = read_stage(text)
        return GivenClass(-1, range_of_stage(stage)) if stage in EARLY else GivenClass(space.index(stage))
    return GivenClass(_meant(space, text))


def _meant(space: LabelSpace, text: str) -> int:
    """The only class that a text can be of; LabelError where there is none or several."""
    damage = damage_of(text)
    pairs = damage.pairs if damage else frozenset()
    found = [
        index
        for index, name in enumerate(space.classes)
        if _same_number(name, text) or not pairs.isdisjoint(_typed(name))
    ]
    if len(found) == 1:
        return found[0]
    if found and not damage:
        may_be = first_few(space.classes[index] for index in found)
        raise LabelError(f"{space.name} {text!r} may be one of {may_be}, if a program dropped zeros")
    try:
        return space.index(text)
    except LabelError as problem:
        turned = f"; the cell is {damage.kind}, made by a spreadsheet: {CURE}" if damage else ""
        raise LabelError(f"{problem}{turned}") from None


def _same_number(name: str, text: str) -> bool:
    """Whether both are one number, written otherwise: 14 and 14.0, 007 and 7."""
    return bool(_NUMBER.fullmatch(name) and _NUMBER.fullmatch(text)) and _value(name) == _value(text)


def _value(text: str) -> float:
    return float(text.replace(",", "."))


def _typed(name: str) -> Iterator[Pair]:
    """The day and month that a spreadsheet reads in a class's name, the smaller first."""
    if match := _TWO_NUMBERS.fullmatch(name):
        first, second = int(match[1]), int(match[2])
        yield min(first, second), max(first, second)
    if (match := _MONTH_NUMBER.fullmatch(name)) and (month := month_of(match[1])):
        yield min(month, int(match[2])), max(month, int(match[2]))
