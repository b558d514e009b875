"""What a method asks of settings and labels; the methods themselves are the files in the room `methods`."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from lsl_shared.errors import ConfigError

__all__ = ["AUTO", "Method", "find_method", "known_methods", "method_names", "methods_in_words"]

_ROOM = "lsl_trainer.methods"


@dataclass(frozen=True, kw_only=True)
class Method:
    """What everybody must know of a method, before anything is learnt."""

    name: str
    """The value of `--method`."""
    help: str
    """What it learns from, in a few words, as `lsl-train --help` tells it."""
    place: int = 100
    """Lists of methods go by it, and then by name."""
    coarse_labels: bool = False
    """Whether it learns coarse labels. Without them, images that carry nothing else are left out."""
    all_coarse: bool = False
    """Whether it learns what the labels of all coarse tasks allow together, and not those of one alone."""
    further_tasks: bool = True
    """Whether it learns the tasks of `--task` beside the fine one."""
    terms_alone: bool = False
    """Whether it learns a task of terms without any classes."""
    fixed_filters: bool = False
    """Whether its F is made of filters that do not learn, so that no backbone takes their place."""
    needs_backbone: bool = False
    """Whether it takes the features of a backbone as they are, so that it cannot do without one."""
    coarse_if_any: bool = False
    """Whether it learns the labels of coarse tasks where there are some, and does without where not."""
    crossed: bool = False
    """Whether all genes train and calibrate in turn, unless it is said otherwise: more fits cost it little."""
    one_process: str = ""
    """Why it cannot share its batches among processes; '' where it can."""


AUTO = Method(
    name="auto",
    help="tries what suits the store on left-out training images, and takes the best",
    all_coarse=True,
    coarse_if_any=True,
    terms_alone=True,
)
"""Not a method of its own: what becomes of it is settled when the images have been seen."""


@cache
def known_methods() -> dict[str, Method]:
    """All methods by name: the `PLAN` of each file in the room. They are imported here, by their files' names."""
    room = importlib.import_module(_ROOM)
    files = [importlib.import_module(f"{_ROOM}.{file.name}") for file in pkgutil.iter_modules(room.__path__)]
    plans: list[Method] = [file.PLAN for file in files]
    return {plan.name: plan for plan in sorted(plans, key=lambda plan: (plan.place, plan.name))}


def method_names() -> tuple[str, ...]:
    """The values that `--method` takes."""
    return (AUTO.name, *known_methods())


def methods_in_words() -> str:
    """What each method learns from, for --help."""
    return "; ".join(f"{method.name}: {method.help}" for method in (AUTO, *known_methods().values()))


def find_method(name: str) -> Method:
    """The method of that name. Raises ConfigError that lists them all."""
    if name == AUTO.name:
        return AUTO
    if name not in known_methods():
        raise ConfigError(f"--method must be one of {', '.join(method_names())}, received {name!r}")
    return known_methods()[name]
