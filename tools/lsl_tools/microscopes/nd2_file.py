"""ND2, the format of Nikon's NIS-Elements, through nd2, which gives the colours as they are stored: blue first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.libraries import needs, told_plainly
from lsl_tools.microscopes.photograph import check_size
from lsl_tools.microscopes.scene_path import scene_names
from lsl_tools.microscopes.stack import Channel, Stack

if TYPE_CHECKING:
    from nd2 import ND2File
    from nd2.structures import Channel as Nd2Channel

__all__ = ["open_nd2"]

_POSITIONS: Final = "P"
_PLANE: Final = ("Y", "X", "C", "S")


@contextmanager
def open_nd2(path: Path) -> Iterator[OpenNd2]:
    """Opens an ND2. Raises ImageError, or OSError."""
    try:
        import nd2
    except ImportError:
        raise needs("an ND2", "nd2", "nd2") from None
    path.open("rb").close()  # whether it can be read
    with told_plainly("an ND2"), nd2.ND2File(path.absolute()) as file:
        yield OpenNd2(file)


class OpenNd2:
    """An open ND2; a scene is a position of the stage."""

    def __init__(self, file: ND2File) -> None:
        self._file, self._sizes = file, dict(file.sizes)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the positions as NIS-Elements calls them, else their numbers from 1."""
        given: list[str] = [""] * self._sizes.get(_POSITIONS, 1)
        for loop in self._file.experiment:
            if loop.type == "XYPosLoop":
                points = [point.name or "" for point in loop.parameters.points]
                given = [*points, *given][: len(given)]
        return scene_names(given)

    def stack(self, place: int) -> Stack:
        """The scene at a place."""
        size = (self._sizes.get("Y", 1), self._sizes.get("X", 1))
        described = self._file.attributes
        channels = described.channelCount or 1
        colours = described.componentCount == 3 * channels
        count = channels if colours else described.componentCount

        def plane(places: Mapping[str, int]) -> NDArray[Any]:
            check_size(size)
            frame = np.asarray(self._file.read_frame(self._frame({**places, _POSITIONS: place})))
            channel = np.array(frame.reshape(count, *size, -1)[places.get("C", 0)])
            return channel[..., ::-1] if colours else channel[..., 0]

        lengths = {axis: length for axis, length in self._sizes.items() if axis not in (*_PLANE, _POSITIONS)}
        named = [Channel(each.channel.name or "") for each in self._described]
        return Stack(size, {**lengths, "C": count}, plane, tuple(named),
                     bits=described.bitsPerComponentSignificant, pixel_size=self._pixel_size)  # fmt: skip

    def _frame(self, places: Mapping[str, int]) -> int:
        """The number of the frame at the places."""
        for frame, indices in enumerate(self._file.loop_indices):
            if all(places.get(axis, 0) == place for axis, place in indices.items() if axis not in _PLANE):
                return frame
        raise ImageError("is damaged: a plane is missing")

    @cached_property
    def _described(self) -> Sequence[Nd2Channel]:
        """What is said of the channels; nothing where that is of a kind that nd2 does not know."""
        try:
            return tuple(self._file.metadata.channels or ())
        except Exception:  # the pixels can be read all the same
            return ()

    @cached_property
    def _pixel_size(self) -> tuple[float, float] | None:
        if not self._described or not all(self._described[0].volume.axesCalibrated[:2]):
            return None
        width, height, _ = self._described[0].volume.axesCalibration
        return float(height), float(width)
