"""Maps of terms: an image may carry several, and images without a stage may carry some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime.annotation.annotating import annotate
from lsl_runtime.gem.build.mapped_task import task_of
from lsl_runtime.gem.build.maps import build_gems
from lsl_runtime.gem.cli import app
from lsl_runtime.gem.comparison.comparison import GemSide, compare_gems
from lsl_runtime.model.model import Model
from lsl_shared.errors import GemError, LslError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.store import Store
from lsl_shared.measures.stain import expression

NAMES = ["brain", "gut", "eye"]


@pytest.fixture
def store(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> Path:
    """An annotated store whose annotations hold terms as well."""
    path = make_store(24)
    annotated = annotate(path, Model.load(make_bundle(), "cpu")).path
    probabilities = np.random.default_rng(0).random((24, 3)).astype(np.float32)
    probabilities[:, 2] = 0.1
    with h5py.File(annotated, "r+") as file:
        group = file.create_group("cv_terms")
        group.attrs["kind"] = "terms"
        group.attrs.create("classes", NAMES, dtype=h5py.string_dtype())
        group["probabilities"], group["chosen"] = probabilities, probabilities >= 0.5
    return path


def test_the_images_that_a_term_was_chosen_for(store: Path) -> None:
    brain, gut = build_gems(store, ["brain", "gut"], masked=False)
    with Store(store) as opened, Annotations(store.with_suffix(".annotations.h5")) as given:
        chosen, genes, images = given.chosen("cv_terms"), opened.groups(), opened.read(0, 24)
    assert (chosen[:, 0] & chosen[:, 1]).any()
    for gem, column in ((brain, 0), (gut, 1)):
        rows = np.flatnonzero(chosen[:, column])
        weights = np.array([1 / (genes[rows] == genes[row]).sum() for row in rows])
        expected = (
            sum(w * expression(images[row]).density for w, row in zip(weights, rows, strict=True)) / weights.sum()
        )
        np.testing.assert_allclose(gem.gem, expected, atol=1e-5)
        assert (gem.task, gem.n_images) == ("cv_terms", len(rows))
    assert brain.samples[0].probability == pytest.approx(given_probability(store, brain.samples[0].id))


def given_probability(store: Path, image: str) -> float:
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        return float(given.probabilities("cv_terms")[list(given.ids).index(image), 0])


def test_stages_come_before_terms(store: Path) -> None:
    with h5py.File(store.with_suffix(".annotations.h5"), "r+") as file:
        file["cv_terms"].attrs.create("classes", ["9", "gut", "eye"], dtype=h5py.string_dtype())
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        assert task_of(given, ["9"]) == "stage"
        assert task_of(given, ["gut"], "stage") == "cv_terms"
        with pytest.raises(GemError, match=r"no class 'nose'. Classes of the model are stage: 4, 5, 7, 9"):
            task_of(given, ["nose"])


def test_the_command_maps_terms(store: Path) -> None:
    called = CliRunner().invoke(app, [str(store), "--term", "brain", "--no-masked"])
    assert called.exit_code == 0, called.output
    assert "term brain:" in called.output and "the map shows them more than the term" in called.output
    folder = store.with_suffix(".gems")
    assert sorted(path.name for path in folder.iterdir()) == ["cv_terms-brain.png", "gems.h5", "gems.html"]
    page = (folder / "gems.html").read_text("utf-8")
    assert "Genomewide expression maps by term" in page and "they show more than the term" in page
    assert "than the stage" not in page and "this stage" not in page


def test_a_term_that_is_also_a_class_is_mapped_as_a_term(store: Path) -> None:
    with h5py.File(store.with_suffix(".annotations.h5"), "r+") as file:
        file["cv_terms"].attrs.create("classes", ["9", "gut", "eye"], dtype=h5py.string_dtype())
        chosen = file["cv_terms/chosen"][:, 0]
    called = CliRunner().invoke(app, [str(store), "--term", "9", "--no-masked"])
    assert called.exit_code == 0 and f"term 9: {int(chosen.sum())} images" in called.output
    assert CliRunner().invoke(app, [str(store), "--stage", "9"]).exit_code == 0
    names = {path.name for path in store.with_suffix(".gems").glob("*.png")}
    assert names == {"cv_terms-9.png", "stage-9.png"}


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        (["--term", "nose"], 1, "no term 'nose'. The model's terms are brain, gut, eye"),
        (["--term", "eye"], 1, "gave no image the term 'eye'"),
        (["--term", "brain", "--stage", "9"], 2, "goes without --stage"),
        (["--term", "brain"], 1, "knows no cv_terms 'brain'; its tasks: stage"),
    ],
)
def test_what_cannot_be_mapped(store: Path, asked: list[str], code: int, told: str) -> None:
    called = CliRunner().invoke(app, [str(store), *asked])
    assert called.exit_code == code
    assert told in " ".join(called.output.replace("│", " ").split())


def test_compared_terms_are_masked_by_their_own_logits(store: Path) -> None:
    """Not by the stored maps, which are of the predicted class."""
    sides = GemSide("brain"), GemSide("gut")
    brain, gut = build_gems(store, ["brain", "gut"], masked=False)
    np.testing.assert_allclose(compare_gems(store, *sides).difference, brain.gem - gut.gem, atol=1e-6)
    annotations = store.with_suffix(".annotations.h5")
    with h5py.File(annotations, "r+") as file:
        file.create_dataset("saliency", data=np.ones((24, 16, 40), np.uint8))
    with pytest.raises(LslError, match="knows no cv_terms 'brain'"):
        compare_gems(store, *sides, masked=True)


def test_a_model_without_terms(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    path = make_store(12)
    annotate(path, Model.load(make_bundle(), "cpu"))
    called = CliRunner().invoke(app, [str(path), "--term", "brain"])
    assert called.exit_code == 1
    assert "its model knows no terms; `lsl-train --task cv_terms` trains one" in " ".join(called.output.split())
