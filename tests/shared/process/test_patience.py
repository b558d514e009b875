from __future__ import annotations

import errno
import time

import pytest

from lsl_shared.process.patience import patiently


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def _failing(times: int, number: int | None) -> list[OSError]:
    return [OSError(number, "gone") if number else OSError("damaged") for _ in range(times)]


def test_what_fails_for_a_moment_is_tried_again(slept: list[float]) -> None:
    problems, before = _failing(3, errno.EIO), list[str]()

    def work() -> str:
        if problems:
            raise problems.pop()
        return "done"

    assert patiently(work, lambda: before.append("again")) == "done"
    assert slept == [0.1, 0.3, 0.8] and before == ["again"] * 3


def test_patience_ends(slept: list[float]) -> None:
    problems = _failing(100, errno.ESTALE)

    def work() -> None:
        raise problems.pop()

    with pytest.raises(OSError, match="gone"):
        patiently(work)
    assert len(problems) == 94 and sum(slept) < 10


def test_failing_preparation_is_tried_again_too(slept: list[float]) -> None:
    tries = _failing(2, errno.ENOENT)

    def before() -> None:
        if len(tries) > 0:
            raise tries.pop()

    def work() -> str:
        if len(slept) == 0:
            raise OSError(errno.EIO, "gone")
        return "done"

    assert patiently(work, before) == "done" and len(slept) == 3


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, None])
def test_what_lasts_is_told_at_once(slept: list[float], number: int | None) -> None:
    def work() -> None:
        raise _failing(1, number)[0]

    with pytest.raises(OSError):
        patiently(work)
    assert slept == []
