"""Which images make up a genomewide expression map, and with what weight: each gene counts once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.mapped_task import MappedTask
from lsl_runtime.gem.build.settings import ALL_VIEWS, Filter
from lsl_runtime.gem.build.source import Source
from lsl_shared.errors import GemError
from lsl_shared.files.store import Store
from lsl_shared.wording import command_line, first_few

__all__ = ["Choice", "choose", "group_name", "left_out_told", "passing"]

_SAMPLES = 5


@dataclass(frozen=True)
class Choice:
    """The images chosen for one class or term, its `name`."""

    name: str
    rows: NDArray[np.int64]
    """(n,): their places in the store, ascending."""
    weights: NDArray[np.float64]
    """(n,): 1 / number of chosen images of the gene, by request times the probability of the class; an image without
    a gene is its own group."""
    n_genes: int
    samples: NDArray[np.int64]
    """The places of the most confident images of different genes, at most five, most confident first."""


def choose(source: Source, task: MappedTask, name: str, wanted: Filter | None = None) -> Choice:
    """Annotated images that were given the class or term `name`, may be used, and pass the filter.

    Raises GemError that says which step left no image.
    """
    store, wanted = source.store, wanted or Filter()
    given, probability = task.given(source.annotations, name)
    given = given & (store.unusable() == "")
    if wanted.sure:
        given = given & _is_sure(source, task, name)
    seen = given & _seen_from(store, wanted.view)
    sure = seen & (probability >= wanted.floor) if wanted.floor else seen
    rows = np.flatnonzero(sure & _of_genes(store, wanted))
    if not len(rows):
        told = _none_left((given, seen, sure), f"{task.noun} {name!r}", store, wanted)
        raise GemError(source.annotations.path, told, f"{task.task}/{task.answers}")
    groups, inverse, counts = np.unique(store.groups()[rows], return_inverse=True, return_counts=True)
    weights = 1 / counts[inverse]
    if wanted.weights == "probability":
        weights = weights * probability[rows]
    return Choice(name, rows, weights, len(groups), _samples(rows, inverse, probability[rows]))


def passing(store: Store, wanted: Filter) -> NDArray[np.bool_]:
    """Which images, bool (N,), may be used, and are of the view and the genes wanted."""
    return np.asarray((store.unusable() == "") & _seen_from(store, wanted.view) & _of_genes(store, wanted))


def _is_sure(source: Source, task: MappedTask, name: str) -> NDArray[np.bool_]:
    """Which images, bool (N,), have the class `name` as their sure answer. Raises GemError where that is not told."""
    annotations = source.annotations
    if not annotations.has_sure(task.task):
        told = "does not tell what is sure; annotate again, or leave --sure out"
        raise GemError(annotations.path, told, task.task)
    answers = annotations.sure_answer(task.task) == name
    return np.asarray(answers & (annotations.sure_level(task.task) == task.task), dtype=np.bool_)


def group_name(store: Store, row: int) -> str:
    """The name of an image's group: its gene, else a name of its own that no gene has."""
    return str(store.genes[row] or f"\0{store.ids[row]}")


def left_out_told(store: Store, view: str | None) -> str:
    """A line on the images that are left out for their view, '' where none are."""
    left_out = Counter(store.views[~_seen_from(store, view)].tolist())
    if not left_out:
        return ""
    told = first_few(f"{name or 'not known'} {count:,}" for name, count in left_out.most_common())
    return (
        f"left out for their view: {sum(left_out.values()):,} of {len(store):,} images ({told}); --view all takes them"
    )


def _seen_from(store: Store, view: str | None) -> NDArray[np.bool_]:
    if view == ALL_VIEWS:
        return np.ones(len(store), bool)
    return np.isin(store.views, ["lateral", ""] if view is None else [view])


def _of_genes(store: Store, wanted: Filter) -> NDArray[np.bool_]:
    exclude = set(wanted.exclude)
    inside = np.array([gene not in exclude or not gene for gene in store.genes])
    if wanted.genes is None:
        return inside
    genes = set(wanted.genes) - {""}
    return np.asarray(inside & np.array([gene in genes for gene in store.genes]), bool)


def _none_left(left: tuple[NDArray[np.bool_], ...], what: str, store: Store, wanted: Filter) -> str:
    """Which step left no image; `left` are those that were given it, of these those seen from there, and sure."""
    given, seen, sure = (int(one.sum()) for one in left)
    if not given and wanted.sure:
        return f"of no image the {what} is sure; leave --sure out"
    if not given:
        return (
            f"the model gave no image the {what}, so there is nothing to map; "
            f"`{command_line('lsl-annotate', store.path, '--csv', 'answers.csv')}` lists what it gave"
        )
    if not seen:
        views = ", ".join(sorted({view or "unknown" for view in store.views}))
        view = "lateral" if wanted.view is None else wanted.view
        return f"{given} images have {what}, none of them the view {view!r}. Views: {views}; see --view"
    if not sure:
        return f"{seen} images have {what}, none of them with probability {wanted.floor:g}; lower --floor"
    genes = first_few(sorted(set(store.genes[left[2]]) - {""}), 8)
    return f"{sure} images have {what}, none of a gene asked for (there are {genes}); see --genes, --exclude"


def _samples(rows: NDArray[np.int64], gene: NDArray[np.int64], probability: NDArray[np.float32]) -> NDArray[np.int64]:
    order = np.argsort(-probability, kind="stable")
    best_of_gene = np.sort(np.unique(gene[order], return_index=True)[1])
    return rows[order[best_of_gene[:_SAMPLES]]]
