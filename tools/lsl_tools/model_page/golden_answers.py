"""The golden sample of a page: an image and what each packed graph makes of it, so that a browser proves itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.golden import block_means
from lsl_runtime.model.sessions import Answers, open_session, run_session
from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import golden_image

__all__ = ["GoldenAnswers", "golden_answers", "golden_feeds"]

_TILE = 8


@dataclass(frozen=True)
class GoldenAnswers:
    """What the graphs give for the golden image, by the graphs' names."""

    image: NDArray[np.uint8]
    """uint8 (1, H, W, 3)."""
    answers: Mapping[str, Answers]

    @property
    def best(self) -> int:
        """The place of the largest logit."""
        return int(self.answers["classifier"]["logits"][0].argmax())

    def told(self) -> dict[str, Any]:
        """For the page: the image as PNG and as tiles, the logits of each graph, the means of each map's blocks."""
        import cv2

        _, png = cv2.imencode(".png", cv2.cvtColor(self.image[0], cv2.COLOR_RGB2BGR))
        tiles = np.ascontiguousarray(self.image[0, ::_TILE, ::_TILE])
        maps = {name: self.answers[name][name][0] for name in self.answers if name in self.answers[name]}
        return {
            "png": base64.b64encode(png.tobytes()).decode("ascii"),
            "tiles": base64.b64encode(tiles.tobytes()).decode("ascii"),
            "class": self.best,
            "logits": {name: found["logits"][0].tolist() for name, found in self.answers.items()},
            **{name: block_means(found).ravel().tolist() for name, found in maps.items()},
        }


def golden_answers(graphs: Mapping[str, bytes], image_size: tuple[int, int], bundle: Path) -> GoldenAnswers:
    """Runs the golden image through ONNX graphs. Raises BundleError where one does not run on a single image."""
    image = golden_image(*image_size)
    answers: dict[str, Answers] = {}
    for name, feeds in golden_feeds(image, list(graphs), 0).items():
        best = int(answers["classifier"]["logits"][0].argmax()) if answers else 0
        try:
            session = open_session(graphs[name], "cpu", 1)
            answers[name] = run_session(session, golden_feeds(image, [name], best)[name] if answers else dict(feeds))
        except Exception as problem:  # ONNX Runtime's own errors have no base but Exception
            raise BundleError(bundle / f"{name}.onnx", f"does not run on one image ({problem})"[:400]) from None
    return GoldenAnswers(image, answers)


def golden_feeds(image: NDArray[np.uint8], names: list[str], best: int) -> dict[str, dict[str, NDArray[Any]]]:
    """The inputs of each graph for one image uint8 (1, H, W, 3); contributions are those of the class `best`."""
    index, none = np.array([best], np.int64), np.array([-1], np.int64)
    pictures = image.astype(np.float32)
    feeds: dict[str, dict[str, NDArray[Any]]] = {
        "classifier": {"image": image},
        "saliency": {"image": image, "class_index": none},
        "contributions": {
            "image": pictures,
            "direction": np.ones_like(pictures),
            "class_index": index,
            "against_index": none,
        },
    }
    return {name: feeds[name] for name in names}
