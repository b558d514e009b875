from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.gem.build.settings import MapSettings
from lsl_runtime.gem.build.side_by_side import side_by_side
from lsl_runtime.gem.build.summing import sum_up
from lsl_runtime.gem.build.sums import pieces
from lsl_shared import Store


def test_results_come_in_order_and_all_that_passed_is_told_here() -> None:
    told: list[tuple[int, str]] = []
    gate = threading.Event()

    def work(piece: int, passed: Callable[[int], None]) -> int:
        passed(piece)
        if piece == 1:
            gate.wait(10)
        if piece == 2:
            gate.set()
        return piece * piece

    def progress(images: int) -> None:
        told.append((images, threading.current_thread().name))

    assert list(side_by_side(work, range(6), 2, progress)) == [0, 1, 4, 9, 16, 25]
    assert sum(images for images, _ in told) == 15
    assert {name for _, name in told} == {threading.current_thread().name}


def test_threads_stop_where_one_of_them_fails() -> None:
    passes = 0

    def work(piece: int, passed: Callable[[int], None]) -> int:
        nonlocal passes
        if piece == 0:
            raise ValueError("a damaged chunk")
        for _ in range(10_000):
            passed(1)
            passes += 1
            threading.Event().wait(0.001)
        return piece

    with pytest.raises(ValueError, match="a damaged chunk"):
        list(side_by_side(work, range(4), 2, lambda images: None))
    assert passes < 10_000


def test_images_measured_one_by_one_keep_nothing_of_the_next(make_store: Callable[..., Path]) -> None:
    """One thread measures in arrays that it fills again: sums, and images that are shown, must not follow them."""
    choice = Choice("a", np.arange(0, 100, 3), np.linspace(0.2, 1, 34), 34, np.array([3, 60]))
    with Store(make_store(100, chunk=20)) as store:
        alone, apart = (sum_up(store, [choice], MapSettings(), threads=threads)[0] for threads in (1, 2))
        assert [len(piece) for piece in pieces(store)] == [1]
    np.testing.assert_array_equal(alone.value, apart.value)
    np.testing.assert_array_equal(alone.embryo, apart.embryo)
    for row in (3, 60):
        np.testing.assert_array_equal(alone.samples[row].density, apart.samples[row].density)
        np.testing.assert_array_equal(alone.samples[row].pixels, apart.samples[row].pixels)
    assert (alone.samples[3].density != alone.samples[60].density).any()
