"""Making a model bundle of a trained network: calibrate, export the graphs, verify them, write the manifest last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from lsl_shared.files.atomic import atomic_folder, write_text
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, SALIENCY, SPLIT, Manifest
from lsl_trainer.bundle.manifest import new_manifest
from lsl_trainer.bundle.network_answers import ask_network
from lsl_trainer.bundle.scope import fit_scope
from lsl_trainer.bundle.split import write_split
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.frozen.head import HeadOnFeatures, answering
from lsl_trainer.graphs.export import export_graphs
from lsl_trainer.graphs.parity import Parity, verify_graphs
from lsl_trainer.learning.frozen_time import frozen_time_head
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["write_bundle"]

_GRAPHS = {"saliency": SALIENCY, "classifier": CLASSIFIER, "contributions": CONTRIBUTIONS}
_MOST_VERIFIED, _LEAST_VERIFIED = 16, 8
_VERIFYING = 1e11
"""So many operations, forward, may the images take by which graphs are checked."""


def write_bundle(
    network: Network,
    data: TrainingData,
    config: TrainConfig,
    path: Path,
    features: Path | None = None,
    left_out: LeftOut | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> tuple[Manifest, Parity]:
    """Writes the bundle of a trained network to `path`; nothing stands there unless all graphs proved right.

    `features` is the folder of what a frozen F gives; `left_out` calibrates in the place of calibration images.
    `on_step` is told what begins.
    Raises ExportError where a graph differs from the network.
    """
    network = network.cpu().eval()
    quick, asked = answering(network, data, features)
    scope = fit_scope(quick, asked.fine, asked.calibration, left_out)
    time = left_out.time if left_out else None
    if time is None and isinstance(quick, HeadOnFeatures):
        time = frozen_time_head(asked, config)
    answers = ask_network(network, asked, quick)
    manifest = new_manifest(answers, data, config, scope.threshold if scope else None, left_out, time)
    with atomic_folder(path) as temporary:
        on_step("exporting the model")
        paths = {name: temporary / file for name, file in _GRAPHS.items()}
        export_graphs(network, manifest, paths, scope, time)
        on_step("checking it against the network")
        parity = verify_graphs(
            network, paths["classifier"], paths["saliency"], _images_to_verify(network, data), (1, 5),
            paths["contributions"],
        )  # fmt: skip
        write_split(data, temporary / SPLIT)
        write_text(temporary / MANIFEST, manifest.to_json())
    return manifest, parity


def _images_to_verify(network: Network, data: TrainingData) -> NDArray[np.uint8]:
    """Real images, of the test part where there are some; fewer where a pass costs much."""
    held = data.test if len(data.test) else data.fine
    count = min(max(int(_VERIFYING / _cost(network, data.image_size)), _LEAST_VERIFIED), _MOST_VERIFIED)
    return held.images[held.rows[:count]]


def _cost(network: Network, image_size: tuple[int, int]) -> int:
    """Operations of a pass of one image."""
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        network(torch.zeros(1, 3, *image_size))
    return max(int(counted.get_total_flops()), 1)
