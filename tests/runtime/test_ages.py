from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.table import annotation_columns
from lsl_shared import Annotations, AnnotationsError, ConfigError, Status

TABLE = "class,begin,end,unit\n4,0,1,days\n5,1,3,days\n7,3,4,days\n9,6,8,days\n"


@pytest.fixture
def annotated(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> tuple[Path, Model]:
    store, model = make_store(40), Model.load(make_bundle(), "cpu")
    annotate(store, model)
    return store, model


def test_images_with_a_class_have_an_age_near_it(annotated: tuple[Path, Model]) -> None:
    store, _ = annotated
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        age, unit = given.age("stage"), given.timetable("stage").unit
        likely, index = given.probability("stage"), given.class_index("stage")
        assert given.has_age("stage") and unit == "minutes"
        np.testing.assert_array_equal(np.isnan(age), given.status != Status.ANNOTATED)
        begin, end = (np.array(getattr(given.timetable("stage"), name))[index] for name in ("begin", "end"))
        sure = (index >= 0) & (likely > 0.5)
        assert sure.any() and ((begin <= age) & (age <= end))[sure].all()
    columns = annotation_columns(store.with_suffix(".annotations.h5"), store)
    assert columns["stage_age"][:3] == [None if np.isnan(one) else one for one in age[:3].tolist()]


def test_another_timetable_tells_ages_anew_without_the_graphs(
    annotated: tuple[Path, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, model = annotated
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        places = given.timetable("stage").positions(given.age("stage"))
    (store.parent / "t.csv").write_text(TABLE)
    monkeypatch.setattr("lsl_runtime.annotation.run.Work.make", lambda *_: pytest.fail("inference"))
    for timetable in (store.parent / "t.csv", None):  # a further run keeps what was asked for
        annotate(store, model, timetable=timetable)
        with Annotations(store.with_suffix(".annotations.h5")) as given:
            assert given.timetable("stage").unit == "days"
            np.testing.assert_allclose(given.timetable("stage").positions(given.age("stage")), places, atol=1e-4)


def test_files_without_ages_get_them_without_the_graphs(
    annotated: tuple[Path, Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, model = annotated
    path = store.with_suffix(".annotations.h5")
    with h5py.File(path, "r+") as file:
        expected = file["stage/age"][...]
        for name in ("age", "age_low", "age_high", "age_position"):
            del file[f"stage/{name}"]
    with Annotations(path) as given, pytest.raises(AnnotationsError, match="stage/age"):
        assert not given.has_age("stage")
        given.age("stage")
    monkeypatch.setattr("lsl_runtime.annotation.run.Work.make", lambda *_: pytest.fail("inference"))
    annotate(store, model)
    with Annotations(path) as given:
        np.testing.assert_array_equal(given.age("stage"), expected)


def test_a_class_without_times_is_named_before_anything_is_done(annotated: tuple[Path, Model]) -> None:
    store, model = annotated
    (store.parent / "t.csv").write_text(TABLE.replace("9,6,8,days\n", ""))
    with pytest.raises(ConfigError, match=r"--timetable, task stage: .* lacks the class 9"):
        annotate(store, model, timetable=store.parent / "t.csv", out=store.parent / "new.h5")
    assert not (store.parent / "new.h5").exists()


def test_a_model_alone_tells_ages(annotated: tuple[Path, Model]) -> None:
    _, model = annotated
    given = model.predictions(np.array([[0.1, 0.8, 0.1, 0.0]], np.float32), np.zeros((1, 3), np.float32))
    assert given.age is not None and given.age_unit == "minutes"
    assert 130 < given.age[0] < 170  # stage 5
