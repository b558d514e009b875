from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared.errors import LabelError
from lsl_shared.fly import stage_range_space, stage_space
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.spaces import label_column, label_spaces, with_implied_labels
from lsl_tools.importing.tasks import parse_tasks


def listing(tasks: list[str], *rows: dict[str, str]) -> Listing:
    samples = tuple(
        Sample(Path(f"{k}.png"), f"{k}.png", str(k), f"line {k + 2}", labels=row) for k, row in enumerate(rows)
    )
    return Listing(samples, parse_tasks(tasks))


def test_two_levels() -> None:
    found = with_implied_labels(
        listing(
            ["family", "species:family"],
            {"family": "palm", "species": "areca 10"},
            {"family": "palm", "species": "areca 9"},
            {"family": "moss", "species": ""},
            {"family": "", "species": "areca 9"},
            {},
        )
    )
    spaces = label_spaces(found)
    family = LabelSpace("family", ("moss", "palm"))
    assert spaces == {"family": family, "species": LabelSpace("species", ("areca 9", "areca 10"), "family", (1, 1))}
    assert label_column(found.samples, spaces["species"]).tolist() == [1, 0, -1, 0, -1]
    assert label_column(found.samples, family).tolist() == [1, 1, 0, 1, -1]  # the fourth is implied


def test_three_levels_are_implied_upwards() -> None:
    found = with_implied_labels(listing(["a:b", "b:c"], {"a": "a1", "b": "b1", "c": "c1"}, {"a": "a1"}, {"b": "b1"}))
    assert [dict(sample.labels) for sample in found.samples][1:] == [
        {"a": "a1", "b": "b1", "c": "c1"},
        {"b": "b1", "c": "c1"},
    ]


def test_two_parents_name_both_places() -> None:
    rows = [{"family": family, "species": "areca"} for family in ("palm", "moss", "oak")]
    with pytest.raises(LabelError, match=r"line 3: species 'areca' .* 'moss', but under 'palm' in line 2$"):
        with_implied_labels(listing(["species:family"], *rows))


def test_a_fine_class_without_parent() -> None:
    rows = [{"family": "palm", "species": ""}, {"family": "", "species": "areca"}]
    with pytest.raises(LabelError, match="line 3: species 'areca' has no family in any row"):
        with_implied_labels(listing(["species:family"], *rows))


def test_many_problems_are_summed_up() -> None:
    rows = [{"species": f"s{k}"} for k in range(13)]
    with pytest.raises(LabelError) as caught:
        with_implied_labels(listing(["species:family"], *rows))
    told = str(caught.value).splitlines()
    assert (told[0], told[-1].strip(), len(told)) == ("13 faults:", "and 3 more", 12)
    assert told[10].strip() == "line 11: species 's9' has no family in any row, nor in a table of --allows"


def test_a_task_without_any_label() -> None:
    with pytest.raises(LabelError, match="task 'family' has no classes"):
        label_spaces(with_implied_labels(listing(["family"], {"family": ""})))


@pytest.mark.parametrize("tasks", [["stage"], ["stage_range", "stage:stage_range"], ["stage:stage_range"]])
def test_the_fly_is_complete_and_knows_its_ranges(tasks: list[str]) -> None:
    found = with_implied_labels(listing(tasks, {"stage": "9.0"}, {"stage": "2"}, {"stage": ""}))
    spaces = label_spaces(found)
    assert spaces == {"stage_range": stage_range_space(), "stage": stage_space()}
    assert label_column(found.samples, spaces["stage_range"]).tolist() == [3, 0, -1]
    assert label_column(found.samples, spaces["stage"]).tolist() == [5, -1, -1]


def test_ranges_alone() -> None:
    found = with_implied_labels(listing(["stage_range", "view"], {"stage_range": "13-16", "view": "dorsal"}))
    assert label_spaces(found) == {"stage_range": stage_range_space(), "view": LabelSpace("view", ("dorsal",))}


def test_a_typo_among_stages_is_an_error_not_a_class() -> None:
    with pytest.raises(LabelError, match=r"line 4: stage '100' is not a whole stage"):
        with_implied_labels(listing(["stage"], {"stage": "4"}, {"stage": "5"}, {"stage": "100"}))


def test_other_animals_have_stages_too() -> None:
    found = with_implied_labels(listing(["stage"], {"stage": "L1"}, {"stage": "L10"}, {"stage": "L2"}))
    assert label_spaces(found) == {"stage": LabelSpace("stage", ("L1", "L2", "L10"))}


def test_stages_under_another_parent_are_ordinary() -> None:
    found = with_implied_labels(listing(["stage:half"], {"stage": "4", "half": "early"}))
    assert label_spaces(found)["stage"] == LabelSpace("stage", ("4",), "half", (0,))
