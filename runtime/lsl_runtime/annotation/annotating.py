"""Annotating a store: every image's class, probabilities and, if asked for, saliency map and features."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lsl_runtime.annotation.annotated import Annotated, summary
from lsl_runtime.annotation.outputs import Outputs
from lsl_runtime.annotation.parts import parts_folder
from lsl_runtime.annotation.plan import planned, target_of
from lsl_runtime.annotation.run import Work, join_made, make_all, make_shard
from lsl_runtime.annotation.run_record import RunRecord
from lsl_runtime.annotation.shards import shard_of
from lsl_runtime.cluster import Machines
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod
from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store

__all__ = ["annotate", "annotate_shard", "join_shards"]


def annotate(
    store: str | Path,
    model: Model,
    *,
    out: str | Path | None = None,
    saliency: bool = False,
    features: bool = False,
    expression: bool = False,
    saliency_method: SaliencyMethod = "gradient",
    saliency_scale: int = 1,
    constrain: str | None = None,
    timetable: str | Path | None = None,
    batch_size: int | None = None,
    restart: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Annotated:
    """Annotates every image of a store and writes the annotations file. The store is only read.

    The same call goes on with a run that was ended, in whatever way. Finished annotations are kept; where labels were
    corrected since, what follows from them is told anew. Images in unreadable chunks get status 2. The file is the
    same however many processes make it. A script that asks for `workers` guards its own work with
    `if __name__ == "__main__":`, since they import it.

    Args:
        store: The image store.
        model: The model, for images of the store's size.
        out: The annotations file; None is store.annotations.h5 beside the store.
        saliency: Whether each image's saliency map is stored.
        features: Whether each image's feature vector is stored.
        expression: Whether each image's stain density is stored, so that maps need not find it again.
        saliency_method: How the maps are made, see `Model.saliency`; finished maps of another method are replaced.
        saliency_scale: 2 stores maps at half the resolution, as means of 2 × 2 pixels; 3 and 4 likewise, 1 as they are.
        constrain: Coarse tasks, joined by commas, or "all"; answers that keep to their known labels are stored, too.
        timetable: A table with columns class, begin, end that ages follow; None is the fly's, or the order of classes.
        batch_size: How many images go through the network at once, at least 1; None is what suits the processor.
        restart: Whether annotations of another model are replaced.
        workers: How many processes of this machine share the work, at least 1; None does it in this one.
        scheduler: The address of a Dask scheduler, which must be trusted; its workers must see the same files.
        on_progress: Called with the number of images just annotated; what it raises ends the run.

    Returns:
        What became of the images.

    Raises:
        StoreError: The store cannot be read.
        ImageError: The model expects images of another size.
        AnnotationsError: The file cannot be written, is being made by another run, or is of another store or model.
        ConfigError: The method is unknown, the images are no whole blocks for maps of that scale, a scale is given
            without `saliency`, the task cannot constrain, or the workers cannot be had.
        DeviceError: The workers die.

    Example:
        >>> from lsl_runtime import Model, annotate
        >>> model = Model.load("runs/demo/model", "cpu")
        >>> done = annotate("store.h5", model, saliency=True, out="answers.h5")
        >>> done.images, done.outside, done.counts
        (60, 5, {'4': 13, '5': 13, '7': 17, '9': 12})
    """
    began = time.monotonic()
    how = _maps(model, saliency, saliency_method, saliency_scale)
    outputs = Outputs(how, features, constrain or "", expression)
    work = Work(on_progress or _unheard, batch_size, restart, Machines(workers, scheduler))
    with Store(store) as opened, planned(opened, model, out, outputs, timetable) as plan:
        return summary(plan, make_all(plan, work), began)


def annotate_shard(
    store: str | Path,
    model: Model,
    shard: int,
    shards: int,
    *,
    out: str | Path | None = None,
    saliency: bool = False,
    features: bool = False,
    expression: bool = False,
    saliency_method: SaliencyMethod = "gradient",
    saliency_scale: int = 1,
    constrain: str | None = None,
    batch_size: int | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Makes the parts of one shard of a store; `join_shards` comes last.

    Shards run on any machines that share the folder, at once or one after the other, twice if need be: their parts
    are the same, and no lock is taken.

    Args:
        store: The image store.
        model: The model, for images of the store's size.
        shard: Which shard, 1 … `shards`.
        shards: Into how many shards the work is cut.
        out: The annotations file; None is store.annotations.h5 beside the store.
        saliency: Whether each image's saliency map is stored.
        features: Whether each image's feature vector is stored.
        expression: Whether each image's stain density is stored, so that maps need not find it again.
        saliency_method: How the maps are made, see `Model.saliency`.
        saliency_scale: 2 stores maps at half the resolution, as means of 2 × 2 pixels; 3 and 4 likewise, 1 as they are.
        constrain: Coarse tasks, joined by commas, or "all"; answers that keep to their known labels are stored, too.
        batch_size: How many images go through the network at once, at least 1; None is what suits the processor.
        restart: Whether annotations of another model are replaced.
        on_progress: Called with the number of images just annotated; what it raises ends the work.

    Returns:
        The number of images in the shard.

    Raises:
        StoreError: The store cannot be read.
        ImageError: The model expects images of another size.
        AnnotationsError: The parts cannot be written, or those of another store or model are in the way.
        ConfigError: The shard is out of range, the method is unknown, the images are no whole blocks for maps of that
            scale, or the task cannot constrain.

    Example:
        >>> from lsl_runtime import Model, annotate_shard, join_shards
        >>> model = Model.load("runs/demo/model", "cpu")
        >>> [annotate_shard("store.h5", model, shard, 2, out="answers.h5") for shard in (1, 2)]
        [60, 0]
        >>> join_shards("store.h5", model, out="answers.h5").images
        60
    """
    how = _maps(model, saliency, saliency_method, saliency_scale)
    outputs = Outputs(how, features, constrain or "", expression)
    work = Work(on_progress or _unheard, batch_size, restart)
    with Store(store) as opened, planned(opened, model, out, outputs) as plan:
        return make_shard(plan, shard_of(plan.partitions, shard, shards), work)


