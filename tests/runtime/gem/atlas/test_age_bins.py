from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import build_atlas
from lsl_runtime.gem.atlas.age_bins import age_bins
from lsl_runtime.gem.build.age_axis import AgeAxis
from lsl_shared import Annotations, ConfigError, Store, Timetable, expression

TABLE = Timetable(("4", "5", "7"), (0.0, 10.0, 40.0), (10.0, 40.0, 95.0))


def test_bins_by_hand() -> None:
    ages = np.array([0.0, 29.9, 30.1, 91.0, 95.0])
    found = age_bins(AgeAxis("stage", TABLE, np.arange(5), TABLE.positions(ages), np.array([0, 0, 1, 1, 1])), 30)
    assert found.times == Timetable(("0-30min", "30-60min", "90-95min"), (0, 30, 90), (30, 60, 95))
    assert [one.rows.tolist() for one in found.choices] == [[0, 1], [2], [3, 4]]
    assert [one.weights.tolist() for one in found.choices] == [[0.5, 0.5], [1], [0.5, 0.5]]


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf"), 0.1])
def test_widths_that_make_no_bins_or_too_many(width: float) -> None:
    axis = AgeAxis("stage", TABLE, np.arange(1), np.array([1.0]), np.array([0]))
    with pytest.raises(ConfigError, match=r"--age-bins .* choose 0.19 or more"):
        age_bins(axis, width)


def test_an_atlas_of_bins_against_a_loop(annotated: Path) -> None:
    atlas = build_atlas(annotated, age_bins=60)
    assert atlas.stages == ("80-140min", "140-200min", "200-260min")
    with Store(annotated) as store, Annotations(annotated.with_suffix(".annotations.h5")) as given:
        inside = (given.age("stage") >= 140) & (given.age("stage") < 200) & (store.genes != "")
        gene = store.genes[np.flatnonzero(inside)[0]]
        rows = np.flatnonzero(inside & (store.genes == gene)).tolist()
        densities = [expression(store.read(row, row + 1)[0]).density for row in rows]
    place = atlas.genes.index(gene)
    assert atlas.n_images[1, place] == len(rows) and atlas.n_images[1].sum() == inside.sum()
    np.testing.assert_allclose(atlas.mean[1, place], np.mean(densities, axis=0), atol=1e-6)
    with pytest.raises(ConfigError, match="name either"):
        build_atlas(annotated, ["9"], age_bins=60)
    with pytest.raises(ConfigError, match="--floor, --sure and --weights"):
        build_atlas(annotated, age_bins=60, floor=0.5)
