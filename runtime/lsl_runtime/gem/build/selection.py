"""Which images make up a genomewide expression map, and with what weight: each gene counts once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError, ConfigError, GemError
from lsl_shared.files.annotations import Annotations, Status
from lsl_shared.files.store import Store

__all__ = [
    "ALL_VIEWS",
    "Choice",
    "Filter",
    "Weights",
    "answers_of",
    "check_same_store",
    "check_terms",
    "choose",
    "constraint_kept",
    "group_name",
    "task_of",
    "term_task_of",
]

ALL_VIEWS = "all"
SAMPLES = 5
Weights = Literal["equal", "probability"]


@dataclass(frozen=True)
class Filter:
    """Which of the images of a stage take part, and how much each weighs. Raises ConfigError."""

    view: str | None = None
    """None takes lateral images and those whose view is not known, "all" takes every view."""
    genes: Collection[str] | None = None
    """Only these genes; None takes all, and images without a gene."""
    exclude: Collection[str] = ()
    """Not these genes."""
    weights: Weights = "equal"
    """`probability`: an image weighs by its probability of the stage, so a gene by the mean of its images."""
    floor: float = 0.0
    """Only images whose probability of the stage is at least this."""
    constrained: bool = True
    """Whether answers that keep to known coarse labels count, where `lsl-annotate --constrain` stored them, or the free
    ones."""

    def __post_init__(self) -> None:
        if self.weights not in get_args(Weights):
            raise ConfigError(f"--weights must be one of {', '.join(get_args(Weights))}, received {self.weights!r}")
        if isinstance(self.genes, str) or isinstance(self.exclude, str):
            raise ConfigError("genes and exclude are collections of names, received one text; see `read_gene_list`")
        if not 0 <= self.floor <= 1:
            raise ConfigError(f"--floor is a probability, 0 to 1, received {self.floor}")

    def told(self) -> str:
        """What differs from the rule, for people; '' where nothing does."""
        parts = ["weighted by probability"] if self.weights == "probability" else []
        parts += [f"probability at least {self.floor:g}"] if self.floor else []
        parts += [f"only listed genes ({len(self.genes):,})"] if self.genes is not None else []
        parts += [f"without listed genes ({len(self.exclude):,})"] if self.exclude else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Choice:
    """The images chosen for one stage."""

    stage: str
    rows: NDArray[np.int64]
    """(n,): their places in the store, ascending."""
    weights: NDArray[np.float64]
    """(n,): 1 / number of chosen images of the gene, by request times the probability of the stage; an image without
    a gene is its own group."""
    n_genes: int
    samples: NDArray[np.int64]
    """The places of the most confident images of different genes, at most five, most confident first."""


def task_of(annotations: Annotations, stages: Sequence[str], task: str = "") -> str:
    """The task whose classes the stages are: `task` if named, else the first that has them all; else one of terms.

    Raises GemError that lists the classes.
    """
    classes: list[str] = [name for name in annotations.tasks if not annotations.is_terms(name)]
    candidates = [task] if task in annotations.tasks else classes
    terms: list[str] = [name for name in annotations.tasks if annotations.is_terms(name)]
    for name in [*candidates, *terms]:
        if set(stages) <= set(annotations.tasks[name]):
            return name
    if not candidates:
        told = "its model knows terms alone; map them with --term"
        raise GemError(annotations.path, f"{told}: {', '.join(annotations.tasks[terms[0]][:40])}")
    listed = "; ".join(f"{name}: {', '.join(annotations.tasks[name][:40])}" for name in candidates)
    known = {label for name in candidates for label in annotations.tasks[name]}
    unknown = [stage for stage in stages if stage not in known]
    problem = f"no class {unknown[0]!r}" if unknown else f"no task has all of {', '.join(stages)}"
    raise GemError(annotations.path, f"{problem}. Classes of the model are {listed}")


def choose(store: Store, annotations: Annotations, task: str, stage: str, wanted: Filter | None = None) -> Choice:
    """Annotated images that were given `stage` and pass the filter.

    Raises GemError that says which step left no image.
    """
    wanted = wanted or Filter()
    given, probability = answers_of(annotations, task, stage, wanted.constrained)
    seen = given & _seen_from(store, wanted.view)
    sure = seen & (probability >= wanted.floor) if wanted.floor else seen
    rows = np.flatnonzero(sure & _of_genes(store, wanted))
    if not len(rows):
        what, key = ("term", "chosen") if annotations.is_terms(task) else ("class", "class")
        raise GemError(annotations.path, _none_left((given, seen, sure), what, stage, store, wanted), f"{task}/{key}")
    groups, inverse, counts = np.unique(store.groups()[rows], return_inverse=True, return_counts=True)
    weights = 1 / counts[inverse]
    if wanted.weights == "probability":
        weights = weights * probability[rows]
    return Choice(stage, rows, weights, len(groups), _samples(rows, inverse, probability[rows]))


def answers_of(
    annotations: Annotations, task: str, stage: str, constrained: bool = True
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Which images (N,) were given a stage or term, and the probability (N,) of their class, or of that term.

    With `constrained`, the class and its share that keep to known coarse labels, where they are stored.
    """
    place = annotations.tasks[task].index(stage)
    if annotations.is_terms(task):
        return annotations.chosen(task)[:, place], annotations.probabilities(task)[:, place]
    if constrained and annotations.is_constrained(task):
        classes, probability = annotations.constrained_class(task), annotations.constrained_probability(task)
    else:
        classes, probability = annotations.class_index(task), annotations.probability(task)
    return (classes == place) & (annotations.status == Status.ANNOTATED), probability


