from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.fly import STAGE_RANGES, STAGES, stage_space
from lsl_tools.demo.stages import observed_stage, range_of_stage, time_at_quantile, wrong_range


def test_neighbouring_stages_overlap_and_no_others() -> None:
    generator = np.random.default_rng(0)
    times = generator.uniform(4.0, 18.0, 4000)
    stages = np.array([observed_stage(float(time), generator) for time in times])
    sharp = np.clip(np.floor(times).astype(int) - 4, 0, 13)
    assert 0.06 < np.mean(stages != sharp) < 0.2
    assert np.abs(stages - sharp).max() == 1


@pytest.mark.parametrize(("time", "stage"), [(2.5, -1), (4.5, 0), (9.5, 5), (17.5, 13)])
def test_the_middle_of_a_stage_is_seen_as_that_stage(time: float, stage: int) -> None:
    seen = [observed_stage(time, np.random.default_rng(k)) for k in range(200)]
    assert np.mean(np.array(seen) == stage) > 0.98


def test_ranges_agree_with_the_label_space() -> None:
    assert [range_of_stage(stage) for stage in range(len(STAGES))] == list(stage_space().parent_index)
    assert range_of_stage(-1) == STAGE_RANGES.index("1-3")


def test_ranges_are_as_frequent_as_in_table_1() -> None:
    times = [time_at_quantile(quantile) for quantile in np.linspace(0.0, 1.0, 10001)[:-1]]
    counts, _ = np.histogram(times, [1, 4, 7, 9, 11, 13, 18])
    expected = np.array([4203, 7344, 3665, 3768, 9248, 8680]) / 36908
    np.testing.assert_allclose(counts / 10000, expected, atol=2e-3)


def test_two_percent_of_the_coarse_labels_are_wrong() -> None:
    generator = np.random.default_rng(1)
    wrong = sum(wrong_range(3, generator) != 3 for _ in range(5000))
    assert abs(wrong - 100) < 4 * np.sqrt(5000 * 0.02 * 0.98)
