from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from lsl_shared.process.in_order import in_order


class Later:
    """Work that is done when it is asked for; it remembers what was begun and what was given up."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.cancelled: list[int] = []

    def begin(self, piece: int) -> Future[int]:
        self.begun.append(piece)
        future: Future[int] = Future()
        future.set_result(piece * piece)
        future.cancel = lambda: self.cancelled.append(piece) or True  # type: ignore[method-assign, func-returns-value]
        return future


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_results_come_in_order_however_long_each_takes(at_once: int) -> None:
    def work(piece: int) -> int:
        time.sleep(0.002 * (10 - piece))
        return piece * piece

    with ThreadPoolExecutor(4) as pool:
        found = list(in_order(lambda piece: pool.submit(work, piece), range(10), lambda: at_once))
    assert found == [(piece, piece * piece) for piece in range(10)]


@pytest.mark.parametrize(("at_once", "begun"), [(1, [1, 2, 3, 4, 5]), (3, [3, 4, 5, 5, 5])])
def test_so_many_are_begun_before_one_is_waited_for(at_once: int, begun: list[int]) -> None:
    later = Later()
    made = in_order(later.begin, range(5), lambda: at_once)
    assert [(next(made), len(later.begun))[1] for _ in range(5)] == begun
    assert list(made) == [] and later.cancelled == []


def test_more_are_begun_where_workers_join() -> None:
    later, workers = Later(), [1]
    made = in_order(later.begin, range(9), lambda: workers[0])
    next(made)
    workers[0] = 4
    next(made)
    assert later.begun == [0, 1, 2, 3, 4]


def test_the_rest_is_given_up_where_the_caller_stops() -> None:
    later = Later()
    made = in_order(later.begin, range(9), lambda: 4)
    next(made)
    made.close()
    assert later.cancelled == [1, 2, 3]


def _failing(piece: int) -> Future[int]:
    future: Future[int] = Future()
    future.set_exception(OSError("gone"))
    return future


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(OSError, match="gone"):
        next(in_order(_failing, range(3), lambda: 2))


def test_no_pieces_give_nothing() -> None:
    assert list(in_order(_failing, [], lambda: 2)) == []
