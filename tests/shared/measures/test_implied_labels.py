from __future__ import annotations

import numpy as np

from lsl_shared.labels import LabelSpace
from lsl_shared.measures.implied_labels import contradictions, implied_coarse

SPECIES = LabelSpace("species", ("robur", "ilex", "areca"), "family", (0, 0, 1))


def test_the_class_above_each_label() -> None:
    fine = np.array([2, -1, 0, 1], np.int16)
    assert implied_coarse(SPECIES, fine).tolist() == [1, -1, 0, 0]
    assert implied_coarse(SPECIES, fine).dtype == np.int16


def test_contradictions_need_both_labels() -> None:
    fine = np.array([2, 2, -1, 0, 1], np.int16)
    coarse = np.array([0, 1, 1, -1, 2], np.int16)
    assert contradictions(SPECIES, fine, coarse).tolist() == [0, 4]
