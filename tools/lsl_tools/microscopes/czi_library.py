"""pylibCZIrw at work in a process of its own: a line of JSON asks, a line of JSON answers, the pixels follow it.

libCZI is C++: damaged files can crash it, which then ends this process alone.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["main"]

_MOST_MEMORY: Final = 8 << 30
_MOST_CHANNELS: Final = 1000


def main() -> None:
    """Answers until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the library prints is no answer
    _bound_memory()
    for line in sys.stdin.buffer:
        try:
            header, pixels = _answer(json.loads(line))
        except MemoryError:
            header, pixels = {"problem": "", "memory": True}, b""
        except Exception as problem:  # the library and its codecs have no common base of errors
            header, pixels = {"problem": str(problem)}, b""
        answers.write(json.dumps({**header, "bytes": len(pixels)}).encode() + b"\n" + pixels)
        answers.flush()


def _answer(asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What a file holds, or, where a place is named, a plane of it."""
    from pylibCZIrw.czi import open_czi

    with open_czi(asked["path"]) as document:
        if "plane" not in asked:
            return _described(document), b""
        read = document.read(
            roi=tuple(asked["where"]),
            plane=asked["plane"],
            scene=asked["scene"],
            background_pixel=tuple(asked["ground"]),
        )
        values: NDArray[Any] = np.ascontiguousarray(read)
        return {"dtype": values.dtype.str, "shape": values.shape}, values.tobytes()


def _described(document: Any) -> dict[str, Any]:
    box = document.total_bounding_box
    if box["C"][1] > _MOST_CHANNELS:
        raise ValueError(f"{box['C'][1]} channels")
    scenes = document.scenes_bounding_rectangle_no_pyramid
    listed = [[number, *where] for number, where in sorted(scenes.items())]
    return {
        "scenes": listed or [[None, *document.total_bounding_rectangle_no_pyramid]],
        "lengths": {axis: end - start for axis, (start, end) in box.items() if axis not in "YX"},
        "kinds": [kind for _, kind in sorted(document.pixel_types.items())],
        "xml": document.raw_metadata,
    }


def _bound_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    except (ImportError, OSError, ValueError):  # not on every system
        return


if __name__ == "__main__":
    main()
