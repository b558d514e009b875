"""The settings of a training: one frozen dataclass, checked when it is made; presets are instances of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from lsl_shared.errors import ConfigError
from lsl_trainer.networks import PRESETS as NETWORKS
from lsl_trainer.networks import NetworkConfig
from lsl_trainer.split import SplitKind

__all__ = ["PRESETS", "Method", "ReferenceDraw", "TrainConfig", "preset"]

Method = Literal["plain", "data-level", "feature-level", "gabor"]
ReferenceDraw = Literal["sample", "batch"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How to train. Raises ConfigError that names the field, its rule, and the value received."""

    preset: str = "paper"
    """The name of the preset that this started from."""
    method: Method = "feature-level"
    """`plain`: fine labels only. `data-level`: coarse labels first. `feature-level`: the similarity loss after that.
    `gabor`: log-Gabor filters and a linear classifier on fine labels, the paper's baseline."""
    fine: str = ""
    """The task to learn; '' takes the store's only fine task."""
    coarse: str = ""
    """The coarse task; '' takes the parent of the fine one."""
    split: SplitKind = "gene"
    """Which images train, calibrate and test: by gene 70 / 10 / 20, at random 70 / 0 / 30, or as stored."""
    fine_per_class: int = 0
    """At most so many fine labels of each class are used in training; 0 uses all."""
    label_seed: int = 0
    """Seed of the choice of those fine labels."""
    seed: int = 0
    """Seed of the split, the weights, the order of images, their augmentation and the reference sets."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The shape of F."""
    batch_size: int = 16
    """Images a step (paper: 16)."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """Stochastic gradient descent with momentum (paper), or AdamW."""
    learning_rate: float = 0.001
    """Of the steps on coarse and fine labels (paper: 0.001)."""
    schedule: Literal["steps", "cosine"] = "steps"
    """`steps`: times 0.1 at two milestones of each step (paper). `cosine`: a short warm-up, then down to zero."""
    milestones: tuple[float, float] = (0.5, 0.75)
    """Where the learning rate drops, as shares of the epochs (paper: 20 and 30 of our 40)."""
    momentum: float = 0.9
    """Of sgd; the paper is silent, the authors' code has 0.9."""
    weight_decay: float = 5e-4
    """The paper is silent; the authors' code has 5e-4."""
    label_smoothing: float = 0.0
    """Share of each label that is spread over all classes in L_CE; 0 is the paper."""
    coarse_epochs: int = 40
    """Epochs of step 1, coarse labels. The paper omits all numbers of epochs."""
    fine_epochs: int = 40
    """Epochs of step 1, fine labels."""
    feature_epochs: int = 40
    """Epochs of step 2, L_CE + L_S (eq. 7)."""
    feature_learning_rate: float = 0.001
    """Learning rate of step 2."""
    threshold: float = 0.5
    """τ: a reference sample's probability must exceed it; from 0.5 on it implies the argmax rule."""
    reference_sets: int = 100
    """k, the number of reference sets."""
    reference_draw: ReferenceDraw = "sample"
    """Whether each training sample picks its reference set (paper), or each batch one for all its samples."""
    similarity_temperature: float = 1.0
    """T in eq. 5; 1 is the paper."""
    flip: bool = True
    """Flip images left-right and up-down at random, each one time in two; not in step 2 (the authors' code)."""
    shift: float = 0.0
    """Move images at random by up to this share of their sides."""
    scale: float = 0.0
    """Scale images at random by up to this share."""
    rotation: float = 0.0
    """Turn images at random by up to so many degrees."""
    light: float = 0.0
    """Change the gain of each colour channel at random by up to this share, and its offset by up to half of it."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for name in ("method", "split", "optimizer", "schedule", "reference_draw"):
            if getattr(self, name) not in get_args(hints[name]):
                raise ConfigError(
                    f"{_flag(name)} must be one of {', '.join(get_args(hints[name]))}, received {getattr(self, name)!r}"
                )
        for name, least in _LEAST.items():
            if not getattr(self, name) >= least:
                raise ConfigError(f"{_flag(name)} must be at least {least}, received {getattr(self, name)!r}")
        for name in ("threshold", "momentum", "label_smoothing", "shift", "scale", "light", "flip"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{_flag(name)} must lie in 0 … 1, received {getattr(self, name)!r}")
        if len(self.milestones) != 2 or not 0 < self.milestones[0] <= self.milestones[1] <= 1:
            raise ConfigError(f"--milestones must be two increasing shares in 0 … 1, received {self.milestones}")

    def to_dict(self) -> dict[str, Any]:
        """All settings as JSON values."""
        return asdict(self)

    def having(self, **given: Any) -> TrainConfig:
        """These settings with the values of `given` that are not None. Raises ConfigError for an unknown field."""
        unknown = set(given) - {entry.name for entry in fields(self)}
        if unknown:
            raise ConfigError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **{name: value for name, value in given.items() if value is not None})


_LEAST = {
    "fine_per_class": 0, "seed": 0, "label_seed": 0, "batch_size": 2, "learning_rate": 1e-12,
    "feature_learning_rate": 1e-12, "weight_decay": 0, "coarse_epochs": 1, "fine_epochs": 1, "feature_epochs": 1,
    "reference_sets": 1, "similarity_temperature": 1e-6, "rotation": 0,
}  # fmt: skip

PRESETS = {
    "paper": TrainConfig(),
    "tiny": TrainConfig(
        preset="tiny",
        network=NETWORKS["tiny"],
        optimizer="adamw",
        learning_rate=0.002,
        feature_learning_rate=0.0002,
        weight_decay=0.02,
        schedule="cosine",
        label_smoothing=0.05,
        coarse_epochs=16,
        fine_epochs=30,
        feature_epochs=10,
        reference_draw="batch",
        flip=False,
        shift=0.04,
        scale=0.06,
        rotation=4.0,
        light=0.15,
    ),
}
"""`paper`: the paper's network and recipe, for a GPU. `tiny`: a small network and a short recipe, for a laptop."""


def preset(name: str) -> TrainConfig:
    """A preset by its name. Raises ConfigError that lists them."""
    if name not in PRESETS:
        raise ConfigError(f"--preset must be one of {', '.join(PRESETS)}, received {name!r}")
    return PRESETS[name]


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
