"""Images of a folder tree: the sub-folder's name is the class, two levels are coarse and fine classes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lsl_shared.errors import ConfigError, DataFileError
from lsl_tools.importing.listing import Listing, Sample, Skipped
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.importing.tasks import TaskSpec
from lsl_tools.pictures.read_image import IMAGE_SUFFIXES

__all__ = ["find_images", "list_tree"]

_LABEL = TaskSpec("label")


def find_images(root: Path) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
    """Paths of the images below `root`, with '/', in natural order; hidden files and folders are passed over.

    Names that are not UTF-8 come back as skipped. Raises DataFileError where there is no image.
    """
    found: list[str] = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not name.startswith(".") and name != "__MACOSX"]
        images = [name for name in files if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith(".")]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in images]
    readable = [path for path in found if _is_text(path)]
    if not readable:
        raise DataFileError(root, "holds no PNG, JPEG, BMP or TIFF image; nothing was made")
    bad = tuple(Skipped(repr(path), "its name is not UTF-8: rename it") for path in found if not _is_text(path))
    return tuple(sorted(readable, key=natural_key)), bad


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


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