def constraint_kept(annotations: Annotations, task: str, wanted: Filter) -> str:
    """The coarse task whose labels the answers to `task` keep to; '' where they are the free ones."""
    return annotations.constrained_by if wanted.constrained and annotations.is_constrained(task) else ""


def term_task_of(annotations: Annotations, terms: Sequence[str]) -> str:
    """The task of kind terms that has all of these. Raises GemError that lists what there is."""
    check_terms(annotations, terms)
    names: list[str] = [name for name in annotations.tasks if annotations.is_terms(name)]
    for name in names:
        if set(terms) <= set(annotations.tasks[name]):
            return name
    raise GemError(annotations.path, f"no task has all of {', '.join(terms)}; map the terms of each by themselves")


def check_terms(annotations: Annotations, terms: Sequence[str]) -> None:
    """Raises GemError that lists the terms where one of these is none of the model's."""
    known = [name for task, names in annotations.tasks.items() if annotations.is_terms(task) for name in names]
    if not known:
        raise GemError(annotations.path, "its model knows no terms; `lsl-train --task cv_terms` trains one that does")
    for term in terms:
        if term not in known:
            raise GemError(annotations.path, f"no term {term!r}. The model's terms are {', '.join(known)}")


def group_name(store: Store, row: int) -> str:
    """The name of an image's group: its gene, else a name of its own that no gene has."""
    return str(store.genes[row] or f"\0{store.ids[row]}")


def check_same_store(store: Store, annotations: Annotations) -> None:
    """Raises AnnotationsError where the annotations are those of another store."""
    if annotations.store_fingerprint != store.fingerprint() or len(annotations) != len(store):
        raise AnnotationsError(
            annotations.path, f"belongs to another store than {store.path}; `lsl-annotate {store.path}` annotates this"
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


def _none_left(left: tuple[NDArray[np.bool_], ...], what: str, stage: str, store: Store, wanted: Filter) -> str:
    given, seen, sure = (int(one.sum()) for one in left)
    if not given:
        return (
            f"the model gave no image the {what} {stage!r}, so there is nothing to map; "
            "`lsl-annotate STORE --csv FILE` lists what it gave"
        )
    if not seen:
        views = ", ".join(sorted({view or "unknown" for view in store.views}))
        view = "lateral" if wanted.view is None else wanted.view
        return f"{given} images have {what} {stage!r}, none of them the view {view!r}. Views: {views}; see --view"
    if not sure:
        return f"{seen} images have {what} {stage!r}, none of them with probability {wanted.floor:g}; lower --floor"
    genes = ", ".join(sorted(set(store.genes[left[2]]) - {""})[:8])
    return (
        f"{sure} images have {what} {stage!r}, none of a gene asked for (there are {genes} …); see --genes, --exclude"
    )


def _samples(rows: NDArray[np.int64], gene: NDArray[np.int64], probability: NDArray[np.float32]) -> NDArray[np.int64]:
    order = np.argsort(-probability, kind="stable")
    best_of_gene = np.sort(np.unique(gene[order], return_index=True)[1])
    return rows[order[best_of_gene[:SAMPLES]]]
