"""Settings of the labels: which are learnt, and how the images are shared out."""

from __future__ import annotations

from lsl_shared.errors import ConfigError
from lsl_shared.measures.coverage import COVERAGE, LINE_SPREAD
from lsl_trainer.settings.literals import Calibrating, Sampling, SplitKind
from lsl_trainer.settings.setting import METHOD, TRAINING, TRANSFER, Option, setting, settings_group

__all__ = ["Labels"]


@settings_group
class Labels:
    """Which labels are learnt, and how the images are shared out."""

    fine: str = setting(
        default="",
        option=Option(
            "The task to learn, of classes; or one of terms alone, with --method plain.  "
            "\\[default: the store's fine task]",
            METHOD,
            "TASK",
        ),
    )
    """The task to learn; '' takes the store's only fine task."""
    coarse: str = setting(
        default="",
        option=Option(
            "The coarse task, and no other.  \\[default: all of the fine task; a step on coarse labels takes that with "
            "the most]",
            METHOD,
            "TASK",
        ),
    )
    """The only coarse task that is learnt; '' takes all over the fine one, and for a step on coarse labels the one with
    the most labels."""
    split: SplitKind = setting(
        default="gene", option=Option("Train, calibration and test images.  \\[default: gene]", METHOD)
    )
    """Which images train, calibrate and test: by gene 70 / 10 / 20, at random 70 / 0 / 30, or as stored."""
    calibration: Calibrating = setting(
        default="auto",
        option=Option(
            "Prediction sets from genes kept out of training (split), or from all genes in turn (cross), which takes "
            r"as many trainings more as there are folds.  \[default: cross with --method linear, else split]",
            METHOD,
        ),
    )
    """What probabilities and prediction sets are calibrated on: the calibration genes, or all genes but the test's,
    each answered by a model that did not see it; `auto` is what the method says."""
    robust: bool = setting(
        default=False,
        option=Option("Learn nothing from labels that are doubtful, as lsl-store audit finds them.", METHOD),
    )
    """Whether labels that models of other genes find likely wrong count for nothing; calibration is then `cross`."""
    coverage: float = setting(
        default=COVERAGE,
        option=Option(f"What prediction sets promise: the share of right ones.  \\[default: {COVERAGE}]", METHOD),
    )
    """What prediction sets promise: the share of images, of genes never seen, whose right class is in theirs."""
    line_spread: float = setting(
        default=LINE_SPREAD,
        least=0,
        option=Option(
            "How differently people draw the line between two classes in order, in classes; 0 if these were measured. "
            f"Intervals of age follow it.  \\[default: {LINE_SPREAD}]",
            METHOD,
            "CLASSES",
        ),
    )
    """Standard deviation, in classes, of where labels put the line between two classes; intervals of age follow it."""
    fine_per_class: int = setting(
        default=0, least=0, option=Option("Use at most K fine labels a class.  \\[default: all]", METHOD, "K")
    )
    """At most so many fine labels of each class are used in training; 0 uses all."""
    label_seed: int = setting(default=0, least=0, option=Option("Which K.  \\[default: 0]", METHOD))
    """Seed of the choice of those fine labels."""
    tasks: tuple[str, ...] = setting(
        default=(),
        option=Option("Learn this task as well, of classes or terms. Repeat for more.", TRANSFER, "TASK", "--task"),
    )
    """Further tasks to learn beside the fine one, of classes or of terms."""
    task_weights: tuple[float, ...] = setting(
        default=(),
        option=Option(
            r"Of the loss: one for the fine task, one for each --task.  \[default: learnt]",
            TRANSFER,
            flag="--task-weight",
        ),
    )
    """Weights of the losses, the fine task's first, then one for each of `tasks`; () learns them (Kendall et al.)."""
    sampling: Sampling = setting(
        default="shuffled", option=Option("Every image once an epoch, or every class alike.", TRAINING)
    )
    """`shuffled`: every image once an epoch. `balanced`: as many draws, with replacement, every class alike."""

    def __post_init__(self) -> None:
        if len(set(self.tasks)) < len(self.tasks) or (self.fine in self.tasks and self.fine):
            raise ConfigError(f"--task names each further task once, and not the fine one, received {self.tasks}")
        if not 0.5 <= self.coverage < 1:
            raise ConfigError(f"--coverage must lie in 0.5 … 1, below 1, received {self.coverage:g}")
        if self.task_weights and (len(self.task_weights) != 1 + len(self.tasks) or min(self.task_weights) <= 0):
            raise ConfigError(
                "--task-weight is given once for the fine task and once for each --task, above 0; received "
                f"{len(self.task_weights)} for {1 + len(self.tasks)} tasks"
            )
