from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.requested import Requested, requested, requested_of_command
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import open_source
from lsl_shared import GemError

Make = Callable[..., Path]


CLASSES = ("4", "5", "7", "9")


def _requested(store: Path, stages: Sequence[str], wanted: Filter | None = None) -> Requested:
    with open_source(store) as source:
        return requested_of_command(source, stages, [], wanted or Filter())


def test_named_stages_stay(annotated: Path) -> None:
    asked = Requested(MappedClasses("stage"), CLASSES, ("9", "4"))
    assert _requested(annotated, ["9", "4", "9"]) == asked and asked.passes == 1
    with open_source(annotated) as source:
        assert requested(source, ["9", "4"], Filter()) == asked
    with pytest.raises(GemError, match="no class 'none'"):
        _requested(annotated, ["9", "none"])


@pytest.mark.parametrize("names", [[], ["all"], ["9", "all"]])
def test_all_are_those_with_images_in_the_models_order(annotated: Path, names: list[str]) -> None:
    assert _requested(annotated, names) == Requested(MappedClasses("stage"), CLASSES, CLASSES)


def test_stages_that_the_filter_leaves_empty_are_told(annotated: Path) -> None:
    asked = _requested(annotated, [], Filter(genes=["gene003"]))
    assert asked.names and asked.empty and sorted([*asked.names, *asked.empty]) == list(CLASSES)
    assert list(asked.told()) == [f"no images, so no map: {', '.join(asked.empty)}"]
    with pytest.raises(GemError):
        _requested(annotated, [], Filter(view="dorsal"))


def test_a_class_called_all_is_a_class(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    path, classes = make_store(30, path=tmp_path / "other.h5", fine=False), ("all", "5", "7", "9")
    annotate(path, Model.load(make_bundle(tmp_path / "odd", classes=classes)))
    assert _requested(path, ["all"]) == Requested(MappedClasses("stage"), classes, ("all",))


def test_answers_that_keep_to_coarse_labels_are_told(make_store: Make, make_bundle: Make) -> None:
    path = make_store(60)
    annotate(path, Model.load(make_bundle()), constrain="stage_range")
    for names in (["9"], ["all"]):
        assert [line[:38] for line in _requested(path, names).told()] == ["answers within the known stage_range, "]
    assert list(_requested(path, ["9"], Filter(constrained=False)).told()) == []
