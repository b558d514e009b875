"""What is asked of a map: which images take part, and what is made of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from lsl_runtime.model.saliency_methods import SaliencyMethod
from lsl_shared.errors import ConfigError

__all__ = ["ALL_VIEWS", "Filter", "MapSettings", "MaskKind", "Mode", "Weights"]

ALL_VIEWS = "all"
Weights = Literal["equal", "probability"]
Mode = Literal["mean", "fraction"]
MaskKind = Literal["landmarks", "image"]
"""`landmarks`: the landmark map of the class, one mask for all its images. `image`: each image's own saliency map, as
in the paper."""


@dataclass(frozen=True)
class Filter:
    """Which of the images of a class or term take part, and how much each weighs. Raises ConfigError."""

    view: str | None = None
    """None takes lateral images and those whose view is not known, "all" takes every view."""
    genes: Collection[str] | None = None
    """Only these genes; None takes all, and images without a gene."""
    exclude: Collection[str] = ()
    """Not these genes."""
    weights: Weights = "equal"
    """`probability`: an image weighs by its probability of the class, so a gene by the mean of its images."""
    floor: float = 0.0
    """Only images whose probability of the class is at least this."""
    constrained: bool = True
    """Whether answers that keep to known coarse labels count, where `lsl-annotate --constrain` stored them, or the free
    ones."""
    sure: bool = False
    """Whether only images count of which the class is sure."""

    def __post_init__(self) -> None:
        if self.weights not in get_args(Weights):
            raise ConfigError(f"--weights must be one of {', '.join(get_args(Weights))}, received {self.weights!r}")
        if isinstance(self.genes, str) or isinstance(self.exclude, str):
            raise ConfigError("genes and exclude are collections of names, received one text; see `read_gene_list`")
        if not 0 <= self.floor <= 1:
            raise ConfigError(f"--floor is a probability, 0 to 1, received {self.floor}")

    def told(self) -> str:
        """What differs from the rule, for people; '' where nothing does."""
        parts = ["weighted by probability"] if self.weights == "probability" else []
        parts += [f"probability at least {self.floor:g}"] if self.floor else []
        parts += ["sure ones alone"] if self.sure else []
        parts += [f"only listed genes ({len(self.genes):,})"] if self.genes is not None else []
        parts += [f"without listed genes ({len(self.exclude):,})"] if self.exclude else []
        return ", ".join(parts)


@dataclass(frozen=True)
class MapSettings:
    """What is made of the images. Raises ConfigError."""

    masked: bool = True
    """Whether there is a map of what the model looks at, too."""
    mode: Mode = "mean"
    """Mean stain density, or `fraction`, the share of stained images."""
    saliency_method: SaliencyMethod | None = None
    """How the maps behind the masks are made; None takes what is stored, else gradients."""
    per_gene: bool = False
    """Whether it is told what each gene shows."""
    landmark_map: bool | None = None
    """Whether there is a landmark map; None makes one where contributions are at hand: stored, or asked for."""
    mask: MaskKind | None = None
    """What the masked map is masked by; None takes the landmark map where there is one, and no other method is asked
    for."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ConfigError(f"mode must be one of {', '.join(get_args(Mode))}, received {self.mode!r}")
        if self.mask is not None and self.mask not in get_args(MaskKind):
            raise ConfigError(f"mask must be one of {', '.join(get_args(MaskKind))}, received {self.mask!r}")
        if self.mask == "landmarks" and self.landmark_map is False:
            raise ConfigError("the masked map cannot be masked by a landmark map that is not made")
