"""What varies from photograph to photograph and tells nothing about the stage: pose, optics, stain, cut-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_tools.demo.genes import Gene
from lsl_tools.demo.pose import Pose, draw_pose
from lsl_tools.demo.texture import Window, draw_window

__all__ = ["Photograph", "draw_photograph"]


@dataclass(frozen=True)
class Photograph:
    """The nuisances of one image, lengths in pixels.

    - Stain: `strength` and `background` scale and raise its density, `spread` blurs it, `shift` (x, eta) moves regions.
    - Light: `lamp` is its fall along x and y, `saturation` scales the colours, `noise` is the sensor's.
    - DIC: `shear` (radians) and `contrast`. Focus: `focus` is how clearly grooves show, `sharpness` and `softness` blur
      grooves and tissues before the optics, `blur` and `sharpening` act on the light after it.
    - Tissue: `darkening` scales what it absorbs, `tones` says how dark clear, yolky, epithelial and dense tissues look,
      `texture` and `folding` are the heights of grain and of uneven tissue.
    - Cut-out: at `margin` from the embryo, across notches narrower than `bridging`, frayed by `raggedness`.
    """

    pose: Pose
    window: Window
    strength: float
    background: float
    spread: float
    shift: tuple[float, float]
    saturation: float
    lamp: tuple[float, float]
    shear: float
    contrast: float
    focus: float
    sharpness: float
    softness: float
    blur: float
    sharpening: float
    darkening: float
    tones: tuple[float, float, float, float]
    texture: float
    folding: float
    noise: float
    margin: int
    bridging: int
    raggedness: float


def draw_photograph(gene: Gene, generator: np.random.Generator) -> Photograph:
    """A random photograph of `gene`; `generator` must be its own stream."""
    return Photograph(
        pose=draw_pose(generator),
        window=draw_window(generator),
        strength=float(gene.strength * np.exp(generator.normal(0.0, 0.35))),
        background=float(gene.background * generator.uniform(0.5, 1.5)),
        spread=float(generator.uniform(1.5, 4.5)),
        shift=(float(generator.normal(0.0, 0.03)), float(generator.normal(0.0, 0.06))),
        saturation=float(generator.uniform(0.75, 1.2)),
        lamp=(float(generator.normal(0.0, 0.07)), float(generator.normal(0.0, 0.07))),
        shear=float(gene.shear + generator.normal(0.0, 0.1)),
        contrast=float(np.exp(generator.normal(0.15, 0.25))),
        focus=float(generator.uniform(0.25, 1.1)),
        sharpness=float(generator.uniform(0.7, 1.4)),
        softness=float(generator.uniform(0.9, 1.8)),
        blur=float(generator.uniform(0.3, 0.75)),
        sharpening=float(max(generator.uniform(-0.4, 1.2), 0.0)),
        darkening=float(generator.uniform(0.15, 0.6)),
        tones=_four(generator.normal([20.0, 38.0, 66.0, 86.0], 18.0)),
        texture=float(np.exp(generator.normal(-0.4, 0.35))),
        folding=float(generator.uniform(4.0, 22.0)),
        noise=float(generator.uniform(0.004, 0.016)),
        margin=int(generator.choice([0, 0, 0, 1, 2, 4])),
        bridging=int(generator.choice([0, 9, 25, 45, 65])),
        raggedness=float(generator.choice([0.0, 0.0, 0.08, 0.2])),
    )


def _four(values: NDArray[np.float64]) -> tuple[float, float, float, float]:
    return float(values[0]), float(values[1]), float(values[2]), float(values[3])
