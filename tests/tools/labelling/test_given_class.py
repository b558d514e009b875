from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsl_shared import LabelError, LabelSpace
from lsl_shared.fly import stage_range_space, stage_space
from lsl_tools.labelling.given_class import GivenClass, given_class
from tests.support.spreadsheets import LOCALES, as_floats, as_typed, without_zeros

PERIOD = LabelSpace("period", ("4-6", "7-8", "dec-1", "Sep2", "014", "L1", "none", "0.5"))


@pytest.mark.parametrize(
    ("text", "name"),
    [("4-6", "4-6"), ("6-Apr", "4-6"), ("46118", "4-6"), ("2026-04-06", "4-6"), ("1-Dec", "dec-1"), ("2-Sep", "Sep2"),
     ("02. Sep", "Sep2"), ("14", "014"), ("14.0", "014"), ("0,5", "0.5"), ("none", "none")],
)  # fmt: skip
def test_the_only_class_that_can_be_meant(text: str, name: str) -> None:
    assert given_class(PERIOD, text) == GivenClass(PERIOD.classes.index(name))


@pytest.mark.parametrize("text", ["", "NA", "?", "nan", "-"])
def test_what_says_nothing(text: str) -> None:
    assert given_class(PERIOD, text) is None


@pytest.mark.parametrize(
    ("space", "text", "told"),
    [
        (PERIOD, "oak", "task 'period' has no class 'oak'; its classes: 4-6"),
        (PERIOD, "9-Oct", "the cell is a date, made by a spreadsheet: format the column as text"),
        (LabelSpace("period", ("4-6", "6-4")), "6-Apr", "no class '6-Apr'"),
        (LabelSpace("plate", ("7", "007")), "7", "plate '7' may be one of 7, 007, if a program dropped zeros"),
        (stage_space(), "18", "not a whole stage from 1 to 17"),
        (stage_space(), "6-Apr", "is a date, made by a spreadsheet"),
        (stage_range_space(), "4", "a single number is a stage or a code, write the range"),
        (stage_range_space(), "5-Apr", "is a date, made by a spreadsheet"),
    ],
)
def test_what_cannot_be_read(space: LabelSpace, text: str, told: str) -> None:
    with pytest.raises(LabelError, match=told):
        given_class(space, text)


@pytest.mark.parametrize(("text", "name"), [("14", "14"), ("14.0", "14"), ("stage 14", "14"), ("14,0", "14")])
def test_stages_of_the_fly(text: str, name: str) -> None:
    assert given_class(stage_space(), text) == GivenClass(stage_space().classes.index(name))
    assert given_class(stage_space(), "2") == GivenClass(-1, "1-3"), "stages 1 to 3 have a range alone"


@pytest.mark.parametrize(("text", "name"), [("13-16", "13-17"), ("13-17", "13-17"), ("4–6", "4-6"), ("04. Jun", "4-6")])
def test_ranges_of_the_fly(text: str, name: str) -> None:
    assert given_class(stage_range_space(), text) == GivenClass(stage_range_space().classes.index(name))


NAMES = ("4-6", "6-4", "7-8", "1/2", "dec-1", "Sep2", "mar-3", "L1", "oak", "007", "7", "12", "0.5", "1.5", "12-13")
SPACES = st.lists(st.sampled_from(NAMES), unique=True, min_size=1).map(lambda names: LabelSpace("period", tuple(names)))


@settings(max_examples=400, deadline=None)
@given(space=st.one_of(SPACES, st.just(stage_space()), st.just(stage_range_space())), random=st.randoms())
def test_never_another_class(space: LabelSpace, random: Random) -> None:
    name = random.choice(space.classes)
    locale, style = random.choice(LOCALES), random.randint(-2, 4)
    cell = random.choice(
        (as_typed(name, locale, 2026, style), as_floats(name, locale.decimal), without_zeros(name), name)
    )
    try:
        found = given_class(space, cell)
    except LabelError:
        assert cell != name or {"7", "007"} <= set(space.classes)
    else:
        assert found == GivenClass(space.classes.index(name))
