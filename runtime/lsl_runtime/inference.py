"""From images to parts: batches of one size go through the network, and threads write what comes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model import Model
from lsl_runtime.parts import Part, PartFiles
from lsl_runtime.reading import Block

__all__ = ["PartWriter", "annotate_partition"]

_WAITING_PARTS = 2


def annotate_partition(
    model: Model,
    blocks: Iterator[Block],
    partition: range,
    outputs: Sequence[str],
    batch_size: int,
    on_progress: Callable[[int], None],
) -> Part:
    """The part of one partition, from its blocks: by the saliency graph if maps are asked for, else the classifier.

    Every batch has `batch_size` images, the last one of the partition being filled up: an answer never depends on
    where a run was interrupted, and the graphs never see another shape.
    """
    errors: list[str] = []
    batches = []
    for pixels, texts in _batches(blocks, partition, batch_size):
        run = model.explain if "saliency" in outputs else model.classify
        answer = next(run(pixels, batch_size=batch_size))
        batches.append({name: values[: len(texts)] for name, values in answer.items()})
        errors += texts
        on_progress(len(texts))
    return _part(model, batches, errors, outputs)


def _batches(
    blocks: Iterator[Block], partition: range, batch_size: int
) -> Iterator[tuple[NDArray[np.uint8], list[str]]]:
    """Yields pixels (batch_size, H, W, 3), the same array again and again, and the errors of the images in it."""
    pixels: NDArray[np.uint8] | None = None
    errors: list[str] = []
    left = len(partition)
    while left:
        block = next(blocks)
        left -= len(block.rows)
        if pixels is None:
            pixels = np.zeros((batch_size, *block.pixels.shape[1:]), dtype=np.uint8)
        for start in _cuts(len(block.rows), batch_size - len(errors), batch_size):
            taken = block.pixels[start : start + batch_size - len(errors)]
            pixels[len(errors) : len(errors) + len(taken)] = taken
            errors += [block.error] * len(taken)
            if len(errors) == batch_size:
                yield pixels, errors
                errors = []
    if errors and pixels is not None:
        pixels[len(errors) :] = 0
        yield pixels, errors


def _cuts(images: int, first: int, step: int) -> Iterator[int]:
    """Where a block is cut: after `first` images, then every `step`."""
    yield 0
    yield from range(first, images, step)


def _part(
    model: Model, batches: Sequence[dict[str, NDArray[np.float32]]], errors: list[str], outputs: Sequence[str]
) -> Part:
    names = [model.output("probabilities", task) for task in model.manifest.tasks] + list(outputs)
    results = {name: np.concatenate([batch[name] for batch in batches]) for name in names}
    failed = np.array([bool(text) for text in errors])
    for name in names:
        results[name][failed] = 0 if name == "saliency" else np.nan
    return Part(
        probabilities={task.name: results[model.output("probabilities", task)] for task in model.manifest.tasks},
        errors=errors,
        saliency=results.get("saliency"),
        features=results.get("features"),
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
