from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lsl_tools.standardize.quality import NO_EMBRYO, flags_of
from lsl_tools.standardize.segment.segmentation import Segmentation

GOOD = Segmentation(np.zeros((4, 2)), np.array([0, 0, 46.0, 20.0, 0.1]), 0.9, 0.95, 0.3, 0.0, 0.0)


def test_a_good_one_has_no_flag() -> None:
    assert flags_of(GOOD) == ()
    assert flags_of(None) == (NO_EMBRYO,)


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"border": 0.2}, "cut by the frame"),
        ({"rival": 0.97}, "several embryos"),
        ({"ellipse": np.array([0, 0, 30.0, 25.0, 0])}, "length to width 1.2"),
        ({"ellipse": np.array([0, 0, 90.0, 20.0, 0])}, "length to width 4.5"),
        ({"fit": 0.7}, "not an ellipse"),
        ({"support": 0.5}, "outline unclear"),
        ({"weakest": 0.3}, "outline unclear"),
        ({"area": 0.01}, "covers 1 % of the photograph"),
        ({"area": 0.9}, "covers 90 % of the photograph"),
    ],
)
def test_each_rule_has_its_flag(change: dict[str, object], flag: str) -> None:
    assert flags_of(replace(GOOD, **change)) == (flag,)  # type: ignore[arg-type]
    assert flags_of(replace(GOOD, **change, standardized=True)) == ()  # type: ignore[arg-type]


def test_several_flags_at_once() -> None:
    assert len(flags_of(replace(GOOD, border=0.3, fit=0.5, support=0.1))) == 3
