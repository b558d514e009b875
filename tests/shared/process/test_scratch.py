from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np

from lsl_shared import expression
from lsl_shared.process.scratch import scratch


def test_a_name_keeps_its_array_until_another_shape_is_asked_for() -> None:
    first = scratch("a", (3, 4))
    assert scratch("a", (3, 4)) is first and first.dtype == np.float32
    assert scratch("b", (3, 4)) is not first
    assert scratch("a", (2, 2), np.uint8).dtype == np.uint8
    assert scratch("a", (3, 4)) is not first


def test_a_smaller_one_takes_the_room_of_a_larger_one() -> None:
    large = scratch("room", (8, 5))
    small = scratch("room", (3, 5))
    assert small.shape == (3, 5) and np.shares_memory(small, large)
    assert np.shares_memory(scratch("room", (8, 5)), large)
    assert not np.shares_memory(scratch("room", (9, 5)), large)


def test_every_thread_has_its_own() -> None:
    together = Barrier(4)

    def place(_: int) -> int:
        together.wait()
        found = scratch("a", (8, 8)).ctypes.data
        together.wait()
        return found

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(place, range(4)))) == 4


def test_answers_are_never_scratch() -> None:
    """What was answered stays as it is when the next image, or one of another size, is measured."""
    generator = np.random.default_rng(0)
    images = [np.full((32, 64, 3), 255, np.uint8), np.full((48, 96, 3), 255, np.uint8)]
    for image in images:
        image[8:24, 16:48] = generator.integers(60, 200, (16, 32, 3))
    found = [expression(images[0]), expression(images[1]), expression(255 - images[0]), expression(images[0])]
    np.testing.assert_array_equal(found[0].density, found[3].density)
    np.testing.assert_array_equal(found[0].mask, found[3].mask)
    assert found[0].density.base is None and found[0].density.any()


def test_threads_do_not_disturb_each_other() -> None:
    generator = np.random.default_rng(1)
    images = np.full((24, 48, 80, 3), 255, np.uint8)
    images[:, 8:40, 10:70] = generator.integers(40, 220, (24, 32, 60, 3))
    alone = [expression(image).density for image in images]
    with ThreadPoolExecutor(6) as pool:
        for one, other in zip(alone, pool.map(lambda image: expression(image).density, images), strict=True):
            np.testing.assert_array_equal(one, other)
