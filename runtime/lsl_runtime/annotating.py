"""Annotating a store: every image's class, probabilities and, if asked for, saliency map and features.

Work is cut into partitions; each becomes a part file, and the parts are joined at the end. Killed at any moment, a
rerun goes on from the parts that are valid.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsl_runtime.full_disk import told_plainly
from lsl_runtime.inference import PartWriter, annotate_partition
from lsl_runtime.join import join_parts
from lsl_runtime.lock import lock_path, run_lock
from lsl_runtime.model import Model
from lsl_runtime.partitions import partitions
from lsl_runtime.parts import PartFiles, part_key
from lsl_runtime.reading import read_ahead
from lsl_runtime.shards import shard_of
from lsl_runtime.unfinished import Unfinished
from lsl_shared.annotations import Annotations, Status, annotations_path
from lsl_shared.errors import AnnotationsError, ImageError
from lsl_shared.store import Store

__all__ = ["Annotated", "annotate", "annotate_shard", "check_image_size", "join_shards"]

_PRECISION = "fp32"
_BATCHES_AHEAD = 2


@dataclass(frozen=True)
class Annotated:
    """What became of a store's images."""

    path: Path
    """The annotations file."""
    images: int
    counts: dict[str, int]
    """Images per class of the first task, in the order of its classes."""
    failed: tuple[str, ...]
    """`id: reason` of each image that could not be read."""
    outside: int
    """Images known to lie in a coarse class without fine classes."""
    resumed: int
    """Images taken over from an earlier run."""
    seconds: float
    """What annotating the others took: reading, inference, writing and joining."""
    set_sizes: dict[int, int]
    """How many classes the prediction sets of annotated images hold: size → images."""


