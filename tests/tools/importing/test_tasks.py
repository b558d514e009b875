from __future__ import annotations

import pytest

from lsl_shared.errors import ConfigError, LabelError
from lsl_tools.importing.tasks import TaskSpec, parse_tasks


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], []),
        (["family", "species:family"], [("family", ""), ("species", "family")]),
        (["species:family", "family"], [("family", ""), ("species", "family")]),
        (["species:family"], [("family", ""), ("species", "family")]),
        ([" species : family "], [("family", ""), ("species", "family")]),
        (["a:b", "b:c"], [("c", ""), ("b", "c"), ("a", "b")]),
        (["view", "view"], [("view", "")]),
    ],
)
def test_parents_come_first(texts: list[str], expected: list[tuple[str, str]]) -> None:
    assert parse_tasks(texts) == tuple(TaskSpec(*spec) for spec in expected)


@pytest.mark.parametrize("texts", [["a:a"], ["a:b", "b:a"], ["a:b", "b:c", "c:a"]])
def test_circles_are_refused(texts: list[str]) -> None:
    with pytest.raises(ConfigError, match="cannot be above itself"):
        parse_tasks(texts)


def test_two_parents_are_refused() -> None:
    with pytest.raises(ConfigError, match="--task species:genus: 'species' was given another parent before, 'family'"):
        parse_tasks(["species:family", "species:genus"])


@pytest.mark.parametrize("text", ["", ":family", "Species", "my species", "a:B", "a:b:c"])
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(LabelError, match="use lower-case letters"):
        parse_tasks([text])
