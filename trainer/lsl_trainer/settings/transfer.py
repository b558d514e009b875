"""Settings of a pretrained backbone."""

from __future__ import annotations

from lsl_shared.errors import ConfigError
from lsl_trainer.settings.setting import TRANSFER, Option, setting, settings_group

__all__ = ["Transfer"]


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
    freeze: bool = setting(default=False, option=Option("What comes from there does not learn.", TRANSFER))
    """Whether the blocks that come from there do not learn."""
    layer_decay: float = setting(
        default=1.0, option=Option("Factor of the learning rate from block to earlier block.", TRANSFER)
    )
    """Factor of the learning rate from each of those blocks to the one before it."""
    allow_download: bool = setting(default=False, option=Option("Let hf:NAME be fetched from the hub.", TRANSFER))
    """Whether a backbone `hf:NAME` may be fetched from the Hugging Face hub."""

    def __post_init__(self) -> None:
        if not self.backbone and (self.transfer_blocks or self.freeze or self.layer_decay != 1):
            raise ConfigError(
                "--transfer-blocks, --freeze and --layer-decay go with --backbone, the source of the blocks"
            )
        if not 0 < self.layer_decay <= 1:
            raise ConfigError(f"--layer-decay must lie in 0 … 1, received {self.layer_decay}")