def annotate(
    store: str | Path,
    model: Model,
    *,
    out: str | Path | None = None,
    saliency: bool = False,
    features: bool = False,
    batch_size: int | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Annotated:
    """Annotates every image of a store and writes the annotations file (default: beside the store).

    `on_progress` is called with the number of images just annotated; what it raises ends the run, and the same call
    goes on from there. Images in unreadable chunks get status 2. The store is only read. `batch_size` None takes what
    suits the model and the processor. Raises StoreError, ImageError where the model expects another size,
    AnnotationsError where the file cannot be written, another run is making it, or annotations of another store or
    model are in the way (`restart` replaces those of another model).
    """
    began = time.monotonic()
    progress = on_progress or (lambda count: None)
    with Store(store) as opened, _planned(opened, model, out, _outputs(saliency, features)) as plan:
        if plan.is_finished(restart) and not plan.has_leftovers():
            progress(len(opened))
            return _summary(plan, len(opened), began)
        plan.target.parent.mkdir(parents=True, exist_ok=True)
        with run_lock(plan.target):
            if plan.is_finished(restart):
                progress(len(opened))
                resumed = len(opened)
            else:
                plan.begin(restart)
                resumed = _make_parts(plan, plan.cut, batch_size, progress)
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
    batch_size: int | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Makes the parts of shard `shard` (1 … `shards`) and returns its number of images; `join_shards` comes last.

    Shards run on any machines that share the folder, at once or one after the other, twice if need be: their parts
    are the same, and no lock is taken. Raises as `annotate` does, and ConfigError for a shard out of range.
    """
    with Store(store) as opened, _planned(opened, model, out, _outputs(saliency, features)) as plan:
        mine = shard_of(plan.cut, shard, shards)
        count = sum(map(len, mine))
        if plan.is_finished(restart):
            (on_progress or (lambda count: None))(count)
            return count
        plan.begin(restart)
        _make_parts(plan, mine, batch_size, on_progress or (lambda count: None))
        return count


def join_shards(store: str | Path, model: Model, *, out: str | Path | None = None) -> Annotated:
    """Joins the parts that all shards made into the annotations file.

    Raises AnnotationsError that counts the missing parts, and where another run is making the file.
    """
    began = time.monotonic()
    target = _target(store, out)
    begun = Unfinished.read(PartFiles(target, "", 1).folder)
    with Store(store) as opened, _planned(opened, model, out, begun.outputs if begun else ()) as plan:
        if begun is None and plan.is_finished(restart=False):
            return _summary(plan, len(opened), began)
        with run_lock(plan.target):
            missing = [partition for partition in plan.cut if not plan.files.is_valid(partition)]
            if missing:
                lacking = f"{len(missing)} of {len(plan.cut)} parts of this store and model are missing"
                raise AnnotationsError(plan.files.folder, f"{lacking}; run every --shard i/n to its end, then --join")
            _join(plan)
            plan.clear()
        return _summary(plan, len(opened), began)


def check_image_size(store: Store, model: Model) -> None:
    """Raises ImageError where the store's images are not of the size that the model takes."""
    expected, found = model.manifest.image_size, store.shape[1:]
    if found != expected:
        size = "x".join(map(str, expected))
        raise ImageError(
            f"{store.path}: images are {found}, the model expects {expected}; import them with --size {size}"
        )


@dataclass(frozen=True)
class _Plan:
    """What is to be made of which store, by which model, and where."""

    store: Store
    model: Model
    target: Path
    outputs: tuple[str, ...]
    record: Unfinished
    files: PartFiles
    cut: list[range]

    def is_finished(self, restart: bool) -> bool:
        """Whether the annotations asked for are there already; raises where other ones are in the way."""
        if not self.target.exists():
            return False
        with Annotations(self.target) as found:
            if found.store_fingerprint != self.record.store_fingerprint:
                there = f"belongs to another store than {self.store.path}"
                raise AnnotationsError(self.target, f"{there}; move it away or choose --out")
            same = found.model_digest == self.model.digest
            if not same and not restart:
                there = f"was made by another model ({found.model})"
                raise AnnotationsError(self.target, f"{there}; add --restart, or choose --out")
            has = {"saliency": found.has_saliency, "features": found.has_features}
            return same and not restart and all(has[name] for name in self.outputs)

    def begin(self, restart: bool) -> None:
        """Makes the folder of parts, once the graph that is needed is known to run."""
        self.model.ready(saliency="saliency" in self.outputs)
        self.record.begin(self.files.folder, restart)

    def has_leftovers(self) -> bool:
        """Whether a run was killed after the annotations were finished, before it had cleared up."""
        return lock_path(self.target).exists() or Unfinished.read(self.files.folder) == self.record

    def clear(self) -> None:
        """Removes the parts of this run, those of a run with other outputs excepted."""
        found = Unfinished.read(self.files.folder)
        if found == self.record:
            self.files.remove()
        elif found is None:  # killed between the last file's removal and the folder's
            with suppress(OSError):
                self.files.folder.rmdir()


def _outputs(saliency: bool, features: bool) -> tuple[str, ...]:
    return tuple(name for name, asked in (("saliency", saliency), ("features", features)) if asked)


def _target(store: str | Path, out: str | Path | None) -> Path:
    return Path(out) if out is not None else annotations_path(store)


@contextmanager
def _planned(store: Store, model: Model, out: str | Path | None, outputs: tuple[str, ...]) -> Iterator[_Plan]:
    """The plan of a run; what goes wrong in writing is told plainly."""
    check_image_size(store, model)
    target = _target(store.path, out)
    if target.exists() and target.samefile(store.path):
        raise AnnotationsError(target, "is the image store itself; choose another --out")
    fingerprint = store.fingerprint()
    record = Unfinished(str(store.path), fingerprint, str(model.path), model.digest, outputs)
    files = PartFiles(target, part_key(fingerprint, model.digest, outputs, _PRECISION), store.chunk_images)
    with told_plainly(target):
        yield _Plan(store, model, target, outputs, record, files, partitions(len(store), store.chunk_images))


def _make_parts(plan: _Plan, cut: Sequence[range], batch_size: int | None, on_progress: Callable[[int], None]) -> int:
    """Makes the parts of `cut` that are not there yet; the number of images that were."""
    todo = [partition for partition in cut if not plan.files.is_valid(partition)]
    resumed = sum(map(len, cut)) - sum(map(len, todo))
    if resumed:
        on_progress(resumed)
    batch = batch_size or plan.model.batch_size
    with (
        closing(read_ahead(plan.store, todo, _BATCHES_AHEAD * batch)) as blocks,
        PartWriter(plan.files) as writer,
    ):
        for partition in todo:
            writer.put(partition, annotate_partition(plan.model, blocks, partition, plan.outputs, batch, on_progress))
    return resumed


def _join(plan: _Plan) -> None:
    join_parts(
        plan.target, plan.store, plan.model, plan.files, plan.cut,
        fingerprint=plan.record.store_fingerprint, precision=_PRECISION,
    )  # fmt: skip


def _summary(plan: _Plan, resumed: int, began: float) -> Annotated:
    task = plan.model.task
    with Annotations(plan.target) as done:
        given = Counter(done.class_index(task.name).tolist())
        sizes = Counter(done.prediction_set(task.name).sum(1).tolist())
        failed = np.flatnonzero(done.status == Status.FAILED)
        return Annotated(
            path=plan.target,
            images=len(done),
            counts={name: given[k] for k, name in enumerate(task.classes)},
            failed=tuple(f"{done.ids[row]}: {done.errors[row]}" for row in failed),
            outside=int((done.status == Status.OUTSIDE).sum()),
            resumed=resumed,
            seconds=time.monotonic() - began,
            set_sizes={size: count for size, count in sorted(sizes.items()) if size},
        )
