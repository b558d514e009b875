from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.build.selection import Filter, choose, group_name, task_of
from lsl_shared import Annotations, ConfigError, GemError, Store


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


def test_listed_genes_and_excluded_ones(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        whole = choose(store, given, "stage", "5").rows
        names = sorted(set(store.genes[whole]) - {""})
        only = choose(store, given, "stage", "5", Filter(genes=[*names[:3], "unknown", ""]))
        without = choose(store, given, "stage", "5", Filter(exclude=[*names[:3], ""]))
        assert only.rows.tolist() == [row for row in whole if store.genes[row] in names[:3]]
        assert without.rows.tolist() == [row for row in whole if store.genes[row] not in names[:3]]
        assert only.n_genes == 3 and any(not store.genes[row] for row in without.rows)
        both = Filter(genes=names[:3], exclude=names[:1])
        assert choose(store, given, "stage", "5", both).n_genes == 2


def test_probability_weighs_and_floor_leaves_out(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        chance = given.probability("stage")
        rows = choose(store, given, "stage", "5").rows
        floor = float(np.median(chance[rows]))
        found = choose(store, given, "stage", "5", Filter(weights="probability", floor=floor))
        assert found.rows.tolist() == [row for row in rows if chance[row] >= floor]
        names = [group_name(store, row) for row in found.rows]
        expected = [chance[row] / names.count(name) for row, name in zip(found.rows, names, strict=True)]
        np.testing.assert_allclose(found.weights, expected)


def test_filters_that_leave_nothing_say_which_one(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        with pytest.raises(GemError, match=r"images have class '5', none of them with probability 1; lower --floor"):
            choose(store, given, "stage", "5", Filter(floor=1.0))
        with pytest.raises(GemError, match=r"none of a gene asked for \(there are gene0.* …\); see --genes"):
            choose(store, given, "stage", "5", Filter(genes=["unknown"]))


def test_settings_outside_their_range_are_named() -> None:
    with pytest.raises(ConfigError, match=r"--floor is a probability, 0 to 1, received 1\.5"):
        Filter(floor=1.5)
    with pytest.raises(ConfigError, match="--floor is a probability"):
        Filter(floor=float("nan"))
    with pytest.raises(ConfigError, match="collections of names"):
        Filter(genes="eve,ftz")
    with pytest.raises(ConfigError, match="--weights must be one of equal, probability, received 'p'"):
        Filter(weights="p")  # type: ignore[arg-type]


def test_filter_in_words() -> None:
    assert Filter(view="all").told() == ""
    told = Filter(None, ["a", "b"], ["c"], "probability", 0.25).told()
    assert told == "weighted by probability, probability at least 0.25, only listed genes (2), without listed genes (1)"
