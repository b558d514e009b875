"""What a person should know of the data of a training before it begins."""

from __future__ import annotations

from collections.abc import Sequence

from lsl_trainer.data.training_data import TrainingData

__all__ = ["coarse_told", "data_notes", "listed"]

_LISTED = 10


def data_notes(data: TrainingData) -> list[str]:
    """What is odd about the split and the labels. Raises TrainingError where a task has nothing to learn from."""
    notes = []
    if not len(data.test):
        notes.append(f"no labelled image of {data.fine_space.name} is left for the test: nothing tells how good it is")
    if data.straddling:
        notes.append(f"the stored split parts genes, which flatters the test: {listed(data.straddling)}")
    for task in data.further:
        if never := task.never_carried(data.fine.others[task.name]):
            notes.append(
                f"no training image carries these terms of {task.name}, so none is ever chosen: {listed(never)}"
            )
    if data.contradictory:
        named = " and ".join(one.name for one in data.constraints)
        notes.append(
            f"{data.contradictory:,} image(s) have labels of {named} that allow no {data.fine_space.name} together: "
            "their coarse labels are not learnt"
        )
    return notes


def coarse_told(data: TrainingData) -> str:
    """Which coarse labels are learnt, in words; '' where none are."""
    if data.constraints:
        return " or ".join(one.name for one in data.constraints)
    return data.coarse_space.name if data.coarse_space else ""


def listed(names: Sequence[str]) -> str:
    """The first ten names, and how many there are beside them."""
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown
