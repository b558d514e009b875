"""What contributions cost: against saliency, and against captum's integrated gradients.

    python tools/bench/contributions.py [--network paper] [--rounds 5] [--threads 1]

A network with random weights at 128×320, batches of 4 images, all in turns. `Model.contributions` includes the pass
that finds the predicted class. captum integrates the same PyTorch network over as many pictures, from the same blurred
picture, with `internal_batch_size` 16, given the class. Times are of the processor, so that other work disturbs little.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from timing import in_turns

from lsl_runtime import Model
from lsl_runtime.model.contributions import STEPS
from lsl_runtime.model.local_contrast import without_details
from lsl_shared import Manifest, Task
from lsl_shared.files.atomic import write_text
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, SALIENCY

IMAGES, SIZE = 4, (128, 320)


def random_bundle(folder: Path, name: str) -> Any:
    """Writes a bundle of the network with random weights; returns the network."""
    import torch

    from lsl_trainer.graphs.export import export_classifier, export_contributions, export_saliency
    from lsl_trainer.networks.residual import residual_network
    from lsl_trainer.settings.network import NETWORKS

    torch.manual_seed(0)
    network = residual_network(NETWORKS[name], SIZE, 14).eval().requires_grad_(False)
    manifest = Manifest(SIZE, (Task("stage", tuple(map(str, range(4, 18)))),))
    export_classifier(network, manifest, folder / CLASSIFIER)
    export_saliency(network, manifest, folder / SALIENCY)
    export_contributions(network, manifest, folder / CONTRIBUTIONS)
    write_text(folder / MANIFEST, manifest.to_json())
    return network


def captum_of(network: Any, images: NDArray[np.uint8], index: NDArray[np.int64]) -> Callable[[], object]:
    import torch
    from captum.attr import IntegratedGradients

    pictures = (images.astype(np.float32), np.stack([without_details(image) for image in images]))
    light, dark = (torch.from_numpy(one).permute(0, 3, 1, 2).contiguous() / 255 for one in pictures)
    method = IntegratedGradients(lambda x: network(x)[0])
    classes = torch.from_numpy(index)
    settings: dict[str, Any] = {"n_steps": STEPS, "method": "riemann_middle", "internal_batch_size": 16}
    return lambda: method.attribute(light, dark, target=classes, **settings).sum(1)


def main(network: str = "paper", rounds: int = 5, threads: int = 1) -> None:
    """Prints seconds of each, and ratios of the medians and of the fastest."""
    import torch

    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        trained = random_bundle(Path(folder), network)
        model = Model.load(folder, "cpu", threads=threads)
        images = np.random.default_rng(0).integers(0, 256, (IMAGES, *SIZE, 3), dtype=np.uint8)
        index = model.predict(images).class_index.astype(np.int64)
        model.saliency(images[:1])  # opens the graph
        other = captum_of(trained, images, index)
        agreed = np.abs(np.asarray(other()) - model.contributions(images, index)).max()
        typer.echo(f"captum's maps differ by {agreed / np.abs(np.asarray(other())).max():.1e} of the largest value")
        works: dict[str, Callable[[], object]] = {
            "classifier": lambda: model.predict(images),
            "saliency": lambda: model.saliency(images),
            "contributions": lambda: model.contributions(images),
            "contributions, class given": lambda: model.contributions(images, index),
            "one picture, class given": lambda: model.contributions(images, index, steps=1),
            "captum, class given": other,
        }
        spent = {name: np.array([one.processor for one in each]) for name, each in in_turns(works, rounds).items()}
    for name, seconds in spent.items():
        ratio, least = np.median(seconds / spent["saliency"]), seconds.min() / spent["saliency"].min()
        typer.echo(f"{name}: {np.median(seconds):.2f} s, {ratio:.2f} saliency passes (fastest turns {least:.2f})")


if __name__ == "__main__":
    typer.run(main)
