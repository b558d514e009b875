"""A run from its plan to the finished annotations: parts are made where they are missing, then joined.

Killed at any moment, a rerun goes on from the parts that are valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lsl_runtime.annotation.cluster_parts import make_parts_on
from lsl_runtime.annotation.inference import make_parts
from lsl_runtime.annotation.join import join_parts
from lsl_runtime.annotation.lock import run_lock
from lsl_runtime.annotation.plan import Plan
from lsl_runtime.annotation.rejoin import join_again
from lsl_runtime.cluster import Machines
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.output_file import check_writable

__all__ = ["Work", "join_made", "make_all", "make_shard"]


@dataclass(frozen=True)
class Work:
    """How a run goes about its work."""

    on_progress: Callable[[int], None]
    """Called with the number of images just annotated; what it raises ends the run."""
    batch_size: int | None
    """Images that go through the network at once; None is what suits the processor."""
    restart: bool
    """Whether annotations of another model are replaced."""
    machines: Machines = field(default_factory=Machines)
    """Where the parts are made."""

    def make(self, plan: Plan, todo: list[range]) -> None:
        """Makes the parts of the partitions `todo`."""
        if self.machines.shared:
            make_parts_on(self.machines, plan, todo, self.batch_size, self.on_progress)
        else:
            make_parts(plan, todo, self.batch_size, self.on_progress)


def make_all(plan: Plan, work: Work) -> int:
    """Makes the annotations, or brings finished ones up to date; how many images were taken over."""
    images = len(plan.store)
    if plan.is_finished(work.restart) and not plan.is_outdated() and not plan.has_leftovers():
        work.on_progress(images)
        return images
    check_writable(plan.target, AnnotationsError, "choose another place with --out FILE")
    plan.target.parent.mkdir(parents=True, exist_ok=True)
    with run_lock(plan.target):
        todo: list[range] = []
        if plan.is_finished(work.restart):
            _renew(plan)
            work.on_progress(images)
        else:
            plan.begin(work.restart)
            todo = plan.missing(plan.partitions, work.on_progress)
            work.make(plan, todo)
            join_parts(plan)
        plan.clear()
    return images - sum(map(len, todo))


def make_shard(plan: Plan, shard: list[range], work: Work) -> int:
    """Makes the parts of the partitions `shard`, no lock being taken; how many images they hold."""
    images = sum(map(len, shard))
    if plan.is_finished(work.restart):
        work.on_progress(images)
    else:
        check_writable(plan.target, AnnotationsError, "choose another place with --out FILE")
        plan.begin(work.restart)
        work.make(plan, plan.missing(shard, work.on_progress))
    return images


def join_made(plan: Plan, begun: bool) -> None:
    """Joins the parts that all shards made, or brings finished annotations up to date where no shard was `begun`.

    Raises AnnotationsError that counts the missing parts, and where another run is making the file.
    """
    finished = not begun and plan.is_finished(restart=False)
    if finished and not plan.is_outdated():
        return
    with run_lock(plan.target):
        if finished:
            _renew(plan)
        else:
            _refuse_missing(plan)
            join_parts(plan)
        plan.clear()


def _renew(plan: Plan) -> None:
    """Joins finished annotations again where labels have been changed since."""
    if plan.is_outdated():
        plan.begin(restart=False)
        join_again(plan)


def _refuse_missing(plan: Plan) -> None:
    if missing := plan.missing(plan.partitions):
        lacking = f"{len(missing)} of {len(plan.partitions)} parts of this store and model are missing"
        raise AnnotationsError(plan.files.folder, f"{lacking}; run every --shard i/n to its end, then --join")
