from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.gem.build.measured import measure, measure_stored
from lsl_runtime.gem.build.settings import Mode
from lsl_shared import Store, expression
from lsl_shared.measures.stored_stain import to_bytes


@pytest.mark.parametrize("mode", ["mean", "fraction"])
@pytest.mark.parametrize("by", [1, 2])
def test_several_images_measured_together_have_the_bits_of_each_alone(
    make_store: Callable[..., Path], mode: Mode, by: int
) -> None:
    rows = np.array([1, 4, 5, 11])
    with Store(make_store(20, chunk=20)) as store:
        pixels = store.select(rows)
        stains = np.stack([to_bytes(expression(image)) for image in pixels])
        stains[2] = 0  # no embryo
        height, width = stains.shape[1:]
        maps = np.random.default_rng(0).random((4, height // by, width // by), dtype=np.float32)
        maps[3] = 0  # the model looks nowhere
        alone = [
            measure(store, row, image, map_, mode, stain=stain).kept()
            for row, image, map_, stain in zip(rows.tolist(), pixels, maps, stains, strict=True)
        ]
        for one, other in zip(alone, measure_stored(store, rows, list(pixels), maps, mode, stains), strict=True):
            assert (one.row, one.group) == (other.row, other.group)
            for name in ("value", "density", "embryo", "mask", "masked", "cells", "masked_cells"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
        assert measure_stored(store, rows, list(pixels), None, mode, stains)[0].masked is None
    assert alone[0].value.any() and alone[0].mask is not None and alone[0].mask.any()
    assert not alone[2].embryo.any() and alone[3].masked is not None and not alone[3].masked.any()
