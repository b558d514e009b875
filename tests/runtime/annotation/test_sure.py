"""What is sure of each image, in annotations, tables, predictions and maps, held against the definition in words."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, build_gem, write_csv
from lsl_runtime.annotation.cli import app
from lsl_shared import Annotations, AnnotationsError, GemError, Store
from lsl_shared.files.allowed_classes import allowed_classes
from tests.support.bands import draw_embryo

Make = Callable[..., Path]
PARENTS = {"4": "4-6", "5": "4-6", "7": "7-8", "9": "9-10"}


def expected(possible: set[str], promised: bool) -> tuple[str, str]:
    parents = {PARENTS[one] for one in possible}
    if not promised or not possible:
        return "none", ""
    if len(possible) == 1:
        return "stage", next(iter(possible))
    if len(parents) == 1:
        return "stage_range", next(iter(parents))
    return ("list", "") if len(possible) < 4 else ("none", "")


def test_every_image_has_the_finest_answer_that_its_set_and_its_label_leave(
    make_store: Make, make_bundle: Make, tmp_path: Path
) -> None:
    model = Model.load(make_bundle(threshold=0.98))
    path = annotate(make_store(100), model).path
    write_csv(path, tmp_path / "store.h5", tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as stream:
        told = list(csv.DictReader(stream))
    with Store(tmp_path / "store.h5") as store, Annotations(path) as given:
        left = given.prediction_set("stage") & allowed_classes(store, model.task)
        assert (given.possible("stage") == left).all()
        rows = zip(left, given.sure_level("stage"), given.sure_answer("stage"), told, strict=True)
        seen = set[str]()
        for possible, level, answer, line in rows:
            names = {name for name, inside in zip(given.tasks["stage"], possible, strict=True) if inside}
            assert (level, answer) == expected(names, True)
            assert line["stage_level"] == ("" if level == "none" else level)
            assert line["stage_answer"] == ("|".join(sorted(names)) if level == "list" else answer)
            seen.add(level)
        # Without the labels of the store, as `predict` knows none.
        found = model.predict(store.read(0, 20))
        for possible, level, answer in zip(found.prediction_set, found.level, found.answer, strict=True):  # type: ignore[arg-type]
            assert (level, answer) == expected({found.classes[k] for k in np.flatnonzero(possible)}, True)
    assert {"stage", "stage_range", "none"} <= seen


def test_images_without_any_label_have_coarse_answers_too(make_store: Make, make_bundle: Make) -> None:
    """As photographs that nobody has looked at yet: the store then has no task at all."""
    model, path = Model.load(make_bundle(threshold=0.9)), make_store(100)
    both = np.minimum(*(draw_embryo(np.random.default_rng(k), k) for k in (0, 1)))  # of 4 and of 5
    with h5py.File(path, "r+") as file:
        file["images"][0] = both
        for task in list(file["labels"]):
            del file[f"labels/{task}"]
    with Store(path) as store, Annotations(annotate(path, model).path) as given:
        assert not store.tasks
        found = model.predict(store.read(0, 100))
        assert given.sure_level("stage").tolist() == found.level.tolist()  # type: ignore[union-attr]
        assert given.sure_answer("stage").tolist() == found.answer.tolist()  # type: ignore[union-attr]
        assert given.sure_level("stage")[0] == "stage_range" and given.sure_answer("stage")[0] == "4-6"


def test_the_command_counts_what_is_sure(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [str(make_store(100)), "--model", str(make_bundle(threshold=0.98))])
    with Annotations(tmp_path / "store.annotations.h5") as given:
        levels = given.sure_level("stage").tolist()
    stage, above, few, nothing = map(levels.count, ("stage", "stage_range", "list", "none"))
    assert f"sure: stage of {stage}, stage_range of {above}, a short list for {few}, nothing for {nothing} images" in (
        " ".join(done.output.split())
    )


def test_nothing_is_sure_where_nothing_is_promised(make_store: Make, make_bundle: Make) -> None:
    path = annotate(make_store(40), Model.load(make_bundle(threshold=None))).path
    with Annotations(path) as given:
        assert set(given.sure_level("stage")) == {"none"}
    with pytest.raises(GemError, match="leave --sure out"):
        build_gem(path.parent / "store.h5", "9", masked=False, sure=True)


def test_maps_of_sure_images_are_made_of_these_alone(make_store: Make, make_bundle: Make) -> None:
    path = annotate(make_store(100), Model.load(make_bundle(threshold=0.8))).path
    with Annotations(path) as given:
        sure, classes = int((given.sure_answer("stage") == "9").sum()), int((given.class_index("stage") == 3).sum())
    store = path.parent / "store.h5"
    found = build_gem(store, "9", masked=False, sure=True)
    assert found.n_images == sure < classes == build_gem(store, "9", masked=False).n_images
    assert found.selection == "sure ones alone"


def test_annotations_of_version_0_1_0_do_not_tell_it(make_store: Make, make_bundle: Make) -> None:
    path = annotate(make_store(40), Model.load(make_bundle(threshold=0.8))).path
    with h5py.File(path, "r+") as file:
        for name in ("level", "answer", "possible", "level_names", "answer_names"):
            del file[f"stage/{name}"]
    with Annotations(path) as given:
        assert not given.has_sure("stage")
        with pytest.raises(AnnotationsError, match="stage/level"):
            given.sure_level("stage")
    with pytest.raises(GemError, match="annotate again"):
        build_gem(path.parent / "store.h5", "9", masked=False, sure=True)
    with h5py.File(path, "r+") as file:
        file["stage/level"] = np.full(40, 9, np.uint8)
        file["stage/level_names"] = ["none"]
    with Annotations(path) as given, pytest.raises(AnnotationsError, match="points beyond its 1 names"):
        given.sure_level("stage")
