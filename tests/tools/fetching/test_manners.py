from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from lsl_shared.errors import ConfigError
from lsl_tools.fetching.manners import Manners, Pace, asked_pause, user_agent


@pytest.mark.parametrize(
    ("field", "value"), [("rate", 0.0), ("rate", -1.0), ("attempts", 0), ("largest", 0), ("silence", float("nan"))]
)
def test_manners_are_checked(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"--{field} must be .*{value}"):
        Manners(**{field: value})


def test_pauses_double_and_vary() -> None:
    manners = Manners(first_pause=2.0)
    for failures, longest in ((1, 2.0), (2, 4.0), (3, 8.0)):
        drawn = [manners.pause(failures, 0.0) for _ in range(50)]
        assert longest / 2 <= min(drawn) < max(drawn) <= longest


def test_a_server_may_ask_for_more_but_not_for_less() -> None:
    assert Manners(first_pause=2.0).pause(1, 9.0) == 9.0
    assert Manners(first_pause=2.0).pause(1, 0.1) >= 1.0


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), (" 0 ", 0), (None, 0), ("", 0), ("soon", 0), ("-5", 0), ("²", 0)]
)
def test_retry_after_in_seconds(header: str | None, seconds: float) -> None:
    assert asked_pause(header) == seconds


def test_retry_after_as_a_date() -> None:
    assert asked_pause(formatdate(time.time() + 100, usegmt=True)) == pytest.approx(100, abs=2)
    assert asked_pause(formatdate(time.time() - 100, usegmt=True)) == 0


def test_the_pace_sleeps_what_is_left() -> None:
    slept: list[float] = []
    pace = Pace(0.1, slept.append)
    for _ in range(3):
        pace.wait()
    assert slept == [pytest.approx(10, abs=0.1), pytest.approx(20, abs=0.1)]


def test_the_user_agent_names_the_tool() -> None:
    assert user_agent().startswith("lsl-toolkit/")
