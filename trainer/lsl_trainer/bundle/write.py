"""Making a model bundle of a trained network: calibrate, export the graphs, verify them, write the manifest last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.atomic import atomic_folder, write_text
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, SALIENCY, SPLIT, Manifest
from lsl_trainer.bundle.manifest import new_manifest
from lsl_trainer.bundle.network_answers import ask_network
from lsl_trainer.bundle.scope import fit_scope
from lsl_trainer.bundle.split import write_split
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.frozen.head import answering
from lsl_trainer.graphs.classifier_part import write_classifier_of
from lsl_trainer.graphs.export import export_contributions, export_saliency
from lsl_trainer.graphs.parity import Parity, verify_graphs
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["write_bundle"]

_VERIFIED_IMAGES = 16


def write_bundle(
    network: Network,
    data: TrainingData,
    config: TrainConfig,
    path: Path,
    features: Path | None = None,
    left_out: LeftOut | None = None,
) -> tuple[Manifest, Parity]:
    """Writes the bundle of a trained network to `path`; nothing stands there unless all graphs proved right.

    `features` is the folder of what a frozen F gives; `left_out` calibrates in the place of calibration images.
    Raises ExportError where a graph differs from the network.
    """
    network = network.cpu().eval()
    quick, asked = answering(network, data, features)
    scope = fit_scope(quick, asked.fine, asked.calibration, left_out)
    answers = ask_network(network, asked, quick)
    manifest = new_manifest(answers, data, config, scope.threshold if scope else None, left_out)
    with atomic_folder(path) as temporary:
        export_saliency(network, manifest, temporary / SALIENCY, scope, left_out.time if left_out else None)
        write_classifier_of(temporary / SALIENCY, temporary / CLASSIFIER)
        export_contributions(network, manifest, temporary / CONTRIBUTIONS)
        parity = verify_graphs(
            network, temporary / CLASSIFIER, temporary / SALIENCY, _images_to_verify(data), (1, 5),
            temporary / CONTRIBUTIONS,
        )  # fmt: skip
        write_split(data, temporary / SPLIT)
        write_text(temporary / MANIFEST, manifest.to_json())
    return manifest, parity


def _images_to_verify(data: TrainingData) -> NDArray[np.uint8]:
    """Real images, of the test part where there are some."""
    held = data.test if len(data.test) else data.fine
    return held.images[held.rows[:_VERIFIED_IMAGES]]
