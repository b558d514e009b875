"""Which genes are like a given one: by their maps at one stage, or over all of them.

The square root of the stain, less what all genes of the stage have in common, is correlated over the places of the egg.
A gene's maps are smoothed over neighbouring stages, because most genes lack images of most stages; those of classes
without an order are not. Correlations of several stages are averaged, each by how many images both genes have there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.atlas.atlas import Atlas
from lsl_shared.errors import ConfigError
from lsl_shared.measures.metrics import is_ordered

__all__ = ["Alike", "Pattern", "Patterns", "check_gene"]

_STAGES = 1.0  # standard deviation of the smoothing over stages
_FAINT = 0.0135  # root mean square over places: below it a pattern is noise, and is like nothing


@dataclass(frozen=True)
class Alike:
    """A gene that is like another one."""

    gene: str
    similarity: float
    """−1..1: the mean correlation of their maps."""
    n_images: int
    """Of the gene, at the stages that were compared."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """What is looked for: planes float32 (S, cells) of length 1 or less, and how much each is known, (S,) in 0..1."""

    planes: NDArray[np.float32]
    known: NDArray[np.float64]


class Patterns:
    """The patterns of all genes of an atlas."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        stages = len(atlas.stages)
        near = np.exp(-0.5 * ((np.arange(stages)[:, None] - np.arange(stages)) / _STAGES) ** 2).astype(np.float32)
        if not is_ordered(atlas.stages):
            near = np.eye(stages, dtype=np.float32)
        self._near, count = near, atlas.n_images.astype(np.float32)
        weight = near @ count  # (S, G): images at a stage and beside it
        stain = np.sqrt(np.nan_to_num(atlas.mean[:, :, atlas.inside])) * count[:, :, None]  # (S, G, cells)
        smooth = np.tensordot(near, stain, 1) / np.maximum(weight, 1e-9)[:, :, None]
        self.known = np.minimum(weight, 1).astype(np.float64)
        total = np.maximum(self.known.sum(1), 1e-9)
        self.common = (np.einsum("sgc,sg->sc", smooth, self.known) / total[:, None]).astype(np.float32)
        self.planes = _unit(smooth - self.common[:, None])

    def of(self, gene: str) -> Pattern:
        """The pattern of a gene of the atlas."""
        place = self.atlas.genes.index(gene)
        return Pattern(self.planes[:, place], self.known[:, place])

    def of_map(self, density: NDArray[np.floating], stage: str) -> Pattern:
        """The pattern of a map (h, w) on the grid of the atlas, seen at a stage."""
        place = self.atlas.stages.index(stage)
        known = self._near[place].astype(np.float64)
        stain = np.sqrt(density[self.atlas.inside]).astype(np.float32)
        return Pattern(_unit(stain[None] - self.common), known)

    def similarity(self, pattern: Pattern, stages: Sequence[str] = ()) -> NDArray[np.float64]:
        """How like each gene is, float64 (G,) in −1..1; NaN where both are never known at one stage."""
        rows = [self.atlas.stages.index(name) for name in stages] or list(range(len(self.atlas.stages)))
        total, weight = np.zeros(len(self.atlas.genes)), np.zeros(len(self.atlas.genes))
        for row in rows:
            both = self.known[row] * pattern.known[row]
            total += both * (self.planes[row] @ pattern.planes[row])
            weight += both
        return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), np.nan)

    def like(self, pattern: Pattern, *, but: str = "", stages: Sequence[str] = ()) -> list[Alike]:
        """All genes `but` one, the most alike first; those that cannot be compared are left out."""
        found = self.similarity(pattern, stages)
        rows = [self.atlas.stages.index(name) for name in stages] or list(range(len(self.atlas.stages)))
        images = self.atlas.n_images[rows].sum(0)
        order = [place for place in np.argsort(-found, kind="stable") if np.isfinite(found[place])]
        return [
            Alike(self.atlas.genes[place], float(found[place]), int(images[place]))
            for place in order
            if self.atlas.genes[place] != but
        ]

    def vectors(self) -> NDArray[np.float32]:
        """A vector a gene, float32 (G, S · cells), of length 1: the dot product of two is about their similarity."""
        found = (self.planes * self.known[:, :, None]).transpose(1, 0, 2).reshape(len(self.atlas.genes), -1)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.ascontiguousarray(found / np.maximum(length, 1e-6), np.float32)


def check_gene(atlas: Atlas, gene: str) -> str:
    """The gene as the atlas spells it. Raises ConfigError that names those that differ in case."""
    if gene in atlas.genes:
        return gene
    near = [one for one in atlas.genes if one.casefold() == gene.casefold()]
    hint = f"; there is {' and '.join(near)}" if near else f"; {len(atlas.genes):,} genes have images"
    raise ConfigError(f"no gene {gene!r} among the chosen images{hint}")


def _unit(planes: NDArray[np.floating]) -> NDArray[np.float32]:
    """Planes (…, cells) less their mean, of length 1; faint ones are shorter."""
    planes = planes - planes.mean(-1, keepdims=True)
    least = _FAINT * np.sqrt(planes.shape[-1])
    return np.asarray(planes / np.maximum(np.linalg.norm(planes, axis=-1, keepdims=True), least), np.float32)
