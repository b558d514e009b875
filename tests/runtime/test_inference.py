from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_runtime.inference import PartWriter, annotate_partition
from lsl_runtime.parts import Part
from lsl_runtime.reading import Block


class Means:
    """A model whose answer is the mean of each image; it remembers the shapes that it saw."""

    class manifest:  # noqa: N801
        class task:  # noqa: N801
            name = "stage"

        tasks = (task,)

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def output(self, name: str, task: Any) -> str:
        return name

    def classify(self, images: np.ndarray, *, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
        self.shapes.append(images.shape)
        yield {"probabilities": images.mean((1, 2, 3), dtype=np.float32)[:, None]}


def _blocks(sizes: list[int], broken: int = -1) -> Iterator[Block]:
    start = 0
    for place, size in enumerate(sizes):
        pixels = (
            np.zeros((size, 2, 2, 3), np.uint8) + np.arange(start, start + size, dtype=np.uint8)[:, None, None, None]
        )
        yield Block(range(start, start + size), pixels, "broken" if place == broken else "")
        start += size


@pytest.mark.parametrize("batch_size", [1, 3, 4, 7, 16, 100])
@pytest.mark.parametrize("sizes", [[4, 4, 4], [5, 5, 1], [13]])
def test_every_batch_has_one_shape_and_every_image_its_answer(batch_size: int, sizes: list[int]) -> None:
    model, passed, count = Means(), list[int](), sum(sizes)
    part = annotate_partition(model, _blocks(sizes), range(count), (), batch_size, passed.append)  # type: ignore[arg-type]
    np.testing.assert_array_equal(part.probabilities["stage"][:, 0], np.arange(count))
    assert set(model.shapes) == {(batch_size, 2, 2, 3)} and len(model.shapes) == -(-count // batch_size)
    assert sum(passed) == count and part.errors == [""] * count


def test_broken_blocks_give_no_answer() -> None:
    part = annotate_partition(Means(), _blocks([4, 4], 1), range(8), (), 3, lambda count: None)  # type: ignore[arg-type]
    assert part.errors == [""] * 4 + ["broken"] * 4
    np.testing.assert_array_equal(np.isnan(part.probabilities["stage"][:, 0]), [False] * 4 + [True] * 4)


class Files:
    """Part files on a slow disk, or on one that fails."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem, self.written, self.gate = problem, list[range](), threading.Event()

    def write(self, partition: range, part: Part) -> None:
        self.gate.wait(10)
        if self.problem:
            raise self.problem
        self.written.append(partition)


def test_at_most_two_parts_wait_and_all_are_written() -> None:
    files, part = Files(), Part({}, [])
    with PartWriter(files) as writer:  # type: ignore[arg-type]
        writer.put(range(1), part)
        writer.put(range(1, 2), part)
        threading.Timer(0.3, files.gate.set).start()
        began = time.monotonic()
        writer.put(range(2, 3), part)
        assert time.monotonic() - began > 0.2
    assert files.written == [range(1), range(1, 2), range(2, 3)]


def test_failed_write_is_raised(tmp_path: Path) -> None:
    files = Files(OSError(28, "No space left on device"))
    files.gate.set()
    with pytest.raises(OSError, match="No space"), PartWriter(files) as writer:  # type: ignore[arg-type]
        writer.put(range(1), Part({}, []))


def test_what_waits_is_written_when_the_run_is_ended() -> None:
    files = Files()
    threading.Timer(0.1, files.gate.set).start()
    with pytest.raises(KeyboardInterrupt), PartWriter(files) as writer:  # type: ignore[arg-type]
        writer.put(range(1), Part({}, []))
        raise KeyboardInterrupt
    assert files.written == [range(1)]
