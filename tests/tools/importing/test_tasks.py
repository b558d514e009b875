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


@pytest.mark.parametrize("texts", [["a:a"], ["a:b", "b:a"], ["a:b", "b:c", "c:a"], ["a:b", "a:c", "c:a"]])
def test_circles_are_refused(texts: list[str]) -> None:
    with pytest.raises(ConfigError, match="cannot be above itself"):
        parse_tasks(texts)


def test_a_task_may_have_several_coarse_ones() -> None:
    found = parse_tasks(["species:family", "species:biome", "species", "family:orders", "species:biome"])
    assert found == (
        TaskSpec("biome"), TaskSpec("orders"), TaskSpec("family", "orders"), TaskSpec("species", "family", ("biome",)),
    )  # fmt: skip
    assert found[3].coarse == ("family", "biome")


def test_the_usual_ranges_of_the_fly_stay_the_parent() -> None:
    *_, stage = parse_tasks(["stage:fish_range", "stage:hours", "stage:stage_range"])
    assert stage == TaskSpec("stage", "stage_range", ("fish_range", "hours"))


@pytest.mark.parametrize("text", ["", ":family", "Species", "my species", "a:B", "a:b:c"])
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(LabelError, match="use lower-case letters"):
        parse_tasks([text])
