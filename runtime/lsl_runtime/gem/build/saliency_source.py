"""Where the masks of a genomewide expression map come from: stored saliency maps, else the model that annotated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.mapped_task import MappedTask
from lsl_runtime.gem.build.source import Source
from lsl_runtime.model.bundles import naming
from lsl_runtime.model.contributions import SMOOTH
from lsl_runtime.model.model import Model
from lsl_runtime.model.saliency_methods import SIGNED, SaliencyMethod, checked_method, pictures_of
from lsl_shared.errors import AnnotationsError, BundleError
from lsl_shared.files.annotations import Annotations
from lsl_shared.wording import command_line

__all__ = [
    "Explained",
    "SaliencyOf",
    "StainOf",
    "StoredMaps",
    "annotating_model",
    "contributions_source",
    "method_told",
    "saliency_source",
    "signed_method",
    "stain_source",
]

SaliencyOf = Callable[[NDArray[np.int64], NDArray[np.uint8]], NDArray[np.float32]]
"""From places in the store (n,), ascending, and their images (n, H, W, 3) to maps float32 (n, H, W)."""
StainOf = Callable[[NDArray[np.int64]], NDArray[np.uint8]]
"""From places in the store (n,), ascending, to what is stored of their stain density, uint8 (n, H, W)."""


@dataclass(frozen=True)
class StoredMaps:
    """A SaliencyOf that does not look at the images."""

    read: Callable[[int, int], NDArray[np.float32]]
    chunk_images: int

    def __call__(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return _read(self.read, rows, self.chunk_images)


@dataclass(frozen=True)
class Explained:
    """Where the maps of images come from: `saliency` for their own masks, `contributions` with a sign."""

    saliency: SaliencyOf | None = None
    contributions: SaliencyOf | None = None
    positive: bool = False
    """Whether what is positive of the contributions is the saliency."""
    stain: StainOf | None = None
    """Where stain density is stored; None finds it in the images."""

    @property
    def is_stored(self) -> bool:
        """Whether no image has to be looked at."""
        return self.stain is not None and not self.asks_model

    @property
    def asks_model(self) -> bool:
        """Whether maps are computed."""
        return any(one is not None and not isinstance(one, StoredMaps) for one in (self.saliency, self.contributions))

    def of(
        self, rows: NDArray[np.int64], images: NDArray[np.uint8]
    ) -> Iterator[tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]]:
        """Yields saliency map and contributions (H, W) of each image; None where there are none."""
        maps = self.saliency(rows, images) if self.saliency else None
        signed = self.contributions(rows, images) if self.contributions else None
        if signed is not None and self.positive:
            maps = np.maximum(signed, 0)
        for place in range(len(rows)):
            yield (None if maps is None else maps[place]), (None if signed is None else signed[place])


def saliency_source(
    source: Source,
    task: MappedTask,
    method: SaliencyMethod | None = None,
    threads: int | None = None,
    *,
    reduced: bool = False,
) -> SaliencyOf:
    """The stored maps that explain the class mapped; the others are computed with the model, else that which annotated.

    With `reduced`, maps that are stored reduced may stay so, which is enough for `saliency_mask`.

    `method` None takes stored maps however they were made, and computes gradients; else only maps of that method are
    taken. `threads` limits the model that annotated. Raises AnnotationsError where maps cannot be had; it says which
    command helps.
    """
    annotations, chunk_images = source.annotations, source.store.chunk_images
    predicted, made = task.predicted(annotations), task.stored_method(annotations)
    stored = bool(made) and method in (None, made)
    if stored and annotations.saliency(0, 1).shape[1:] != source.store.shape[1:]:
        raise AnnotationsError(annotations.path, "holds saliency maps of another size than the images: annotate again")
    if stored and predicted.all():
        return StoredMaps(annotations.reduced_saliency if reduced else annotations.saliency, chunk_images)
    maker = source.model or annotating_model(source, threads, task.lacking(stored))
    wanted = checked_method(method or (made if stored else "gradient"))
    logits = task.logits(annotations, maker)

    def maps(rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if not stored:
            return maker.saliency(images, logits[rows], method=wanted, batch_size=len(images))
        found, other = _stored(annotations, rows, chunk_images), ~predicted[rows]
        if other.any():
            found[other] = maker.saliency(images[other], logits[rows][other], method=wanted)
        return found

    return maps


def contributions_source(
    source: Source, task: MappedTask, method: SaliencyMethod | None = None, threads: int | None = None
) -> SaliencyOf:
    """The contributions to the logit of the class mapped, with their sign: stored ones, else computed.

    A `method` without signs, or None, takes those that are stored however they were made. Raises AnnotationsError where
    they cannot be had, and BundleError where the model has no such graph.
    """
    annotations, chunk_images = source.annotations, source.store.chunk_images
    predicted, made = task.predicted(annotations), signed_method(source, task)
    wanted = checked_method(method if method and method in SIGNED else made or "contributions")
    stored = wanted == made
    if stored and predicted.all():
        return StoredMaps(annotations.contributions, chunk_images)
    maker = source.model or annotating_model(source, threads, task.lacking(stored))
    maker.ready(saliency=True, method=wanted)
    logits, steps = task.logits(annotations, maker), pictures_of(wanted, maker.manifest.contribution_steps)
    return lambda rows, images: maker.contributions(
        images, logits[rows], steps=steps, smooth=SMOOTH, batch_size=len(images)
    )


def stain_source(source: Source) -> StainOf | None:
    """The stored stain density; None where there is none of these images' size."""
    given, store = source.annotations, source.store
    if not given.has_expression or given.expression(0, 1).shape[1:] != store.shape[1:]:
        return None
    return lambda rows: _read(given.expression, rows, store.chunk_images)


