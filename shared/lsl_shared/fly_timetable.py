"""The fly's timetable: when each stage of embryogenesis begins and ends, in minutes after egg laying at 25 °C.

The stages are those of Campos-Ortega and Hartenstein, The Embryonic Development of Drosophila melanogaster (1985,
second edition 1997). The times are those of FlyBase's developmental ontology, fly_development.obo of 2026-04-03.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsl_shared.fly import stage_range_space, stage_space
from lsl_shared.measures.metrics import is_ordered
from lsl_shared.timetable import Timetable, plain_order

__all__ = ["FLY_TIMETABLE", "default_timetable"]

_EDGES = (0, 25, 65, 80, 130, 170, 180, 190, 220, 260, 320, 440, 560, 620, 680, 780, 960, 1440)
"""Minutes at which stages 1 to 17 begin, and the last one ends."""

FLY_TIMETABLE = Timetable(
    tuple(str(stage) for stage in range(1, 18)), tuple(map(float, _EDGES[:-1])), tuple(map(float, _EDGES[1:]))
)
_FLY_TASKS = (stage_space().name, stage_range_space().name)


def default_timetable(task: str, classes: Sequence[str]) -> Timetable | None:
    """The timetable of a task that nobody gave one for: the fly's for its stages, else the plain order of classes.

    None for classes that have no order.
    """
    if not is_ordered(classes):
        return None
    if task in _FLY_TASKS and all(map(FLY_TIMETABLE.has, classes)):
        return FLY_TIMETABLE.of(classes)
    return plain_order(classes)
