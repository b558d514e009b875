"""Settings of learning: epochs, gradient descent, losses, and how images are changed."""

from __future__ import annotations

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.literals import (
    GraphPrecision,
    LabelsDrawn,
    Optimizer,
    Precision,
    ReferenceDraw,
    Schedule,
    Shares,
)
from lsl_trainer.settings.setting import METHOD, TRAINING, Option, setting, settings_group

__all__ = [
    "Augmentation",
    "Choosing",
    "Constrained",
    "Descent",
    "Epochs",
    "Export",
    "References",
    "Regularization",
]


@settings_group
class Epochs:
    """How long each step learns. The paper omits all numbers of epochs."""

    coarse_epochs: int = setting(default=40, least=1, option=Option("Epochs on coarse labels.", TRAINING))
    """Epochs of step 1, coarse labels."""
    fine_epochs: int = setting(default=40, least=1, option=Option("Epochs on fine labels.", TRAINING))
    """Epochs of step 1, fine labels."""
    feature_epochs: int = setting(default=40, least=1, option=Option("Epochs with the similarity loss.", TRAINING))
    """Epochs of step 2, L_CE + L_S (eq. 7)."""
    constrained_epochs: int = setting(default=40, least=1, option=Option("Epochs of coarse-constrained.", TRAINING))
    """Epochs of coarse-constrained: passes over the images without a fine label."""
    pretrain: bool = True
    """Whether coarse-constrained begins with the step on coarse labels, as data-level does."""
    patience: int = setting(
        default=0,
        least=0,
        option=Option("End a step after so many without gain on genes kept aside.", TRAINING, "EPOCHS"),
    )
    """Ends a step after so many epochs without a lesser loss on a tenth of the training genes, kept aside from learning
    for this, and takes the best weights; 0 learns all epochs from all genes."""
    half_size: float = setting(default=0.0, share=True)
    """Share of the images of the steps on coarse and on fine labels, the first ones, that are learnt from at half their
    size, which takes a third of the time; not with a backbone, nor where too little would be left of an image."""
    until_learnt: bool = False
    """Whether the step on fine labels ends once three epochs in a row name every training image right."""


@settings_group
class Descent:
    """Gradient descent: batches, learning rates, and what happens to the weights."""

    batch_size: int = setting(default=16, least=2, option=Option("Images a step.", TRAINING))
    """Images a step (paper: 16)."""
    optimizer: Optimizer = "sgd"
    """Stochastic gradient descent with momentum (paper), with Nesterov's momentum, or AdamW."""
    learning_rate: float = setting(
        default=0.001, least=1e-12, option=Option("Of steps on coarse and fine labels.", TRAINING)
    )
    """Of the steps on coarse and fine labels (paper: 0.001)."""
    feature_learning_rate: float = setting(default=0.001, least=1e-12)
    """Learning rate of step 2."""
    schedule: Schedule = "steps"
    """`steps`: times 0.1 at two milestones of each step (paper). `cosine`: a short warm-up, then down to zero."""
    milestones: tuple[float, float] = (0.5, 0.75)
    """Where the learning rate drops, as shares of the epochs (paper: 20 and 30 of our 40)."""
    momentum: float = setting(default=0.9, share=True)
    """Of sgd; the paper is silent, the authors' code has 0.9."""
    weight_decay: float = setting(default=5e-4, least=0)
    """The paper is silent; the authors' code has 5e-4."""
    average: float = setting(default=0.0, share=True)
    """Decay, a batch, of the moving average of the weights that each step ends with; 0 ends with the weights."""
    clip_norm: float = setting(default=0.0, least=0)
    """Gradients longer than this are shortened to it; 0 leaves them."""
    precision: Precision = setting(
        default="fp32", option=Option("Arithmetic while learning.  \\[default: fp32]", TRAINING)
    )
    """Of the arithmetic while learning: `bf16` and `fp16` keep the weights in float32; fp16 needs a GPU."""

    def __post_init__(self) -> None:
        if len(self.milestones) != 2 or not 0 < self.milestones[0] <= self.milestones[1] <= 1:
            raise ConfigError(f"--milestones must be two increasing shares in 0 … 1, received {self.milestones}")


@settings_group
class Regularization:
    """What keeps a network from learning its training images by heart. All off is the paper."""

    label_smoothing: float = setting(default=0.0, share=True)
    """Share of each label that is spread over all classes in L_CE."""
    mixup: float = setting(default=0.0, least=0)
    """α of MixUp in L_CE (two images blended, and their labels)."""
    cutmix: float = setting(default=0.0, least=0)
    """α of CutMix in L_CE (a rectangle of another image, and its share of the label)."""
    feature_dropout: float = setting(default=0.0, share=True)
    """Share of the features that the classifier does not see, drawn anew for each image; in training only."""
    ordinal_weight: float = setting(default=0.0, least=0)
    """Weight of the ordinal loss beside L_CE, where classes are in order, as stages are; 0 is the paper."""


