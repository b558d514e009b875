"""The pass over a store that builds maps: here, or shared out among Dask workers, with the same bits as a result."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from lsl_runtime.cluster import Machines, open_cluster, opened_once
from lsl_runtime.gem.build.mapped_task import MappedTask
from lsl_runtime.gem.build.saliency_source import (
    Explained,
    contributions_source,
    saliency_source,
    signed_method,
    stain_source,
)
from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.gem.build.settings import MapSettings, MaskKind
from lsl_runtime.gem.build.side_by_side import map_threads, side_by_side
from lsl_runtime.gem.build.source import Source, check_source
from lsl_runtime.gem.build.summing import sum_up
from lsl_runtime.gem.build.sums import Sums, add_up, pieces
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SIGNED
from lsl_runtime.model.sessions import Device
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.store import Store

__all__ = ["Pass", "sums_of"]


@dataclass(frozen=True)
class Pass:
    """What a pass reads, which task it maps, and how it sums."""

    source: Source
    task: MappedTask
    settings: MapSettings

    @property
    def landmark_map(self) -> bool:
        """Whether there is a landmark map: as asked, else where contributions are at hand."""
        settings = self.settings
        if settings.landmark_map is not None or not settings.masked:
            return bool(settings.landmark_map)
        at_hand = bool(signed_method(self.source, self.task)) or settings.saliency_method in SIGNED
        return at_hand or settings.mask == "landmarks"

    @property
    def mask(self) -> MaskKind | None:
        """What the masked map is masked by; None where there is none."""
        settings = self.settings
        if not settings.masked:
            return None
        usual = self.landmark_map and settings.saliency_method in (None, *SIGNED)
        return settings.mask or ("landmarks" if usual else "image")

    def explained(self, threads: int | None = None) -> Explained:
        """Where stain, masks of single images and contributions come from, as far as asked for.

        Raises AnnotationsError.
        """
        return replace(self._maps(threads), stain=stain_source(self.source))

    def _maps(self, threads: int | None) -> Explained:
        method = self.settings.saliency_method
        signed = contributions_source(self.source, self.task, method, threads) if self.landmark_map else None
        if self.mask != "image":
            return Explained(None, signed)
        if signed and (method or self.task.stored_method(self.source.annotations)) in SIGNED:
            return Explained(None, signed, positive=True)
        return Explained(saliency_source(self.source, self.task, method, threads, reduced=True), signed)


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
    threads: int
    task: MappedTask
    settings: MapSettings


def sums_of(
    over: Pass, choices: Sequence[Choice], machines: Machines, on_progress: Callable[[int], None]
) -> list[Sums]:
    """The sums of each choice, made here or shared out.

    Raises as `saliency_source` and `open_cluster`, and AnnotationsError where workers see other files.
    """
    store, settings = over.source.store, over.settings
    cut = pieces(store)
    if not machines.shared:
        with closing(_summed_here(over, choices, cut, on_progress)) as found:
            return add_up(choices, found, store, settings.per_gene)
    with open_cluster(machines) as cluster:
        order = _order(over, cluster.threads)
        tasks = [(order, place, _within(choices, piece)) for place, piece in enumerate(cut)]
        with closing(cluster.in_order(_sum_piece, tasks)) as made:
            return add_up(choices, _told(made, cut, on_progress), store, settings.per_gene)


def _summed_here(
    over: Pass, choices: Sequence[Choice], cut: Sequence[Sequence[range]], on_progress: Callable[[int], None]
) -> Generator[list[Sums], None, None]:
    """The sums over each piece, in order, made in this process: several pieces at once, unless a model is asked."""
    store, settings, explained = over.source.store, over.settings, over.explained()

    def sums(piece: Sequence[range], passed: Callable[[int], None], threads: int | None) -> list[Sums]:
        return sum_up(store, _within(choices, piece), settings, explained, passed, over=piece, threads=threads)

    if explained.asks_model or len(cut) < 2 * map_threads():
        yield from (sums(piece, on_progress, None) for piece in cut)
        return
    with closing(side_by_side(lambda piece, passed: sums(piece, passed, 1), cut, map_threads(), on_progress)) as made:
        yield from made


def _told(
    made: Iterable[Sequence[Sums]], cut: Sequence[Sequence[range]], on_progress: Callable[[int], None]
) -> Iterator[Sequence[Sums]]:
    """The sums over each piece as they come, and the number of its images told."""
    for sums, piece in zip(made, cut, strict=True):
        on_progress(sum(map(len, piece)))
        yield sums


def _order(over: Pass, threads: int) -> _Order:
    given, model = over.source.annotations, over.source.model
    return _Order(
        run=secrets.token_hex(8),
        store=over.source.store.path.resolve(),
        annotations=given.path.resolve(),
        fingerprint=given.store_fingerprint,
        digest=given.model_digest,
        model=model.path.resolve() if model else None,
        device=model.device if model else "auto",
        threads=threads,
        task=over.task,
        settings=over.settings,
    )


def _within(choices: Sequence[Choice], piece: Sequence[range]) -> list[Choice]:
    """What of the choices lies in a piece."""
    start, stop = piece[0].start, piece[-1].stop

    def part(one: Choice) -> Choice:
        inside, shown = ((rows >= start) & (rows < stop) for rows in (one.rows, one.samples))
        return replace(one, rows=one.rows[inside], weights=one.weights[inside], samples=one.samples[shown])

    return list(map(part, choices))


def _sum_piece(order: _Order, place: int, choices: Sequence[Choice]) -> list[Sums]:
    """On a worker: the sums over one piece of the store."""
    over, explained = _opened(order)
    store = over.source.store
    return sum_up(store, choices, over.settings, explained, over=pieces(store)[place], threads=order.threads)


@opened_once
def _opened(order: _Order) -> tuple[Pass, Explained]:
    """The pass of an order, its files open. Raises AnnotationsError."""
    store, annotations = Store(order.store), Annotations(order.annotations)
    check_source(Source(store, annotations))
    if (annotations.store_fingerprint, annotations.model_digest) != (order.fingerprint, order.digest):
        told = "are not those that the maps were asked of; all machines must see the same files under one path"
        raise AnnotationsError(order.annotations, told)
    model = Model.load(order.model, order.device, threads=order.threads) if order.model else None
    source = Source(store, annotations, model)
    check_source(source)
    over = Pass(source, order.task, order.settings)
    return over, over.explained(order.threads)
