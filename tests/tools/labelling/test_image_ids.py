from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsl_shared import LabelError
from lsl_tools.labelling.image_ids import ImageIds

IDS = ("0001", "0012345", "IMG7", "köcher", "plate-A1", "10")


@pytest.mark.parametrize(
    ("text", "found"),
    [("0001", "0001"), ("1", "0001"), ("1.0", "0001"), ("12345", "0012345"), ("12345,0", "0012345"), ("img7", "IMG7"),
     (unicodedata.normalize("NFD", "köcher"), "köcher"), ("PLATE-a1", "plate-A1"), ("10", "10")],
)  # fmt: skip
def test_the_only_id_that_can_be_meant(text: str, found: str) -> None:
    ids = ImageIds(IDS, [text])
    assert ids.find(text) == found
    assert ids.row(found) == IDS.index(found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2", "no image '2'"),
        ("1.23457E+19", "it is a rounded number, made by a spreadsheet of another id"),
        ("6-Apr", "it is a date, made by a spreadsheet"),
        ("", "no image ''"),
        ("plate", "no image 'plate'"),
    ],
)
def test_no_id_at_all(text: str, told: str) -> None:
    with pytest.raises(LabelError, match=told.replace("+", r"\+")):
        ImageIds(IDS, [text]).find(text)


@pytest.mark.parametrize("ids", [("1", "0001"), ("01", "001"), ("a", "A")])
def test_several_could_be_meant(ids: Sequence[str]) -> None:
    text = "1" if ids[0] != "a" else "ⓐ"
    with pytest.raises(LabelError, match="no image"):
        ImageIds(ids, [text]).find(text)


def test_a_table_with_its_zeros_means_what_it_says() -> None:
    assert ImageIds(("1", "0001"), ["0001", "1"]).find("1") == "1"
    with pytest.raises(LabelError, match="it may be 1, 0001, if a spreadsheet dropped zeros"):
        ImageIds(("1", "0001"), ["1"]).find("1")


@settings(max_examples=300, deadline=None)
@given(
    ids=st.lists(st.from_regex(r"[0-9]{1,4}|[a-cA-C]{1,2}[0-9]?", fullmatch=True), unique=True, min_size=1, max_size=8),
    drops=st.booleans(),
    data=st.data(),
)
def test_never_another_image(ids: list[str], drops: bool, data: st.DataObject) -> None:
    """A spreadsheet drops the zeros of all ids of a table, or of none."""
    meant = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=8))
    written = [str(int(one)) if drops and one.isdigit() else one for one in meant]
    known = ImageIds(ids, written)
    for one, text in zip(meant, written, strict=True):
        try:
            assert known.find(text) == one
        except LabelError:
            assert drops, "whole ids are found"
