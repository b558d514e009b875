"""The option `lsl-train --layers`: which depth of a backbone serves which task, as a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsl_shared.errors import ConfigError
from lsl_shared.process.terminal import progress, say

if TYPE_CHECKING:
    from lsl_trainer.layers.layers import LayerScore
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["blocks_meant", "score_layers_to"]

_ALL = "all"


def blocks_meant(text: str) -> list[int]:
    """The numbers in a text such as `3,7`; `all` gives none, which means all blocks. Else a ConfigError."""
    if text == _ALL:
        return []
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise ConfigError(f"--layers is all, or numbers of blocks such as 3,7; received {text!r}") from None


def score_layers_to(store: Path, config: TrainConfig, folder: Path, layers: str) -> None:
    """Scores the blocks that `layers` means, writes layers.csv and layers.png to `folder`, and prints the table."""
    from lsl_shared.files.output_file import check_writable
    from lsl_shared.files.store import Store
    from lsl_trainer.frozen.features import FEATURES
    from lsl_trainer.layers.figure import write_layers
    from lsl_trainer.layers.layers import score_layers

    blocks = blocks_meant(layers)
    check_writable(folder / "layers.csv", remedy="choose another --out")
    with Store(store) as opened, progress("looking into the layers", len(opened)) as advance:
        found = score_layers(opened, config, blocks, advance, folder.parent / FEATURES)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = write_layers(folder, found)
    _show(found)
    say(f"table and figure: {', '.join(map(str, pictures))}")


def _show(found: Sequence[LayerScore]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("task", "block", "features", "value", "95 %", "by chance"):
        table.add_column(name, justify="left" if name in ("task", "block") else "right", no_wrap=True)
    for one in found:
        band = f"{one.interval[0]:.3f} … {one.interval[1]:.3f}" if one.interval else ""
        task, block = f"{one.task}, {one.measure}", f"{one.block} {one.name}"
        table.add_row(task, block, f"{one.features:,}", f"{one.value:.3f}", band, f"{one.chance:.3f}")
    Console(markup=False, emoji=False).print(table)