@settings_group
class References:
    """The reference sets of step two and the similarity loss against them."""

    threshold: float = setting(default=0.5, share=True, option=Option("τ, for reference samples.", TRAINING))
    """τ: a reference sample's probability must exceed it; from 0.5 on it implies the argmax rule."""
    reference_sets: int = setting(default=100, least=1, option=Option("k, their number.", TRAINING))
    """k, the number of reference sets."""
    reference_draw: ReferenceDraw = setting(
        default="sample", option=Option("A set for each sample or batch.", TRAINING)
    )
    """Whether each training sample picks its reference set (paper), or each batch one for all its samples."""
    similarity_temperature: float = setting(default=1.0, least=1e-6, option=Option("T in eq. 5.", TRAINING))
    """T in eq. 5; 1 is the paper."""


@settings_group
class Constrained:
    """What `coarse-constrained` learns from images that carry a coarse label alone."""

    labelled_share: float = setting(default=0.25, share=True)
    """Share of each batch that carries fine labels; these images come as often as it takes."""
    partial_weight: float = setting(default=1.0, least=0)
    """Weight of the likelihood of the coarse label, the sum over its fine classes."""
    pseudo_weight: float = setting(default=1.0, least=0)
    """Weight of pseudo-labels among the fine classes of the known coarse one."""
    pseudo_threshold: float = setting(default=0.9, share=True)
    """How probable a pseudo-label must be at most; less for classes that have few of them."""
    order_weight: float = setting(default=0.1, least=0)
    """Weight of the expected distance, in classes, from what the label allows; for ordered classes."""
    similarity_weight: float = setting(default=0.0, least=0)
    """Weight of L_S (eq. 6), against the labelled images of the batch."""
    labels_drawn: LabelsDrawn = setting(
        default="auto",
        option=Option(
            "For coarse-constrained: fine labels were drawn at random, or so many of each class.  \\[default: auto]",
            METHOD,
        ),
    )
    """How images were chosen for fine labels: `random`, so that labels tell how frequent classes are, or `by-class`,
    so many of each. `auto` takes the latter where half of the classes have as many as the class with the most."""
    shares: Shares = "learnt"
    """`learnt`: the shares of the fine classes within a coarse one are estimated. `equal`: they are taken as equal."""
    share_prior: float = setting(default=5.0, least=0)
    """How many images more are counted of each class, when shares are estimated: many make them equal."""
    levelling: float = setting(default=0.5, share=True)
    """How far answers lean towards rare siblings: what part of the logarithm of the shares is taken off the logits."""
    pseudo_after: float = setting(default=0.1, share=True)
    """The part of the step before pseudo-labels begin."""
    trial: float = setting(default=0.3, share=True)
    """The part of the step after which pseudo-labels end if they did harm. Until then a fifth of each class's fine
    labels is left out, to tell; 0 leaves none out."""


@settings_group
class Augmentation:
    """How training images are changed at random."""

    flip: bool = True
    """Flip images left-right and up-down at random, each one time in two; not in step 2 (the authors' code)."""
    shift: float = setting(default=0.0, share=True)
    """Move images at random by up to this share of their sides."""
    scale: float = setting(default=0.0, share=True)
    """Scale images at random by up to this share."""
    rotation: float = setting(default=0.0, least=0)
    """Turn images at random by up to so many degrees."""
    light: float = setting(default=0.0, share=True)
    """Change the gain of each colour channel at random by up to this share, and its offset by up to half of it."""
    strong: float = setting(default=0.3, least=0)
    """How much more strongly images are changed from which pseudo-labels are learnt."""


@settings_group
class Choosing:
    """How `--method auto` chooses."""

    budget: float = setting(
        default=10.0,
        least=0,
        option=Option(
            "For --method auto: what choosing and training may take together, counted for a quiet machine.  "
            "\\[default: 10]",
            METHOD,
            "MINUTES",
        ),
    )
    """Minutes that choosing and training may take together: counted in operations, not clocked."""


@settings_group
class Export:
    """What is written beside the bundle."""

    graph_precision: GraphPrecision = setting(
        default="fp32", option=Option("Also export smaller graphs: model-fp16 for GPUs, or model-int8.")
    )
    """`fp16` adds a bundle for GPUs, RUN/model-fp16, half the size; `int8` RUN/model-int8, its classifier quantized."""
