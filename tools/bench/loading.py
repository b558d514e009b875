"""What share of a training step goes into fetching and changing its images?

    python tools/bench/loading.py STORE [--preset tiny] [--batches 40]

Trains on random batches of a store's images, and measures the processor time of two parts. Loading takes images from
memory, changes them at random and makes a tensor. Learning is the forward pass, the backward pass and the optimizer.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from lsl_shared import Store
from lsl_trainer.data.augment import DRAWS, augmented
from lsl_trainer.data.batch import to_tensor
from lsl_trainer.networks.residual import residual_network
from lsl_trainer.settings.presets import preset

CLASSES = 14


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--batches", type=int, default=40)
    arguments = parser.parse_args()
    loading, learning = measure(arguments.store, arguments.preset, arguments.batches)
    share = loading / (loading + learning)
    print(
        f"{1000 * loading:.1f} ms loading, {1000 * learning:.1f} ms learning a batch: loading is {share:.1%} of a step"
    )


def measure(path: Path, name: str, batches: int) -> tuple[float, float]:
    """Median processor seconds of a batch, for loading and for learning."""
    config, generator = preset(name), np.random.default_rng(0)
    with Store(path) as store:
        images = store.read(0, min(512, len(store)))
    network = residual_network(config.network, images.shape[1:3], CLASSES).train()
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters())
    loading, learning = [], []
    for _ in range(batches):
        began = time.process_time()
        chosen = generator.choice(len(images), config.descent.batch_size, replace=False)
        draws = generator.uniform(-1, 1, (config.descent.batch_size, DRAWS))
        batch = to_tensor(augmented(images[chosen], config.augmentation, draws, flip=True), torch.device("cpu"))
        loaded = time.process_time()
        labels = torch.from_numpy(generator.integers(0, CLASSES, config.descent.batch_size))
        loss = F.cross_entropy(network(batch)[0], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        learning.append(time.process_time() - loaded)
        loading.append(loaded - began)
    return statistics.median(loading), statistics.median(learning)


if __name__ == "__main__":
    main()
