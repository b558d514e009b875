"""The paper's three steps on this device, timed an epoch at a time, and a plain loop beside them."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from lsl_shared import Store
from lsl_trainer import PRESETS, residual_network
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.network import NetworkConfig
from on_gpu.scale import CLASSES, Scale, Tell, device, drawn, write_store

__all__ = ["recipe", "training"]

COARSE_IMAGES, FINE_IMAGES, EPOCHS = 36_908, 3_474, 40
"""The paper's images, and our epochs of each step."""
LARGE = 64
WARM_UP, TIMED = 1, 2
"""Epochs of each step that do not count, and that do."""


def recipe(network: NetworkConfig, **given: object) -> TrainConfig:
    """The paper's settings, in bf16, over a few epochs."""
    epochs = dict.fromkeys(("coarse_epochs", "fine_epochs", "feature_epochs"), WARM_UP + TIMED)
    return PRESETS["paper"].having(network=network, precision="bf16", **epochs, **given)


def training(scale: Scale, folder: Path, tell: Tell) -> None:
    """Times loading, the three steps, and the plain loop; extrapolates to the paper's images and our epochs."""
    store = write_store(folder / "training.h5", scale.images, scale.labelled, scale.size)
    network = next(iter(scale.networks.values()))
    config, began = recipe(network), time.perf_counter()
    with Store(store) as opened:
        data = load_data(opened, config)
    loading = COARSE_IMAGES * (time.perf_counter() - began) / scale.images
    tell("training", "loading the paper's images, extrapolated, s", loading)
    rates = step_rates(TwoStepTraining(data, config, new_fabric("bf16", device())))
    for step, rate in rates.items():
        tell("training", f"step {step}, images/s", rate)
    large = recipe(network, method="plain", batch_size=LARGE)
    rate = step_rates(TwoStepTraining(data, large, new_fabric("bf16", device())))["fine"]
    tell("training", f"step fine at batches of {LARGE} instead of 16, images/s", rate)
    first = EPOCHS * (COARSE_IMAGES / rates["coarse"] + FINE_IMAGES / rates["fine"]) + loading
    second = EPOCHS * FINE_IMAGES / rates["feature"]
    tell("training", "step one, extrapolated, min (with loading)", first / 60)
    tell("training", "step two, extrapolated, min", second / 60)
    tell("training", "both, min (aim: below 10)", (first + second) / 60)
    plain = plain_rate(scale, folder / "pictures", network)
    tell("training", "plain loop, float32, one PNG an image, images/s", plain)
    tell("training", "coarse step / plain loop (aim: 10)", rates["coarse"] / plain)
    if torch.cuda.is_available():
        tell("training", "most memory of the card, GB", torch.cuda.max_memory_allocated() / 1e9)


def step_rates(running: TwoStepTraining) -> dict[str, float]:
    """Images a second of each step, of its fastest epoch after the first."""
    rates: dict[str, float] = {}
    counted, began = 0, time.perf_counter()

    def count(images: int) -> None:
        nonlocal counted
        counted += images

    for epoch, _ in running.run(count):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if epoch.number > WARM_UP:
            rates[epoch.step] = max(rates.get(epoch.step, 0.0), counted / (now - began))
        counted, began = 0, time.perf_counter()
    return rates


def plain_rate(scale: Scale, folder: Path, shape: NetworkConfig) -> float:
    """Images a second of the loop that one writes first: float32, batches of 16, each image read from its own PNG."""
    folder.mkdir()
    images, labels = drawn(64, scale.size)
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    network = residual_network(shape, scale.size, len(CLASSES)).to(device()).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
    learnt, began, generator = 0, 0.0, np.random.default_rng(0)
    while not learnt or time.perf_counter() - began < scale.seconds:
        chosen = generator.integers(0, len(images), 16)
        pixels = np.stack([np.asarray(cv2.imread(str(folder / f"{number}.png"))) for number in chosen])
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().to(device()) / 255
        loss = F.cross_entropy(network(batch)[0], torch.from_numpy(labels[chosen]).to(device()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        began = began or time.perf_counter()  # the first batch does not count
        learnt += 16
    return (learnt - 16) / (time.perf_counter() - began)
