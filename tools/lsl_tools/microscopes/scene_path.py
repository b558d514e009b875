"""The name of one scene of a file that holds several: the file's path, '#', and what the scene is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from lsl_shared.wording import printable

__all__ = ["file_and_scene", "scene_names", "with_scene"]

_MARK = "#"


def scene_names(given: Sequence[str]) -> tuple[str, ...]:
    """Names for the scenes of a file, unlike each other: as the microscope gives them, else numbers from 1.

    A file of one scene needs none: ''.
    """
    if len(given) == 1:
        return ("",)
    plain = [_plain(name) for name in given]
    repeated = {name for name, count in Counter(plain).items() if count > 1 or not name}
    numbered = tuple(f"{name}-{place}".lstrip("-") if name in repeated else name for place, name in enumerate(plain, 1))
    return numbered if len(set(numbered)) == len(numbered) else tuple(map(str, range(1, len(given) + 1)))


def with_scene(path: str, scene: str) -> str:
    """How a scene is called beside others: photo.czi#2."""
    return f"{path}{_MARK}{scene}" if scene else path


def file_and_scene(path: Path) -> tuple[Path, str]:
    """The file that a path leads to, and the scene that it names; '' where it names the whole file."""
    if _MARK not in str(path) or path.exists():
        return path, ""
    parts = str(path).split(_MARK)
    for place in range(len(parts) - 1, 0, -1):
        file = Path(_MARK.join(parts[:place]))
        if file.is_file():
            return file, _plain(_MARK.join(parts[place:]))
    return path, ""


def _plain(name: str) -> str:
    """A name that can stand in a path: one '/' between parts, nothing that cannot be printed."""
    words = " ".join(printable(name.replace("\\", "/")).split())
    return "/".join(part.strip() for part in PurePosixPath(words).parts if part.strip(" /"))
