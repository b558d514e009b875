from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.build.mapped_task import MappedClasses, MappedTerms, mapped_task, task_of, term_task_of
from lsl_shared import Annotations, GemError

Make = Callable[..., Path]


@pytest.fixture
def annotated(make_store: Make, make_bundle: Make) -> Path:
    return annotate(make_store(100), Model.load(make_bundle()), constrain="stage_range").path


def _add(path: Path, name: str, classes: list[str], kind: str = "class") -> None:
    with h5py.File(path, "r+") as file:
        group = file.create_group(name)
        group.attrs.create("classes", classes, dtype=h5py.string_dtype())
        group.attrs["kind"] = kind


def test_task_is_the_one_that_has_the_classes(annotated: Path) -> None:
    _add(annotated, "age", ["old", "9"])
    with Annotations(annotated) as given:
        assert task_of(given, ["4", "9"]) == "stage"
        assert task_of(given, ["old", "9"]) == "age"
        assert task_of(given, ["9"], "stage") == "stage"
        with pytest.raises(GemError, match=r"no class 'old'. Classes of the model are stage: 4, 5, 7, 9"):
            task_of(given, ["old"], "stage")
        with pytest.raises(GemError, match="no task has all of 4, old"):
            task_of(given, ["4", "old"])


def test_the_kind_is_that_of_the_annotations(annotated: Path) -> None:
    _add(annotated, "cv_terms", ["brain"], "terms")
    with Annotations(annotated) as given:
        assert mapped_task(given, "cv_terms") == MappedTerms("cv_terms")
        assert mapped_task(given, "stage") == MappedClasses("stage", "stage_range")
        assert mapped_task(given, "stage", constrained=False) == MappedClasses("stage")


def test_classes_share_a_pass_and_terms_do_not() -> None:
    stage, terms = MappedClasses("stage"), MappedTerms("cv_terms")
    assert stage.passes(["4", "9"]) == [(stage, ["4", "9"])]
    assert terms.passes(["brain", "gut"]) == [
        (MappedTerms("cv_terms", "brain"), ["brain"]), (MappedTerms("cv_terms", "gut"), ["gut"]),
    ]  # fmt: skip


def test_stored_maps_explain_the_predicted_class_alone(annotated: Path, make_bundle: Make) -> None:
    model = Model.load(make_bundle())
    with Annotations(annotated) as given:
        kept, free = MappedClasses("stage", "stage_range"), MappedClasses("stage")
        same = given.constrained_class("stage") == given.class_index("stage")
        np.testing.assert_array_equal(kept.predicted(given), same)
        np.testing.assert_array_equal(kept.logits(given, model), np.where(same, -1, given.constrained_class("stage")))
        assert free.predicted(given).all() and (free.logits(given, model) == -1).all()
        assert not MappedTerms("stage", "9").predicted(given).any()
        assert (MappedTerms("stage", "9").logits(given, model) == 3).all()
    assert 0 < same.sum() < len(same)


def test_terms_of_two_tasks(annotated: Path) -> None:
    with Annotations(annotated) as given, pytest.raises(GemError, match="its model knows no terms"):
        term_task_of(given, ["brain"])
    _add(annotated, "organs", ["brain", "gut"], "terms")
    _add(annotated, "layers", ["mesoderm"], "terms")
    with Annotations(annotated) as given:
        assert term_task_of(given, ["mesoderm"]) == "layers"
        with pytest.raises(GemError, match=r"no term 'eye'\. The model's terms are"):
            term_task_of(given, ["eye"])
        with pytest.raises(GemError, match="no task has all of brain, mesoderm; map the terms of each by themselves"):
            term_task_of(given, ["brain", "mesoderm"])
