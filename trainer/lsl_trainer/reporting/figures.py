"""The figures of the run's report, as SVG text or data addresses, so that the page needs no other file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.drawing import BLUE, GREY, RED, SHARE_LABEL, data_address, draw_confusion, new_figure, svg_of
from lsl_trainer.reporting.reliability import Calibration

__all__ = ["confusion_matrix", "learning_curves", "mistake_panel", "reliability_diagram", "saliency_panel", "thumbnail"]

_STEPS = {"coarse": "step 1: coarse labels", "fine": "step 1: fine labels", "feature": "step 2: reference sets"}
_MOST_NUMBERED = 20
"""So many classes have numbers in a confusion matrix."""
_THUMBNAIL = 150
"""Pixels across."""


def learning_curves(epochs: Sequence[Epoch]) -> str:
    """Loss and training accuracy (if there is one) over the epochs, with a panel for each step."""
    from matplotlib.ticker import MaxNLocator

    steps = list(dict.fromkeys(epoch.step for epoch in epochs))
    figure = new_figure(3.6 * len(steps), 2.6)
    for place, step in enumerate(steps):
        chosen = [epoch for epoch in epochs if epoch.step == step]
        numbers = [epoch.number for epoch in chosen]
        axes = figure.add_subplot(1, len(steps), place + 1)
        axes.plot(numbers, [epoch.loss for epoch in chosen], color=RED)
        axes.set(title=_STEPS.get(step, step), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.set_ylabel("loss", color=RED)
        shares = [100 * epoch.accuracy for epoch in chosen if epoch.accuracy is not None]
        if not shares:  # terms alone
            continue
        right = axes.twinx()
        right.plot(numbers, shares, color=BLUE)
        right.set_ylabel("right, %", color=BLUE)
        right.set_ylim(0, 100)
    return svg_of(figure)


def confusion_matrix(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    """How much of each true class (rows) was taken for each class (columns). Few classes also have their counts."""
    side = max(3.2, min(0.36 * len(classes) + 1.2, 11))
    figure = new_figure(side + 1.1, side)
    axes = figure.add_subplot()
    numbered = len(classes) <= _MOST_NUMBERED
    picture, shares = draw_confusion(axes, counts, classes, 8 if numbered else 4.5)
    if numbered:
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(picture, label=SHARE_LABEL, fraction=0.046)
    return svg_of(figure)


def reliability_diagram(calibration: Calibration) -> str:
    """Share of right answers over the probability of the predicted class, in ten bins with as many images each.

    With a fitted temperature, a second line shows the probabilities at that temperature.
    """
    figure = new_figure(4.4, 4.0)
    axes = figure.add_subplot()
    axes.plot([0, 100], [0, 100], color="black", linewidth=0.8, linestyle=":")
    named = [("as trained", calibration.before, GREY)]
    if calibration.temperature != 1:
        named.append((f"at temperature {calibration.temperature:.2f}", calibration.after, BLUE))
    for name, found, colour in named:
        confidence, right, counts = 100 * np.array(found.bins).T
        axes.plot(confidence, right, color=colour, linewidth=1.2)
        axes.scatter(confidence, right, s=counts / 100 + 12, color=colour, label=name)
    axes.set(xlabel="probability of the predicted class, %", ylabel="right, %", xlim=(0, 102), ylim=(0, 102))
    axes.set_aspect("equal")
    axes.legend(loc="upper left", frameon=False)
    return svg_of(figure)


def saliency_panel(image: NDArray[np.uint8], saliency: NDArray[np.float32], caption: str) -> dict[str, str]:
    """An image and its saliency map as PNG data addresses, and their caption; `image` (H, W, 3), `saliency` (H, W).

    The brightest colour stands for the 99.5th percentile of the map and all above it.
    """
    return {"image": _png(image[:, :, ::-1]), "saliency": _map(saliency, _top(saliency)), "caption": caption}


def mistake_panel(image: NDArray[np.uint8], contrast: NDArray[np.float32], caption: str) -> dict[str, str]:
    """An image and two maps on one scale: what speaks for the answer, and what for the label.

    `contrast` (H, W) holds contributions to logit(answer) − logit(label).
    """
    top = _top(np.abs(contrast))
    maps = {"answer": np.maximum(contrast, 0), "label": np.maximum(-contrast, 0)}
    shown = {name: _map(plane, top) for name, plane in maps.items()}
    return {"image": _png(image[:, :, ::-1]), **shown, "caption": caption}


def thumbnail(image: NDArray[np.uint8]) -> str:
    """A small copy of an RGB image (H, W, 3) as a JPEG data address."""
    import cv2

    scale = min(1.0, _THUMBNAIL / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(np.ascontiguousarray(image[:, :, ::-1]), size, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return data_address("jpeg", coded.tobytes())


def _top(plane: NDArray[np.float32]) -> float:
    return max(float(np.percentile(plane, 99.5)), 1e-12)


def _map(plane: NDArray[np.float32], top: float) -> str:
    """A map from 0 to `top` in colours, as a PNG data address."""
    import cv2

    scaled = (255 * np.minimum(plane / top, 1)).astype(np.uint8)
    return _png(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO))


def _png(bgr: NDArray[np.uint8]) -> str:
    import cv2

    return data_address("png", cv2.imencode(".png", bgr)[1].tobytes())
