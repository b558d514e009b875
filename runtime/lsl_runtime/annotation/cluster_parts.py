"""Parts made by Dask workers. A task is an order, which names files, and a partition; the workers read and write.

A part made twice is the same, so what a worker was killed at is done again by another one.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lsl_runtime.annotation.inference import make_parts
from lsl_runtime.annotation.plan import Plan, plan_of
from lsl_runtime.annotation.run_record import RunRecord
from lsl_runtime.annotation.write_errors import told_plainly
from lsl_runtime.cluster import Machines, open_cluster, opened_once
from lsl_runtime.model.model import Model
from lsl_runtime.model.sessions import Device
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.store import Store

__all__ = ["make_parts_on"]

_LAG = 20.0
"""Seconds that a network share may take to show one machine what another wrote."""


@dataclass(frozen=True)
class _Order:
    """What a worker must know: files, what it has to find in them, and how to go about it."""

    run: str
    """A name of this run alone: a worker opens store and model anew for each."""
    store: Path
    model: Path
    target: Path
    record: RunRecord
    device: Device
    threads: int
    batch_size: int | None


def make_parts_on(
    machines: Machines,
    plan: Plan,
    todo: Sequence[range],
    batch_size: int | None,
    on_progress: Callable[[int], None],
) -> None:
    """Makes the parts of the partitions `todo` on Dask workers; `on_progress` is called with every part's images.

    Raises as `open_cluster`, what the workers' reading, inference and writing raise, and AnnotationsError where they
    see other files than this machine.
    """
    if not todo:
        return
    with open_cluster(machines) as cluster:
        order = _Order(
            secrets.token_hex(8), plan.store.path.resolve(), plan.model.path.resolve(), plan.target.resolve(),
            plan.record, plan.model.device, cluster.threads, batch_size,
        )  # fmt: skip
        tasks = [(order, part.start, part.stop) for part in todo]
        with closing(cluster.unordered(_make_part, tasks)) as made:
            for images in made:
                on_progress(images)
    if not _in_time(lambda: not plan.missing(todo)):
        missing = f"{len(plan.missing(todo))} of {len(todo)} parts that the workers made are not here"
        raise AnnotationsError(plan.files.folder, f"{missing}; all machines must see the same files under one path")


def _make_part(order: _Order, start: int, stop: int) -> int:
    """On a worker: makes one part, if it is not there yet; its number of images."""
    with told_plainly(order.target):
        plan = _opened(order)
        _check_same(plan, order)
        make_parts(plan, plan.missing([range(start, stop)]), order.batch_size, lambda count: None)
    return stop - start


@opened_once
def _opened(order: _Order) -> Plan:
    """The plan of an order, its store and its model open."""
    model = Model.load(order.model, order.device, threads=order.threads)
    return plan_of(Store(order.store), model, order.target, order.record.outputs)


def _check_same(plan: Plan, order: _Order) -> None:
    """Raises AnnotationsError where this machine sees another store, model or folder of parts."""
    found, wanted = plan.record, order.record

    def is_begun() -> bool:
        there = RunRecord.read(plan.files.folder)
        return there is not None and there.is_of(wanted)

    for path, same in (
        (order.store, found.store_fingerprint == wanted.store_fingerprint),
        (order.model, found.model_digest == wanted.model_digest),
        (plan.files.folder, _in_time(is_begun)),
    ):
        if not same:
            told = f"is not the same on {socket.gethostname()} as where the run was started"
            raise AnnotationsError(path, f"{told}; all machines must see the same files under one path")


def _in_time(seen: Callable[[], bool]) -> bool:
    """Whether something is seen, now or soon."""
    until = time.monotonic() + _LAG
    while not (found := seen()) and time.monotonic() < until:
        time.sleep(0.5)
    return found
