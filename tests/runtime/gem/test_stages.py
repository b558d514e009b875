from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.choice import Filter
from lsl_runtime.gem.stages import classes_of, meant_stages
from lsl_shared import GemError, annotations_path

Make = Callable[..., Path]


@pytest.fixture
def store(make_store: Make, make_bundle: Make) -> Path:
    path = make_store(60)
    annotate(path, Model.load(make_bundle()))
    return path


def test_named_stages_stay(store: Path) -> None:
    assert meant_stages(store, ["9", "none"]) == (["9", "none"], [])


@pytest.mark.parametrize("asked", [[], ["all"], ["9", "all"]])
def test_all_are_those_with_images_in_the_models_order(store: Path, asked: list[str]) -> None:
    assert meant_stages(store, asked) == (["4", "5", "7", "9"], [])


def test_stages_that_the_filter_leaves_empty_are_told(store: Path) -> None:
    held, empty = meant_stages(store, [], wanted=Filter(genes=["gene003"]))
    assert held and empty and sorted([*held, *empty]) == ["4", "5", "7", "9"]
    with pytest.raises(GemError):
        meant_stages(store, [], wanted=Filter(view="dorsal"))


def test_a_class_called_all_is_a_class(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    path = make_store(30, path=tmp_path / "other.h5", fine=False)
    annotate(path, Model.load(make_bundle(tmp_path / "odd", classes=("all", "5", "7", "9"))))
    assert meant_stages(path, ["all"]) == (["all"], [])
    assert classes_of(annotations_path(path), "all") == ["all", "5", "7", "9"]
