from __future__ import annotations

from collections.abc import Iterable

import pytest

from lsl_shared.wording import first_few, printable


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], ""),
        (["oak"], "oak"),
        (["a", "b", "c"], "a, b, c"),
        (list("abcde"), "a, b, c and 2 more"),
        (range(4), "0, 1, 2 and 1 more"),
    ],
)
def test_the_first_and_how_many_more(names: Iterable[object], told: str) -> None:
    assert first_few(names, 3) == told


def test_another_separator() -> None:
    assert first_few(("a", "b", "c"), 2, "; ") == "a; b and 1 more"


def test_names_do_not_steer_a_terminal() -> None:
    assert printable("eve\x1b[31m\r\nüß λ") == "eve?[31m??üß λ"
