from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem_choice import choose, task_of
from lsl_shared import Annotations, GemError, Store


@pytest.fixture
def files(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> tuple[Path, Path]:
    store = make_store(100)
    return store, annotate(store, Model.load(make_bundle())).path


def test_weights_of_each_gene_sum_to_one(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        choice = choose(store, given, "stage", "5")
        sums: dict[str, float] = {}
        for row, weight in zip(choice.rows, choice.weights, strict=True):
            name = store.genes[row] or store.ids[row]
            sums[name] = sums.get(name, 0) + weight
    assert sums == pytest.approx(dict.fromkeys(sums, 1.0))
    assert choice.n_genes == len(sums) < len(choice.rows)


def test_samples_are_the_surest_images_of_five_genes(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        choice, chance = choose(store, given, "stage", "5"), given.probability("stage")
        best: dict[str, int] = {}
        for row in sorted(choice.rows, key=lambda row: -chance[row]):
            best.setdefault(store.genes[row] or store.ids[row], int(row))
    assert choice.samples.tolist() == list(best.values())[:5]


def test_failed_images_are_left_out(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store:
        with Annotations(files[1]) as given:
            before = choose(store, given, "stage", "5").rows
        with h5py.File(files[1], "r+") as file:
            file["status"][before[0]] = 2
        with Annotations(files[1]) as given:
            np.testing.assert_array_equal(choose(store, given, "stage", "5").rows, before[1:])


def test_task_is_the_one_that_has_the_classes(files: tuple[Path, Path]) -> None:
    with h5py.File(files[1], "r+") as file:
        file.create_group("age").attrs.create("classes", ["old", "9"], dtype=h5py.string_dtype())
    with Annotations(files[1]) as given:
        assert task_of(given, ["4", "9"]) == "stage"
        assert task_of(given, ["old", "9"]) == "age"
        assert task_of(given, ["9"], "stage") == "stage"
        with pytest.raises(GemError, match=r"no class 'old'. Classes of the model are stage: 4, 5, 7, 9"):
            task_of(given, ["old"], "stage")
        with pytest.raises(GemError, match="no task has all of 4, old"):
            task_of(given, ["4", "old"])
