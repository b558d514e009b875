from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.shares import class_shares, store_shares
from lsl_shared import Annotations, Manifest, Store
from tests.support.bands import write_bundle, write_store

CONFUSED = np.array([[0.8, 0.2, 0.0], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]])
EVEN = np.full(3, 1 / 3)


def drawn(
    shares: NDArray[np.float64], count: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Answers for images of classes at these shares, sure of what they say, and the confusions of 3,000 others."""
    truth = generator.choice(3, count, p=shares)
    taken_for = (generator.random((count, 1)) > CONFUSED[truth].cumsum(1)).sum(1).clip(max=2)
    held = np.stack([generator.multinomial(1000, row) for row in CONFUSED])
    return np.full((count, 3), 0.05) + 0.85 * np.eye(3)[taken_for], held


@pytest.mark.parametrize("shares", [[0.7, 0.2, 0.1], [0.05, 0.15, 0.8], [0.0, 0.5, 0.5]])
def test_shares_are_found_where_counting_misses_them(shares: list[float]) -> None:
    truth, generator = np.array(shares), np.random.default_rng(3)
    probabilities, confusion = drawn(truth, 6000, generator)
    found, low, high = class_shares(probabilities, confusion, np.arange(6000) // 5, EVEN)
    counted = np.bincount(probabilities.argmax(1), minlength=3) / 6000
    assert np.abs(found - truth).sum() < 0.5 * np.abs(counted - truth).sum()
    assert found.sum() == pytest.approx(1) and (low <= found).all() and (found <= high).all()
    assert (low - 0.01 <= truth).all() and (truth <= high + 0.01).all() and (high - low).max() < 0.15


def test_intervals_are_wider_where_fewer_images_were_held_out() -> None:
    probabilities, confusion = drawn(EVEN, 3000, np.random.default_rng(4))
    widths = []
    for held in (confusion, confusion // 100):
        _, low, high = class_shares(probabilities, held, np.arange(3000), EVEN)
        widths.append((high - low).mean())
    assert widths[1] > 1.5 * widths[0]


def test_a_class_that_no_image_was_trained_on_or_taken_for_keeps_finite_shares() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0]] * 30 + [[0.2, 0.8, 0.0]] * 30)
    found, low, high = class_shares(probabilities, np.zeros((3, 3), int), np.arange(60), np.array([0.5, 0.5, 0.0]))
    assert np.isfinite([found, low, high]).all() and found[2] < 0.05 and found.sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shares")
    write_store(folder / "store.h5", 40)
    annotate(folder / "store.h5", Model.load(write_bundle(folder / "model"), "cpu"))
    return folder


def with_confusion(folder: Path, confusion: object) -> Manifest:
    manifest = Model.load(folder / "model", "cpu").manifest
    task = replace(
        manifest.tasks[0], class_priors=tuple([1 / len(manifest.tasks[0].classes)] * len(manifest.tasks[0].classes))
    )
    return replace(manifest, tasks=(task,), test_metrics={"confusion": confusion} if confusion is not None else {})


def test_two_lines_tell_the_shares_of_a_store(annotated: Path) -> None:
    classes = len(Model.load(annotated / "model", "cpu").task.classes)
    with Annotations(annotated / "store.annotations.h5") as given, Store(annotated / "store.h5") as store:
        found = store_shares(given, store, with_confusion(annotated, (20 * np.eye(classes, dtype=int)).tolist()))
        answered = int((given.class_index("stage") >= 0).sum())
    assert found is not None and found.images == answered and 0 <= found.changed <= found.images
    first, second = found.told()
    assert first.startswith("stage in this store: 4 ") and " to " in first and f"of {answered} images" in second
    chosen, _ = found.prior.answers(np.full((1, classes), 1 / classes))
    assert chosen[0] == found.shares.argmax()


@pytest.mark.parametrize("confusion", [None, [[1, 2], [3, 4]], []])
def test_models_without_confusions_tell_no_shares(annotated: Path, confusion: object) -> None:
    with Annotations(annotated / "store.annotations.h5") as given, Store(annotated / "store.h5") as store:
        assert store_shares(given, store, with_confusion(annotated, confusion)) is None
