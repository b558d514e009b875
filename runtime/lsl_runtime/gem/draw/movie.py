"""A film of maps at ages: APNG, GIF or MP4 by the ending of its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.draw.style import StyleName, gem_style
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.system_errors import unwritable

__all__ = ["MOVIE_SUFFIXES", "check_movie_name", "write_movie"]

MOVIE_SUFFIXES = (".png", ".apng", ".gif", ".mp4")
_PER_SECOND = 10
_WIDTH, _MARGIN = 640, 34
_INSIDE = 0.5


def check_movie_name(path: str | Path) -> None:
    """Raises ConfigError for a film whose ending names no kind."""
    if Path(path).suffix.lower() not in MOVIE_SUFFIXES:
        raise ConfigError(f"--movie {path}: a film ends in {', '.join(MOVIE_SUFFIXES)}")


def write_movie(gems: Sequence[Gem], path: str | Path, style: StyleName = "inferno") -> None:
    """Writes a film of maps, one after the other, on one scale.

    Args:
        gems: The maps of one store, in their order, such as those of `build_age_gems`; at least one.
        path: The film, whose ending says its kind: .apng or .png, .gif, .mp4.
        style: `inferno`, bright on black, or `flyexpress`, blue-violet on white.

    Raises:
        ConfigError: There are no maps, or the ending is another one.
        GemError: The film cannot be written.

    Example:
        >>> from lsl_runtime import build_age_gems, write_movie
        >>> write_movie(build_age_gems("store.h5", [100, 150, 240]), "development.apng")
    """
    check_movie_name(path)
    if not gems or len({gem.gem.shape for gem in gems}) > 1:
        raise ConfigError(f"a film shows one or more maps of one size; received {len(gems)}")
    frames = _frames(gems, style)
    path = Path(path)
    try:
        with atomic_path(path) as temporary:
            if path.suffix.lower() == ".mp4":
                _write_mp4(frames, temporary)
            else:
                kind = "GIF" if path.suffix.lower() == ".gif" else "PNG"
                _write_animated(frames, temporary, kind)
    except OSError as problem:
        raise GemError(path, unwritable(problem)) from None


def _frames(gems: Sequence[Gem], style: StyleName) -> list[NDArray[np.uint8]]:
    """Pictures (H, W, 3), RGB, of even sides: the map on the scale of all, its outline, its age."""
    import cv2

    look, top = gem_style(style), max(float(gem.gem.max()) for gem in gems) or 1.0
    height, width = gems[0].gem.shape
    size = (_WIDTH, 2 * round(_WIDTH * height / width / 2))
    ground, line = tuple(map(int, look.colours[0])), tuple(int(look.line[k : k + 2], 16) for k in (1, 3, 5))
    frames = []
    for gem in gems:
        shown = look.colours[np.round(255 * np.clip(gem.gem / top, 0, 1)).astype(np.uint8)]
        picture = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_LINEAR))
        inside = (cv2.resize(gem.embryo, size) >= _INSIDE).astype(np.uint8)
        outline = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        cv2.drawContours(picture, outline, -1, line, 1, cv2.LINE_AA)
        frame = cv2.copyMakeBorder(picture, 0, _MARGIN, 0, 0, cv2.BORDER_CONSTANT, value=ground)
        told = f"{gem.stage}   {gem.n_genes} genes"
        cv2.putText(frame, told, (12, frame.shape[0] - 11), cv2.FONT_HERSHEY_SIMPLEX, 0.55, line, 1, cv2.LINE_AA)
        frames.append(np.asarray(frame, np.uint8))
    return frames


def _write_animated(frames: Sequence[NDArray[np.uint8]], path: Path, kind: str) -> None:
    """APNG or GIF, by Pillow, which comes with matplotlib."""
    from PIL import Image

    first, *others = map(Image.fromarray, frames)
    each = round(1000 / _PER_SECOND)
    first.save(path, kind, save_all=True, append_images=others, duration=each, loop=0)


def _write_mp4(frames: Sequence[NDArray[np.uint8]], path: Path) -> None:
    """MP4 by OpenCV, which takes the kind from the name."""
    import cv2

    named = path.with_suffix(".mp4")
    film = cv2.VideoWriter(str(named), cv2.VideoWriter.fourcc(*"mp4v"), _PER_SECOND, frames[0].shape[1::-1])
    if not film.isOpened():
        raise OSError("OpenCV writes no MP4 here; take .apng or .gif")
    for frame in frames:
        film.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    film.release()
    if named != path:
        named.replace(path)
