"""Coarse tasks beside the parent, in a store that another program wrote and in one that we wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import LabelError, StoreError
from lsl_shared.files.allowed_classes import allowed_classes, allowed_in
from lsl_shared.files.content_hash import content_hash
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store
from lsl_shared.files.store_coarse import finest_tasks
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.labels import LabelSpace

MakeFile = Callable[..., Path]
BIOME = [[1, 0, 1], [1, 1, 0], [0, 0, 0]]
FINE = LabelSpace("stage", ("4", "5", "6"))
HOURS = CoarseTask("hours", ("early", "late"), ((0, 1), (1, 2)))


def with_biome(matrix: Any = BIOME, at: str = "allows/a_species/biome") -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        file["labels/biome"] = np.array([-1, 0, 1, 2, 1], np.int16)
        file["labels/biome"].attrs["classes"] = ["wood", "shore", "sea"]
        file[at] = matrix

    return edit


@pytest.mark.parametrize("kind", [np.uint8, np.bool_, np.float64])
def test_a_file_of_another_program(store_file: MakeFile, kind: type) -> None:
    with Store(store_file(with_biome(np.array(BIOME, kind)))) as store:
        assert list(store.tasks) == ["biome", "family", "a_species"]
        family, biome = store.coarse_tasks("a_species")
        assert (family.name, family.allows) == ("family", ((0, 1), (2,), ()))
        assert biome == CoarseTask("biome", ("wood", "shore", "sea"), ((0, 2), (0, 1), ()))
        assert store.coarse_tasks("family") == ()
        assert finest_tasks(store.tasks, store.further_coarse) == ["a_species"]
        assert finest_tasks({"biome": store.tasks["biome"]}, {}) == []


def test_what_the_labels_allow_by_name(store_file: MakeFile) -> None:
    """family 0 2 1 −1 1 and biome −1 0 1 2 1 of species robur, ilex (oak), areca (palm)."""
    task = Task("a_species", ("areca", "robur"), "class", "family", ("oak", "palm", "moss"), (1, 0))
    with Store(store_file(with_biome())) as store:
        found = allowed_in(store, task)
        assert found.classes.tolist() == [[False, True], [False, False], [False, False], [False, False], [False, False]]
        assert found.outside.tolist() == [False, False, False, True, False]
        assert found.contradictory.tolist() == [False, True, True, False, True]
        assert allowed_in(store, task, ["biome"]).classes.tolist()[1:3] == [[True, True], [False, True]]
        assert not allowed_in(store, Task("a_species", ("areca", "robur")), ["family"]).sets.size, (
            "unknown to the model"
        )
        other = Task("form", ("x", "y"), further_coarse=(CoarseTask("biome", ("shore", "moon"), ((1,), (0,))),))
        assert allowed_classes(store, other).tolist() == [[True] * 2] * 2 + [[False, True], [True] * 2, [False, True]]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (with_biome(at="allows/species/biome"), "allows/species/biome: there is no task 'species'"),
        (with_biome(at="allows/a_species/zone"), "allows/a_species/zone: there is no task 'zone'"),
        (with_biome(np.ones((3, 2), np.uint8)), r"allows/a_species/biome: expected .* shape \(3, 3\)"),
        (with_biome(np.full((3, 3), 2)), "allows/a_species/biome: expected 0 and 1"),
        (with_biome(np.full((3, 3), np.nan)), "expected 0 and 1"),
        (with_biome(np.ones((3, 3), np.uint8), "allows/a_species/family"), "is the parent of 'a_species' already"),
        (with_biome(np.ones((3, 3), np.uint8), "allows/family/a_species"), "is its own ancestor"),
        (with_biome(np.ones((3, 3), np.uint8), "allows/biome/biome"), "above itself"),
        (with_biome(at="allows"), "allows: expected a group"),
        (with_biome(at="allows/a_species"), "allows/a_species: expected a group"),
    ],
)
def test_unusable_sets(store_file: MakeFile, edit: Callable[[h5py.File], None], told: str) -> None:
    with pytest.raises(StoreError, match=told):
        Store(store_file(edit))


def write(path: Path, coarse: tuple[CoarseTask, ...], *, hours_first: bool = True) -> None:
    with StoreWriter(path, 4, 5) as writer:
        for name in ("a", "b", "c"):
            writer.append(np.zeros((4, 5, 3), np.uint8), id=name)
        if hours_first:
            writer.add_task(LabelSpace("hours", ("early", "late")), [0, 1, -1])
        writer.add_task(FINE, [-1, 2, -1], coarse)


def test_a_store_of_our_own_comes_back_and_is_plain_without(tmp_path: Path) -> None:
    with_hours, plain = tmp_path / "hours.h5", tmp_path / "plain.h5"
    write(with_hours, (HOURS,))
    write(plain, ())
    with Store(with_hours) as store, Store(plain) as other:
        assert store.coarse_tasks("stage") == (HOURS,)
        assert content_hash(store, []) != content_hash(other, [])
    with h5py.File(with_hours) as file, h5py.File(plain) as old:
        assert file["allows/stage/hours"].dtype == np.uint8
        assert file["allows/stage/hours"][...].tolist() == [[1, 1, 0], [0, 1, 1]]
        assert "allows" not in old


def test_coarse_tasks_that_do_not_fit_are_not_written(tmp_path: Path) -> None:
    for coarse, first, told in (
        (HOURS, False, "add its coarse task 'hours' first"),
        (CoarseTask("hours", ("early", "night"), ((0,), (1,))), True, "with the same classes"),
        (CoarseTask("hours", ("early", "late"), ((0,), (3,))), True, "allows class 3 of 'stage'"),
    ):
        with pytest.raises(LabelError, match=told):
            write(tmp_path / "no.h5", (coarse,), hours_first=first)
        assert not (tmp_path / "no.h5").exists()


def test_three_levels_constrain_together(store_file: MakeFile) -> None:
    def edit(file: h5py.File) -> None:
        file["labels/top"] = np.array([-1, 0, 0, 1, -1], np.int16)
        file["labels/top"].attrs["classes"] = ["seed", "spore"]
        file["labels/family"].attrs.update({"parent": "top", "parent_index": [0, 0, 1]})

    with Store(store_file(edit)) as store:
        _, top = store.coarse_tasks("a_species")
        assert (top.name, top.allows) == ("top", ((0, 1, 2), ()))
        assert finest_tasks(store.tasks, store.further_coarse) == ["a_species"]
        family = store.tasks["family"].classes
        found = allowed_in(store, Task("a_species", ("robur", "ilex", "areca"), "class", "family", family, (0, 0, 1)))
        # labels of family are 0 2 1 -1 1, those of top -1 0 0 1 -1; moss (2) and spore have no species
        assert found.classes.astype(int).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 1]]
        assert found.contradictory.tolist() == [False, True, False, False, False]
        assert found.outside.tolist() == [False, False, False, True, False]
