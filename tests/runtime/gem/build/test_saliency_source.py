from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model, annotate, build_gem
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.saliency_source import saliency_source
from lsl_runtime.gem.build.source import Source
from lsl_shared import Annotations, AnnotationsError, Store, annotations_path

Make = Callable[..., Path]
STAGE = MappedClasses("stage")


def test_stored_maps_come_first(make_store: Make, make_bundle: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    store, model = make_store(300, chunk=20), Model.load(make_bundle())
    path = annotate(store, model, saliency=True).path
    rows = np.array([3, 19, 20, 21, 150, 299])
    with Store(store) as opened, Annotations(path) as given:
        whole, images = given.saliency(0, 300), opened.select(rows)
        monkeypatch.setattr(Model, "explain", None)
        np.testing.assert_array_equal(saliency_source(Source(opened, given, model), STAGE)(rows, images), whole[rows])


def test_annotating_model_is_found_by_its_path(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    annotate(store, model)
    on_its_own, given = build_gem(store, "4").masked_gem, build_gem(store, "4", model=model).masked_gem
    assert on_its_own is not None and given is not None
    np.testing.assert_array_equal(on_its_own, given)


def test_moved_model_says_what_helps(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, bundle = make_store(60), make_bundle()
    annotate(store, Model.load(bundle))
    bundle.rename(tmp_path / "moved")
    with pytest.raises(AnnotationsError, match=r"no saliency maps.*\nGive --model BUNDLE.*lsl-annotate .* --saliency"):
        build_gem(store, "4")
    assert build_gem(store, "4", masked=False).n_images > 0
    assert build_gem(store, "4", model=Model.load(tmp_path / "moved")).masked_gem is not None


def test_model_that_has_changed_since_is_refused(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    annotate(store, Model.load(make_bundle()))
    make_bundle(gain=4.0)
    with pytest.raises(AnnotationsError, match=r"has changed since\.\nGive --model BUNDLE"):
        build_gem(store, "4")


def test_other_model_is_refused_even_with_stored_maps(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store = make_store(60)
    annotate(store, Model.load(make_bundle()), saliency=True)
    other = Model.load(make_bundle(tmp_path / "other", gain=4.0))
    with pytest.raises(AnnotationsError, match=r"was made by another model .* --restart"):
        build_gem(store, "4", model=other)


def test_a_method_asked_for_is_computed_where_others_are_stored(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    annotate(store, model, saliency=True, saliency_method="gradient-input")
    rows = np.arange(20)
    with Store(store) as opened, Annotations(annotations_path(store)) as given:
        images = opened.select(rows)
        stored = saliency_source(Source(opened, given), STAGE)
        asked = saliency_source(Source(opened, given), STAGE, "gradient-input")
        np.testing.assert_array_equal(stored(rows, images), given.saliency(0, 20))
        np.testing.assert_array_equal(asked(rows, images), given.saliency(0, 20))
        computed = saliency_source(Source(opened, given, model), STAGE, "smoothgrad")(rows, images)
        np.testing.assert_array_equal(computed, model.saliency(images, method="smoothgrad"))


def test_method_is_told_in_the_map(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    annotate(store, model, saliency=True)
    plain, smooth = build_gem(store, "4"), build_gem(store, "4", saliency_method="smoothgrad")
    assert plain.masked_gem is not None and smooth.masked_gem is not None
    assert (plain.selection, smooth.selection) == ("", "masks by SmoothGrad")
    assert (plain.masked_gem != smooth.masked_gem).any() and (plain.gem == smooth.gem).all()
    assert build_gem(store, "4", masked=False, saliency_method="smoothgrad").selection == ""
    annotate(store, model, saliency=True, saliency_method="gradient-input")
    assert build_gem(store, "4", genes=["gene000", "gene001", "gene002", "gene003", "gene004"]).selection == (
        "only listed genes (5), masks by gradient × contrast"
    )
