from __future__ import annotations

import numpy as np
import pytest

from lsl_tools.demo.anatomy import Anatomy, paint_anatomy
from lsl_tools.demo.pose import Pose


def stained_columns(time: float, tissue: str) -> np.ndarray:
    """Columns that a tissue's stain reaches, in a straight pose."""
    return np.flatnonzero((paint_anatomy(time, Pose(), {tissue: 1.0}).stain > 127).any(axis=0))


def test_the_embryo_fills_the_frame_and_nothing_lies_outside_it() -> None:
    anatomy = paint_anatomy(9.5, Pose())
    rows, columns = np.nonzero(anatomy.mask)
    assert rows.min() <= 6 and rows.max() >= 121 and columns.min() <= 6 and columns.max() >= 313
    assert anatomy.mask[0, 0] == anatomy.mask[-1, -1] == 0


def test_pole_cells_sit_at_the_posterior_pole_and_climb_the_dorsal_side() -> None:
    middle = {}
    for time in (4.5, 6.8):
        stain = paint_anatomy(time, Pose(), {"pole cells": 1.0}).stain
        rows, columns = np.nonzero(stain > 127)
        assert columns.mean() > 280
        middle[time] = rows.mean()
    assert abs(middle[4.5] - 64) < 8
    assert middle[6.8] < middle[4.5] - 15
    assert not paint_anatomy(2.5, Pose(), {"pole cells": 1.0}).stain.any()


def test_the_germ_band_extends_fast_then_slowly_then_retracts() -> None:
    def tip(time: float) -> int:
        dorsal = paint_anatomy(time, Pose(), {"ectoderm": 1.0}).stain[8:20, 80:]
        return 80 + int(np.flatnonzero((dorsal > 127).any(axis=0)).min())

    extension = [tip(time) for time in (7.2, 8.0, 9.0, 10.0, 11.0)]
    assert extension == sorted(extension, reverse=True)
    assert extension[0] - extension[2] > 4 * (extension[2] - extension[4])
    assert tip(12.8) > extension[4] + 80


def test_the_dorsal_opening_closes_during_13_to_15() -> None:
    def open_area(time: float) -> int:
        return int((paint_anatomy(time, Pose(), {"amnioserosa": 1.0}).stain > 127).sum())

    assert open_area(13.2) > 1.3 * open_area(14.2) > 1.5 * open_area(14.9) > 0
    assert open_area(15.6) == 0


def test_the_nerve_cord_is_condensed_at_17() -> None:
    assert stained_columns(14.0, "nerve cord").max() > 280
    assert stained_columns(17.5, "nerve cord").max() < 210


def test_the_cephalic_furrow_cuts_the_head_off_at_6_and_7() -> None:
    def furrow(time: float) -> int:
        return int(paint_anatomy(time, Pose()).grooves[34:56, 80:130].max())

    assert furrow(5.5) == 0
    assert furrow(6.9) > 100


@pytest.mark.parametrize("time", np.arange(1.0, 18.0, 0.9))
def test_anatomy_changes_smoothly(time: float) -> None:
    before, after = paint_anatomy(float(time), Pose()), paint_anatomy(float(time) + 0.01, Pose())
    difference = np.abs(before.tissue.astype(float) - after.tissue)[before.mask > 0]
    assert np.mean(difference) < 2.0


def test_every_pose_keeps_the_embryo_whole() -> None:
    leaning: Anatomy = paint_anatomy(14.0, Pose(angle=0.1, bend=8.0, roll=0.2, taper=0.2, wobble=1.0, wobble_seed=3))
    assert 0.55 < np.mean(leaning.mask > 127) < 0.9
