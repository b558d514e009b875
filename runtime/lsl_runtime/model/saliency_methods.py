"""The ways in which a saliency map is made of what the saliency graph gives, and their names among the outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast, get_args

from lsl_runtime.model.smoothgrad import NOISE, SAMPLES
from lsl_shared.errors import ConfigError

__all__ = ["SaliencyMethod", "checked_method", "method_attributes", "method_of", "saliency_output"]

SaliencyMethod = Literal["gradient", "smoothgrad", "gradient-input", "integrated"]
"""`gradient`: max over channels of |∂ logit / ∂ pixel|, the paper's equation 8. `smoothgrad`: the mean of the maps of
noisy copies. `gradient-input`: the gradient's map times the pixel's contrast to its surroundings. `integrated`: the
same with the mean of the maps of pictures between one without details and the image."""

_SALIENCY = "saliency"


def checked_method(name: str) -> SaliencyMethod:
    """The method of this name. Raises ConfigError that lists them."""
    for method in get_args(SaliencyMethod):
        if method == name:
            return cast(SaliencyMethod, method)
    known = ", ".join(get_args(SaliencyMethod))
    raise ConfigError(f"the saliency method must be one of {known}, received {name!r}")


def saliency_output(method: str) -> str:
    """What maps of a method are called among the outputs of a run; all that they depend on is in the name."""
    settings = {
        "gradient": "", "smoothgrad": f":smoothgrad:{SAMPLES}:{NOISE}", "integrated": f":integrated:{SAMPLES}"
    }  # fmt: skip
    return _SALIENCY + settings.get(method, f":{method}")


def method_of(outputs: Iterable[str]) -> SaliencyMethod | None:
    """How the maps among the outputs of a run are made; None where there are none."""
    for name in outputs:
        kind, _, settings = name.partition(":")
        if kind == _SALIENCY:
            return checked_method(settings.partition(":")[0] or "gradient")
    return None


def method_attributes(method: SaliencyMethod) -> dict[str, str | int | float]:
    """What is noted beside stored maps: the method and its settings."""
    settings: dict[str, dict[str, str | int | float]] = {
        "smoothgrad": {"samples": SAMPLES, "noise": NOISE}, "integrated": {"samples": SAMPLES}
    }  # fmt: skip
    return {"method": method, **settings.get(method, {})}
