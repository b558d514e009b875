"""Making the parts of a store in this process: readers ahead, lanes of inference, a writer behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from lsl_runtime.annotation_plan import Plan
from lsl_runtime.inference import PartWriter, annotate_partitions
from lsl_runtime.reading import read_ahead

__all__ = ["make_parts"]

_BATCHES_AHEAD = 2


def make_parts(plan: Plan, todo: Sequence[range], batch_size: int | None, on_progress: Callable[[int], None]) -> None:
    """Makes the parts of the partitions `todo`; `on_progress` is called with the number of images just annotated."""
    model, lanes = plan.model.lanes()
    batch = batch_size or model.batch_for(lanes)
    with (
        closing(read_ahead(plan.store, todo, _BATCHES_AHEAD * lanes * batch)) as blocks,
        PartWriter(plan.files) as writer,
        closing(annotate_partitions(model, blocks, todo, plan.outputs, batch, on_progress, lanes)) as parts,
    ):
        for partition, part in parts:
            writer.put(partition, part)
