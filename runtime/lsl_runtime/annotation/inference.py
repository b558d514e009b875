"""From images to parts: batches go through the network side by side, and a thread writes what comes out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.annotation.bulk import EXPRESSION, MAPS
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.part_writer import PartWriter
from lsl_runtime.annotation.parts import Part
from lsl_runtime.annotation.plan import Plan
from lsl_runtime.annotation.reading import READERS, Batch, in_batches, read_ahead
from lsl_runtime.model.cores import cores
from lsl_runtime.model.gpu import CPU
from lsl_runtime.model.graphs import Graphs
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import Saliency
from lsl_runtime.model.sessions import Answers
from lsl_shared.measures.age import AGE_DENSITY
from lsl_shared.measures.stain import expression
from lsl_shared.measures.stored_stain import to_bytes
from lsl_shared.process.in_order import in_order

__all__ = ["annotate_partitions", "make_parts"]

_BATCHES_AHEAD = 2
_HANDED = 8
"""Images that a lane is handed at least: handing over costs as much as a tenth of a small network's work on one."""


def make_parts(plan: Plan, todo: Sequence[range], batch_size: int | None, on_progress: Callable[[int], None]) -> None:
    """Makes the parts of the partitions `todo`; `on_progress` is called with the number of images just annotated."""
    model, lanes = plan.model.lanes()
    at_once = batch_size or model.batch_for(lanes)
    size = batch_size or -(-_HANDED // at_once) * at_once
    with (
        closing(read_ahead(plan.store, todo, _BATCHES_AHEAD * lanes * size, _readers(model))) as chunks,
        PartWriter(plan.files) as writer,
        closing(
            annotate_partitions(model, in_batches(chunks, todo, size), todo, plan.outputs, on_progress, lanes, at_once)
        ) as parts,
    ):
        for partition, part in parts:
            writer.put(partition, part)


def _readers(model: Model) -> int:
    """How many threads inflate: two keep a processor supplied, but a GPU takes thousands of images a second."""
    return READERS if model.provider == CPU else max(READERS, cores())


def annotate_partitions(
    model: Model,
    batches: Iterator[Batch],
    todo: Sequence[range],
    outputs: Outputs,
    on_progress: Callable[[int], None],
    lanes: int = 1,
    at_once: int | None = None,
) -> Generator[tuple[range, Part], None, None]:
    """Yields the part of each partition from its batches, of which `lanes` are at work side by side.

    A lane sends `at_once` images of its batch through the network, then the next ones; None sends all of them.
    """

    def begin(batch: Batch) -> Future[list[Answers]]:
        return pool.submit(_answers, model.graphs, batch, outputs, at_once or len(batch.pixels))

    with (
        ThreadPoolExecutor(lanes, "lane") as pool,
        closing(in_order(begin, batches, lambda: lanes + 1)) as answers,
    ):
        for partition in todo:
            found, errors = _gathered(answers, len(partition), _names(model, outputs), on_progress)
            yield partition, _part(model, outputs, found, errors)


def _answers(graphs: Graphs, batch: Batch, outputs: Outputs, at_once: int) -> list[Answers]:
    """What the graphs give for a batch, `at_once` images after the other; none for what it was filled up with."""
    starts = range(0, len(batch.errors), at_once)
    return [_answer(graphs, batch.pixels[start : start + at_once], outputs) for start in starts]


def _answer(graphs: Graphs, pixels: NDArray[np.uint8], outputs: Outputs) -> Answers:
    """What the graphs give for images (n, H, W, 3); maps, where they are wanted, are of the predicted classes."""
    maps = outputs.saliency
    found = maps.answers(graphs, pixels, np.full(len(pixels), -1)) if maps else graphs.classify(pixels)
    if outputs.expression:
        found = {**found, EXPRESSION: np.stack([to_bytes(expression(image)) for image in pixels])}
    return found


def _names(model: Model, outputs: Outputs) -> list[str]:
    """What of the graphs' answers goes into a part."""
    names = [model.output("probabilities", task) for task in model.manifest.tasks]
    names += [*(outputs.saliency.outputs if outputs.saliency else ()), *["features"] * outputs.features]
    names += [AGE_DENSITY] * model.graphs.has_age + [EXPRESSION] * outputs.expression
    return names + ["scope_distance"] * (model.manifest.scope_threshold is not None)


def _gathered(
    answers: Iterator[tuple[Batch, list[Answers]]],
    images: int,
    names: Sequence[str],
    on_progress: Callable[[int], None],
) -> tuple[Answers, list[str]]:
    """The answers `names` for one partition of so many images, and the error of each; failed images get no answer."""
    found: Answers = {}
    errors: list[str] = []
    while len(errors) < images:
        batch, given = next(answers)
        found = found or {name: np.empty((images, *given[0][name].shape[1:]), _kind(name)) for name in names}
        for name, values in found.items():
            _fill(values[len(errors) :][: len(batch.errors)], [answer[name] for answer in given])
        errors += batch.errors
        on_progress(len(batch.errors))
    failed = np.array(errors) != ""
    for name, values in found.items():
        values[failed] = 0 if name in (*MAPS, EXPRESSION) else np.nan
    return found, errors


def _fill(values: NDArray[Any], blocks: Sequence[NDArray[Any]]) -> None:
    """Puts blocks of rows into `values`, one after the other; those beyond its end are left out."""
    start = 0
    for block in blocks:
        rows = values[start : start + len(block)]
        rows[:] = block[: len(rows)]
        start += len(block)


def _kind(name: str) -> type:
    return np.uint8 if name == EXPRESSION else np.float32


def _part(model: Model, outputs: Outputs, found: Answers, errors: list[str]) -> Part:
    return Part(
        probabilities={task.name: found[model.output("probabilities", task)] for task in model.manifest.tasks},
        errors=errors,
        saliency=found.get("saliency"),
        against=found.get("against"),
        features=found.get("features"),
        scope_distance=found.get("scope_distance"),
        age_density=found.get(AGE_DENSITY),
        expression=np.asarray(found[EXPRESSION], np.uint8) if outputs.expression else None,
        made_by=outputs.saliency or Saliency(),
        provider=model.provider,
    )
