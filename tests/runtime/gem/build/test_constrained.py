"""Maps of the stages that keep to known coarse labels, where the annotations hold them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, build_gem
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.saliency_samples import saliency_samples
from lsl_runtime.gem.build.saliency_source import saliency_source
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source
from lsl_runtime.gem.cli import app
from lsl_runtime.gem.comparison.comparison import GemSide, compare_gems
from lsl_shared import Annotations, AnnotationsError, Status, Store

Make = Callable[..., Path]


@pytest.fixture
def store(make_store: Make, make_bundle: Make) -> Path:
    path = make_store(150, chunk=20)
    annotate(path, Model.load(make_bundle()), saliency=True, constrain="stage_range")
    return path


def images_of(path: Path, name: str, place: int) -> int:
    with Annotations(path.with_suffix(".annotations.h5")) as given:
        chosen = given.constrained_class("stage") if name == "constrained" else given.class_index("stage")
        return int(((chosen == place) & (given.status == Status.ANNOTATED)).sum())


def test_they_are_mapped_unless_free_ones_are_asked_for(store: Path) -> None:
    kept, free = (build_gem(store, "9", constrained=constrained) for constrained in (True, False))
    assert (kept.n_images, free.n_images) == (images_of(store, "constrained", 3), images_of(store, "free", 3))
    assert kept.n_images != free.n_images
    assert (kept.selection, free.selection) == ("within the known stage_range", "")
    assert [sample.probability for sample in kept.samples] == [1.0] * 5, "range 9-10 has one stage"


def test_masks_are_of_the_class_that_is_mapped(store: Path, make_bundle: Make) -> None:
    model = Model.load(make_bundle())
    with Store(store) as opened, Annotations(store.with_suffix(".annotations.h5")) as given:
        rows = np.flatnonzero(given.constrained_class("stage") >= 0)
        classes = given.constrained_class("stage")[rows].astype(np.int64)
        other = classes != given.class_index("stage")[rows]
        images = opened.select(rows)
        expected = model.saliency(images, classes)
        source, task = Source(opened, given, model), MappedClasses("stage", "stage_range")
        stored = saliency_source(source, task)(rows, images)
        computed = saliency_source(source, task, "gradient-input")(rows, images)
    assert other.any() and not other.all()
    np.testing.assert_allclose(stored[other], expected[other], rtol=1e-5)
    np.testing.assert_allclose(stored, expected, atol=expected.max() / 200)
    np.testing.assert_allclose(computed, model.saliency(images, classes, method="gradient-input"), rtol=1e-5)


def test_the_model_is_needed_only_where_a_class_changed(store: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").rename(tmp_path / "gone")
    with pytest.raises(AnnotationsError, match=r"no maps of constrained classes(.|\n)*--free"):
        build_gem(store, "9")
    assert build_gem(store, "9", constrained=False).masked_gem is not None


def test_workers_map_the_same(store: Path) -> None:
    here, there = build_gem(store, "9"), build_gem(store, "9", workers=1)
    assert (here.gem == there.gem).all() and here.n_images == there.n_images
    np.testing.assert_allclose(here.masked_gem, there.masked_gem, atol=1e-6)  # type: ignore[arg-type]


def test_comparisons_and_panels_keep_to_them_too(store: Path) -> None:
    sides = GemSide("4"), GemSide("9")
    kept, free = (compare_gems(store, *sides, masked=True, constrained=choice) for choice in (True, False))
    assert kept.n_images == (images_of(store, "constrained", 0), images_of(store, "constrained", 3))
    assert free.n_images == (images_of(store, "free", 0), images_of(store, "free", 3))
    shown = saliency_samples(store, ["9"], 150, wanted=Filter(weights="equal"))
    assert len(shown) == kept.n_images[1] and {sample.probability for sample in shown} == {1.0}


def test_the_command_says_so(store: Path) -> None:
    kept = CliRunner().invoke(app, [str(store), "--stage", "9", "--no-html"])
    assert "answers within the known stage_range" in kept.output
    assert f"stage 9: {images_of(store, 'constrained', 3)} images" in kept.output
    compared = CliRunner().invoke(app, [str(store), "--compare", "4", "9"])
    assert compared.output.count("answers within the known stage_range") == 1
    free = CliRunner().invoke(app, [str(store), "--stage", "9", "--free", "--no-html"])
    assert "within the known" not in free.output
    assert f"stage 9: {images_of(store, 'free', 3)} images" in free.output
