"""Stages as a model sees them on a demo store: their maps, and how these lie to the true landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from controls import edges
from numpy.typing import NDArray

from lsl_runtime import LandmarkMap, Model
from lsl_runtime.gem.build.bootstrap import area_mean, grid_shape
from lsl_runtime.gem.build.landmark_map import LANDMARK_ROWS, ContributionSums
from lsl_runtime.gem.build.masks import saliency_mask
from lsl_runtime.model.contributions import SMOOTH
from lsl_shared import Store, expression

__all__ = ["Stage", "Trained", "misplaced", "shuffled", "stage_figures", "stages"]

Array = NDArray[Any]
PER_STAGE, LEAST, SHUFFLES = 16, 6, 8
TOUCHED = 0.25
"""A pixel is a landmark of a stage where it is one in this share of its embryos."""


@dataclass(frozen=True)
class Trained:
    """A model of one store, and its name <seed>-<method>-<training>."""

    name: str
    store: Path
    model: Model


@dataclass(frozen=True)
class Stage:
    """The images that a model gave a stage."""

    images: Array
    genes: list[str]
    weights: Array
    """Of each image; those of a gene sum to 1 / number of genes."""
    density: Array
    inside: Array
    where: Array
    """(H, W): the share of the embryos that have a landmark there."""
    index: int

    @property
    def embryo(self) -> Array:
        return np.average(self.inside, axis=0, weights=self.weights)

    def share(self, plane: Array) -> float:
        """The share of a map in the landmarks, within the mean embryo."""
        held = plane * (self.embryo >= 0.5)
        return float((held * self.where).sum() / held.sum()) if held.any() else 0.0

    def landmark_map(self, contributions: Array) -> LandmarkMap:
        sums = ContributionSums(self.where.shape)
        for gene, one, weight in zip(self.genes, contributions, self.weights, strict=True):
            sums.add(gene, one.astype(np.float32), float(weight))
        return sums.landmark_map(self.weights.sum(), self.embryo)


def stages(one: Trained) -> Iterator[Stage]:
    with Store(one.store) as store:
        answers = one.model.classify(store.read(0, len(store)))
        said = np.concatenate([answer["logits"].argmax(1) for answer in answers])
        marked = store.truth_dataset("landmarks")
        for index in range(len(one.model.task.classes)):
            rows = np.flatnonzero(said == index)
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(PER_STAGE, len(rows))).astype(int))]
            genes = [store.genes[row] or store.ids[row] for row in rows]
            if len(set(genes)) < LEAST:
                continue
            images, weights = store.select(rows), np.array([1 / genes.count(gene) for gene in genes])
            found = [expression(image) for image in images]
            density, inside = np.stack([x.density for x in found]), np.stack([x.mask for x in found])
            where = np.average([marked[row] > 0 for row in rows], axis=0, weights=weights)
            yield Stage(images, genes, weights / weights.sum(), density, inside, where, index)


def stage_figures(one: Trained, stage: Stage, contributions: Array) -> dict[str, float]:
    """The figures of one stage by name; `contributions` (n, H, W) of its images to the stage."""
    model, index = one.model, np.full(len(stage.images), stage.index)
    plain = np.average(stage.density, axis=0, weights=stage.weights)
    base, box = stage.share(plain), stage.embryo >= 0.5
    found = {"images": float(len(stage.images)), "plain energy": base / float(stage.where[box].mean())}

    def each(maps: Array) -> float:
        """The masked GEM of single masks, as a multiple of the plain GEM."""
        masks = [
            saliency_mask(plane.astype(np.float32), inside) for plane, inside in zip(maps, stage.inside, strict=True)
        ]
        return stage.share(np.average(stage.density * np.stack(masks), axis=0, weights=stage.weights)) / base

    once = model.contributions(stage.images, index, steps=1, smooth=SMOOTH)
    for method, signed in (("contributions", contributions), ("contributions-once", once)):
        landmark = stage.landmark_map(signed)
        found[f"masked GEM|landmark map, {method}"] = stage.share(plain * landmark.mask(stage.embryo)) / base
        found[f"masked GEM|each image's {method}"] = each(np.maximum(signed, 0))
        found[f"map|landmark map, {method}"] = stage.share(np.maximum(landmark.mean, 0)) / float(
            stage.where[box].mean()
        )
        cells, touched = landmark.significant, touching(stage)
        found[f"cells|{method}"], found[f"touching|{method}"] = float(cells.sum()), float((cells & touched).sum())
        found["cells that touch by chance"] = float(touched[~np.isnan(landmark.p)].mean())
    found["masked GEM|each image's gradient"] = each(model.saliency(stage.images, index))
    sobel = np.stack([edges(image) for image in stage.images])
    found["masked GEM|Sobel edges"] = each(sobel)
    found["masked GEM|mean Sobel edges"] = (
        stage.share(plain * saliency_mask(np.average(sobel, axis=0, weights=stage.weights).astype(np.float32), box))
        / base
    )
    found["masked GEM|true landmarks"] = each(np.broadcast_to(stage.where, stage.density.shape))
    return found


def touching(stage: Stage) -> Array:
    """(h, w): cells with a pixel that is a landmark in a quarter of the embryos."""
    grid = grid_shape(stage.where.shape, LANDMARK_ROWS)
    return area_mean((stage.where >= TOUCHED).astype(np.float32), grid) > 0


def shuffled(held: list[Stage], contributions: Array, generator: np.random.Generator) -> Iterator[bool]:
    """Whether any cell of a stage is called significant where the stages of all images are shuffled.

    `contributions` (N, H, W) are those of all images, each to the stage that it was given.
    """
    genes = [gene for stage in held for gene in stage.genes]
    for _ in range(SHUFFLES):
        order = generator.permutation(len(genes))
        for stage in held:
            rows, order = order[: len(stage.genes)], order[len(stage.genes) :]
            yield called(stage, [genes[row] for row in rows], contributions[rows])


def misplaced(one: Trained, held: list[Stage], generator: np.random.Generator) -> Iterator[bool]:
    """The same where other images are asked what in them speaks for the stage: a harder test."""
    images = np.concatenate([stage.images for stage in held])
    genes = [gene for stage in held for gene in stage.genes]
    for stage in held:
        rows = generator.choice(len(images), len(stage.images), replace=False)
        index = np.full(len(rows), stage.index)
        signed = one.model.contributions(images[rows], index, steps=1, smooth=SMOOTH)
        yield called(stage, [genes[row] for row in rows], signed)


def called(stage: Stage, genes: list[str], contributions: Array) -> bool:
    weights = np.array([1 / genes.count(gene) for gene in genes])
    other = replace(stage, genes=genes, weights=weights / weights.sum(), inside=np.stack([stage.embryo] * len(genes)))
    return bool(other.landmark_map(contributions).significant.any())
