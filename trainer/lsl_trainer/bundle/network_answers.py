"""What a finished network answers to the images of its training, asked once for all that a bundle says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_runtime.model.golden import block_means
from lsl_shared.files.manifest import GoldenSample, golden_image
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.networks.residual import Network

__all__ = ["NetworkAnswers", "ask_network", "golden_sample"]


@dataclass(frozen=True)
class NetworkAnswers:
    """The logits of all tasks, float32 (n, K), for the images of three sets, and the golden sample."""

    calibration: NDArray[np.float32]
    """For images with a fine label that no step has seen."""
    held: NDArray[np.float32]
    """For those with a label of a further task."""
    test: NDArray[np.float32]
    golden: GoldenSample


def ask_network(network: Network, data: TrainingData, answers_for_it: Network | None = None) -> NetworkAnswers:
    """The answers of a network in eval mode. `answers_for_it` answers as it does where `data` holds features."""
    asked = answers_for_it or network
    calibration, held, test = (_logits(asked, images) for images in (data.calibration, data.held, data.test))
    golden = golden_sample(network, data.image_size, len(data.tasks[0].space))
    return NetworkAnswers(calibration, held, test, golden)


def _logits(network: Network, images: Labelled) -> NDArray[np.float32]:
    return logits_of(network, images.images, images.rows).numpy()


def golden_sample(network: Network, image_size: tuple[int, int], n_first: int) -> GoldenSample:
    """The network's own answer for the golden image, in float64: the `n_first` logits of the first task."""
    double = network.double()
    pixels = torch.from_numpy(golden_image(*image_size).astype(np.float64) / 255).permute(0, 3, 1, 2)
    pixels.requires_grad_(True)
    logits = double(pixels)[0][:, :n_first]
    (gradient,) = torch.autograd.grad(logits[0].max(), pixels)
    saliency = gradient[0].abs().amax(0).numpy()
    network.float()
    return GoldenSample(tuple(logits[0].tolist()), tuple(map(tuple, block_means(saliency).tolist())))
