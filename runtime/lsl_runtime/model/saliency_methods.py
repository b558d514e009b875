"""The saliency methods: how maps are made of what the saliency graph gives, and the numbers that this takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.contributions import SMOOTH, STEPS, Integration
from lsl_runtime.model.graphs import Graphs
from lsl_runtime.model.local_contrast import between, local_contrast
from lsl_runtime.model.reduced_maps import COARSEST, check_reduction, reduced_maps
from lsl_runtime.model.sessions import Answers
from lsl_runtime.model.smoothgrad import NOISE, SAMPLES, noisy_copies
from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, SALIENCY

__all__ = ["SIGNED", "Saliency", "SaliencyMethod", "checked_method", "pictures_of"]

SaliencyMethod = Literal[
    "gradient", "smoothgrad", "gradient-input", "integrated", "contributions", "contributions-once"
]  # fmt: skip
"""`gradient`: max over channels of |∂ logit / ∂ pixel|, the paper's equation 8. `smoothgrad`: the mean of the maps of
noisy copies. `gradient-input`: the gradient's map times the pixel's contrast to its surroundings. `integrated`: the
same with the mean of the maps of pictures between one without details and the image. `contributions`: integrated
gradients with their sign (`contributions`), smoothed, then what speaks for the class; what speaks against it is 0.
`contributions-once`: the same from one picture alone, in the middle of the way: an eighth of the time, or less."""

_REDUCED = "reduced"
SIGNED = ("contributions", "contributions-once")
"""The methods whose maps have a sign before their positive part is taken."""


@dataclass(frozen=True)
class _Kind:
    """What sets a method apart."""

    numbers: tuple[str, ...] = ()
    """The numbers of `Saliency` that its maps depend on."""
    copies: Callable[[NDArray[np.uint8], Saliency], NDArray[np.uint8]] | None = None
    """Makes the pictures (samples, H, W, 3) whose maps are averaged; None takes the map of the image (H, W, 3)."""
    times_contrast: bool = False
    graphs: tuple[str, ...] = (SALIENCY,)
    """The graphs that make them."""


_KINDS: dict[SaliencyMethod, _Kind] = {
    "gradient": _Kind(),
    "smoothgrad": _Kind(("samples", "noise"), lambda image, how: noisy_copies(image, how.samples, how.noise)),
    "gradient-input": _Kind(times_contrast=True),
    "integrated": _Kind(("samples",), lambda image, how: between(image, how.samples), times_contrast=True),
    "contributions": _Kind(("rule", "steps", "smooth"), graphs=(CLASSIFIER, CONTRIBUTIONS)),
    "contributions-once": _Kind(("smooth",), graphs=(CLASSIFIER, CONTRIBUTIONS)),
}


def checked_method(name: str) -> SaliencyMethod:
    """The method of this name. Raises ConfigError that lists them."""
    if name not in get_args(SaliencyMethod):
        known = ", ".join(get_args(SaliencyMethod))
        raise ConfigError(f"the saliency method must be one of {known}, received {name!r}")
    return cast(SaliencyMethod, name)


@dataclass(frozen=True)
class Saliency:
    """How saliency maps are made. Raises ConfigError for an unknown method and for numbers out of range."""

    method: SaliencyMethod = "gradient"
    samples: int = SAMPLES
    """How many copies of an image `smoothgrad` and `integrated` average over, at least 1."""
    noise: float = NOISE
    """Standard deviation of the noise that `smoothgrad` adds, as a share of 255, 0..1."""
    steps: int = STEPS
    """How many pictures on the way to an image `contributions` looks at, at least 1."""
    rule: str = field(default="gauss", init=False)
    """By which rule `contributions` are integrated."""
    smooth: float = SMOOTH
    """Standard deviation, in pixels, by which `contributions` are smoothed before their positive part is taken."""
    reduced: int = 1
    """Each value is the mean of so many rows and columns of the map, 1 to 4; of a map with a sign, with that."""

    def __post_init__(self) -> None:
        checked_method(self.method)
        Integration(self.steps, self.smooth)
        check_reduction(self.reduced)
        if self.samples < 1:
            raise ConfigError(f"samples of SmoothGrad must be at least 1, received {self.samples}")
        if not 0 <= self.noise <= 1:
            raise ConfigError(f"noise of SmoothGrad is a share of 255, 0 to 1, received {self.noise}")

    @property
    def noted(self) -> dict[str, str | int | float]:
        """What is noted beside stored maps: the method, and the numbers that they depend on."""
        noted = {name: getattr(self, name) for name in _KINDS[self.method].numbers}
        return {"method": self.method, **noted, **({"reduced": self.reduced} if self.reduced > 1 else {})}

    @property
    def key(self) -> str:
        """The name of such maps in part keys and in run.json; all that they depend on is in it."""
        numbers = [str(getattr(self, name)) for name in _KINDS[self.method].numbers]
        method = [] if self.method == "gradient" else [self.method]
        return ":".join(["saliency", *method, *numbers, *([f"{_REDUCED}{self.reduced}"] if self.reduced > 1 else [])])

    @classmethod
    def stored_as(cls, key: str) -> Saliency | None:
        """The maps that are stored under this key; None where no run of this version has it."""
        whole, _, by = key.partition(f":{_REDUCED}")
        name, steps = [*whole.split(":"), "", "", ""][1], [part for part in whole.split(":") if part.isdecimal()]
        method = checked_method(name if name in get_args(SaliencyMethod) else "gradient")
        reduced = int(by) if by in map(str, range(2, COARSEST + 1)) else 1
        found = (cls(method, steps=max(n, 1), reduced=reduced) for n in (STEPS, *map(int, steps)))
        return next((how for how in found if how.key == key), None)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the maps in `answers`: `saliency`, and `against` where maps have a sign."""
        return ("saliency", "against") if self.method in SIGNED else ("saliency",)

    @property
    def graphs(self) -> tuple[str, ...]:
        """The names of the graphs that make such maps and the answers beside them."""
        return _KINDS[self.method].graphs

    def answers(self, graphs: Graphs, pixels: NDArray[np.uint8], class_index: NDArray[np.int64]) -> Answers:
        """What the graphs give for one batch uint8 (n, H, W, 3), with `saliency` maps (n, H, W) made in this way.

        Reduced ones are (n, H / reduced, W / reduced).

        `class_index` (n,) says whose logit; −1 is the class that is predicted for the image as it is. What is said
        beside the maps is said of the image as it is. `against` (n, H, W), at least 0, is what speaks against the
        class, where the method tells it.
        """
        if self.method in SIGNED:
            return self._contributions(graphs, pixels, class_index)
        kind, answers = _KINDS[self.method], graphs.explain(pixels, class_index)
        if kind.copies is not None:
            chosen = np.where(class_index < 0, answers["logits"].argmax(1), class_index)
            for place, image in enumerate(pixels):
                answers["saliency"][place] = _mean_map(graphs, kind.copies(image, self), chosen[place])
        if kind.times_contrast:
            answers["saliency"] *= local_contrast(pixels)
        answers["saliency"] = reduced_maps(answers["saliency"], self.reduced)
        return answers

    def _contributions(self, graphs: Graphs, pixels: NDArray[np.uint8], class_index: NDArray[np.int64]) -> Answers:
        answers = graphs.classify(pixels)
        chosen = np.where(class_index < 0, answers["logits"].argmax(1), class_index)
        how = Integration(pictures_of(self.method, self.steps), self.smooth)
        maps = reduced_maps(how.maps(graphs, pixels, chosen, np.full(len(pixels), -1)), self.reduced)
        return answers | {"saliency": np.maximum(maps, 0), "against": np.maximum(-maps, 0)}


def pictures_of(method: SaliencyMethod, steps: int) -> int:
    """How many pictures a method with signs looks at; `steps` is what the model's bundle says."""
    return steps if method == "contributions" else 1


def _mean_map(graphs: Graphs, copies: NDArray[np.uint8], class_index: np.int64) -> NDArray[np.float64]:
    """The mean map (H, W) of one image's copies, which go through the graph in batches that nothing changes."""
    total, step = np.zeros(copies.shape[1:3]), graphs.batch_for(1)
    for start in range(0, len(copies), step):
        batch = copies[start : start + step]
        total += graphs.explain(batch, np.full(len(batch), class_index))["saliency"].sum(0, dtype=np.float64)
    return total / len(copies)
