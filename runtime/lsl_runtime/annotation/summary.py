"""What `lsl-annotate` says at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsl_shared.process.terminal import duration, say

if TYPE_CHECKING:
    from pathlib import Path

    from lsl_runtime.annotation.annotated import Annotated as Result
    from lsl_runtime.model.model import Model
    from lsl_shared.files.manifest import Task

__all__ = ["tell"]


def tell(done: Result, model: Model, max_set: int | None) -> None:
    """The summary: images per class, what was left out and why, how fast, where the file lies."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{done.images:,} images", title_justify="left", box=None)
    table.add_column(model.task.name)
    table.add_column("images", justify="right")
    for name, count in done.counts.items():
        table.add_row(name, f"{count:,}")
    if done.outside:
        coarse = " or ".join(one.name for one in model.task.coarse_tasks)
        table.add_row(f"none: {coarse} has no {model.task.name}", f"{done.outside:,}")
    if done.failed:
        table.add_row("could not be read", f"{len(done.failed):,}")
    Console(markup=False, emoji=False).print(table)
    if max_set is not None:
        large = sum(count for size, count in done.set_sizes.items() if size > max_set)
        say(f"of these, {large:,} have more than {max_set} classes in their prediction set: the tables give no class")
    if sure := _sure(done.path, model.task):
        say(f"sure: {sure}")
    if done.out_of_scope:
        say(f"{done.out_of_scope:,} images are unlike all that the model was trained on; the tables flag them")
    for line in done.failed[:10]:
        say(f"failed: {line}")
    if done.resumed:
        say(f"{done.resumed:,} images were taken over from an earlier run")
    if fresh := done.images - done.resumed:
        say(f"{fresh:,} images in {duration(done.seconds)}, {fresh / done.seconds:,.1f} images/s, {model.provider}")
    say(f"annotations: {done.path}")


def _sure(path: Path, task: Task) -> str:
    """For how many images which level is sure, in words; '' where no prediction sets are promised."""
    from collections import Counter

    from lsl_shared.files.annotations import Annotations
    from lsl_shared.measures.sure import LIST, NO_ANSWER

    with Annotations(path) as given:
        if task.conformal_threshold is None or not given.has_sure(task.name):
            return ""
        found = Counter(given.sure_level(task.name).tolist())
    unsure = {LIST: found.pop(LIST, 0), NO_ANSWER: found.pop(NO_ANSWER, 0)}
    told = [f"{name} of {found[name]:,}" for name in sorted(found, key=lambda name: name != task.name)]
    return ", ".join([*told, f"a short list for {unsure[LIST]:,}, nothing for {unsure[NO_ANSWER]:,} images"])
