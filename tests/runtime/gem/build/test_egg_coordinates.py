from __future__ import annotations

import numpy as np

from lsl_runtime.gem.build.egg_coordinates import EggBox


def test_box_by_hand() -> None:
    embryo = np.zeros((10, 20), np.float32)
    embryo[2:6, 5:15] = 0.9
    embryo[8, 18] = 0.4
    box = EggBox(embryo)
    assert (box.top, box.bottom, box.left, box.right) == (2, 6, 5, 15) and box.inside.sum() == 40
    assert (box.length(5), box.length(10), box.length(15)) == (0, 50, 100)
    assert (box.height(2), box.height(4), box.height(6)) == (0, 50, 100)


def test_whole_picture_without_an_embryo() -> None:
    box = EggBox(np.full((10, 20), 0.49))
    assert (box.length(20), box.height(5)) == (100, 50) and box.inside.all()
