"""What a run gives of each image beside the probabilities, as its parts and its record name it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from lsl_runtime.model.saliency_methods import Saliency, SaliencyMethod, checked_method
from lsl_shared.files.annotations import Annotations

__all__ = ["Outputs"]

_FEATURES, _EXPRESSION, _CONSTRAINED = "features", "expression", "constrained-by:"


@dataclass(frozen=True)
class Outputs:
    """What a run gives of each image beside the probabilities."""

    saliency: Saliency | None = None
    """How saliency maps are made; None stores none."""
    features: bool = False
    """Whether feature vectors are stored."""
    constrain: str = ""
    """The coarse tasks whose labels further answers keep to, joined by commas; '' for none."""
    expression: bool = False
    """Whether stain density and embryo are stored."""

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the outputs in part keys and in run.json."""
        maps, features = self.saliency.key if self.saliency else "", _FEATURES if self.features else ""
        stain = _EXPRESSION if self.expression else ""
        return tuple(filter(None, (maps, features, stain, self.constrain and f"{_CONSTRAINED}{self.constrain}")))

    @classmethod
    def of_key(cls, key: Iterable[str]) -> Outputs:
        """The outputs of this key. Raises ValueError for one that no run of this version has."""
        names = tuple(map(str, key))
        maps = [how for name in names if (how := Saliency.stored_as(name))]
        coarse = [name.removeprefix(_CONSTRAINED) for name in names if name.startswith(_CONSTRAINED)]
        constrain = coarse[0] if coarse else ""
        found = cls(maps[0] if maps else None, _FEATURES in names, constrain, _EXPRESSION in names)
        if found.key != names:
            raise ValueError(f"outputs that this version does not know: {', '.join(names)}")
        return found

    @classmethod
    def held_by(cls, annotations: Annotations) -> Outputs:
        """What finished annotations hold, as far as this version can make it."""
        method = annotations.saliency_method
        known = method in get_args(SaliencyMethod)
        steps, reduced = annotations.saliency_steps, annotations.saliency_reduced
        maps = Saliency(checked_method(method), steps=steps, reduced=reduced) if known else None
        return cls(maps, annotations.has_features, annotations.constrained_by, annotations.has_expression)

    def __le__(self, other: Outputs) -> bool:
        """Whether the other ones have all of these."""
        return set(self.key) <= set(other.key)
