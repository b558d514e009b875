"""From images to parts: batches of one size go through the network, and threads write what comes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import Part, PartFiles
from lsl_runtime.annotation.plan import Plan
from lsl_runtime.annotation.reading import Block, read_ahead
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import Saliency

__all__ = ["PartWriter", "annotate_partitions", "make_parts"]

_WAITING_PARTS = 2
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


def annotate_partitions(
    model: Model,
    blocks: Iterator[Block],
    todo: Sequence[range],
    outputs: Outputs,
    batch_size: int,
    on_progress: Callable[[int], None],
    lanes: int = 1,
) -> Generator[tuple[range, Part], None, None]:
    """Yields the part of each partition, from their blocks: by the saliency graph if maps are wanted, else the other.

    Every batch has `batch_size` images, the last one of a partition being filled up: an answer never depends on where a
    run was interrupted, and the graphs never see another shape. So many batches go through the network at once as there
    are `lanes`.
    """
    how, names = outputs.saliency, _names(model, outputs)
    run = partial(model.explain, method=how.method, samples=how.samples, noise=how.noise) if how else model.classify

    def answered(batch: _Batch) -> dict[str, NDArray[np.float32]]:
        answer = next(run(batch.pixels, batch_size=batch_size))
        return {name: values[: len(batch.errors)] for name, values in answer.items()}

    batches = (batch for partition in todo for batch in _batches(blocks, partition, batch_size))
    with closing(_in_order(answered, batches, lanes)) as answers:
        for partition in todo:
            found: dict[str, NDArray[np.float32]] = {}
            errors: list[str] = []
            while len(errors) < len(partition):
                batch, answer = next(answers)
                for name in names:
                    if name not in found:
                        found[name] = np.empty((len(partition), *answer[name].shape[1:]), np.float32)
                    found[name][len(errors) : len(errors) + len(batch.errors)] = answer[name]
                errors += batch.errors
                on_progress(len(batch.errors))
            yield partition, _part(model, found, errors, outputs)


@dataclass(frozen=True)
class _Batch:
    """Pixels (batch_size, H, W, 3), filled up with zeros, and the error of each image that is really there."""

    pixels: NDArray[np.uint8]
    errors: list[str]


def _in_order(
    work: Callable[[_Batch], dict[str, NDArray[np.float32]]], batches: Iterator[_Batch], lanes: int
) -> Generator[tuple[_Batch, dict[str, NDArray[np.float32]]], None, None]:
    """Yields batches and what `work` makes of them, in order; one more than there are lanes is begun ahead."""
    waiting: deque[tuple[_Batch, Future[dict[str, NDArray[np.float32]]]]] = deque()
    with ThreadPoolExecutor(lanes, "lane") as pool:
        try:
            for batch in batches:
                waiting.append((batch, pool.submit(work, batch)))
                if len(waiting) > lanes:
                    done, answer = waiting.popleft()
                    yield done, answer.result()
            for done, answer in waiting:
                yield done, answer.result()
        finally:
            for _, answer in waiting:
                answer.cancel()


def _batches(blocks: Iterator[Block], partition: range, batch_size: int) -> Iterator[_Batch]:
    """Yields the partition's batches; those that lie within one block are not copied."""
    pixels: NDArray[np.uint8] | None = None
    errors: list[str] = []
    left = len(partition)
    while left:
        block = next(blocks)
        left -= len(block.rows)
        for start in _cuts(len(block.rows), batch_size - len(errors), batch_size):
            taken = block.pixels[start : start + batch_size - len(errors)]
            if len(taken) == batch_size:
                yield _Batch(taken, [block.error] * batch_size)
                continue
            if pixels is None:
                pixels = np.zeros((batch_size, *taken.shape[1:]), dtype=np.uint8)
            pixels[len(errors) : len(errors) + len(taken)] = taken
            errors += [block.error] * len(taken)
            if len(errors) == batch_size:
                yield _Batch(pixels, errors)
                pixels, errors = None, []
    if pixels is not None:
        yield _Batch(pixels, errors)


def _cuts(images: int, first: int, step: int) -> Iterator[int]:
    """Where a block is cut: after `first` images, then every `step`."""
    yield 0
    yield from range(first, images, step)


def _names(model: Model, outputs: Outputs) -> list[str]:
    """What of the graphs' answers goes into a part."""
    names = [model.output("probabilities", task) for task in model.manifest.tasks]
    names += ["saliency"] * (outputs.saliency is not None) + ["features"] * outputs.features
    return names + ["scope_distance"] * (model.manifest.scope_threshold is not None)


def _part(model: Model, results: dict[str, NDArray[np.float32]], errors: list[str], outputs: Outputs) -> Part:
    failed = np.array([bool(text) for text in errors])
    for name, values in results.items():
        values[failed] = 0 if name == "saliency" else np.nan
    return Part(
        probabilities={task.name: results[model.output("probabilities", task)] for task in model.manifest.tasks},
        errors=errors,
        saliency=results.get("saliency"),
        features=results.get("features"),
        scope_distance=results.get("scope_distance"),
        made_by=outputs.saliency or Saliency(),
        provider=model.provider,
    )


class PartWriter:
    """Writes parts in a thread of its own; at most two wait. Leaving the `with` block waits for them.

    A write that failed raises at the next `put` or at the end.
    """

    def __init__(self, files: PartFiles) -> None:
        self._files = files
        self._waiting: deque[Future[None]] = deque()
        self._pool = ThreadPoolExecutor(1, "writer")

    def put(self, partition: range, part: Part) -> None:
        """Hands over a part; waits while two are waiting already."""
        while self._waiting and (len(self._waiting) >= _WAITING_PARTS or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._files.write, partition, part))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            for future in self._waiting:
                future.result()
