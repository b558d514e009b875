from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model
from lsl_runtime.annotation import inference
from lsl_runtime.annotation.inference import annotate_partitions
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import Part
from lsl_runtime.annotation.reading import READERS, Chunk, in_batches

Pixels = NDArray[np.uint8]
Answers = dict[str, NDArray[np.float32]]


class Means:
    """A model whose answer is the mean of each image; it remembers the batches that it saw."""

    class manifest:  # noqa: N801
        class task:  # noqa: N801
            name = "stage"

        tasks = (task,)
        scope_threshold = None

    provider = "CPUExecutionProvider"
    has_age = False

    def __init__(self, at_work: Callable[[], object] = lambda: None) -> None:
        self.seen: list[Pixels] = []
        self.graphs, self._at_work = self, at_work

    def output(self, name: str, task: object) -> str:
        return name

    def classify(self, images: Pixels) -> Answers:
        self._at_work()
        self.seen.append(images)
        return {"probabilities": images.mean((1, 2, 3), dtype=np.float32)[:, None]}


def chunks_of(sizes: list[int], broken: int = -1) -> Iterator[Chunk]:
    """Chunks of so many images of 2 × 2 pixels, each image as bright as its place."""
    start = 0
    for place, size in enumerate(sizes):
        places = np.arange(start, start + size, dtype=np.uint8)
        pixels = np.zeros((size, 2, 2, 3), np.uint8) + places[:, None, None, None]
        yield Chunk(range(start, start + size), pixels, "broken" if place == broken else "")
        start += size


def _parts(
    model: Means, chunks: Iterator[Chunk], todo: list[range], batch_size: int, lanes: int
) -> list[tuple[range, Part]]:
    passed = list[int]()
    batches = in_batches(chunks, todo, batch_size)
    made = list(annotate_partitions(cast(Model, model), batches, todo, Outputs(), passed.append, lanes))
    assert sum(passed) == sum(map(len, todo))
    return made


def _part(model: Means, chunks: Iterator[Chunk], count: int, batch_size: int, lanes: int = 1) -> Part:
    ((partition, part),) = _parts(model, chunks, [range(count)], batch_size, lanes)
    assert partition == range(count)
    return part


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 7, 16, 100])
@pytest.mark.parametrize("sizes", [[4, 4, 4], [5, 5, 1], [13]])
def test_every_batch_has_one_shape_and_every_image_its_answer(batch_size: int, sizes: list[int], lanes: int) -> None:
    model, count = Means(), sum(sizes)
    part = _part(model, chunks_of(sizes), count, batch_size, lanes)
    np.testing.assert_array_equal(part.probabilities["stage"][:, 0], np.arange(count))
    assert {images.shape for images in model.seen} == {(batch_size, 2, 2, 3)}
    assert len(model.seen) == -(-count // batch_size)
    assert part.errors == [""] * count


def test_batches_never_reach_into_another_partition() -> None:
    model, todo = Means(), [range(8), range(12, 20)]
    chunks = (Chunk(range(start, start + 4), np.full((4, 2, 2, 3), start, np.uint8)) for start in (0, 4, 12, 16))
    made = _parts(model, chunks, todo, 5, 2)
    assert [partition for partition, _ in made] == todo and len(model.seen) == 4
    np.testing.assert_array_equal(made[1][1].probabilities["stage"][:, 0], [12] * 4 + [16] * 4)


def test_lanes_work_side_by_side() -> None:
    both = threading.Barrier(2)
    _part(Means(lambda: both.wait(10)), chunks_of([4, 4]), 8, 4, lanes=2)


def test_broken_chunks_give_no_answer() -> None:
    part = _part(Means(), chunks_of([4, 4], 1), 8, 3)
    assert part.errors == [""] * 4 + ["broken"] * 4
    np.testing.assert_array_equal(np.isnan(part.probabilities["stage"][:, 0]), [False] * 4 + [True] * 4)


def test_a_part_is_handed_on_before_the_next_one_is_complete() -> None:
    """So that a run that is ended has lost no more than the partition that it was at."""
    passed, todo = list[int](), [range(4), range(4, 8)]
    batches = in_batches(chunks_of([4, 4]), todo, 4)
    made = annotate_partitions(cast(Model, Means()), batches, todo, Outputs(), passed.append)
    next(made)
    assert passed == [4]
    made.close()


def test_a_gpu_is_fed_by_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "cores", lambda: 16)
    model = Means()
    assert inference._readers(cast(Model, model)) == READERS
    model.provider = "CUDAExecutionProvider"
    assert inference._readers(cast(Model, model)) == 16
