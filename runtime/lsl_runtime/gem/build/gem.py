"""A genomewide expression map: its planes, and what it was made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gene_sums import GeneExpression
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_runtime.gem.build.settings import MaskKind, Mode

__all__ = ["FEW_GENES", "Gem", "GemSample", "few_genes"]

FEW_GENES = 10
"""A map of fewer genes shows these genes more than the class."""


def few_genes(genes: int, what: str) -> str:
    """What to say of a map of few genes; '' of others."""
    return (
        "" if genes >= FEW_GENES else f"only {genes} gene{'s' * (genes != 1)}: the map shows them more than the {what}"
    )


@dataclass(frozen=True)
class GemSample:
    """One of the images behind a map, for the picture."""

    id: str
    gene: str
    probability: float
    """Of the class or term, 0..1."""
    image: NDArray[np.uint8]
    """(H, W, 3)"""
    mask: NDArray[np.float32] | None
    """Saliency mask (H, W), 0..1; None in an unmasked map."""


@dataclass(frozen=True, eq=False)
class Gem:
    """The genomewide expression map of one class or term."""

    stage: str
    """The class or term; most often a stage."""
    task: str
    gem: NDArray[np.float32]
    """(H, W), 0..1: weighted mean of the stain density, or in mode `fraction` weighted share of stained images."""
    masked_gem: NDArray[np.float32] | None
    """(H, W), 0..1, never above `gem`; None if not asked for."""
    embryo: NDArray[np.float32]
    """(H, W), 0..1: weighted share of the images whose embryo covers the pixel."""
    n_images: int
    n_genes: int
    """Groups that count once each: genes, and images without a gene."""
    n_empty: int
    """Images in which no embryo was found; they count as unstained."""
    mode: Mode
    view: str
    """The view asked for; '' is lateral or not known."""
    model: str
    """Path of the bundle that annotated."""
    model_digest: str
    store_fingerprint: str
    samples: tuple[GemSample, ...] = field(default=(), repr=False)
    """The most confident images of different genes, at most five."""
    selection: str = ""
    """What was asked for beyond class and view, such as listed genes, for people."""
    band: NDArray[np.float32] | None = None
    """(2, h, w): between these lie 95 % of the maps of a bootstrap over genes, on a grid of at most 32 rows; None with
    fewer than two genes. Few genes make it too narrow."""
    masked_band: NDArray[np.float32] | None = None
    """The same of the masked map."""
    genes: tuple[GeneExpression, ...] = field(default=(), repr=False)
    """What each gene shows, if asked for; images without a gene are left out."""
    kind: Literal["class", "terms", "age"] = "class"
    """`terms`: a term is mapped, and images may carry several; `age`: a time, which `stage` names."""
    landmark_map: LandmarkMap | None = field(default=None, repr=False)
    """What the images' contributions have in common, with its significance; None if not asked for."""
    mask: MaskKind | Literal[""] = ""
    """What the masked map is masked by: the landmark map, or each image's own saliency; '' where it is not known."""

    @property
    def is_of_term(self) -> bool:
        """Whether a term is mapped, rather than a class."""
        return self.kind == "terms"

    @property
    def what(self) -> str:
        """What is mapped, in a word for people: stage, stage range, species, term, age."""
        if self.kind == "age":
            return "age"
        return "term" if self.is_of_term else self.task.replace("_", " ")

    @property
    def caution(self) -> str:
        """What to say of a map of few genes; '' of others."""
        return few_genes(self.n_genes, self.what)
