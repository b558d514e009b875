from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_trainer.bundle.agreement import agreement


class Said:
    """A model that says what it is told to, of four images and three classes."""

    def __init__(self, classes: list[int], sets: list[str]) -> None:
        self.found = SimpleNamespace(
            class_index=np.array(classes), prediction_set=np.array([[c == "1" for c in one] for one in sets])
        )

    def predict(self, images: Any) -> Any:
        return self.found


def test_agreement_by_hand() -> None:
    whole = cast(Model, Said([0, 1, 2, 0], ["100", "010", "001", "110"]))
    small = cast(Model, Said([0, 1, 2, 1], ["100", "011", "001", "010"]))
    found = agreement(whole, small, np.zeros((4, 2, 2, 3), np.uint8), np.array([0, 2, -1, 0]))
    assert (found.images, found.same_class, found.same_set) == (4, 0.75, 0.5)
    assert found.coverage == pytest.approx((2 / 3, 2 / 3))
    told = found.told("model-int8", "calibration")
    assert "same class as model in 75.0 %" in told and "50.0 % of 4 calibration images" in told


def test_without_labels_coverage_is_unknown() -> None:
    same = cast(Model, Said([0, 1, 2, 0], ["100", "010", "001", "110"]))
    found = agreement(same, same, np.zeros((4, 2, 2, 3), np.uint8), np.full(4, -1))
    assert (found.same_class, found.same_set) == (1, 1)
    assert np.isnan(found.coverage).all()
