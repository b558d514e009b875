from __future__ import annotations

import random

import pytest

from lsl_tools.importing.natural_order import natural_key


@pytest.mark.parametrize(
    "ordered",
    [
        ["4", "5", "10", "17"],
        ["1-3", "4-6", "7-8", "9-10", "11-12", "13-17"],
        ["Figura1.jpg", "Figura2.jpg", "Figura10.jpg"],
        ["L1", "L2", "L3 early", "L3 late"],
        ["Abies", "betula", "Quercus"],
        ["07", "7", "08", "8"],
        ["a", "a0", "a1b2", "a1b10", "a2"],
        ["9" * 5000, "1" + "0" * 5000],
    ],
)
def test_as_people_order(ordered: list[str]) -> None:
    shuffled = random.Random(0).sample(ordered, len(ordered))
    assert sorted(shuffled, key=natural_key) == ordered


def test_numbers_and_letters_compare() -> None:
    assert sorted(["x", "10", "é", "", "2x", "x2"], key=natural_key) == ["", "2x", "10", "x", "x2", "é"]
