"""The settings of a training: one frozen dataclass, checked when it is made; presets are instances of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.residual import PRESETS as NETWORKS
from lsl_trainer.networks.residual import NetworkConfig
from lsl_trainer.settings.device import Precision
from lsl_trainer.settings.literals import SplitKind

__all__ = ["PRESETS", "Method", "ReferenceDraw", "TrainConfig", "preset"]

Method = Literal["plain", "data-level", "feature-level", "gabor", "coarse-constrained"]
ReferenceDraw = Literal["sample", "batch"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How to train. Raises ConfigError that names the field, its rule, and the value received."""

    preset: str = "paper"
    """The name of the preset that this started from."""
    method: Method = "feature-level"
    """`plain`: fine labels only. `data-level`: coarse labels first. `feature-level`: the similarity loss after that.
    `gabor`: log-Gabor filters and a linear classifier on fine labels, the paper's baseline. `coarse-constrained`: fine
    and coarse labels teach the fine classes together, see `lsl_trainer.losses.constrained`."""
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
    backbone: str = ""
    """Take F from elsewhere: `efficientnet-lite0`, `hf:FOLDER`, `hf:NAME`, or the folder of an earlier run; `network`
    then says nothing."""
    transfer_blocks: int = 0
    """Only so many first blocks come from there, the rest is fresh; 0 takes all."""
    freeze: bool = False
    """Whether the blocks that come from there do not learn."""
    layer_decay: float = 1.0
    """Factor of the learning rate from each of those blocks to the one before it."""
    allow_download: bool = False
    """Whether a backbone `hf:NAME` may be fetched from the Hugging Face hub."""
    tasks: tuple[str, ...] = ()
    """Further tasks to learn beside the fine one, of classes or of terms."""
    task_weights: tuple[float, ...] = ()
    """Weights of the losses, the fine task's first, then one for each of `tasks`; () learns them (Kendall et al.)."""
    patience: int = 0
    """Ends a step after so many epochs without a lesser loss on a tenth of the training genes, kept aside from learning
    for this, and takes the best weights; 0 learns all epochs from all genes."""
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    """`shuffled`: every image once an epoch. `balanced`: as many draws, with replacement, every class alike."""
    graph_precision: Literal["fp32", "fp16", "int8"] = "fp32"
    """`fp16` adds a bundle for GPUs, RUN/model-fp16, half the size; `int8` RUN/model-int8, its classifier quantized."""
    precision: Precision = "fp32"
    """Of the arithmetic while learning: `bf16` and `fp16` keep the weights in float32; fp16 needs a GPU."""
    batch_size: int = 16
    """Images a step (paper: 16)."""
    optimizer: Literal["sgd", "nesterov", "adamw"] = "sgd"
    """Stochastic gradient descent with momentum (paper), with Nesterov's momentum, or AdamW."""
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
    average: float = 0.0
    """Decay, a batch, of the moving average of the weights that each step ends with; 0 ends with the weights."""
    clip_norm: float = 0.0
    """Gradients longer than this are shortened to it; 0 leaves them."""
    mixup: float = 0.0
    """α of MixUp in L_CE (two images blended, and their labels); 0 is off."""
    cutmix: float = 0.0
    """α of CutMix in L_CE (a rectangle of another image, and its share of the label); 0 is off."""
    feature_dropout: float = 0.0
    """Share of the features that the classifier does not see, drawn anew for each image; in training only."""
    coarse_epochs: int = 40
    """Epochs of step 1, coarse labels. The paper omits all numbers of epochs."""
    fine_epochs: int = 40
    """Epochs of step 1, fine labels."""
    feature_epochs: int = 40
    """Epochs of step 2, L_CE + L_S (eq. 7)."""
    feature_learning_rate: float = 0.001
    """Learning rate of step 2."""
    pretrain: bool = True
    """Whether coarse-constrained begins with the step on coarse labels, as data-level does."""
    constrained_epochs: int = 40
    """Epochs of coarse-constrained: passes over the images without a fine label."""
    labelled_share: float = 0.25
    """Share of each batch that carries fine labels; these images come as often as it takes."""
    partial_weight: float = 1.0
    """Weight of the likelihood of the coarse label, the sum over its fine classes."""
    pseudo_weight: float = 1.0
    """Weight of pseudo-labels among the fine classes of the known coarse one."""
    pseudo_threshold: float = 0.9
    """How probable a pseudo-label must be at most; less for classes that have few of them."""
    order_weight: float = 0.1
    """Weight of the expected distance, in classes, from what the label allows; for ordered classes."""
    similarity_weight: float = 0.0
    """Weight of L_S (eq. 6) in coarse-constrained, against the labelled images of the batch."""
    strong: float = 0.3
    """How much more strongly images are changed from which pseudo-labels are learnt."""
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
        for name in (name for name, hint in hints.items() if get_origin(hint) is Literal):
            if getattr(self, name) not in get_args(hints[name]):
                raise ConfigError(
                    f"{_flag(name)} must be one of {', '.join(get_args(hints[name]))}, received {getattr(self, name)!r}"
                )
        for name, least in _LEAST.items():
            if not getattr(self, name) >= least:
                raise ConfigError(f"{_flag(name)} must be at least {least}, received {getattr(self, name)!r}")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{_flag(name)} must lie in 0 … 1, received {getattr(self, name)!r}")
        if len(self.milestones) != 2 or not 0 < self.milestones[0] <= self.milestones[1] <= 1:
            raise ConfigError(f"--milestones must be two increasing shares in 0 … 1, received {self.milestones}")
        if self.patience and self.average:
            raise ConfigError("--patience chooses weights, and so does average: leave one of them at 0")
        self._check_transfer()

    def _check_transfer(self) -> None:
        """Raises ConfigError where the settings of a backbone or of further tasks do not go together."""
        if not self.backbone and (self.transfer_blocks or self.freeze or self.layer_decay != 1):
            raise ConfigError(
                "--transfer-blocks, --freeze and --layer-decay go with --backbone, the source of the blocks"
            )
        if self.backbone and self.method == "gabor":
            raise ConfigError("--method gabor has its own filters: leave --backbone out")
        if not 0 < self.layer_decay <= 1:
            raise ConfigError(f"--layer-decay must lie in 0 … 1, received {self.layer_decay}")
        if len(set(self.tasks)) < len(self.tasks) or (self.fine in self.tasks and self.fine):
            raise ConfigError(f"--task names each further task once, and not the fine one, received {self.tasks}")
        if self.tasks and self.method in ("gabor", "coarse-constrained"):
            raise ConfigError(f"--method {self.method} learns one task: leave --task out")
        if self.task_weights and (len(self.task_weights) != 1 + len(self.tasks) or min(self.task_weights) <= 0):
            raise ConfigError(
                "--task-weight is given once for the fine task and once for each --task, above 0; received "
                f"{len(self.task_weights)} for {1 + len(self.tasks)} tasks"
            )

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
    "fine_per_class": 0, "patience": 0, "seed": 0, "label_seed": 0, "batch_size": 2, "learning_rate": 1e-12,
    "feature_learning_rate": 1e-12, "weight_decay": 0, "coarse_epochs": 1, "fine_epochs": 1, "feature_epochs": 1,
    "reference_sets": 1, "similarity_temperature": 1e-6, "rotation": 0, "transfer_blocks": 0,
    "constrained_epochs": 1, "clip_norm": 0, "mixup": 0, "cutmix": 0, "partial_weight": 0, "pseudo_weight": 0,
    "order_weight": 0, "similarity_weight": 0, "strong": 0,
}  # fmt: skip

