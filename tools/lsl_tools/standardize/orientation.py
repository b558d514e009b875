"""Which way a standardized embryo lies: anterior left or right, dorsal up or down, by a small network.

`tools/orientation/train_orientation.py` trains the network on turned copies of photographs whose orientation is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import product
from typing import Final, cast

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lsl_runtime.model.image_batches import image_batches
from lsl_runtime.model.sessions import open_session
from lsl_shared.errors import BundleError
from lsl_shared.files.manifest import METADATA_KEY, Manifest
from lsl_shared.system_errors import unreadable

__all__ = ["GRAPH", "Orienter", "Turns"]

GRAPH: Final = "orientation.onnx"
_BATCH = 16


@dataclass(frozen=True)
class Turns:
    """How N embryos are to be turned so that they lie anterior left and dorsal up."""

    flip_x: NDArray[np.bool_]
    """(N,): whether to mirror left and right."""
    flip_y: NDArray[np.bool_]
    """(N,): whether to mirror top and bottom. Means nothing for an embryo seen from its back or belly."""
    probability_x: NDArray[np.float32]
    """(N,): calibrated probability that `flip_x` is right, 0.5 … 1."""
    probability_y: NDArray[np.float32]
    """(N,): likewise for `flip_y`."""
    certain_x: NDArray[np.bool_]
    """(N,): whether `probability_x` reaches the threshold that the network was shipped with; flag the others."""
    certain_y: NDArray[np.bool_]
    """(N,): likewise for `probability_y`."""


class Orienter:
    """Tells which way standardized embryos lie, by a small network. `Orienter.load()` gives the one of this package.

    Args:
        graph: An ONNX file, as `tools/orientation/train_orientation.py` writes it.
        threads: How many threads ONNX Runtime may use; None for one a core.

    Example:
        >>> import numpy as np
        >>> from lsl_tools import Orienter, write_demo_store
        >>> from lsl_shared import Store
        >>> write_demo_store("drawn.h5", images=2)
        >>> with Store("drawn.h5") as store:
        ...     images = store.read(0, 2)
        >>> turns = Orienter.load(threads=1).choose(images)
        >>> mirrored = Orienter.load(threads=1).choose(np.ascontiguousarray(images[:, :, ::-1]))
        >>> (turns.flip_x != mirrored.flip_x).tolist()  # a mirrored image gets the mirrored answer
        [True, True]
    """

    def __init__(self, graph: bytes, threads: int | None = None) -> None:
        self._graph, self._threads = graph, threads

    @classmethod
    def load(cls, *, threads: int | None = None) -> Orienter:
        """The network that is part of this package.

        Args:
            threads: How many threads ONNX Runtime may use; None for one a core.

        Raises:
            BundleError: Its file is missing.
        """
        path = resources.files("lsl_tools.standardize") / GRAPH
        try:
            return cls(path.read_bytes(), threads)
        except OSError as problem:
            raise BundleError(str(path), unreadable(problem, "install lsl-toolkit again")) from None

    @cached_property
    def manifest(self) -> Manifest:
        """What the graph says of itself: image size, tasks, temperatures, thresholds, the genes it was tested on."""
        entries = self._session.get_modelmeta().custom_metadata_map
        return Manifest.from_json(entries.get(METADATA_KEY, ""), GRAPH)

    @property
    def thresholds(self) -> tuple[float, float]:
        """The least probabilities (anterior-posterior, dorso-ventral) that count as certain."""
        first, second = (float(self.manifest.training["thresholds"][task.name]) for task in self.manifest.tasks)
        return first, second

    def choose(self, images: NDArray[np.uint8]) -> Turns:
        """Tells how to turn embryos so that they lie anterior left and dorsal up.

        Each image is seen in its four mirrorings, and what the network says of them is averaged, so a mirrored image
        gets the mirrored answer exactly.

        Args:
            images: uint8 (N, 128, 320, 3), RGB, one standardized embryo each on white ground.

        Returns:
            For each image whether to mirror it, and how sure that is.

        Raises:
            ImageError: The images have another shape or type.
        """
        evidence = np.concatenate(list(self._evidence(images)))  # (N, 2)
        probability = 1 / (1 + np.exp(-np.abs(evidence)))
        certain = probability >= np.array(self.thresholds)
        return Turns(
            flip_x=evidence[:, 0] > 0,
            flip_y=evidence[:, 1] > 0,
            probability_x=probability[:, 0].astype(np.float32),
            probability_y=probability[:, 1].astype(np.float32),
            certain_x=certain[:, 0],
            certain_y=certain[:, 1],
        )

    def _evidence(self, images: NDArray[np.uint8]) -> Iterator[NDArray[np.float64]]:
        """Batch by batch, the calibrated log-odds (n, 2) that the images lie mirrored in x and in y."""
        temperatures = np.array([task.temperature for task in self.manifest.tasks])
        for batch in image_batches(images, self.manifest.image_size, _BATCH):
            total = np.zeros((len(batch), 2))
            for x, y in product((1, -1), (1, -1)) if len(batch) else ():
                total += self._log_odds(np.ascontiguousarray(batch[:, ::y, ::x])) * np.array([x, y])
            yield total / (4 * temperatures)

    def _log_odds(self, batch: NDArray[np.uint8]) -> NDArray[np.float64]:
        """What the graph says of a batch as it is: logit of mirrored minus logit of upright, (n, 2)."""
        names = ["logits", f"logits_{self.manifest.tasks[1].name}"]
        logits = np.stack(self._session.run(names, {"image": batch}), axis=1)  # (n, task, class)
        return cast(NDArray[np.float64], (logits[..., 1] - logits[..., 0]).astype(np.float64))

    @cached_property
    def _session(self) -> ort.InferenceSession:
        try:
            return open_session(self._graph, "cpu", self._threads)
        except Exception as problem:  # ONNX Runtime's own errors have no base but Exception
            raise BundleError(GRAPH, f"damaged graph ({problem}); install lsl-toolkit again") from None
