from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lsl_runtime import Gem
from lsl_runtime.gem.build.landmarks import landmarks
from lsl_shared import ConfigError


@pytest.fixture
def gem() -> Gem:
    """An embryo of 20 × 50 pixels from (5, 10); a large region, a bright small one, a speck, and one outside."""
    embryo = np.zeros((30, 70), np.float32)
    embryo[5:25, 10:60] = 1
    masked = np.zeros((30, 70), np.float32)
    masked[5:15, 10:20] = 0.6
    masked[20:24, 50:55] = 1.0
    masked[18, 30:33] = 0.9
    masked[0:4, 0:4] = 1.0
    return Gem(
        stage="9", task="stage", gem=masked, masked_gem=masked, embryo=embryo, n_images=7, n_genes=3, n_empty=1,
        mode="mean", view="", model="m", model_digest="d", store_fingerprint="f",
    )  # fmt: skip


def test_regions_by_hand(gem: Gem) -> None:
    large, small = landmarks(gem)
    assert (large.stage, large.number, large.threshold) == ("9", 1, 0.5) and small.number == 2
    assert (large.area, small.area) == (10.0, 2.0)
    assert (large.mean, small.mean) == pytest.approx((0.6, 1.0))
    assert (large.egg_length, large.dorsoventral) == (10, 25)
    assert (small.egg_length, small.dorsoventral) == (85, 85)
    assert {tuple(point) for point in large.outline} >= {(10, 5), (19, 5), (10, 14), (19, 14)}
    assert large.outline.min(0).tolist() == [10, 5] and large.outline.max(0).tolist() == [19, 14]


def test_level_and_least_area(gem: Gem) -> None:
    assert [one.area for one in landmarks(gem, level=0.8)] == [2.0]
    assert [one.area for one in landmarks(gem, least_area=0)] == [10.0, 2.0, 0.3]
    assert landmarks(gem, level=0.7)[0].threshold == pytest.approx(0.7)


@pytest.mark.parametrize("value", [0.0, 0.4])
def test_even_map_has_none(gem: Gem, value: float) -> None:
    assert landmarks(replace(gem, masked_gem=np.full_like(gem.gem, value))) == ()


def test_map_without_mask_and_bad_level(gem: Gem) -> None:
    with pytest.raises(ConfigError, match="masked map, and that of '9' was not asked for"):
        landmarks(replace(gem, masked_gem=None))
    with pytest.raises(ConfigError, match="level of a landmark"):
        landmarks(gem, level=0)
