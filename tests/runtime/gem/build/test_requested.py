from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.build.requested import Meant, meant_stages
from lsl_runtime.gem.build.selection import Filter
from lsl_shared import GemError

Make = Callable[..., Path]


@pytest.fixture
def store(make_store: Make, make_bundle: Make) -> Path:
    path = make_store(60)
    annotate(path, Model.load(make_bundle()))
    return path


CLASSES = ("4", "5", "7", "9")


def test_named_stages_stay(store: Path) -> None:
    assert meant_stages(store, ["9", "4"]) == Meant("stage", CLASSES, ("9", "4"))
    with pytest.raises(GemError, match="no class 'none'"):
        meant_stages(store, ["9", "none"])


@pytest.mark.parametrize("asked", [[], ["all"], ["9", "all"]])
def test_all_are_those_with_images_in_the_models_order(store: Path, asked: list[str]) -> None:
    assert meant_stages(store, asked) == Meant("stage", CLASSES, CLASSES)


def test_stages_that_the_filter_leaves_empty_are_told(store: Path) -> None:
    meant = meant_stages(store, [], wanted=Filter(genes=["gene003"]))
    assert meant.stages and meant.empty and sorted([*meant.stages, *meant.empty]) == list(CLASSES)
    with pytest.raises(GemError):
        meant_stages(store, [], wanted=Filter(view="dorsal"))


def test_a_class_called_all_is_a_class(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    path = make_store(30, path=tmp_path / "other.h5", fine=False)
    annotate(path, Model.load(make_bundle(tmp_path / "odd", classes=("all", "5", "7", "9"))))
    assert meant_stages(path, ["all"]) == Meant("stage", ("all", "5", "7", "9"), ("all",))


def test_answers_that_keep_to_coarse_labels_are_told(make_store: Make, make_bundle: Make) -> None:
    path = make_store(60)
    annotate(path, Model.load(make_bundle()), constrain="stage_range")
    assert [meant_stages(path, asked).within for asked in (["9"], ["all"])] == ["stage_range"] * 2
    assert meant_stages(path, ["9"], wanted=Filter(constrained=False)).within == ""
