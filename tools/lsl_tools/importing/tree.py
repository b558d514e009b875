"""Images of a folder tree: the sub-folder's name is the class, two levels are coarse and fine classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsl_shared.errors import ConfigError
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.tasks import TaskSpec

__all__ = ["list_tree"]

_LABEL = TaskSpec("label")


def list_tree(root: Path, paths: Sequence[str], tasks: Sequence[TaskSpec] = ()) -> Listing:
    """The images with the names of their folders as labels: one level for each of `tasks`, coarse first.

    Without `tasks`, one level is the task `label`. Folders that hold everything (`images/`) are passed over, and images
    less deep carry only the coarse labels that they have. Raises ConfigError where folders are deeper than the tasks.
    """
    folders = [Path(path).parts[:-1] for path in paths]
    deepest = max(map(len, folders))
    levels = len(tasks) or min(deepest, 1)
    outer = _common(folders, deepest - 1)
    if deepest - outer != levels:
        example = max(paths, key=lambda path: path.count("/"))
        raise ConfigError(_misfit(root, deepest - outer, example, tasks))
    chosen = tuple(tasks) or (_LABEL,) * levels
    samples = tuple(
        Sample(root / path, path, path, path, labels=_labels(folder[outer:], chosen))
        for path, folder in zip(paths, folders, strict=True)
    )
    notes = () if chosen else ("no labels: the images lie in one folder; sub-folders or --labels give classes",)
    return Listing(samples, chosen, notes)


def _labels(folder: tuple[str, ...], tasks: Sequence[TaskSpec]) -> dict[str, str]:
    return {spec.name: name for spec, name in zip(tasks, folder, strict=False)}


def _common(folders: Sequence[tuple[str, ...]], at_most: int) -> int:
    """How many outer levels, at most so many, are the same folder for all images that lie so deep."""
    common = 0
    while common < at_most and len({folder[: common + 1] for folder in folders if len(folder) > common}) == 1:
        common += 1
    return common


def _misfit(root: Path, depth: int, example: str, tasks: Sequence[TaskSpec]) -> str:
    found = f"{root}: images lie up to {depth} folders deep ({example})"
    if not tasks and depth == 2:
        return f"{found}: name both levels, for instance --task family --task species:family, or give --labels CSV"
    return f"{found}, but {len(tasks) or 1} level(s) of classes were expected: match --task, or give --labels CSV"
