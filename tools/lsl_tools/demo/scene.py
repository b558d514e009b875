"""Raw photographs with known truth: standardized embryos pasted, turned and tilted, among neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Scene", "compose_scene"]

LENGTHS: Final = (0.45, 0.78)  # of the photograph's width
PROPORTIONS: Final = (2.0, 2.6)  # length to width of an embryo
SLOPE: Final = 0.12  # most that the light falls to either side
FEATHER: Final = 0.0025  # of the embryo's length
LEAST_LOST: Final = 0.1  # share of a neighbour that is hidden or outside the frame

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """A photograph uint8 (H, W, 3) with the truth about its main embryo.

    `mask` bool (H, W) is where it lies. `angle` in degrees, -90 to 90, is how far its long axis is turned, clockwise as
    seen. `flip_x`, `flip_y`: mirrored left-right and up-down before turning.
    """

    photograph: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    angle: float
    flip_x: bool
    flip_y: bool


def compose_scene(
    main: NDArray[np.uint8],
    neighbours: Sequence[NDArray[np.uint8]],
    generator: np.random.Generator,
    size: tuple[int, int] = (1080, 1520),
) -> Scene:
    """One photograph of `size` (H, W) with `main` on top of `neighbours`, all standardized uint8 (h, w, 3) on white.

    Position, angle, scale, proportion, flips, light and noise are drawn from `generator`. The main embryo lies whole
    inside the frame, the only one to be seen whole: its neighbours are cut by the frame or hidden in part.
    """
    length = float(generator.uniform(*LENGTHS)) * size[1]
    pose = _draw_pose(main, length, size, generator)
    alpha, _ = _pasted(main, pose.matrix, size, length)
    canvas: FloatArray = np.empty((*size, 3), np.float32)
    canvas[:] = _ground(main, generator)
    for other in neighbours:
        place = _beside(other, alpha, length, generator)
        if place is not None:
            _paste(canvas, other, place, length)
    _paste(canvas, main, pose.matrix, length)
    photograph = _noisy(canvas * _light(size, generator)[..., None], generator)
    return Scene(photograph, alpha > 0.5, pose.angle, pose.flip_x, pose.flip_y)


@dataclass(frozen=True)
class _Placed:
    """`matrix` (2, 3) leads from the standardized image's pixels to the photograph's."""

    matrix: NDArray[np.float64]
    angle: float
    flip_x: bool
    flip_y: bool


def _draw_pose(
    main: NDArray[np.uint8], length: float, size: tuple[int, int], generator: np.random.Generator
) -> _Placed:
    """A place inside the frame; angles at which the embryo does not fit are drawn again."""
    proportion, flips = float(generator.uniform(*PROPORTIONS)), generator.integers(2, size=2).astype(bool)
    while True:
        angle = float(generator.uniform(-90, 90))
        turned = _matrix(main, angle, length, proportion, flips, (0.0, 0.0))
        corners = _outline(main) @ turned[:, :2].T + turned[:, 2]
        low, high = corners.min(axis=0), corners.max(axis=0)
        room = np.array([size[1], size[0]]) - (high - low) - 0.04 * length
        if (room > 0).all():
            shift = generator.uniform(0, 1, 2) * room - low + 0.02 * length
            placed = _matrix(main, angle, length, proportion, flips, (float(shift[0]), float(shift[1])))
            return _Placed(placed, angle, bool(flips[0]), bool(flips[1]))


def _matrix(
    image: NDArray[np.uint8],
    angle: float,
    length: float,
    proportion: float,
    flips: NDArray[np.bool_],
    place: tuple[float, float],
) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    along, across = length / width, length / proportion / height
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.diag([along * (-1 if flips[0] else 1), across * (-1 if flips[1] else 1)])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([linear, np.array(place) - linear @ middle])


def _cut_out(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is not the white ground of a standardized image, without holes, 0 or 255."""
    filled = np.zeros(image.shape[:2], np.uint8)
    outlines, _ = cv2.findContours((image.min(axis=2) < 250).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 255, cv2.FILLED)
    return filled


