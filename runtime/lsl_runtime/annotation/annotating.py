"""Annotating a store: every image's class, probabilities and, if asked for, saliency map and features.

Work is cut into partitions; each becomes a part file, and the parts are joined at the end. Killed at any moment, a
rerun goes on from the parts that are valid.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsl_runtime.annotation.cluster_parts import make_parts_on
from lsl_runtime.annotation.inference import make_parts
from lsl_runtime.annotation.join import join_parts
from lsl_runtime.annotation.lock import run_lock
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import PartFiles
from lsl_runtime.annotation.plan import Plan, planned, target_of
from lsl_runtime.annotation.rejoin import join_again
from lsl_runtime.annotation.run_record import Unfinished
from lsl_runtime.annotation.shards import shard_of
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations, Status
from lsl_shared.files.store import Store

__all__ = ["Annotated", "annotate", "annotate_shard", "join_shards"]


@dataclass(frozen=True)
class Annotated:
    """What became of a store's images."""

    path: Path
    """The annotations file."""
    images: int
    counts: dict[str, int]
    """Images per class of the first task, in the order of its classes; an image counts for each of its terms."""
    failed: tuple[str, ...]
    """`id: reason` of each image that could not be read."""
    outside: int
    """Images known to lie in a coarse class without fine classes."""
    resumed: int
    """Images taken over from an earlier run."""
    seconds: float
    """What annotating the others took: reading, inference, writing and joining."""
    out_of_scope: int | None
    """Images that are unlike all that the model was trained on; None where it does not tell."""
    set_sizes: dict[int, int]
    """How many classes the prediction sets of annotated images hold: size → images."""


