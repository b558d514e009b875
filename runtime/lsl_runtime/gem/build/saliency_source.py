"""Where the masks of a genomewide expression map come from: stored saliency maps, else the model that annotated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SaliencyMethod, checked_method
from lsl_shared.errors import AnnotationsError, BundleError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.store import Store

__all__ = ["SaliencyOf", "check_same_model", "method_told", "saliency_source"]

SaliencyOf = Callable[[NDArray[np.int64], NDArray[np.uint8]], NDArray[np.float32]]
"""From places in the store (n,), ascending, and their images (n, H, W, 3) to maps float32 (n, H, W)."""


def saliency_source(
    store: Store,
    annotations: Annotations,
    model: Model | None,
    method: SaliencyMethod | None = None,
    threads: int | None = None,
    term: tuple[str, str] | None = None,
    constrained: str = "",
) -> SaliencyOf:
    """The stored maps if there are any, else those of `model`, else of the model named in the annotations.

    `method` None takes stored maps however they were made, and computes gradients; else only maps of that method are
    taken. `threads` limits the model that annotated. Raises AnnotationsError where none of them can be had; it says
    which command helps. `term`, a task and one of its classes, asks for maps of that logit, which are never stored:
    stored maps are those of the first task's predicted class. `constrained`, the first task, asks for maps of the class
    that keeps to the coarse label; they are computed where it is not the predicted one.
    """
    stored = term is None and annotations.has_saliency and method in (None, annotations.saliency_method)
    wanted = _other_classes(annotations, constrained) if constrained else np.full(len(annotations), -1)
    if stored and (wanted < 0).all():
        return lambda rows, images: _stored(annotations, rows, store.chunk_images)
    lacking = "maps of terms" if term is not None else "maps of constrained classes" if stored else "saliency maps"
    maker = model or _annotating_model(store, annotations, threads, lacking)
    made = checked_method(method or (annotations.saliency_method if stored else "gradient"))
    if term is not None:
        wanted[:] = maker.logit_index(*term)

    def maps(rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if not stored:
            return maker.saliency(images, wanted[rows], method=made, batch_size=len(images))
        found, other = _stored(annotations, rows, store.chunk_images), wanted[rows] >= 0
        if other.any():
            found[other] = maker.saliency(images[other], wanted[rows][other], method=made)
        return found

    return maps


def method_told(method: str) -> str:
    """How the masks of a map are made, for people; '' for the plain gradient."""
    return {
        "smoothgrad": "masks by SmoothGrad", "gradient-input": "masks by gradient × contrast",
        "integrated": "masks by integrated gradients",
    }.get(method, "")  # fmt: skip


def check_same_model(store: Store, annotations: Annotations, model: Model) -> None:
    """Raises AnnotationsError where another model annotated the store."""
    if model.digest != annotations.model_digest:
        raise AnnotationsError(
            annotations.path,
            f"was made by another model ({annotations.model}); "
            f"`lsl-annotate {store.path} --model {model.path} --restart` annotates with this one",
        )


def _annotating_model(store: Store, annotations: Annotations, threads: int | None, lacking: str) -> Model:
    remedy = {
        "saliency maps": f"Give --model BUNDLE, or store the maps: `lsl-annotate {store.path} --saliency`",
        "maps of constrained classes": "Give --model BUNDLE, or map the free classes: --free",
        "maps of terms": "Give --model BUNDLE, or leave the masks out: --no-masked",
    }[lacking]
    try:
        model = Model.load(annotations.model, threads=threads)
    except BundleError as problem:
        raise AnnotationsError(
            annotations.path, f"holds no {lacking}, and its model cannot be used ({problem}).\n{remedy}"
        ) from None
    if model.digest != annotations.model_digest:
        raise AnnotationsError(
            annotations.path, f"holds no {lacking}, and its model {annotations.model} has changed since.\n{remedy}"
        )
    return model


def _other_classes(annotations: Annotations, task: str) -> NDArray[np.int64]:
    """The class of each image (N,) that keeps to its coarse label, −1 where that is the predicted one."""
    kept = annotations.constrained_class(task).astype(np.int64)
    return np.where(kept == annotations.class_index(task), -1, kept)


def _stored(annotations: Annotations, rows: NDArray[np.int64], chunk_images: int) -> NDArray[np.float32]:
    """Stored maps, each chunk inflated once."""
    maps = []
    for chunk in np.unique(rows // chunk_images):
        start = int(chunk) * chunk_images
        inside = rows[rows // chunk_images == chunk] - start
        maps.append(annotations.saliency(start, min(start + chunk_images, len(annotations)))[inside])
    return np.concatenate(maps)
