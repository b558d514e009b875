"""Annotating a store: every image's class, probabilities and, if asked for, saliency map and features.

Work is cut into partitions; each becomes a part file, and the parts are joined at the end. Killed at any moment, a
rerun goes on from the parts that are valid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.join import join_parts
from lsl_runtime.model import Model
from lsl_runtime.partitions import partitions
from lsl_runtime.parts import Part, PartFiles, part_key
from lsl_shared.annotations import Annotations, Status, annotations_path
from lsl_shared.errors import AnnotationsError, ImageError, StoreError
from lsl_shared.store import Store

__all__ = ["Annotated", "annotate", "check_image_size"]

_PRECISION = "fp32"


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


def annotate(
    store: str | Path,
    model: Model,
    *,
    out: str | Path | None = None,
    saliency: bool = False,
    features: bool = False,
    batch_size: int = 16,
    restart: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Annotated:
    """Annotates every image of a store and writes the annotations file (default: beside the store).

    `on_progress` is called with the number of images just finished. Images in unreadable chunks get status 2. The store
    is only read. Raises StoreError, ImageError where the model expects another size, AnnotationsError where finished
    annotations of another store or model are in the way (`restart` replaces those of another model).
    """
    target = Path(out) if out is not None else annotations_path(store)
    outputs = tuple(name for name, asked in (("saliency", saliency), ("features", features)) if asked)
    with Store(store) as opened:
        check_image_size(opened, model)
        if target.exists() and target.samefile(store):
            raise AnnotationsError(target, "is the image store itself; choose another --out")
        fingerprint = opened.fingerprint()
        if _finished(target, opened, fingerprint, model, outputs, restart):
            if on_progress:
                on_progress(len(opened))
            return _summary(target, model, resumed=len(opened))
        cut = partitions(len(opened), opened.chunk_images)
        files = PartFiles(target, part_key(fingerprint, model.digest, outputs, _PRECISION), opened.chunk_images)
        todo = [partition for partition in cut if not files.is_valid(partition)]
        resumed = len(opened) - sum(map(len, todo))
        if on_progress and resumed:
            on_progress(resumed)
        for partition, images in _read_ahead(opened, todo):
            files.write(partition, _annotate_images(model, images, outputs, batch_size))
            if on_progress:
                on_progress(len(partition))
        join_parts(target, opened, model, files, cut, fingerprint=fingerprint, precision=_PRECISION)
        files.remove()
    return _summary(target, model, resumed)


def check_image_size(store: Store, model: Model) -> None:
    """Raises ImageError where the store's images are not of the size that the model takes."""
    expected, found = model.manifest.image_size, store.shape[1:]
    if found != expected:
        size = "x".join(map(str, expected))
        raise ImageError(
            f"{store.path}: images are {found}, the model expects {expected}; import them with --size {size}"
        )


def _finished(
    target: Path, store: Store, fingerprint: str, model: Model, outputs: Sequence[str], restart: bool
) -> bool:
    """Whether the annotations asked for are there already; raises where other ones are in the way."""
    if not target.exists():
        return False
    with Annotations(target) as found:
        if found.store_fingerprint != fingerprint:
            raise AnnotationsError(target, f"belongs to another store than {store.path}; move it away or choose --out")
        if found.model_digest != model.digest and not restart:
            raise AnnotationsError(target, f"was made by another model ({found.model}); add --restart, or choose --out")
        has = (name for name, there in (("saliency", found.has_saliency), ("features", found.has_features)) if there)
        return found.model_digest == model.digest and not restart and set(outputs) <= set(has)


@dataclass(frozen=True)
class _Images:
    """The images of a partition: those that could be read, and why the others could not."""

    pixels: NDArray[np.uint8]
    """(n, H, W, 3), zero where unreadable."""
    errors: list[str]


def _read_ahead(store: Store, cut: Sequence[range]) -> Iterator[tuple[range, _Images]]:
    """Yields the partitions' images, the next one being read while the last is worked on."""
    with ThreadPoolExecutor(1, "reader") as pool:
        ahead = pool.submit(_read, store, cut[0]) if cut else None
        for place, partition in enumerate(cut):
            assert ahead is not None
            images = ahead.result()
            ahead = pool.submit(_read, store, cut[place + 1]) if place + 1 < len(cut) else None
            yield partition, images


def _read(store: Store, partition: range) -> _Images:
    try:
        return _Images(store.read(partition.start, partition.stop), [""] * len(partition))
    except StoreError:
        return _read_by_chunk(store, partition)


def _read_by_chunk(store: Store, partition: range) -> _Images:
    """Reads what can be read of a partition that holds a damaged chunk."""
    pixels = np.zeros((len(partition), *store.shape[1:], 3), dtype=np.uint8)
    errors = [""] * len(partition)
    for start in range(partition.start, partition.stop, store.chunk_images):
        rows = slice(start - partition.start, min(start + store.chunk_images, partition.stop) - partition.start)
        try:
            pixels[rows] = store.read(start, min(start + store.chunk_images, partition.stop))
        except StoreError as problem:
            errors[rows] = [str(problem)] * len(errors[rows])
    return _Images(pixels, errors)


def _annotate_images(model: Model, images: _Images, outputs: Sequence[str], batch_size: int) -> Part:
    """The part of one partition: from the saliency graph if maps are asked for, else from the classifier."""
    explain = model.explain if "saliency" in outputs else model.classify
    batches = list(explain(images.pixels, batch_size=batch_size))
    results = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    failed = np.array([bool(text) for text in images.errors])
    for name in results:
        results[name][failed] = 0 if name == "saliency" else np.nan
    return Part(
        probabilities={task.name: results[model.output("probabilities", task)] for task in model.manifest.tasks},
        errors=images.errors,
        saliency=results.get("saliency"),
        features=results["features"] if "features" in outputs else None,
    )


def _summary(path: Path, model: Model, resumed: int) -> Annotated:
    with Annotations(path) as done:
        given = Counter(done.class_index(model.task.name).tolist())
        failed = np.flatnonzero(done.status == Status.FAILED)
        return Annotated(
            path=path,
            images=len(done),
            counts={name: given[k] for k, name in enumerate(model.task.classes)},
            failed=tuple(f"{done.ids[row]}: {done.errors[row]}" for row in failed),
            outside=int((done.status == Status.OUTSIDE).sum()),
            resumed=resumed,
        )
