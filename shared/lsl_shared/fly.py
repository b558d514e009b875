"""The fly's labels: 6 stage ranges of the BDGP, and the 14 stages inside five of them (paper, Table I)."""

from __future__ import annotations

from lsl_shared.labels import LabelSpace

__all__ = ["STAGES", "STAGE_RANGES", "stage_range_space", "stage_space"]

STAGE_RANGES = ("1-3", "4-6", "7-8", "9-10", "11-12", "13-17")
STAGES = tuple(str(stage) for stage in range(4, 18))


def stage_range_space() -> LabelSpace:
    """The coarse task `stage_range`; "1-3" is childless."""
    return LabelSpace("stage_range", STAGE_RANGES)


def stage_space() -> LabelSpace:
    """The fine task `stage`, each stage under its range."""

    def range_of(stage: int) -> str:
        return next(name for name in STAGE_RANGES if int(name.split("-")[0]) <= stage <= int(name.split("-")[1]))

    return LabelSpace.fine("stage", {stage: range_of(int(stage)) for stage in STAGES}, stage_range_space())