def annotate(
    store: str | Path,
    model: Model,
    *,
    out: str | Path | None = None,
    saliency: bool = False,
    features: bool = False,
    saliency_method: SaliencyMethod = "gradient",
    constrain: str | None = None,
    batch_size: int | None = None,
    restart: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Annotated:
    """Annotates every image of a store and writes the annotations file (default: beside the store).

    `on_progress` is called with the number of images just annotated; what it raises ends the run, and the same call
    goes on from there. Images in unreadable chunks get status 2. Finished annotations are kept; where labels were
    corrected since, what follows from them is told anew. The store is only read. `batch_size` None takes what
    suits the model and the processor. `constrain` names a coarse task of the store: answers that keep to each
    image's label of it are stored beside the others (see `lsl_runtime.coarse_labels`). `saliency_method`: see
    `Model.saliency`; finished maps of another method are replaced. So many `workers`, processes of this machine,
    share the work; or those of the Dask scheduler at the address `scheduler`, which executes code and so must be
    trusted, and whose machines must see the same files under the same paths (see `lsl_runtime.cluster`). The file
    is the same. A script that asks for workers guards its own work with `if __name__ == "__main__":`, since they
    import it.
    Raises StoreError, ImageError where the model expects another size, AnnotationsError where the file cannot be
    written, another run is making it, or annotations of another store or model are in the way (`restart` replaces
    those of another model), ConfigError for an unknown method, a task that cannot constrain, or a cluster that
    cannot be used, DeviceError where its workers die.
    """
    began = time.monotonic()
    progress = on_progress or (lambda count: None)
    outputs = Outputs(Saliency(saliency_method) if saliency else None, features, constrain or "")
    with Store(store) as opened, planned(opened, model, out, outputs) as plan:
        if plan.is_finished(restart) and not plan.is_outdated() and not plan.has_leftovers():
            progress(len(opened))
            return _summary(plan, len(opened), began)
        plan.target.parent.mkdir(parents=True, exist_ok=True)
        with run_lock(plan.target):
            if plan.is_finished(restart):
                _renew(plan)
                progress(len(opened))
                resumed = len(opened)
            else:
                plan.begin(restart)
                todo = plan.missing(plan.cut, progress)
                resumed = len(opened) - sum(map(len, todo))
                if workers is None and scheduler is None:
                    make_parts(plan, todo, batch_size, progress)
                else:
                    make_parts_on(workers, scheduler, plan, todo, batch_size, progress)
                _join(plan)
            plan.clear()
        return _summary(plan, resumed, began)


def annotate_shard(
    store: str | Path,
    model: Model,
    shard: int,
    shards: int,
    *,
    out: str | Path | None = None,
    saliency: bool = False,
    features: bool = False,
    saliency_method: SaliencyMethod = "gradient",
    constrain: str | None = None,
    batch_size: int | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Makes the parts of shard `shard` (1 … `shards`) and returns its number of images; `join_shards` comes last.

    Shards run on any machines that share the folder, at once or one after the other, twice if need be: their parts
    are the same, and no lock is taken. Raises as `annotate` does, and ConfigError for a shard out of range.
    """
    progress = on_progress or (lambda count: None)
    outputs = Outputs(Saliency(saliency_method) if saliency else None, features, constrain or "")
    with Store(store) as opened, planned(opened, model, out, outputs) as plan:
        mine = shard_of(plan.cut, shard, shards)
        count = sum(map(len, mine))
        if plan.is_finished(restart):
            progress(count)
            return count
        plan.begin(restart)
        make_parts(plan, plan.missing(mine, progress), batch_size, progress)
        return count


def join_shards(store: str | Path, model: Model, *, out: str | Path | None = None) -> Annotated:
    """Joins the parts that all shards made into the annotations file.

    Raises AnnotationsError that counts the missing parts, and where another run is making the file.
    """
    began = time.monotonic()
    begun = Unfinished.read(PartFiles(target_of(store, out), "", 1).folder)
    with Store(store) as opened, planned(opened, model, out, begun.outputs if begun else Outputs()) as plan:
        finished = begun is None and plan.is_finished(restart=False)
        if finished and not plan.is_outdated():
            return _summary(plan, len(opened), began)
        with run_lock(plan.target):
            if finished:
                _renew(plan)
                plan.clear()
                return _summary(plan, len(opened), began)
            if missing := plan.missing(plan.cut):
                lacking = f"{len(missing)} of {len(plan.cut)} parts of this store and model are missing"
                raise AnnotationsError(plan.files.folder, f"{lacking}; run every --shard i/n to its end, then --join")
            _join(plan)
            plan.clear()
        return _summary(plan, len(opened), began)


def _join(plan: Plan) -> None:
    join_parts(
        plan.target, plan.store, plan.model, plan.files, plan.cut,
        fingerprint=plan.record.store_fingerprint, constrain=plan.outputs.constrain,
    )  # fmt: skip


def _renew(plan: Plan) -> None:
    """Joins finished annotations again where labels have been changed since."""
    if plan.is_outdated():
        plan.begin(restart=False)
        join_again(plan.target, plan.store, plan.model.manifest, plan.files.folder)


def _summary(plan: Plan, resumed: int, began: float) -> Annotated:
    task = plan.model.task
    with Annotations(plan.target) as done:
        terms = done.is_terms(task.name)
        given = done.chosen(task.name).sum(0) if terms else Counter(done.class_index(task.name).tolist())
        sizes = Counter[int]() if terms else Counter(done.prediction_set(task.name).sum(1).tolist())
        failed = np.flatnonzero(done.status == Status.FAILED)
        return Annotated(
            path=plan.target,
            images=len(done),
            counts={name: int(given[k]) for k, name in enumerate(task.classes)},
            failed=tuple(f"{done.ids[row]}: {done.errors[row]}" for row in failed),
            outside=int((done.status == Status.OUTSIDE).sum()),
            resumed=resumed,
            out_of_scope=int(done.out_of_scope().sum()) if done.has_scope else None,
            seconds=time.monotonic() - began,
            set_sizes={size: count for size, count in sorted(sizes.items()) if size},
        )
