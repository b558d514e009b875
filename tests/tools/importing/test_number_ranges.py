from __future__ import annotations

import pytest

from lsl_shared.fly import STAGES
from lsl_tools.importing.number_ranges import ranges_of_numbers


def test_ranges_hold_the_numbers_between_their_ends() -> None:
    found = ranges_of_numbers(["1-3", "4-5", "6 – 7", "stage 8-9", "10-", "16+", "7"], STAGES)
    assert found == {
        "1-3": (), "4-5": ("4", "5"), "6 – 7": ("6", "7"), "stage 8-9": ("8", "9"), "10-": STAGES[6:],
        "16+": ("16", "17"), "7": ("7",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("coarse", "fine"),
    [
        (["4-6", "late"], ["4", "5"]),
        (["4-6"], ["4", "L1"]),
        (["4", "5"], ["4", "5"]),
        (["40-60"], ["4", "5"]),
        (["6-4"], ["4", "5", "6"]),
        (["4-5-6"], ["4", "5"]),
        ([], ["4"]),
    ],
)
def test_other_names_are_no_ranges(coarse: list[str], fine: list[str]) -> None:
    assert ranges_of_numbers(coarse, fine) is None
