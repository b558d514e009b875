"""The pass over a store that builds maps: here, or shared out among Dask workers, with the same bits as a result."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

from lsl_runtime.cluster import open_cluster
from lsl_runtime.gem.build.saliency_source import SaliencyOf, check_same_model, saliency_source
from lsl_runtime.gem.build.selection import Choice, check_same_store
from lsl_runtime.gem.build.sums import Mode, Sums, add_up, pieces, sum_up
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SaliencyMethod
from lsl_runtime.model.sessions import Device
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.store import Store

__all__ = ["Pass", "sums_of"]


@dataclass(frozen=True)
class Pass:
    """What a pass reads and how it sums."""

    store: Store
    annotations: Annotations
    model: Model | None
    masked: bool
    method: SaliencyMethod | None
    mode: Mode
    per_gene: bool
    term: tuple[str, str] | None = None
    """A task of kind terms and the term that is mapped, whose logit the masks are of."""
    constrained: str = ""
    """The task whose answers keep to known coarse labels; '' where they are the free ones."""

    def saliency_of(self, threads: int | None = None) -> SaliencyOf | None:
        """Where the masks come from; None where none are asked for. Raises AnnotationsError."""
        if not self.masked:
            return None
        return saliency_source(
            self.store, self.annotations, self.model, self.method, threads, self.term, self.constrained
        )


@dataclass(frozen=True)
class _Order:
    """What a worker must know: files, what it has to find in them, and how to sum."""

    run: str
    """A name of this pass alone: a worker opens the files anew for each."""
    store: Path
    annotations: Path
    fingerprint: str
    digest: str
    model: Path | None
    device: Device
    masked: bool
    method: SaliencyMethod | None
    mode: Mode
    per_gene: bool
    threads: int
    term: tuple[str, str] | None
    constrained: str


def sums_of(
    over: Pass,
    choices: Sequence[Choice],
    workers: int | None,
    scheduler: str | None,
    on_progress: Callable[[int], None],
) -> list[Sums]:
    """The sums of each choice, made here where neither `workers` nor `scheduler` are asked for.

    Raises as `saliency_source` and `open_cluster`, and AnnotationsError where workers see other files.
    """
    cut, store = pieces(over.store), over.store
    saliency_of = over.saliency_of()
    if workers is None and scheduler is None:
        found = (
            sum_up(store, choices, saliency_of, over.mode, on_progress, over=piece, per_gene=over.per_gene)
            for piece in cut
        )
        return add_up(choices, found, store, over.per_gene)
    with open_cluster(workers, scheduler) as cluster:
        order = _order(over, cluster.threads)
        tasks = [(order, place, _within(choices, piece)) for place, piece in enumerate(cut)]
        with closing(cluster.in_order(_sum_piece, tasks)) as made:
            return add_up(choices, _told(made, cut, on_progress), store, over.per_gene)


def _told(
    made: Iterable[Sequence[Sums]], cut: Sequence[Sequence[range]], on_progress: Callable[[int], None]
) -> Iterator[Sequence[Sums]]:
    """The sums over each piece as they come, and the number of its images told."""
    for sums, piece in zip(made, cut, strict=True):
        on_progress(sum(map(len, piece)))
        yield sums


def _order(over: Pass, threads: int) -> _Order:
    given, model = over.annotations, over.model
    return _Order(
        secrets.token_hex(8), over.store.path.resolve(), given.path.resolve(), given.store_fingerprint,
        given.model_digest, model.path.resolve() if model else None, model.device if model else "auto",
        over.masked, over.method, over.mode, over.per_gene, threads, over.term, over.constrained,
    )  # fmt: skip


def _within(choices: Sequence[Choice], piece: Sequence[range]) -> list[Choice]:
    """What of the choices lies in a piece."""
    start, stop = piece[0].start, piece[-1].stop

    def part(one: Choice) -> Choice:
        inside, shown = ((rows >= start) & (rows < stop) for rows in (one.rows, one.samples))
        return replace(one, rows=one.rows[inside], weights=one.weights[inside], samples=one.samples[shown])

    return list(map(part, choices))


def _sum_piece(order: _Order, place: int, choices: Sequence[Choice]) -> list[Sums]:
    """On a worker: the sums over one piece of the store."""
    with _OPENING:
        over, saliency_of = _opened(order)
    return sum_up(
        over.store, choices, saliency_of, over.mode, lambda count: None, over=pieces(over.store)[place],
        per_gene=over.per_gene, threads=order.threads,
    )  # fmt: skip


_OPENING = Lock()


@lru_cache(maxsize=1)
def _opened(order: _Order) -> tuple[Pass, SaliencyOf | None]:
    """The pass of an order, its files open; those of an earlier one are let go. Raises AnnotationsError."""
    store, annotations = Store(order.store), Annotations(order.annotations)
    check_same_store(store, annotations)
    if (annotations.store_fingerprint, annotations.model_digest) != (order.fingerprint, order.digest):
        told = "are not those that the maps were asked of; all machines must see the same files under one path"
        raise AnnotationsError(order.annotations, told)
    model = Model.load(order.model, order.device, threads=order.threads) if order.model else None
    if model is not None:
        check_same_model(store, annotations, model)
    over = Pass(
        store, annotations, model, order.masked, order.method, order.mode, order.per_gene, order.term, order.constrained
    )
    return over, over.saliency_of(order.threads)
