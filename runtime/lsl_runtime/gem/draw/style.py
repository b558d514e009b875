"""The colours of genomewide expression maps: `inferno` on black, or blue-violet on white after FlyExpress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.colors import ListedColormap

__all__ = ["Style", "StyleName", "gem_style"]

StyleName = Literal["inferno", "flyexpress", "paper"]
"""`flyexpress` is our approximation, since the colours of FlyExpress' maps are not published: white ground and the
blue-violet of its stained embryos, evenly spaced in CIELAB. `paper` has the same colours; with it `lsl-gem` masks by
each image's own gradient."""

_STAIN = ("#ffffff", "#cfcdea", "#9a97d3", "#6661b4", "#3b2f8a", "#1b0f52")


@dataclass(frozen=True, eq=False)
class Style:
    """How a map is coloured."""

    name: StyleName
    colours: NDArray[np.uint8]
    """(256, 3), RGB, from 0 to the top of the scale, in even steps of perceived difference."""
    line: str
    """Colour of outlines on the map, as #rrggbb."""
    mark: str
    """Colour of landmarks on the map."""

    @property
    def colormap(self) -> ListedColormap:
        """The same colours for matplotlib."""
        from matplotlib.colors import ListedColormap

        return ListedColormap(list(self.colours / 255), name=self.name)


def gem_style(name: StyleName = "inferno") -> Style:
    """The style of that name. Raises ConfigError."""
    if name == "inferno":
        return Style(name, _inferno(), "#ffffff", "#7fe8df")
    if name in ("flyexpress", "paper"):
        return Style(name, _evenly(_STAIN), "#4a4a4a", "#b8430f")
    raise ConfigError(f"style must be one of {', '.join(get_args(StyleName))}, received {name!r}")


def _inferno() -> NDArray[np.uint8]:
    from matplotlib import colormaps

    return np.asarray(colormaps["inferno"](np.arange(256), bytes=True))[:, :3]


def _evenly(anchors: tuple[str, ...]) -> NDArray[np.uint8]:
    """256 colours along the line through `anchors` in CIELAB, at equal distances."""
    import cv2

    rgb = np.array([[int(anchor[k : k + 2], 16) / 255 for k in (1, 3, 5)] for anchor in anchors], np.float32)
    lab = cv2.cvtColor(rgb[None], cv2.COLOR_RGB2LAB)[0]  # (anchors, 3)
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))]
    places = np.linspace(0, along[-1], 256)
    path = np.stack([np.interp(places, along, lab[:, k]) for k in range(3)], axis=1).astype(np.float32)
    back = np.asarray(cv2.cvtColor(path[None], cv2.COLOR_LAB2RGB))[0]
    return np.asarray(np.round(np.clip(back, 0, 1) * 255), np.uint8)
