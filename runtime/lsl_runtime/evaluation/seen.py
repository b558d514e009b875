"""Which images of a store a model was trained on: known by their pixels and their gene, whatever their ids are now."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_runtime.model.split_file import KnownImage, read_known_images
from lsl_shared.errors import StoreError
from lsl_shared.files.content_hash import image_digests
from lsl_shared.files.store import Store

__all__ = ["Told", "images_for_testing", "told_apart"]


class Told(StrEnum):
    """What can be said of an image."""

    SEEN = "seen"
    """The model was trained or calibrated on it, or on its gene."""
    TEST = "test"
    """Held out of training."""
    NEW = "new"
    """Not among the images that were split, and not of a gene that was trained on: for testing as well."""
    UNKNOWN = "unknown"
    """Nobody can tell."""


def told_apart(store: Store, images: Sequence[KnownImage], fingerprint: str) -> NDArray[np.str_]:
    """What can be said of each image of a store, str (N,) of `Told`, from the images of the model's split.

    `fingerprint` is that of the store that they lie in. In that store the ids tell. In another one the pixels do, read
    once through, then ids and genes. Splits of version 0.1.0 hold ids alone: images with other ids are unknown then.
    """
    known = _Known(images)
    contents = [] if store.fingerprint() == fingerprint or not known.has_contents else _contents(store)
    each = zip_longest(store.ids, store.genes, contents, fillvalue="")
    return np.array([known.told(id, _form(gene), content) for id, gene, content in each])


def images_for_testing(store: Store, model: Model, notes: list[str]) -> NDArray[np.bool_]:
    """Which images of a store are for testing a model, (N,); `notes` gets what a reader of figures should know.

    Raises BundleError without a split, StoreError where nobody can tell of any image whether it is for testing.
    """
    images = read_known_images(model.path)
    told = told_apart(store, images, model.manifest.store_fingerprint)
    counts = {kind: int((told == kind).sum()) for kind in Told}
    unknown = f"nobody can tell of {counts[Told.UNKNOWN]:,} images whether the model was trained on them"
    why = "their ids and pictures are not in its split, and their genes are not known"
    if not any(image.gene or image.content for image in images):
        why = "its bundle, of version 0.1.0, knows images by their ids alone, and these have others"
    if counts[Told.UNKNOWN] and not counts[Told.TEST] + counts[Told.NEW]:
        raise StoreError(store.path, f"{unknown}: {why}; --all evaluates on every image")
    if counts[Told.UNKNOWN]:
        notes.append(f"{unknown}, so they are left out: {why}")
    if counts[Told.NEW]:
        others = "genes" if any(image.gene for image in images) else "pictures"
        new = f"{counts[Told.NEW]:,} images are of other {others} than those of the training"
        notes.append(f"{new}: they count as test images")
    renamed = int(((told == Told.SEEN) & ~np.isin(store.ids, [image.id for image in images])).sum())
    if renamed:
        notes.append(f"{renamed:,} images are left out: their ids are new, but the model knows the picture or the gene")
    return np.isin(told, [Told.TEST, Told.NEW])


class _Known:
    """The images of a split by id, by pixels and by gene."""

    def __init__(self, images: Sequence[KnownImage]) -> None:
        seen = [image for image in images if image.part != Told.TEST]
        self._by_id = {image.id: image for image in images}
        self._contents = {image.content for image in images}
        self._seen_contents, self._seen_genes = {image.content for image in seen}, {_form(image.gene) for image in seen}
        self._has_genes = any(image.gene for image in images)
        self.has_contents = any(self._contents)

    def told(self, id: str, gene: str, content: str) -> Told:
        """What can be said of one image; `content` is '' where the id tells."""
        if content and content in self._seen_contents:
            return Told.SEEN
        if content and content in self._contents:
            return Told.TEST
        image = self._by_id.get(id)
        return self._by_gene(gene, content) if image is None else self._by_id_of(image, gene, content)

    def _by_id_of(self, image: KnownImage, gene: str, content: str) -> Told:
        """What can be said of an image with the id of `image`: numbers are ids of other pictures in other stores."""
        other_pixels, genes_known = content and image.content, gene and image.gene
        if other_pixels and genes_known and gene != _form(image.gene):
            return self._by_gene(gene, content)
        if image.part != Told.TEST:
            return Told.SEEN
        return Told.UNKNOWN if other_pixels and not genes_known else Told.TEST

    def _by_gene(self, gene: str, content: str) -> Told:
        if self._has_genes:
            return Told.UNKNOWN if not gene else Told.SEEN if gene in self._seen_genes else Told.NEW
        return Told.NEW if content else Told.UNKNOWN  # each image was its own group: other pixels are another image


def _contents(store: Store) -> list[str]:
    """SHA-256 of the pixels of each image, in hexadecimal."""
    return [digest.hex() for _, block in store.blocks() for digest in image_digests(block)]


def _form(gene: str) -> str:
    return unicodedata.normalize("NFC", gene.strip())
