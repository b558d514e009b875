from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Model, annotate
from lsl_runtime.gem.build.mapped_task import MappedClasses
from lsl_runtime.gem.build.selection import choose, group_name, left_out_told
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source
from lsl_shared import Annotations, GemError, Store, StoreWriter

STAGE = MappedClasses("stage")


@pytest.fixture
def files(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> tuple[Path, Path]:
    store = make_store(100)
    return store, annotate(store, Model.load(make_bundle())).path


def test_weights_of_each_gene_sum_to_one(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        choice = choose(Source(store, given), STAGE, "5")
        sums: dict[str, float] = {}
        for row, weight in zip(choice.rows, choice.weights, strict=True):
            name = store.genes[row] or store.ids[row]
            sums[name] = sums.get(name, 0) + weight
    assert sums == pytest.approx(dict.fromkeys(sums, 1.0))
    assert choice.n_genes == len(sums) < len(choice.rows)


def test_samples_are_the_surest_images_of_five_genes(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        choice, probability = choose(Source(store, given), STAGE, "5"), given.probability("stage")
        best: dict[str, int] = {}
        for row in sorted(choice.rows, key=lambda row: -probability[row]):
            best.setdefault(store.genes[row] or store.ids[row], int(row))
    assert choice.samples.tolist() == list(best.values())[:5]


def test_failed_images_are_left_out(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store:
        with Annotations(files[1]) as given:
            before = choose(Source(store, given), STAGE, "5").rows
        with h5py.File(files[1], "r+") as file:
            file["status"][before[0]] = 2
        with Annotations(files[1]) as given:
            np.testing.assert_array_equal(choose(Source(store, given), STAGE, "5").rows, before[1:])


def test_listed_genes_and_excluded_ones(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        whole = choose(Source(store, given), STAGE, "5").rows
        names = sorted(set(store.genes[whole]) - {""})
        only = choose(Source(store, given), STAGE, "5", Filter(genes=[*names[:3], "unknown", ""]))
        without = choose(Source(store, given), STAGE, "5", Filter(exclude=[*names[:3], ""]))
        assert only.rows.tolist() == [row for row in whole if store.genes[row] in names[:3]]
        assert without.rows.tolist() == [row for row in whole if store.genes[row] not in names[:3]]
        assert only.n_genes == 3 and any(not store.genes[row] for row in without.rows)
        both = Filter(genes=names[:3], exclude=names[:1])
        assert choose(Source(store, given), STAGE, "5", both).n_genes == 2


def test_probability_weighs_and_floor_leaves_out(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        probability = given.probability("stage")
        rows = choose(Source(store, given), STAGE, "5").rows
        floor = float(np.median(probability[rows]))
        found = choose(Source(store, given), STAGE, "5", Filter(weights="probability", floor=floor))
        assert found.rows.tolist() == [row for row in rows if probability[row] >= floor]
        names = [group_name(store, row) for row in found.rows]
        expected = [probability[row] / names.count(name) for row, name in zip(found.rows, names, strict=True)]
        np.testing.assert_allclose(found.weights, expected)


def test_filters_that_leave_nothing_say_which_one(files: tuple[Path, Path]) -> None:
    with Store(files[0]) as store, Annotations(files[1]) as given:
        with pytest.raises(GemError, match=r"images have class '5', none of them with probability 1; lower --floor"):
            choose(Source(store, given), STAGE, "5", Filter(floor=1.0))
        with pytest.raises(GemError, match=r"none of a gene asked for \(there are gene0.* and \d+ more\); see --genes"):
            choose(Source(store, given), STAGE, "5", Filter(genes=["unknown"]))


def test_images_of_other_views_are_counted(tmp_path: Path) -> None:
    views = ["lateral", "", "dorsal", "dorsolateral", "dorsal", "lateral"]
    with StoreWriter(tmp_path / "store.h5", 8, 9) as writer:
        for number, view in enumerate(views):
            writer.append(np.full((8, 9, 3), number, np.uint8), id=str(number), view=view)
    with Store(tmp_path / "store.h5") as store:
        told = {view: left_out_told(store, view) for view in (None, "all", "dorsal", "lateral")}
    start = "left out for their view: "
    assert told[None] == f"{start}3 of 6 images (dorsal 2, dorsolateral 1); --view all takes them"
    assert told["all"] == ""
    assert told["dorsal"].startswith(f"{start}4 of 6 images (lateral 2, ")
    assert told["lateral"] == f"{start}4 of 6 images (dorsal 2, not known 1, dorsolateral 1); --view all takes them"
