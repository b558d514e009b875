"""The settings of a training: groups after what they are about, checked when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.groups import (
    Augmentation,
    Choosing,
    Constrained,
    Descent,
    Epochs,
    Export,
    References,
    Regularization,
)
from lsl_trainer.settings.labels import Labels
from lsl_trainer.settings.method import find_method, method_names, methods_in_words
from lsl_trainer.settings.network import NetworkConfig
from lsl_trainer.settings.setting import METHOD, Option, flag, setting
from lsl_trainer.settings.transfer import Transfer

__all__ = ["GROUPS", "TrainConfig", "group_of"]

GROUPS = {
    "labels": Labels,
    "transfer": Transfer,
    "epochs": Epochs,
    "descent": Descent,
    "regularization": Regularization,
    "references": References,
    "constrained": Constrained,
    "augmentation": Augmentation,
    "choosing": Choosing,
    "export": Export,
}
"""The groups of flat settings by the attribute of `TrainConfig` that holds them."""

group_of = {entry.name: name for name, group in GROUPS.items() for entry in fields(group)}
"""Which group each setting is in."""


@dataclass(frozen=True, init=False)
class TrainConfig:
    """How to train. Each setting has a flat name, unique over the groups.

    Example:
        >>> from lsl_trainer import TrainConfig
        >>> config = TrainConfig(batch_size=8, method="plain")  # the paper's recipe with another batch
        >>> config.descent.batch_size, config.descent.learning_rate
        (8, 0.001)
    """

    preset: str = "paper"
    """The name of the preset that this started from."""
    method: str = setting(
        default="feature-level",
        choices=method_names(),
        option=Option(
            f"What is learnt from which labels. {methods_in_words()}.  "
            r"\[default: auto; feature-level with --preset or --config]",
            METHOD,
        ),
    )
    """The name of a plan in `lsl_trainer.methods`, which says what it learns from."""
    seed: int = setting(default=0, option=Option("Split, weights, order of images.  \\[default: 0]"))
    """Seed of the split, the weights, the order of images, their augmentation and the reference sets."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The shape of F."""
    labels: Labels = field(default_factory=Labels)
    transfer: Transfer = field(default_factory=Transfer)
    epochs: Epochs = field(default_factory=Epochs)
    descent: Descent = field(default_factory=Descent)
    regularization: Regularization = field(default_factory=Regularization)
    references: References = field(default_factory=References)
    constrained: Constrained = field(default_factory=Constrained)
    augmentation: Augmentation = field(default_factory=Augmentation)
    choosing: Choosing = field(default_factory=Choosing)
    export: Export = field(default_factory=Export)

    def __init__(self, **given: Any) -> None:
        """Settings by their flat names, or whole groups; what is not given is the paper's.

        Args:
            **given: values by the name of a setting or of a group.

        Raises:
            ConfigError: that names the setting, its rule, and the value received.
        """
        own = {entry.name for entry in fields(self)}
        if unknown := sorted(set(given) - own - set(group_of)):
            raise ConfigError(f"no such setting: {', '.join(unknown)}")
        values = {name: given.get(name, getattr(type(self), name, None)) for name in ("preset", "method", "seed")}
        values["network"] = given.get("network") or NetworkConfig()
        for name, group in GROUPS.items():
            flat = {key: value for key, value in given.items() if group_of.get(key) == name}
            values[name] = replace(given[name], **flat) if name in given else group(**flat)
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        """Raises ConfigError where settings of several groups do not go together."""
        method = find_method(self.method)
        if not self.seed >= 0:
            raise ConfigError(f"{flag('seed')} must be at least 0, received {self.seed!r}")
        if self.epochs.patience and self.descent.average:
            raise ConfigError("--patience chooses weights, and so does average: leave one of them at 0")
        if self.transfer.backbone and method.fixed_filters:
            raise ConfigError(f"--method {method.name} has its own filters: leave --backbone out")
        if method.needs_backbone and not self.transfer.backbone:
            raise ConfigError(f"--method {method.name} needs --backbone, whose features it learns from")
        if method.needs_backbone and self.transfer.adapters:
            raise ConfigError(f"--method {method.name} takes the backbone as it is: leave --adapters out")
        if self.labels.calibration == "cross" and (self.labels.tasks or self.epochs.patience):
            raise ConfigError("--calibration cross is for one task and no --patience: leave --task and --patience out")
        if self.labels.robust and (self.labels.tasks or self.epochs.patience or self.labels.calibration == "split"):
            raise ConfigError("--robust leaves genes out in turn: leave --task, --patience and --calibration split out")
        if self.labels.tasks and not method.further_tasks:
            raise ConfigError(f"--method {method.name} learns one task: leave --task out")

    @property
    def crossed(self) -> bool:
        """Whether all genes but the test's train and calibrate in turn."""
        chosen = "cross" if self.labels.robust else self.labels.calibration
        return find_method(self.method).crossed if chosen == "auto" else chosen == "cross"

    def flat(self) -> dict[str, Any]:
        """All settings but the network's by their flat names.

        Returns:
            Name → value, as Python has it (tuples, floats).
        """
        groups = {key: value for name in GROUPS for key, value in vars(getattr(self, name)).items()}
        return {"preset": self.preset, "method": self.method, "seed": self.seed, **groups}

    def to_dict(self) -> dict[str, Any]:
        """All settings as JSON values.

        Returns:
            The flat settings, and those of the network under `network`.
        """
        return {**self.flat(), "network": asdict(self.network)}

    def having(self, **given: Any) -> TrainConfig:
        """These settings with other values.

        Args:
            **given: values by the name of a setting or of a group; None leaves what is there.

        Returns:
            New settings; these stay.

        Raises:
            ConfigError: for an unknown name, or a value that breaks a rule.
        """
        return replace(self, **{name: value for name, value in given.items() if value is not None})
