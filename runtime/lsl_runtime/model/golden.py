"""The golden sample: a bundle proves on each machine that its graphs answer as the trained network did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.graphs import Graphs
from lsl_runtime.model.sessions import Answers
from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import CONTRIBUTIONS, MANIFEST, GoldenSample

__all__ = ["block_means", "check_contributions", "check_golden"]

_TOLERANCES = {"fp32": (1e-3, 1e-2), "fp16": (2e-2, 1e-1), "int8": (2e-1, 1e-2)}
"""Of logits and of the map, by precision. Wider for the map: where a ReLU sits at its kink, rounding decides which way
the gradient goes."""


def check_golden(
    golden: GoldenSample | None, classifier: Answers, saliency: Answers, bundle: Path, precision: str = "fp32"
) -> None:
    """Raises BundleError where the two graphs' answers for the golden image differ from those in the manifest.

    `precision` of the graphs (fp32, fp16, int8) says how far is too far.
    """
    if golden is None:
        raise BundleError(bundle / MANIFEST, "holds no golden sample; export the model again", "golden")
    logits_tolerance, saliency_tolerance = _TOLERANCES.get(precision, _TOLERANCES["fp32"])
    for name, found, expected, tolerance in (
        ("classifier logits", classifier["logits"][0], golden.logits, logits_tolerance),
        ("saliency logits", saliency["logits"][0], golden.logits, logits_tolerance),
        ("saliency map", block_means(saliency["saliency"][0]), golden.saliency_blocks, saliency_tolerance),
    ):
        wanted = np.asarray(expected, dtype=np.float64)
        difference, size = float(np.linalg.norm(found - wanted)), float(np.linalg.norm(wanted))
        if not difference <= tolerance * size:
            told = f"{name} of the golden sample differ by {difference:.1e} of {size:.1e}"
            raise BundleError(bundle, f"{told}: do not use this bundle here, copy or export it again")


def check_contributions(graphs: Graphs, saliency: Answers, image: NDArray[np.uint8], precision: str = "fp32") -> None:
    """Raises BundleError where the contributions graph's gradient is not that of the saliency graph.

    `saliency` is that graph's answer, of that `precision`, to the golden `image` (1, H, W, 3). A step of 1 in each
    channel alone gives the channel's gradient; the largest of the three is the saliency map.
    """
    steps = np.eye(3, dtype=np.float32)[:, None, None] * np.ones((3, *image.shape[1:3], 1), np.float32)
    index = np.full(3, saliency["logits"][0].argmax())
    found = graphs.contribute(np.repeat(image, 3, axis=0).astype(np.float32), steps, index, np.full(3, -1))
    gradient, expected = block_means(np.abs(found["contributions"]).max(0)), block_means(saliency["saliency"][0])
    _, tolerance = _TOLERANCES.get(precision, _TOLERANCES["fp32"])
    difference, size = float(np.linalg.norm(gradient - expected)), float(np.linalg.norm(expected))
    if not difference <= tolerance * size:
        raise BundleError(
            graphs.folder / CONTRIBUTIONS,
            f"differs from the saliency graph by {difference:.1e} of {size:.1e}: it is of another network. Copy or "
            "export the bundle again",
        )  # fmt: skip


def block_means(saliency: NDArray[np.float32]) -> NDArray[np.float64]:
    """The means of a map (H, W) over a grid of 4 × 8 blocks, float64 (4, 8)."""
    rows = [np.array_split(row, 8, axis=1) for row in np.array_split(saliency.astype(np.float64), 4)]
    return np.array([[block.mean() for block in row] for row in rows])
