"""Options that say something only beside another one: given alone they would be ignored, so they are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.config import GROUPS, TrainConfig
from lsl_trainer.settings.method import AUTO
from lsl_trainer.settings.setting import flag, option_of, typed_fields

__all__ = ["check_needed"]


class _Need(NamedTuple):
    """What some settings go with."""

    names: tuple[str, ...]
    there: Callable[[TrainConfig], bool]
    told: str
    """The option that they go with, and how to name it."""


def _by_method(*names: str) -> Callable[[TrainConfig], bool]:
    return lambda config: config.method in names


_NEEDS = (
    _Need(
        ("backbone_license", "backbone_source", "allow_download"),
        lambda config: bool(config.transfer.backbone),
        "--backbone, the weights that it is about: name them",
    ),
    _Need(
        ("feature_kind", "enlarge", "input_size"),
        lambda config: bool(config.transfer.backbone) or config.method == AUTO.name,
        "--backbone, whose features or images it is about: name one",
    ),
    _Need(("feature_blocks", "turned"), _by_method("linear", AUTO.name), "--method linear: name that"),
    _Need(("labels_drawn",), _by_method("coarse-constrained", AUTO.name), "--method coarse-constrained: name that"),
    _Need(("budget",), _by_method(AUTO.name), "--method auto, which chooses: name that"),
    _Need(("label_seed",), lambda config: config.labels.fine_per_class > 0, "--fine-per-class K: say how many"),
    _Need(("task_weights",), lambda config: bool(config.labels.tasks), "--task, a further task to weigh: name one"),
)


def check_needed(given: Iterable[str], config: TrainConfig) -> None:
    """Raises ConfigError for the first setting in `given`, by name, that says nothing in `config`.

    It is for what was typed. Files and programs may keep such settings, whose neighbours change.
    """
    typed = set(given)
    for need in _NEEDS:
        for name in need.names:
            if name in typed and not need.there(config):
                raise ConfigError(f"{_flag(name)} goes with {need.told}, or leave it out")


def _flag(name: str) -> str:
    """The option of a setting, as it is typed."""
    named = (entry for group in GROUPS.values() for entry, _ in typed_fields(group) if entry.name == name)
    option = option_of(next(named))
    return (option.flag if option else "") or flag(name)
