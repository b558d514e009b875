"""Settings of a pretrained backbone."""

from __future__ import annotations

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.literals import FeatureKind
from lsl_trainer.settings.setting import TRANSFER, Option, setting, settings_group

__all__ = ["OWN", "Transfer", "sides_of"]

OWN, _MODEL = "own", "model"
_MOST_PIXELS = 4096


def sides_of(size: str) -> tuple[int, int] | None:
    """(H, W) of a size that is told as HxW; None for `own` and `model`. Raises ConfigError for anything else."""
    if size in (OWN, _MODEL):
        return None
    found = [int(side) if side.isdecimal() else 0 for side in size.lower().replace("×", "x").split("x")]
    if len(found) != 2 or not all(0 < side <= _MOST_PIXELS for side in found):
        raise ConfigError(
            f"--input-size is own, model, or HxW such as 224x224, {_MOST_PIXELS} at most; received {size!r}"
        )
    return found[0], found[1]


@settings_group
class Transfer:
    """Where F comes from, if it is not fresh."""

    backbone: str = setting(
        default="",
        option=Option(
            "Take F from elsewhere: efficientnet-lite0, hf:FOLDER, hf:NAME, or an earlier RUN.", TRANSFER, "SOURCE"
        ),
    )
    """Take F from elsewhere: `efficientnet-lite0`, `hf:FOLDER`, `hf:NAME`, or the folder of an earlier run; the
    settings of the network then say nothing."""
    transfer_blocks: int = setting(
        default=0, least=0, option=Option("Only its first N blocks, the rest fresh.", TRANSFER, "N")
    )
    """Only so many first blocks come from there, the rest is fresh; 0 takes all."""
    feature_blocks: tuple[int, ...] = setting(
        default=(),
        option=Option(
            "Of --method linear: take the features of block N. Repeat for more.  \\[default: the last one]",
            TRANSFER,
            "N",
            "--feature-block",
        ),
    )
    """The blocks, from 1, whose pooled maps are the features that method linear learns from; () takes the last one."""
    feature_kind: FeatureKind = setting(
        default="auto",
        option=Option(
            "Which features of a backbone: cells of its map, the mean of its patches, its class token (cls), both, its "
            "registers.  \\[default: auto: what tells left-out training genes best, where it is frozen; else cells]",
            TRANSFER,
        ),
    )
    """Which features are made of what a block gives: the map averaged over `cells` of a grid, the `mean` of its
    patches, the class token (`cls`), both (`cls+mean`), or the `registers`. `auto` chooses, on training images, for a
    transformer that does not learn; everywhere else it means `cells`."""
    feature_cells: int = setting(default=16, least=1)
    """Of method linear: the most cells of the grid over which the map of a block is averaged. Many tell where things
    are, few forgive where they are not quite."""
    enlarge: int = setting(
        default=1,
        least=1,
        option=Option("Show it images 2 or 4 times as large, where they are small.", TRANSFER, "2|4"),
    )
    """How many times as high and wide images are for the backbone; it learnt from larger ones than most thumbnails."""
    input_size: str = setting(
        default="own",
        option=Option(
            "Size at which it sees images: their own, filled to whole patches; model: that which it learnt from; HxW.",
            TRANSFER,
            "own|model|HxW",
        ),
    )
    """The size at which the backbone sees images. `own`: theirs, filled with the mean colour at the right and below
    where a rest fills no patch. `model`: the one that the backbone's own files name. `HxW`: this one. Both stretch
    images, inside the exported graph."""
    turned: bool = setting(
        default=False,
        option=Option("Of --method linear: learn from turned and mirrored images, too.", TRANSFER),
    )
    """Whether method linear learns from turned images as well: for images that have no top and no left."""
    penalty: float = setting(default=1e-4, least=0)
    """Of method linear: what the squared weights of its classifier cost."""
    freeze: bool = setting(default=False, option=Option("What comes from there does not learn.", TRANSFER))
    """Whether the blocks that come from there do not learn."""
    adapters: int = setting(
        default=0,
        least=0,
        option=Option("Its weights stay, and small additions of rank N to them learn (LoRA).", TRANSFER, "N"),
    )
    """Rank of the additions (LoRA) that learn in the place of the blocks' weights; 0 lets the weights learn."""
    layer_decay: float = setting(
        default=1.0, option=Option("Factor of the learning rate from block to earlier block.", TRANSFER)
    )
    """Factor of the learning rate from each of those blocks to the one before it."""
    allow_download: bool = setting(default=False, option=Option("Let hf:NAME be fetched from the hub.", TRANSFER))
    """Whether a backbone `hf:NAME` may be fetched from the Hugging Face hub."""

    backbone_license: str = setting(
        default="", option=Option("State the licence of its weights, where its folder does not.", TRANSFER, "SPDX")
    )
    """The licence of the backbone's weights, in place of what its folder says of it."""
    backbone_source: str = setting(
        default="", option=Option("State where its weights come from, such as an address.", TRANSFER, "TEXT")
    )
    """Where the backbone's weights come from, in place of what its folder says of it."""

    @property
    def kind(self) -> str:
        """The kind of features; cells where it was left open and nobody has chosen."""
        return "cells" if self.feature_kind == "auto" else self.feature_kind

    def __post_init__(self) -> None:
        if any(block < 1 for block in self.feature_blocks):
            raise ConfigError(f"--feature-block counts from 1, received {min(self.feature_blocks)}")
        if not self.backbone and (self.transfer_blocks or self.freeze or self.adapters or self.layer_decay != 1):
            raise ConfigError(
                "--transfer-blocks, --freeze, --adapters and --layer-decay go with --backbone, the source of the blocks"
            )
        if self.freeze and self.adapters:
            raise ConfigError("--freeze lets nothing of the backbone learn, --adapters additions to it: leave one out")
        sides_of(self.input_size)
        if self.input_size != OWN and self.enlarge > 1:
            raise ConfigError("--enlarge and --input-size both say at which size images are seen: leave one out")
        if self.enlarge not in (1, 2, 4):
            raise ConfigError(f"--enlarge is 1, 2 or 4, received {self.enlarge}")
        if not 0 < self.layer_decay <= 1:
            raise ConfigError(f"--layer-decay must lie in 0 … 1, received {self.layer_decay}")
