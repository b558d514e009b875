"""The figures of the run's report, as SVG text or PNG data addresses that need no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.reliability import Calibration

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["confusion_matrix", "learning_curves", "reliability_diagram", "saliency_panel", "thumbnail"]

_STEPS = {"coarse": "step 1: coarse labels", "fine": "step 1: fine labels", "feature": "step 2: reference sets"}
_LOSS, _RIGHT = "#b2182b", "#2166ac"
_BEFORE, _AFTER = "#8a93a0", "#2166ac"
_THUMBNAIL = 150


def learning_curves(epochs: Sequence[Epoch]) -> str:
    """Loss and training accuracy, if there is one, over the epochs, a panel for each step."""
    from matplotlib.ticker import MaxNLocator

    steps = list(dict.fromkeys(epoch.step for epoch in epochs))
    figure = _figure(3.6 * len(steps), 2.6)
    for place, step in enumerate(steps):
        chosen = [epoch for epoch in epochs if epoch.step == step]
        numbers = [epoch.number for epoch in chosen]
        axes = figure.add_subplot(1, len(steps), place + 1)
        axes.plot(numbers, [epoch.loss for epoch in chosen], color=_LOSS)
        axes.set(title=_STEPS.get(step, step), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.set_ylabel("loss", color=_LOSS)
        shares = [100 * epoch.accuracy for epoch in chosen if epoch.accuracy is not None]
        if not shares:  # terms alone
            continue
        right = axes.twinx()
        right.plot(numbers, shares, color=_RIGHT)
        right.set_ylabel("right, %", color=_RIGHT)
        right.set_ylim(0, 100)
    return _svg(figure)


def confusion_matrix(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Shares of each true class (rows) given to each predicted class (columns); numbers where they fit."""
    side = max(3.2, min(0.36 * len(classes) + 1.2, 11))
    figure = _figure(side + 1.1, side)
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="predicted", ylabel="true")
    ticks = np.arange(len(classes))
    size = 8 if len(classes) <= 20 else 4.5
    axes.set_xticks(ticks, classes, rotation=90 if max(map(len, classes)) > 3 else 0, fontsize=size)
    axes.set_yticks(ticks, classes, fontsize=size)
    if len(classes) <= 20:
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(picture, label="share of the true class", fraction=0.046)
    return _svg(figure)


def reliability_diagram(calibration: Calibration) -> str:
    """Share of right answers over the probability of the predicted class, ten bins of equal mass, before and after."""
    figure = _figure(4.4, 4.0)
    axes = figure.add_subplot()
    axes.plot([0, 100], [0, 100], color="black", linewidth=0.8, linestyle=":")
    named = [("as trained", calibration.before, _BEFORE)]
    if calibration.temperature != 1:
        named.append((f"at temperature {calibration.temperature:.2f}", calibration.after, _AFTER))
    for name, found, colour in named:
        confidence, right, counts = 100 * np.array(found.bins).T
        axes.plot(confidence, right, color=colour, linewidth=1.2)
        axes.scatter(confidence, right, s=counts / 100 + 12, color=colour, label=name)
    axes.set(xlabel="probability of the predicted class, %", ylabel="right, %", xlim=(0, 102), ylim=(0, 102))
    axes.set_aspect("equal")
    axes.legend(loc="upper left", frameon=False)
    return _svg(figure)


def saliency_panel(image: NDArray[np.uint8], saliency: NDArray[np.float32], caption: str) -> dict[str, str]:
    """An image and, below it, its saliency map, as PNG data addresses with their caption."""
    import cv2

    scaled = np.minimum(saliency / max(float(np.percentile(saliency, 99.5)), 1e-12), 1)
    coloured = cv2.applyColorMap((255 * scaled).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return {"image": _png(image[:, :, ::-1]), "saliency": _png(coloured), "caption": caption}


def thumbnail(image: NDArray[np.uint8]) -> str:
    """A small copy of an image (H, W, 3), RGB, as a JPEG data address."""
    import cv2

    scale = min(1.0, _THUMBNAIL / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(np.ascontiguousarray(image[:, :, ::-1]), size, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode()


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure: Figure) -> str:
    from matplotlib import rc_context

    text = io.StringIO()
    with rc_context({"font.size": 9, "svg.hashsalt": "lsl"}):
        figure.savefig(text, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return text.getvalue()[text.getvalue().index("<svg") :]


def _png(bgr: NDArray[np.uint8]) -> str:
    import cv2

    return "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", bgr)[1].tobytes()).decode()
