from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Evaluation, Model, annotate, evaluate
from lsl_shared import BundleError, ImageError, LabelSpace, Store, StoreError, StoreWriter, Task
from tests.support.bands import BandModel

Make = Callable[..., Path]

PARTS = ("train", "train", "calibration", "test", "test")


def _split(images: int) -> dict[str, str]:
    return {f"image{row:05d}": PARTS[row // 3 % 5] for row in range(images)}


def _test_rows(images: int) -> NDArray[np.int64]:
    rows = np.arange(images)
    return np.asarray(rows[(rows // 3 % 5 >= 3) & (rows % 11 != 10)])


def _figures(found: Evaluation) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(found.to_json())
    figures.pop("notes")
    return figures


def test_figures_by_hand_on_the_test_images(make_store: Make, make_bundle: Make, truth: type[BandModel]) -> None:
    store, model = make_store(300, chunk=20), Model.load(make_bundle(split=_split(300)))
    found, rows = evaluate(store, model), _test_rows(300)
    with Store(store) as opened:
        probabilities = truth().probabilities(opened.read(0, 300))
        fine, coarse, true = opened.labels("stage"), opened.labels("stage_range"), opened.truth("stage")
        genes = [opened.genes[row] or opened.ids[row] for row in rows]
    predicted, parents = probabilities.argmax(1), np.array([1, 1, 2, 3])
    labelled = rows[fine[rows] >= 0]
    assert (found.part, found.n_images, found.n_genes) == ("test", len(rows), len(set(genes)))
    assert found.labelled is not None and found.coarse is not None and found.truth is not None
    assert found.labelled.n_images == len(labelled) < found.truth.n_images == len(rows)
    assert found.labelled.accuracy == pytest.approx((fine == predicted)[labelled].mean())
    assert found.truth.accuracy == pytest.approx((true == predicted)[rows].mean())
    assert found.coarse.accuracy == pytest.approx((parents[predicted] == coarse)[rows].mean())
    assert found.truth.nll == pytest.approx(-np.log(probabilities[rows, true[rows].astype(int)]).mean(), abs=1e-5)
    wrong = [row for row in rows if parents[predicted[row]] != coarse[row]]
    assert {one.id for one in found.coarse.contradictions} == {f"image{row:05d}" for row in wrong}
    sure = [one.probability for one in found.coarse.contradictions]
    assert sure == sorted(sure, reverse=True) and 0 < len(sure) < len(rows)
    assert 0.5 < found.truth.accuracy < 1


def test_annotations_and_predicting_on_the_way_agree(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(300, chunk=20), Model.load(make_bundle(split=_split(300)))
    predicted = evaluate(store, model)
    annotate(store, model)
    calls: list[int] = []
    model.classify = lambda images, **settings: calls.append(1)  # type: ignore[assignment, method-assign]
    stored = evaluate(store, model)
    assert not calls and stored.notes == predicted.notes
    first, second = _figures(predicted), _figures(stored)
    assert first["labelled"].pop("nll") == pytest.approx(second["labelled"].pop("nll"))
    assert first["truth"]["confusion"] == second["truth"]["confusion"]
    assert [one["id"] for one in first["coarse"]["contradictions"]] == [
        one["id"] for one in second["coarse"]["contradictions"]
    ]


def test_annotations_of_another_model_are_not_used(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model = make_store(150), Model.load(make_bundle(split=_split(150)))
    before = evaluate(store, model)
    annotate(store, Model.load(make_bundle(tmp_path / "other", gain=-9.0)))
    after = evaluate(store, model)
    assert _figures(after) == _figures(before)
    assert any("is of another model or store: not used" in note for note in after.notes)


def test_damaged_annotations_are_not_used(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(150), Model.load(make_bundle(split=_split(150)))
    store.with_suffix(".annotations.h5").write_text("text")
    assert any("annotations not used" in note for note in evaluate(store, model).notes)


def test_everything_takes_all_images_and_says_so(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(150), Model.load(make_bundle())
    found = evaluate(store, model, everything=True)
    assert (found.part, found.n_images) == ("all", 150 - len(range(10, 150, 11)))
    assert any("flatter" in note for note in found.notes)


def test_images_of_genes_unknown_to_the_split_count_as_test(make_store: Make, make_bundle: Make) -> None:
    split = {name: part for name, part in _split(150).items() if name >= "image00030"}
    store, bundle = make_store(150), make_bundle(split=split)
    with Store(store) as opened, (bundle / "split.csv").open("w", newline="") as stream:
        known = zip(opened.ids, opened.genes, strict=True)
        rows = [(name, split[name], gene or "a gene", "") for name, gene in known if name in split]
        csv.writer(stream).writerows([("id", "part", "gene", "content"), *rows])
        new = np.flatnonzero(opened.genes[:30] != "")
    found = evaluate(store, Model.load(bundle))
    expected = np.union1d(_test_rows(150)[_test_rows(150) >= 30], np.setdiff1d(new, np.arange(10, 30, 11)))
    assert found.n_images == len(expected)
    assert any(f"{len(new)} images are of other genes than those of the training" in note for note in found.notes)
    assert any(f"nobody can tell of {30 - len(new)} images" in note for note in found.notes)


def test_ids_alone_call_no_other_image_a_test_image(make_store: Make, make_bundle: Make) -> None:
    split = {name: part for name, part in _split(150).items() if name >= "image00030"}
    found = evaluate(make_store(150), Model.load(make_bundle(split=split)))
    assert found.n_images == len(_test_rows(150)[_test_rows(150) >= 30])
    assert any("nobody can tell of 30 images" in note and "by their ids alone" in note for note in found.notes)


def test_images_of_which_nothing_is_known_are_refused(make_store: Make, make_bundle: Make) -> None:
    bundle = make_bundle(split={f"{name}-other": part for name, part in _split(60).items()})
    with pytest.raises(StoreError, match=r"nobody can tell of 60 images .*; --all evaluates on every image"):
        evaluate(make_store(60), Model.load(bundle))
    assert evaluate(make_store(60), Model.load(bundle), everything=True).part == "all"


def test_bundle_without_a_split_needs_all(make_store: Make, make_bundle: Make) -> None:
    with pytest.raises(BundleError, match="--all"):
        evaluate(make_store(60), Model.load(make_bundle()))


def test_split_without_test_images(make_store: Make, make_bundle: Make) -> None:
    with pytest.raises(StoreError, match="no test image of this model; --all"):
        evaluate(make_store(60), Model.load(make_bundle(split=dict.fromkeys(_split(60), "train"))))


def test_only_coarse_labels(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    with Store(make_store(60)) as source, StoreWriter(tmp_path / "coarse.h5", 16, 40) as writer:
        for name, image in zip(source.ids, source.read(0, 60), strict=True):
            writer.append(image, id=name)
        writer.add_task(source.tasks["stage_range"], source.labels("stage_range"))
    found = evaluate(tmp_path / "coarse.h5", Model.load(make_bundle()), everything=True)
    assert found.labelled is None and found.truth is None
    assert found.coarse is not None and found.coarse.n_images == 60 - len(range(10, 60, 11))


def test_classes_are_matched_by_name(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    """The same labels under reordered classes, one of them unknown to the model, give the same figures."""
    reordered = LabelSpace("stage", ("9", "6", "7", "5", "4"))
    with Store(make_store(60)) as source, StoreWriter(tmp_path / "other.h5", 16, 40) as writer:
        for name, gene, image in zip(source.ids, source.genes, source.read(0, 60), strict=True):
            writer.append(image, id=name, gene=gene)
        labels = np.array([4, 3, 2, 0, -1])[source.labels("stage")]
        expected = (labels >= 0).sum()
        labels[1] = 1
        writer.add_task(reordered, labels)
    model = Model.load(make_bundle())
    found = evaluate(tmp_path / "other.h5", model, everything=True)
    before = evaluate(tmp_path / "store.h5", model, everything=True)
    assert found.labelled is not None and before.labelled is not None
    assert found.labelled.n_images == expected
    assert found.labelled.confusion == before.labelled.confusion
    assert any("1 images have a stage that the model does not know" in note for note in found.notes)


def test_unreadable_images_are_left_out(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(60), Model.load(make_bundle())
    path = annotate(store, model).path
    before = evaluate(store, model, everything=True)
    with h5py.File(path, "r+") as file:
        file["stage/probabilities"][3] = np.nan
    found = evaluate(store, model, everything=True)
    assert found.n_images == before.n_images - 1
    assert any("1 images left out: they could not be read" in note for note in found.notes)


def test_store_without_these_labels(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    model = Model.load(make_bundle(task="species", parent="family"))
    with pytest.raises(StoreError, match=r"labels: no labels of species or family .* it has: stage_range, stage"):
        evaluate(make_store(60), model)


def test_other_image_size(make_store: Make, make_bundle: Make) -> None:
    with pytest.raises(ImageError, match="--size 16x40"):
        evaluate(make_store(60, size=(16, 48)), Model.load(make_bundle()), everything=True)


def test_progress_covers_the_store(make_store: Make, make_bundle: Make) -> None:
    store, model, passed = make_store(300, chunk=20), Model.load(make_bundle()), list[int]()
    evaluate(store, model, everything=True, on_progress=passed.append)
    assert sum(passed) == 300 and len(passed) > 1


def test_a_model_without_a_conformal_threshold_says_that_its_sets_promise_nothing(
    make_store: Make, make_bundle: Make
) -> None:
    found = evaluate(make_store(60), Model.load(make_bundle(split=_split(60), threshold=None)))
    assert any("nothing is sure; " in note for note in found.notes)


COLOURS, LETTERS = ("red", "green"), ("a", "b", "c")


@pytest.fixture
def several(make_store: Make, make_bundle: Make, tmp_path: Path) -> tuple[Path, Model]:
    """A store with labels of `colour` on every second image, and a model that also answers `colour` and `letter`."""
    path = tmp_path / "several.h5"
    with Store(make_store(60)) as source, StoreWriter(path, 16, 40) as writer:
        for name, gene, image in zip(source.ids, source.genes, source.read(0, 60), strict=True):
            writer.append(image, id=name, gene=gene)
        writer.add_task(source.tasks["stage_range"], source.labels("stage_range"))
        writer.add_task(source.tasks["stage"], source.labels("stage"))
        writer.add_task(
            LabelSpace("colour", ("green", "red", "blue")), np.where(np.arange(60) % 2, -1, np.arange(60) % 3)
        )
    model = Model.load(make_bundle(split=_split(60)))
    probabilities = np.random.default_rng(3).random((60, 2)).astype(np.float32)
    probabilities[3] = np.nan
    with h5py.File(annotate(path, model).path, "r+") as file:
        for name, classes, said in (
            ("colour", COLOURS, probabilities),
            ("letter", LETTERS, np.ones((60, 3), np.float32) / 3),
        ):
            group = file.create_group(name)
            group.attrs.create("classes", list(classes), dtype=h5py.string_dtype())
            group["probabilities"] = said
    further = Task("colour", COLOURS, conformal_threshold=0.9), Task("letter", LETTERS)
    model.manifest = replace(model.manifest, tasks=(model.task, *further))
    return path, model


def test_further_tasks_are_scored_against_their_labels(several: tuple[Path, Model]) -> None:
    found = evaluate(*several)
    with h5py.File(several[0].with_suffix(".annotations.h5")) as file:
        probabilities = file["colour/probabilities"][...]
    tested = [row for row in range(0, 60, 2) if PARTS[row // 3 % 5] == "test" and row % 3 < 2 and row != 3]
    right = [probabilities[row].argmax() == {0: 1, 1: 0}[row % 3] for row in tested]
    colour = found.further["colour"]
    assert colour.n_images == len(tested) and colour.accuracy == pytest.approx(np.mean(right))
    assert [one.name for one in colour.classes] == list(COLOURS)
    assert list(found.further) == ["colour"] and _figures(found)["further"]["colour"]["n_images"] == len(tested)
    assert "letter: the store has no labels of it, so it is not scored" in found.notes
    assert any("have a colour that the model does not know" in note for note in found.notes)


def test_a_further_task_without_a_labelled_test_image_is_noted(several: tuple[Path, Model]) -> None:
    path, model = several
    with h5py.File(path, "r+") as file:
        file["labels/colour"][...] = -1
    found = evaluate(path, model)
    assert not found.further and "colour: no image evaluated is labelled, so it is not scored" in found.notes


def test_classes_that_keep_to_known_coarse_labels(make_store: Make, make_bundle: Make) -> None:
    """As stored by --constrain, and the same without annotations."""
    store, model = make_store(150), Model.load(make_bundle())
    before = evaluate(store, model, everything=True)
    path = annotate(store, model, constrain="stage_range").path
    found = evaluate(store, model, everything=True)
    with Store(store) as opened, h5py.File(path) as file:
        kept, truth = file["stage/constrained_class"][...], opened.truth("stage").astype(int)
        fine = opened.labels("stage").astype(int)
    assert found.labelled is not None and found.truth is not None and before.truth is not None
    for scores, expected in ((found.labelled, fine), (found.truth, truth)):
        known = expected >= 0
        assert scores.constrained_accuracy == pytest.approx((kept == expected)[known].mean())
        assert scores.constrained_within_one == pytest.approx((abs(kept - expected) < 2)[known].mean())
    assert before.truth.constrained_accuracy == found.truth.constrained_accuracy
    assert (found.truth.constrained_accuracy or 0) > found.truth.accuracy


def test_without_known_coarse_labels_nothing_is_kept_to(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60)
    with h5py.File(store, "r+") as file:
        file["labels/stage_range"][...] = -1
    found = evaluate(store, Model.load(make_bundle()), everything=True)
    assert found.labelled is not None and found.labelled.constrained_accuracy is None and found.coarse is None


def test_labels_of_a_further_task_alone_will_do(several: tuple[Path, Model]) -> None:
    path, model = several
    with h5py.File(path, "r+") as file:
        del file["labels/stage"], file["labels/stage_range"]
    found = evaluate(path, model)
    assert found.labelled is None and list(found.further) == ["colour"]