def join_shards(
    store: str | Path, model: Model, *, out: str | Path | None = None, timetable: str | Path | None = None
) -> Annotated:
    """Joins the parts that all shards made into the annotations file.

    Args:
        store: The image store.
        model: The model that made the parts.
        out: The annotations file that was named for the shards; None is store.annotations.h5 beside the store.
        timetable: The table that ages follow, as for `annotate`.

    Returns:
        What became of the images.

    Raises:
        AnnotationsError: Parts are missing, the text counts them; or another run is making the file.

    Example:
        >>> from lsl_runtime import Model, annotate_shard, join_shards
        >>> model = Model.load("runs/demo/model", "cpu")
        >>> annotate_shard("store.h5", model, 1, 1, out="answers.h5")
        60
        >>> join_shards("store.h5", model, out="answers.h5").path.name
        'answers.h5'
    """
    began = time.monotonic()
    begun = RunRecord.read(parts_folder(target_of(store, out)))
    with Store(store) as opened, planned(opened, model, out, begun.outputs if begun else Outputs(), timetable) as plan:
        join_made(plan, begun=begun is not None)
        return summary(plan, len(opened), began)


def _maps(model: Model, wanted: bool, method: SaliencyMethod, scale: int) -> Saliency | None:
    if not wanted:
        if scale != 1:
            raise ConfigError(f"saliency_scale={scale} stores no maps by itself: give saliency=True as well")
        return None
    return Saliency(method, steps=model.manifest.contribution_steps, reduced=scale)


def _unheard(images: int) -> None:
    """Progress that nobody asked for."""