def _outline(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(_cut_out(image))
    return np.stack([columns, rows], axis=1).astype(np.float64)


def _pasted(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], length: float
) -> tuple[FloatArray, FloatArray]:
    """The feathered mask (H, W) in 0..1 and the embryo (H, W, 3), laid into the photograph."""
    how: dict[str, Any] = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_CONSTANT}
    mask = cv2.warpAffine(_cut_out(image).astype(np.float32) / 255, matrix, size[::-1], **how)
    alpha = cv2.GaussianBlur(mask, (0, 0), FEATHER * length)
    embryo = cv2.warpAffine(image.astype(np.float32), matrix, size[::-1], **{**how, "borderMode": cv2.BORDER_REPLICATE})
    return np.clip(alpha, 0, 1), np.clip(embryo, 0, 255)


def _paste(canvas: FloatArray, image: NDArray[np.uint8], matrix: NDArray[np.float64], length: float) -> None:
    alpha, embryo = _pasted(image, matrix, canvas.shape[:2], length)
    canvas += alpha[..., None] * (embryo - canvas)


def _beside(
    other: NDArray[np.uint8], main: FloatArray, length: float, generator: np.random.Generator
) -> NDArray[np.float64] | None:
    """A place for a neighbour, so that `main`, its mask, is the only whole embryo; None if none was found."""
    pixels = _outline(other)[::7]
    middle = np.array(np.nonzero(main > 0.5))[::-1].mean(axis=1)
    for _ in range(40):
        flips, angle = generator.integers(2, size=2).astype(bool), float(generator.uniform(-90, 90))
        size, proportion = length * float(generator.uniform(0.85, 1.15)), float(generator.uniform(*PROPORTIONS))
        away = float(generator.uniform(0, 2 * np.pi))
        most = float(generator.choice([0.0, *generator.uniform(0.0, 0.15, 2)]))
        for distance in np.arange(0.3, 1.6, 0.01) * length:
            place = middle + distance * np.array([np.cos(away), np.sin(away)])
            matrix = _matrix(other, angle, size, proportion, flips, (float(place[0]), float(place[1])))
            hidden, outside = _lost(pixels @ matrix[:, :2].T + matrix[:, 2], main)
            if hidden <= most:
                break
        if hidden + outside >= LEAST_LOST and outside < 0.95:
            return matrix
    return None


def _lost(pixels: NDArray[np.float64], main: FloatArray) -> tuple[float, float]:
    """Which fraction of an embryo's pixels (n, 2) the main embryo hides, and which lies outside the frame."""
    x, y = np.round(pixels).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < main.shape[1]) & (y < main.shape[0])
    return float((main[y[inside], x[inside]] > 0.5).sum() / len(x)), float(1 - inside.mean())


def _ground(main: NDArray[np.uint8], generator: np.random.Generator) -> FloatArray:
    """The colour of the ground (3,): near the brightest part of the embryo's rim."""
    mask = _cut_out(main)
    rim = (mask > 0) & (cv2.erode(mask, np.ones((9, 9), np.uint8), borderValue=0) == 0)
    bright = np.quantile(main[rim], 0.9, axis=0) * generator.uniform(0.96, 1.06)
    return np.asarray(np.minimum(bright, 248), np.float32)


def _light(size: tuple[int, int], generator: np.random.Generator) -> FloatArray:
    """How the light falls off, (H, W): a slope, and corners darker than the middle."""
    y, x = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]), indexing="ij")
    slopes, corners = generator.uniform(-SLOPE, SLOPE, 2), generator.uniform(0, SLOPE)
    light = 1 + slopes[0] * x + slopes[1] * y - corners * (x * x + y * y) / 2
    return np.asarray(light / max(1.0, float(light.max()) / 1.04), np.float32)


def _noisy(light: FloatArray, generator: np.random.Generator) -> NDArray[np.uint8]:
    noise = cv2.GaussianBlur(generator.standard_normal(light.shape, np.float32), (0, 0), 0.6)
    noisy = light + noise * np.float32(generator.uniform(1.5, 6.0))
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)
