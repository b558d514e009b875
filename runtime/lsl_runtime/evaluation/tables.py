"""An evaluation as text: figures, classes, confusion matrix, contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lsl_runtime.evaluation.ages import AgeScores
from lsl_runtime.evaluation.coarse_scores import CoarseScores
from lsl_runtime.evaluation.evaluate import Evaluation
from lsl_runtime.evaluation.scores import Scores
from lsl_shared.measures.term_metrics import TermScores

__all__ = ["evaluation_tables"]

_CONTRADICTIONS = 10
_WIDEST_CONFUSION = 20


def evaluation_tables(found: Evaluation) -> Group:
    """Everything that `lsl-evaluate` prints."""
    blocks = [block for part in _parts(found) for block in (part, Text())]
    return Group(*blocks, *(Text(f"note: {note}") for note in found.notes))


def _parts(found: Evaluation) -> Iterator[RenderableType]:
    yield Text(f"{found.task}: {found.n_images:,} {found.part} images of {found.n_genes:,} genes", style="bold")
    if figures := _figures(found):
        yield _table_of(figures)
    shown = found.truth or found.labelled
    if shown is not None:
        against = "the truth" if found.truth else "the labels"
        yield from _details(shown, against)
    if found.age is not None:
        yield _ages(found.age)
    for coarse in _coarse(found):
        yield _contradictions(coarse)
    for task, scores in found.further.items():
        yield Text(f"{task}: {scores.n_images:,} labelled images of {scores.n_genes:,} genes", style="bold")
        yield _table_of({"labels": _rows(scores)})
        yield from _details(scores, "the labels")
    for task, terms in found.terms.items():
        yield _terms(task, terms)


def _figures(found: Evaluation) -> dict[str, dict[str, str]]:
    """A column of figures for each thing the predictions are compared with."""
    columns: dict[str, dict[str, str]] = {}
    coarse = " or ".join(one.task for one in _coarse(found))
    if found.labelled is not None:
        columns["labels"] = _rows(found.labelled, coarse)
    columns |= {f"{one.task} labels": _coarse_rows(one) for one in _coarse(found)}
    if found.truth is not None:
        columns["truth (demo)"] = _rows(found.truth, coarse)
    return columns


def _coarse(found: Evaluation) -> list[CoarseScores]:
    return [*([found.coarse] if found.coarse else []), *found.further_coarse.values()]


def _table_of(columns: dict[str, dict[str, str]]) -> Table:
    table = _table("against")
    for name in columns:
        table.add_column(name, justify="right")
    for figure in dict.fromkeys(figure for rows in columns.values() for figure in rows):
        table.add_row(figure, *(rows.get(figure, "") for rows in columns.values()))
    return table


def _details(scores: Scores, against: str) -> Iterator[RenderableType]:
    if scores.levels:
        yield _levels(scores, against)
    yield _classes(scores, against)
    if len(scores.classes) <= _WIDEST_CONFUSION:
        yield _confusion(scores, against)
    else:
        yield Text(f"The confusion matrix of {len(scores.classes)} classes is in --json.")


def _rows(scores: Scores, coarse: str = "") -> dict[str, str]:
    """The figures; `coarse` are the tasks that the constrained ones keep to."""
    rows = {"images": f"{scores.n_images:,}", "genes": f"{scores.n_genes:,}", "accuracy": _percent(scores.accuracy)}
    rows["most frequent class alone"] = _percent(scores.majority)
    if scores.within_one is not None:
        rows["within one class"] = _percent(scores.within_one)
    if scores.constrained_accuracy is not None:
        rows[f"accuracy, {coarse} known"] = _percent(scores.constrained_accuracy)
    if scores.constrained_within_one is not None:
        rows[f"within one class, {coarse} known"] = _percent(scores.constrained_within_one)
    rows["macro F1"] = f"{scores.macro_f1:.3f}"
    if scores.parent_accuracy is not None:
        rows["coarse class"] = _percent(scores.parent_accuracy)
    rows |= {"NLL": f"{scores.nll:.3f}", "Brier score": f"{scores.brier:.3f}", "calibration error": f"{scores.ece:.3f}"}
    if not scores.levels:
        return rows  # no coverage is promised
    return rows | {"coverage of sets": _percent(scores.coverage), "mean set size": f"{scores.mean_set_size:.2f}"}


def _ages(ages: AgeScores) -> RenderableType:
    against = "the truth (demo)" if ages.against == "truth" else "the middles of labelled classes"
    table = _table(f"age, against {against}")
    table.add_column(ages.unit, justify="right")
    rows = {
        "images": f"{ages.n_images:,}",
        "mean absolute error": f"{ages.error:.3g}",
        "that of the middle of the class given": f"{ages.middle_error:.3g}",
        "rank correlation": _rank(ages.rank_correlation),
        "rank correlation within a class": _rank(ages.within),
        "covered by intervals": "" if ages.covered is None else _percent(ages.covered),
    }
    for name, figure in rows.items():
        if figure:
            table.add_row(name, figure)
    return table


def _rank(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _levels(scores: Scores, against: str) -> RenderableType:
    table = _table("what is sure")
    for name in ("images", f"right, {against}", "95 % interval"):
        table.add_column(name, justify="right")
    for one in scores.levels:
        share = f"{one.n_images:,} ({one.n_images / scores.n_images:.0%})"
        between = "" if one.low is None or one.high is None else f"{one.low:.1%} … {one.high:.1%}"
        table.add_row(one.name, share, "" if one.right is None else _percent(one.right), between)
    return table


def _coarse_rows(coarse: CoarseScores) -> dict[str, str]:
    return {
        "images": f"{coarse.n_images:,}",
        "most frequent class alone": _percent(coarse.majority),
        "coarse class": _percent(coarse.accuracy),
    }


def _classes(scores: Scores, against: str) -> RenderableType:
    table = _table("class")
    for name in ("images", "accuracy"):
        table.add_column(name, justify="right")
    table.add_column("most often taken for")
    for one in scores.classes:
        confused = f"{one.confused_with} ({one.n_confused:,})" if one.confused_with else ""
        table.add_row(one.name, f"{one.n_images:,}", "" if one.accuracy is None else _percent(one.accuracy), confused)
    return Group(Text(f"Classes, against {against}"), table)


def _confusion(scores: Scores, against: str) -> RenderableType:
    table, classes = _table("right \\ predicted"), [one.name for one in scores.classes]
    for name in classes:
        table.add_column(name, justify="right")
    for k, counts in enumerate(scores.confusion):
        cells = [Text(str(count) if count else "·", "bold" if j == k else "") for j, count in enumerate(counts)]
        table.add_row(classes[k], *cells)
    return Group(Text(f"Confusion, against {against}"), table)


def _contradictions(coarse: CoarseScores) -> RenderableType:
    count = len(coarse.contradictions)
    told = f"{count:,} of {coarse.n_images:,} predictions contradict the known {coarse.task}"
    if not count:
        return Text(told)
    table = _table("image")
    for name in ("gene", f"known {coarse.task}", "predicted", "probability"):
        table.add_column(name)
    for one in coarse.contradictions[:_CONTRADICTIONS]:
        table.add_row(one.id, one.gene, one.coarse, one.predicted, f"{one.probability:.2f}")
    return Group(Text(told + (f", the {_CONTRADICTIONS} surest:" if count > _CONTRADICTIONS else ":")), table)


def _terms(task: str, scores: TermScores) -> RenderableType:
    """A row a term and range, then their means; AP is the average precision."""
    table = _table("term")
    table.columns[0].overflow = "fold"  # a term that is cut might be another one
    table.add_column("range")
    for name in ("bags", "carry it", "AUC", "AP", "F1", "sensitivity", "specificity"):
        table.add_column(name, justify="right")
    for one in scores.terms:
        figures = (one.auc, one.average_precision, one.f1, one.sensitivity, one.specificity)
        table.add_row(
            one.term, one.stage_range, f"{one.n_bags:,}", f"{one.n_carried:,}", *(f"{x:.3f}" for x in figures)
        )
    means = (scores.auc, scores.average_precision, scores.macro_f1, scores.sensitivity, scores.specificity)
    table.add_row(Text("mean", "bold"), "", "", "", *(f"{x:.3f}" for x in means))
    told = f"{task}, by bag of images of one gene and range: {scores.n_bags:,} bags of {scores.n_genes:,} genes"
    return Group(Text(told), table, Text(f"micro F1 {scores.micro_f1:.3f}"))


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    return table


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