_SHARES = (
    "threshold", "momentum", "label_smoothing", "average", "feature_dropout", "labelled_share", "pseudo_threshold",
    "shift", "scale", "light", "flip",
)  # fmt: skip

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
    "modern": TrainConfig(
        preset="modern",
        network=NETWORKS["tiny"],
        batch_size=32,
        optimizer="adamw",
        learning_rate=0.002,
        feature_learning_rate=0.0005,
        weight_decay=0.05,
        schedule="cosine",
        label_smoothing=0.05,
        average=0.99,
        clip_norm=5.0,
        feature_dropout=0.2,
        coarse_epochs=16,
        fine_epochs=40,
        feature_epochs=12,
        pseudo_threshold=0.8,
        reference_draw="batch",
        flip=False,
        shift=0.03,
        scale=0.05,
        rotation=4.0,
        light=0.1,
    ),
}
"""`paper`: the paper's network and recipe, for a GPU. `tiny`: a small network and a short recipe, for a laptop.
`modern`: the same network with averaged weights, dropout and clipped gradients; the recipe suits larger ones too."""


def preset(name: str) -> TrainConfig:
    """A preset by its name. Raises ConfigError that lists them."""
    if name not in PRESETS:
        raise ConfigError(f"--preset must be one of {', '.join(PRESETS)}, received {name!r}")
    return PRESETS[name]


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
