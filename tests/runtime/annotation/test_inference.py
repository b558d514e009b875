from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_runtime.annotation.inference import PartWriter, annotate_partitions
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import Part
from lsl_runtime.annotation.reading import Block


class Means:
    """A model whose answer is the mean of each image; it remembers the shapes that it saw."""

    class manifest:  # noqa: N801
        class task:  # noqa: N801
            name = "stage"

        tasks = (task,)
        scope_threshold = None

    provider = "CPUExecutionProvider"

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


def _part(model: Means, blocks: Iterator[Block], count: int, batch_size: int, **settings: Any) -> Part:
    passed = list[int]()
    made = annotate_partitions(model, blocks, [range(count)], Outputs(), batch_size, passed.append, **settings)  # type: ignore[arg-type]
    ((partition, part),) = made
    assert partition == range(count) and sum(passed) == count
    return part


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 7, 16, 100])
@pytest.mark.parametrize("sizes", [[4, 4, 4], [5, 5, 1], [13]])
def test_every_batch_has_one_shape_and_every_image_its_answer(batch_size: int, sizes: list[int], lanes: int) -> None:
    model, count = Means(), sum(sizes)
    part = _part(model, _blocks(sizes), count, batch_size, lanes=lanes)
    np.testing.assert_array_equal(part.probabilities["stage"][:, 0], np.arange(count))
    assert set(model.shapes) == {(batch_size, 2, 2, 3)} and len(model.shapes) == -(-count // batch_size)
    assert part.errors == [""] * count


def test_batches_never_reach_into_another_partition() -> None:
    model, todo = Means(), [range(8), range(12, 20)]
    blocks = (Block(range(start, start + 4), np.full((4, 2, 2, 3), start, np.uint8)) for start in (0, 4, 12, 16))
    made = list(annotate_partitions(model, blocks, todo, Outputs(), 5, lambda count: None, 2))  # type: ignore[arg-type]
    assert [partition for partition, _ in made] == todo and len(model.shapes) == 4
    np.testing.assert_array_equal(made[1][1].probabilities["stage"][:, 0], [12] * 4 + [16] * 4)


def test_batch_within_one_block_is_not_copied() -> None:
    class Seen(Means):
        def classify(self, images: np.ndarray, *, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
            seen.append(images)
            return super().classify(images, batch_size=batch_size)

    seen: list[np.ndarray] = []
    blocks = list(_blocks([8, 8]))
    _part(Seen(), iter(blocks), 16, 4)
    assert all(np.shares_memory(images, blocks[place // 2].pixels) for place, images in enumerate(seen))


def test_lanes_work_side_by_side() -> None:
    class Together(Means):
        def classify(self, images: np.ndarray, *, batch_size: int) -> Iterator[dict[str, np.ndarray]]:
            both.wait(10)
            return super().classify(images, batch_size=batch_size)

    both = threading.Barrier(2)
    _part(Together(), _blocks([4, 4]), 8, 4, lanes=2)


def test_broken_blocks_give_no_answer() -> None:
    part = _part(Means(), _blocks([4, 4], 1), 8, 3)
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
