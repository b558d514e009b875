"""The cover of a bioimage.io package: a picture, where the model looks in it, and what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_shared.files.manifest import golden_image

__all__ = ["cover_image", "draw_cover", "write_png"]

_DEMO_SIZE = (128, 320)
_MOST_BARS = 14
_INCHES, _DPI = (8.0, 4.0), 100  # the model zoo wants covers of 2:1 below 500 kB
_INK, _BAR = "#222222", "#3b6ea8"


def cover_image(size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture on the cover, uint8 (H, W, 3): a synthetic embryo where the model takes that size, else a mosaic."""
    if size != _DEMO_SIZE:
        return np.asarray(golden_image(*size)[0], np.uint8)
    from lsl_tools.demo.dataset import demo_images

    drawn = max(demo_images(12, seed=3), key=lambda sample: int(sample.expression.sum()))
    return np.asarray(drawn.image, np.uint8)


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Writes a picture uint8 (H, W, 3) as PNG."""
    import cv2

    _, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    path.write_bytes(encoded.tobytes())


def draw_cover(model: Model, image: NDArray[np.uint8], path: Path) -> None:
    """Draws the cover as PNG, 800 × 400 pixels: a picture uint8 (H, W, 3), its saliency, what the model says of it."""
    from matplotlib.figure import Figure

    answer = next(model.explain(image[None]))
    saliency, probabilities = answer["saliency"][0], answer["probabilities"][0]
    figure = Figure(figsize=_INCHES, dpi=_DPI, facecolor="white")
    top = float(np.percentile(saliency, 99.5)) or 1.0
    for place, (shown, title) in enumerate(((image, "image"), (saliency, "saliency"))):
        axes = figure.add_axes((0.03, 0.52 - 0.47 * place, 0.53, 0.4))
        axes.imshow(shown, cmap="gray", vmin=0, vmax=top)  # the scale is for the map; colours have none
        axes.set_title(title, fontsize=10, color=_INK, loc="left", pad=3)
        axes.set_axis_off()
    shown_classes = np.sort(np.argsort(-probabilities, kind="stable")[:_MOST_BARS])
    bars = figure.add_axes((0.7, 0.1, 0.26, 0.82))
    bars.barh(np.arange(len(shown_classes)), probabilities[shown_classes], color=_BAR)
    bars.set_yticks(np.arange(len(shown_classes)), [_short(model.task.classes[k]) for k in shown_classes], fontsize=8)
    bars.invert_yaxis()
    bars.set_xlim(0, 1)
    bars.set_title(f"probability of {model.task.name.replace('_', ' ')}", fontsize=10, color=_INK, loc="left", pad=3)
    bars.tick_params(axis="x", labelsize=8)
    bars.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _short(name: str) -> str:
    plain = name.replace("$", r"\$")
    return plain if len(plain) <= 14 else plain[:13] + "…"
