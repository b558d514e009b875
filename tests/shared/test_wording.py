from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest

from lsl_shared.wording import command_line, counted, first_few, printable


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


@pytest.mark.parametrize(
    "name",
    [
        "store.h5",
        "my store.h5",
        "it's.h5",
        'a "b".h5',
        "$HOME.h5",
        "a&b;c.h5",
        "~x",
        "a\nb",
        "ü λ.h5",
        "*.h5",
        "(1).h5",
    ],
)
def test_a_command_can_be_pasted(name: str) -> None:
    assert shlex.split(command_line("lsl-annotate", Path(name), "--out", name)) == ["lsl-annotate", name, "--out", name]


def test_a_path_is_no_option() -> None:
    assert command_line("lsl-annotate", Path("-x.h5"), "--features") == "lsl-annotate ./-x.h5 --features"


def test_windows_has_its_own_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsl_shared.wording.os.name", "nt")
    assert command_line("lsl-annotate", r"C:\my store.h5") == r'lsl-annotate "C:\my store.h5"'


def test_counted() -> None:
    assert [counted(number, "gene") for number in (0, 1, 1237)] == ["0 genes", "1 gene", "1,237 genes"]