def signed_method(source: Source, task: MappedTask) -> str:
    """The method of the stored contributions; '' where none are stored with their sign."""
    return task.stored_method(source.annotations) if source.annotations.has_contributions else ""


def method_told(annotations: Annotations, task: MappedTask, method: SaliencyMethod | None) -> str:
    """How the masks of a map are made, for people; '' for the plain gradient. `method` is the one asked for."""
    return {
        "smoothgrad": "masks by SmoothGrad", "gradient-input": "masks by gradient × contrast",
        "integrated": "masks by integrated gradients", "contributions": "masks by contributions",
        "contributions-once": "masks by contributions of one picture",
    }.get(method or task.stored_method(annotations), "")  # fmt: skip


def annotating_model(source: Source, threads: int | None, lacking: str) -> Model:
    """The model that annotated. Raises AnnotationsError that says what is `lacking` without it, and what helps."""
    annotations = source.annotations
    storing = command_line("lsl-annotate", source.store.path, "--saliency", *naming(annotations.model))
    remedy = {
        "saliency maps": f"Give --model BUNDLE, or store the maps: `{storing}`",
        "maps of constrained classes": "Give --model BUNDLE, or map the free classes: --free",
        "maps of terms": "Give --model BUNDLE, or leave the masks out: --no-masked",
        "contrasts of classes": "Give --model BUNDLE",
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


def _stored(annotations: Annotations, rows: NDArray[np.int64], chunk_images: int) -> NDArray[np.float32]:
    """Stored maps, each chunk inflated once."""
    return _read(annotations.saliency, rows, chunk_images)


def _read(read: Callable[[int, int], NDArray[Any]], rows: NDArray[np.int64], chunk_images: int) -> NDArray[Any]:
    """Maps of `rows`, ascending, each chunk read once."""
    maps, chunk_of = [], rows // chunk_images
    for chunk in np.unique(chunk_of):
        inside = rows[chunk_of == chunk]
        found = read(int(inside[0]), int(inside[-1]) + 1)
        maps.append(found if len(found) == len(inside) else found[inside - inside[0]])
    return maps[0] if len(maps) == 1 else np.concatenate(maps)
