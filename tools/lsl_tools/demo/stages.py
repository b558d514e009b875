"""Developmental time: a continuous clock, cut into stages by slightly noisy thresholds.

Time is counted in stage units: stage 9 lasts from 9.0 to 10.0. An embryo's stage is what an expert would write down,
and experts draw the lines between neighbouring stages a little differently each time.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lsl_shared.fly import STAGE_RANGES, STAGES

__all__ = ["FIRST_TIME", "LAST_TIME", "observed_stage", "range_of_stage", "time_at_quantile", "wrong_range"]

FIRST_TIME: Final = 1.0
LAST_TIME: Final = 18.0
THRESHOLD_SPREAD: Final = 0.16
WRONG_LABELS: Final = 0.02

# Images of each stage range in Table I of the two-step paper, and the times at which the ranges begin.
_RANGE_COUNTS: Final = np.array([4203, 7344, 3665, 3768, 9248, 8680])
_RANGE_EDGES: Final = np.array([1.0, 4.0, 7.0, 9.0, 11.0, 13.0, 18.0])
_RANGE_QUANTILES: Final = np.concatenate([[0.0], np.cumsum(_RANGE_COUNTS) / _RANGE_COUNTS.sum()])


def time_at_quantile(quantile: float) -> float:
    """Developmental time in [1, 18) below which the share `quantile` in [0, 1) of all photographs lies."""
    return float(np.interp(quantile, _RANGE_QUANTILES, _RANGE_EDGES))


def observed_stage(time: float, generator: np.random.Generator) -> int:
    """Index of the stage that an expert sees at `time`: 0 for stage 4 to 13 for stage 17, -1 before stage 4."""
    seen = int(np.floor(time + THRESHOLD_SPREAD * generator.standard_normal()))
    return min(max(seen - int(STAGES[0]), -1), len(STAGES) - 1)


def range_of_stage(stage: int) -> int:
    """Index of the stage range that holds the stage index `stage` (-1 belongs to "1-3")."""
    return int(np.searchsorted(_RANGE_EDGES, stage + int(STAGES[0]), side="right")) - 1


def wrong_range(stage_range: int, generator: np.random.Generator) -> int:
    """The coarse label that gets written down: `stage_range`, or in 2 % of cases another one, mostly a neighbour."""
    slips, far = generator.random(), generator.random()
    others = [r for r in range(len(STAGE_RANGES)) if r != stage_range]
    near = [r for r in others if abs(r - stage_range) == 1]
    other = int(generator.choice(near if far < 0.8 else others))
    return other if slips < WRONG_LABELS else stage_range
