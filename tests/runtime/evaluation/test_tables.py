from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from lsl_runtime import Model, evaluate
from lsl_runtime.evaluation.tables import evaluation_tables

Make = Callable[..., Path]


def _printed(store: Path, bundle: Path) -> str:
    stream = StringIO()
    found = evaluate(store, Model.load(bundle), everything=True)
    Console(file=stream, width=120, markup=False).print(evaluation_tables(found))
    return stream.getvalue()


def test_everything_is_told(make_store: Make, make_bundle: Make) -> None:
    store, bundle = make_store(300), make_bundle()
    found, told = evaluate(store, Model.load(bundle), everything=True), _printed(store, bundle)
    assert found.truth is not None and found.labelled is not None and found.coarse is not None
    row = next(line for line in told.splitlines() if line.startswith("accuracy"))
    assert row.split() == [
        "accuracy",
        f"{100 * found.labelled.accuracy:.1f}",
        "%",
        f"{100 * found.truth.accuracy:.1f}",
        "%",
    ]
    rows = [" ".join(line.split()) for line in told.splitlines()]
    assert any(row.startswith(f"most frequent class alone {100 * found.labelled.majority:.1f} %") for row in rows)
    kept = [100 * (one.constrained_accuracy or 0) for one in (found.labelled, found.truth)]
    assert "accuracy, stage_range known {:.1f} % {:.1f} %".format(*kept) in rows
    for figure in ("within one class", "macro F1", "coarse class", "NLL", "Brier score", "coverage of sets"):
        assert figure in told
    lines = [line.split() for line in told[told.index("right \\ predicted") :].splitlines()]
    counts = [[int(cell) if cell != "·" else 0 for cell in line[1:]] for line in lines[1:5]]
    assert counts == [list(row) for row in found.truth.confusion]
    assert f"{len(found.coarse.contradictions)} of {found.coarse.n_images} predictions contradict" in told
    assert found.coarse.contradictions[9].id in told and found.coarse.contradictions[10].id not in told
    assert "note: all images are evaluated" in told


def test_class_names_are_printed_as_they_are(make_store: Make, make_bundle: Make) -> None:
    told = _printed(make_store(60), make_bundle(classes=("4", "5", "7", "[red]9[/]")))
    assert "[red]9[/]" in told


def test_further_tasks_are_told_under_their_names(make_store: Make, make_bundle: Make) -> None:
    scores = evaluate(store := make_store(60), Model.load(bundle := make_bundle()), everything=True).labelled
    assert scores is not None
    stream = StringIO()
    found = replace(evaluate(store, Model.load(bundle), everything=True), further={"tissue": scores})
    Console(file=stream, width=120, markup=False).print(evaluation_tables(found))
    told = stream.getvalue()
    further = told[told.index(f"tissue: {scores.n_images} labelled images of {scores.n_genes} genes") :]
    assert f"{100 * scores.accuracy:.1f} %" in further and "right \\ predicted" in further
    assert "Classes, against the labels" in further
