from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_shared import Annotations, AnnotationsError, ConfigError, LabelSpace, Store, StoreWriter
from lsl_shared.tables.writing import write_table
from lsl_tools.cli import app
from lsl_tools.labelling.suggest import suggest, uncertainty
from lsl_tools.tables.table import read_table
from tests.support.pictures import decoded

FAMILY = LabelSpace("family", ("Fagaceae", "Poaceae", "Liliaceae", "Asteraceae"))
SPECIES = LabelSpace.fine(
    "species",
    {"robur": "Fagaceae", "petraea": "Fagaceae", "mays": "Poaceae", "a": "Liliaceae", "b": "Liliaceae"},
    FAMILY,
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """40 images: families in turn, one in eight labelled; with annotations and features."""
    generator = np.random.default_rng(0)
    path, family = tmp_path / "store.h5", np.arange(40) % 4
    species = np.where(np.arange(40) % 8 == 0, 0, -1)
    with StoreWriter(path, 8, 12) as writer:
        for number in range(40):
            writer.append(
                generator.integers(0, 255, (8, 12, 3)).astype(np.uint8), id=f"i{number}", gene=f"g{number // 4}"
            )
        writer.add_task(FAMILY, np.where(np.arange(40) == 38, -1, family))
        writer.add_task(SPECIES, species)
    annotate(path, generator)
    return path


def annotate(store: Path, generator: np.random.Generator, features: bool = True) -> None:
    """Answers drawn at random."""
    with h5py.File(store.with_suffix(".annotations.h5"), "w") as file:
        file.attrs.update({"format": "lsl-annotations", "version": 1})
        file["status"] = np.where(np.arange(40) == 6, 2, 1).astype(np.uint8)
        with Store(store) as opened:
            file.create_dataset("id", data=opened.ids, dtype=h5py.string_dtype())
        file.create_dataset("error", data=[""] * 40, dtype=h5py.string_dtype())
        group = file.create_group("species")
        group.attrs.create("classes", list(SPECIES.classes), dtype=h5py.string_dtype())
        group["probabilities"] = generator.dirichlet(np.ones(5), 40).astype(np.float32)
        if features:
            file["features"] = generator.standard_normal((40, 16)).astype(np.float16)


def test_uncertainty_is_the_entropy_among_what_is_allowed() -> None:
    chance = np.array([[0.25, 0.25, 0.5], [0.0, 0.4, 0.6], [0.6, 0.2, 0.2]], np.float32)
    allowed = np.array([[True, True, False], [True, True, False], [True, True, True]])
    entropy = -(0.6 * np.log(0.6) + 0.4 * np.log(0.2)) / np.log(3)
    np.testing.assert_allclose(uncertainty(chance, allowed), [1, 0, entropy], atol=1e-5)


def test_only_images_whose_label_is_open_are_suggested(store: Path) -> None:
    found = suggest(store, 100)
    rows = {one.row for one in found}
    family = np.arange(40) % 4
    wanted = {k for k in range(40) if family[k] in (0, 2) and k % 8 and k != 6} | {38}
    assert rows == wanted, "labelled, failed, single-species and childless families are out"
    with Annotations(store.with_suffix(".annotations.h5")) as given:
        probabilities = given.probabilities("species")
    for one in found:
        children = {0: [0, 1], 2: [3, 4]}.get(family[one.row], []) if one.row != 38 else [0, 1, 2, 3, 4]
        best = max(children, key=lambda k: probabilities[one.row, k])
        assert one.guess == SPECIES.classes[best]
        assert one.probability == pytest.approx(
            probabilities[one.row, best] / probabilities[one.row, children].sum(), 1e-4
        )
        assert (one.id, one.gene, one.task) == (f"i{one.row}", f"g{one.row // 4}", "species")
        assert one.coarse == ("" if one.row == 38 else FAMILY.classes[family[one.row]])


def test_fewer_are_the_first_of_more(store: Path) -> None:
    assert suggest(store, 3) == suggest(store, 9)[:3]


def test_what_is_missing_is_told_with_the_command_that_makes_it(store: Path, tmp_path: Path) -> None:
    annotate(store, np.random.default_rng(1), features=False)
    with pytest.raises(AnnotationsError, match=r"made without features; `lsl-annotate .*store\.h5 --features`"):
        suggest(store, 5)
    store.with_suffix(".annotations.h5").unlink()
    with pytest.raises(AnnotationsError, match="no such annotations; `lsl-annotate"):
        suggest(store, 5)


def test_a_wrong_task_and_a_finished_store_are_told(store: Path) -> None:
    with pytest.raises(ConfigError, match="must name an annotated task of the store: species; received 'genus'"):
        suggest(store, 5, task="genus")
    with h5py.File(store, "r+") as file:
        file["labels/species"][...] = np.zeros(40, np.int16)
    with pytest.raises(ConfigError, match="no image without a label of 'species' is left"):
        suggest(store, 5)


def test_a_filled_in_csv_comes_back(store: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    done = CliRunner().invoke(app, ["suggest", str(store), "--n", "6", "--out", str(table)])
    assert done.exit_code == 0, done.output
    assert decoded(table.with_suffix(".png")).std() > 10  # images, not an empty sheet
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["id", "gene", "coarse", "guess", "probability", "species"]
    assert {row["species"] for row in rows} == {""}
    again = CliRunner().invoke(app, ["suggest", str(store), "--out", str(table)])
    assert again.exit_code == 1 and "may hold labels" in again.output
    rows[0]["species"] = rows[0]["guess"]
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    back = CliRunner().invoke(app, ["label", str(store), str(table)])
    assert "species: 1 new labels, 0 corrected" in back.output
    assert rows[0]["id"] not in {one.id for one in suggest(store, 100)}


def test_a_workbook_comes_back_as_well(store: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.xlsx"
    done = CliRunner().invoke(app, ["suggest", str(store), "--n", "6", "--out", str(table)])
    assert done.exit_code == 0, done.output
    ids, guesses = (read_table(table, "id").column(name) for name in ("id", "guess"))
    write_table(table, ("id", "species"), [(ids[0], guesses[0])], 4)
    assert "species: 1 new labels" in CliRunner().invoke(app, ["label", str(store), str(table)]).output
    done = CliRunner().invoke(app, ["suggest", str(store), "--out", str(tmp_path / "labels.ods")])
    assert done.exit_code == 1 and "written as .csv or .xlsx, not as .ods" in done.output


def test_all_coarse_labels_leave_what_is_open(store: Path) -> None:
    """A second coarse task: `early` allows petraea, mays and a; the family and it together leave one species or two."""
    early = np.where(np.isin(np.arange(40), (4, 12, 20, 2, 38)), 0, -1)
    with h5py.File(store, "a") as file:
        file["labels/season"] = early.astype(np.int16)
        file["labels/season"].attrs["classes"] = ["early"]
        file["allows/species/season"] = np.array([[0, 1, 1, 1, 0]], np.uint8)
    found = {one.row: one for one in suggest(store, 100)}
    assert not {4, 12, 20, 2} & set(found), "with the family it leaves one species"
    assert found[38].coarse == "early" and found[38].guess in ("petraea", "mays", "a")
    assert found[10].coarse == "Liliaceae"
