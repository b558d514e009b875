from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model, annotate, write_csv
from lsl_runtime.annotation.table import annotation_columns, write_parquet
from lsl_shared import Annotations, AnnotationsError, ConfigError, Store, StoreError
from lsl_shared.tables.rows import read_table_rows


@pytest.fixture
def files(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> tuple[Path, Path]:
    store = make_store(40)
    return annotate(store, Model.load(make_bundle())).path, store


def test_table_says_what_the_annotations_say(files: tuple[Path, Path], tmp_path: Path) -> None:
    write_csv(*files, tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with Annotations(files[0]) as given, Store(files[1]) as store:
        classes, sets = given.tasks["stage"], given.prediction_set("stage")
        probability, index = given.probability("stage"), given.class_index("stage")
        assert [row["id"] for row in rows] == list(store.ids)
        assert [row["gene"] for row in rows] == list(store.genes)
        for place, row in enumerate(rows):
            assert row["status"] == ("outside" if index[place] < 0 else "annotated")
            assert row["stage"] == (classes[index[place]] if index[place] >= 0 else "")
            assert (
                row["stage_prediction_set"].split("|")
                == [name for name, chosen in zip(classes, sets[place], strict=True) if chosen]
                or not sets[place].any()
            )
            if index[place] >= 0:
                assert float(row["stage_probability"]) == pytest.approx(probability[place], abs=5e-5)
    assert (index >= 0).any() and np.isnan(probability[index < 0]).all()


def test_a_workbook_says_the_same(files: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("answers.csv", "answers.xlsx"):
        write_csv(*files, tmp_path / name)
    table, book = (
        [cells for _, cells in read_table_rows(tmp_path / name, lambda row: "id" in row).rows]
        for name in ("answers.csv", "answers.xlsx")
    )
    numbers = [place for place, name in enumerate(table[0]) if name.endswith(("_probability", "_age", "_low", "_high"))]
    assert len(book) == len(table) == 41
    for plain, typed in zip(table, book, strict=True):
        for place, (one, other) in enumerate(zip(plain, typed, strict=True)):
            is_number = place in numbers and one and plain is not table[0]
            assert float(one) == pytest.approx(float(other), abs=5e-5) if is_number else one == other


@pytest.mark.parametrize("which", [0, 1])
def test_inputs_are_never_overwritten(files: tuple[Path, Path], which: int) -> None:
    before = files[which].read_bytes()
    with pytest.raises(AnnotationsError, match="is one of the inputs"):
        write_csv(*files, files[which])
    assert files[which].read_bytes() == before


def test_annotations_of_another_store_are_refused(
    files: tuple[Path, Path], make_store: Callable[..., Path], tmp_path: Path
) -> None:
    other = make_store(39, path=tmp_path / "other.h5")
    with pytest.raises(AnnotationsError, match="does not belong to"):
        write_csv(files[0], other, tmp_path / "answers.csv")
    with pytest.raises(StoreError, match="no such file"):
        write_csv(files[0], tmp_path / "none.h5", tmp_path / "answers.csv")
    assert not (tmp_path / "answers.csv").exists()


def test_second_choice_is_the_likeliest_other_class(files: tuple[Path, Path]) -> None:
    columns = annotation_columns(*files)
    with Annotations(files[0]) as given:
        classes, probabilities = given.tasks["stage"], given.probabilities("stage")
    for place, name in enumerate(columns["stage"]):
        if name is None:
            assert columns["stage_second"][place] is None and columns["flags"][place] == ["outside"]
            continue
        second, best = np.sort(probabilities[place])[-2:]
        assert (
            classes[int(np.flatnonzero(probabilities[place] == second)[-1])] == columns["stage_second"][place] != name
        )
        assert (columns["stage_second_probability"][place], columns["stage_probability"][place]) == (second, best)


def test_abstains_where_the_set_is_large(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> None:
    store = make_store(40)
    files = annotate(store, Model.load(make_bundle(gain=3.0, threshold=0.9))).path, store
    plain, strict = annotation_columns(*files), annotation_columns(*files, max_set=1)
    large = [len(chosen) > 1 for chosen in plain["stage_prediction_set"]]
    assert any(large) and not all(large)
    assert [flags == ["abstained"] for flags in strict["flags"]] == large
    for place, abstains in enumerate(large):
        assert strict["stage"][place] == (None if abstains else plain["stage"][place])
        assert strict["stage_prediction_set"][place] == plain["stage_prediction_set"][place]


def test_parquet_holds_the_same(files: tuple[Path, Path], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(*files, tmp_path / "answers.parquet", max_set=1)
    found, expected = parquet.read_table(tmp_path / "answers.parquet"), annotation_columns(*files, max_set=1)
    assert found.column_names == list(expected)
    for name, values in expected.items():
        assert found[name].to_pylist() == pytest.approx(values) if "probab" in name else values
    with pytest.raises(AnnotationsError, match="choose another file for --parquet"):
        write_parquet(*files, files[1])


def test_parquet_without_pyarrow_says_what_to_install(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'lsl-toolkit\[parquet\]'"):
        write_parquet(*files, tmp_path / "answers.parquet")
