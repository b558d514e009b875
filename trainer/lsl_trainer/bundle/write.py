"""Making a model bundle of a trained network: calibrate, export both graphs, verify them, write the manifest last."""

from __future__ import annotations

import csv
import shutil
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_runtime.evaluation.scores import score
from lsl_runtime.model.golden import block_means
from lsl_shared.files.atomic import write_text
from lsl_shared.files.manifest import CLASSIFIER, MANIFEST, SALIENCY, SPLIT, GoldenSample, Manifest, Task, golden_image
from lsl_shared.files.store import PARTS
from lsl_shared.measures.conformal import conformal_threshold
from lsl_trainer.bundle.further_calibration import further_answers
from lsl_trainer.bundle.scope import Scope, fit_scope, scope_threshold
from lsl_trainer.calibration.temperature import fit_temperature, softmax
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.load import TrainingData
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.graphs.parity import Parity, verify_graphs
from lsl_trainer.learning.features import features_of
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["write_bundle"]

_VERIFIED_IMAGES = 16


def write_bundle(network: Network, data: TrainingData, config: TrainConfig, path: Path) -> tuple[Manifest, Parity]:
    """Writes the bundle of a trained network to `path`; nothing stands there unless both graphs proved right.

    Raises ExportError where a graph differs from the network.
    """
    network = network.cpu().eval()
    scope, threshold = _scope(network, data)
    manifest = replace(_manifest(network, data, config), scope_threshold=threshold)
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        export_classifier(network, manifest, temporary / CLASSIFIER, scope)
        export_saliency(network, manifest, temporary / SALIENCY, scope)
        images = _images_to_verify(data)
        parity = verify_graphs(network, temporary / CLASSIFIER, temporary / SALIENCY, images, batch_sizes=(1, 5))
        _write_split(data, temporary / SPLIT)
        write_text(temporary / MANIFEST, manifest.to_json())
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return manifest, parity


def _manifest(network: Network, data: TrainingData, config: TrainConfig) -> Manifest:
    fine = () if data.terms_alone else (_calibrated_task(network, data, config),)
    tasks = (*fine, *further_answers(network, data, config.seed))
    return Manifest(
        image_size=data.image_size,
        tasks=tasks,
        network={"backbone": config.transfer.backbone} if config.transfer.backbone else config.to_dict().pop("network"),
        training={**config.to_dict(), "fine_images": len(data.fine), "coarse_images": len(data.coarse)},
        test_metrics=_test_metrics(network, data, tasks[0]),
        store_fingerprint=data.fingerprint,
        package_version=version("lsl-toolkit"),
        golden=_golden_sample(network, data.image_size, len(tasks[0].classes)),
    )


def _scope(network: Network, data: TrainingData) -> tuple[Scope | None, float | None]:
    """The prototypes and the threshold of the scope distance; None where too few images were held out to set it."""
    if not len(data.calibration):
        return None, None
    scope = fit_scope(network, data.fine)
    threshold = scope_threshold(scope(features_of(network, data.calibration)).numpy())
    return (None, None) if threshold is None else (scope, threshold)


def _calibrated_task(network: Network, data: TrainingData, config: TrainConfig) -> Task:
    """The task with its temperature and conformal threshold from the calibration images."""
    held = data.calibration
    logits = logits_of(network, held.images, held.rows)[:, : len(data.fine_space)].numpy()
    temperature = fit_temperature(logits, held.labels)
    generator = np.random.default_rng([config.seed, 6])
    space, coarse = data.fine_space, data.coarse_space
    counts = np.bincount(data.fine.labels[data.fine.labels >= 0], minlength=len(space))
    return Task(
        name=space.name,
        classes=space.classes,
        parent=space.parent,
        parent_classes=coarse.classes if coarse and space.parent == coarse.name else (),
        parent_index=space.parent_index,
        temperature=temperature,
        conformal_threshold=conformal_threshold(held.labels, softmax(logits, temperature), held.groups, generator),
        class_priors=tuple((counts / counts.sum()).tolist()),
    )


def _test_metrics(network: Network, data: TrainingData, task: Task) -> dict[str, Any]:
    """What the network scores on the fine-labelled test images; empty without any, and for terms alone."""
    test = data.test
    if not len(test) or data.terms_alone:
        return {}
    logits = logits_of(network, test.images, test.rows)[:, : len(task.classes)]
    probabilities = softmax(logits.numpy(), task.temperature)
    return asdict(score(task, test.labels, probabilities, test.groups))


def _golden_sample(network: Network, image_size: tuple[int, int], n_first: int) -> GoldenSample:
    """The network's own answer for the golden image, in float64: the `n_first` logits of the first task."""
    double = network.double()
    pixels = torch.from_numpy(golden_image(*image_size).astype(np.float64) / 255).permute(0, 3, 1, 2)
    pixels.requires_grad_(True)
    logits = double(pixels)[0][:, :n_first]
    (gradient,) = torch.autograd.grad(logits[0].max(), pixels)
    saliency = gradient[0].abs().amax(0).numpy()
    network.float()
    return GoldenSample(tuple(logits[0].tolist()), tuple(map(tuple, block_means(saliency).tolist())))


def _images_to_verify(data: TrainingData) -> NDArray[np.uint8]:
    """Real images, of the test part where there are some."""
    held: Labelled = data.test if len(data.test) else data.fine
    return held.images[held.rows[:_VERIFIED_IMAGES]]


def _write_split(data: TrainingData, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "part"))
        writer.writerows(zip(data.ids, (PARTS[part] for part in data.part), strict=True))
