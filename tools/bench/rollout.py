"""Attention rollout is no attribution: held against the same model's own maps, of a small vision transformer.

    python tools/bench/rollout.py train WORK [--images 1200] [--seed 401]
    python tools/bench/rollout.py tell WORK [--images 96]

`train` draws a demo store and trains a ViT on it from random weights, as `lsl-train` does; features are the class
token. `tell` makes, for held-out images, rollout (Abnar and Zuidema 2020: the product over layers of the attention
averaged over heads, half of it the identity; the class token's row), the last layer's attention, the gradient and
contributions. It tells, of each: how alike the maps of the predicted class and of the runner-up are; how alike they
stay when the classifier alone is made random, and when all weights are; and how much of their energy lies in the
landmarks (tools/bench/saliency.py). Likeness is Spearman's correlation over the embryo.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import typer
from controls import edges
from numpy.typing import NDArray
from saliency import Embryos, centre, correlation, energy, pointing, read_embryos, smoothed, told

from lsl_runtime import Model

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]
PATCH = 32
VIT: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 192}


@app.command()
def train(work: Path, images: int = 1200, seed: int = 401, epochs: int = 15) -> None:
    """Draws the store and trains the network."""
    import json

    import torch
    import transformers

    import lsl_trainer
    from lsl_tools.demo.store import write_demo_store

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    work.mkdir(parents=True, exist_ok=True)
    store, folder = work / "store.h5", work / "vit"
    write_demo_store(store, images=images, seed=seed, fine_fraction=1.0)
    transformers.ViTModel(transformers.ViTConfig(**VIT, image_size=128, patch_size=PATCH)).save_pretrained(folder)
    half = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(half))
    config = lsl_trainer.PRESETS["modern"].having(
        method="plain", backbone=f"hf:{folder}", feature_kind="cls", fine_epochs=epochs, learning_rate=0.001, seed=seed
    )
    run = lsl_trainer.train(store, config, work / "run", on_epoch=lambda epoch: typer.echo(f"{epoch}"))
    typer.echo(f"accuracy on the test images: {run.metrics['evaluation']['labelled']['accuracy']:.3f}")


@app.command()
def tell(work: Path, images: int = 96) -> None:
    """Compares the maps of held-out images."""
    import torch

    torch.set_num_threads(1)
    model = Model.load(work / "run" / "model", "cpu", threads=1)
    embryos = read_embryos(work / "store.h5", model, images)
    typer.echo(f"{len(embryos.images)} held-out images; the class is right in {embryos.right.mean():.1%}")
    network = trained_network(work, model)
    sources = maps_of(network, embryos.images)
    differing(sources, network, embryos)
    controls = {
        "Sobel edges": np.stack([edges(image) for image in embryos.images]),
        "centre of the embryo": np.stack([centre(mask) for mask in embryos.inside]),
    }
    contributions = {"contributions of the graph": model.saliency(embryos.images, method="contributions")}
    order = ranked_classes(network, embryos.images)
    made = {name: one(network, order[:, -1]) for name, one in sources.items()}
    for name, maps in {**made, **contributions, **controls}.items():
        smooth = smoothed(maps)
        typer.echo(f"  {name}: energy {told(energy(smooth, embryos))}, pointing {told(pointing(smooth, embryos))}")


def differing(sources: dict[str, Callable[[Any, Array], Array]], network: Any, embryos: Embryos) -> None:
    """How far maps follow the class that is asked for, and the weights."""
    order = ranked_classes(network, embryos.images)
    headless, random = randomized(network, head_alone=True), randomized(network, head_alone=False)
    for name, maps in sources.items():
        own = maps(network, order[:, -1])
        others = {
            "of the runner-up": maps(network, order[:, -2]),
            "with a random classifier": maps(headless, order[:, -1]),
            "with random weights": maps(random, order[:, -1]),
        }
        alike = (f"{told(correlation(own, other, embryos.inside))} {which}" for which, other in others.items())
        typer.echo(f"  {name}: {'; '.join(alike)}")


def maps_of(network: Any, images: Array) -> dict[str, Callable[[Any, Array], Array]]:
    """By name, maps (N, H, W) of a network's given classes (N,)."""
    return {
        "attention rollout": lambda net, classes: rollout(net, images),
        "attention of the last layer": lambda net, classes: rollout(net, images, last=True),
        "gradient": lambda net, classes: gradient(net, images, classes)[0],
        "gradient × contrast": lambda net, classes: gradient(net, images, classes)[1],
    }


def rollout(network: Any, images: Array, *, last: bool = False) -> Array:
    """How the class token attends to the patches, brought to the images' size; no class comes into it."""
    import torch

    tower = network.body.trunk.model
    with torch.no_grad():
        light = (to_light(images) - network.mean) / network.std
        attentions = tower(light, interpolate_pos_encoding=True, output_attentions=True).attentions
        whole = torch.eye(attentions[0].shape[-1])
        for attention in attentions[-1:] if last else attentions:
            step = attention.mean(1)
            whole = (step if last else (step + torch.eye(step.shape[-1])) / 2) @ whole
    grid = whole[:, 0, 1:].reshape(len(images), images.shape[1] // PATCH, -1).numpy()
    return np.stack([cv2.resize(one, images.shape[2:0:-1], interpolation=cv2.INTER_CUBIC) for one in grid])


def gradient(network: Any, images: Array, classes: Array) -> tuple[Array, Array]:
    """|gradient| of the classes' logits, and what of gradient × contrast speaks for them; (N, H, W) each."""
    import torch

    light = to_light(images).requires_grad_(True)
    logits = network(light)[0].gather(1, torch.from_numpy(classes)[:, None])
    (found,) = torch.autograd.grad(logits.sum(), light)
    plain = np.stack([cv2.GaussianBlur(image, (0, 0), 8.0) for image in images])
    times = found * (light.detach() - to_light(plain))
    return found.abs().amax(1).numpy(), times.sum(1).clamp(min=0).numpy()


def ranked_classes(network: Any, images: Array) -> Array:
    """(N, K): classes by their logits, the predicted one last."""
    import torch

    with torch.no_grad():
        return np.asarray(network(to_light(images))[0].numpy().argsort(1))


def to_light(images: Array) -> Any:
    import torch

    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def trained_network(work: Path, model: Model) -> Any:
    """The network of the run, as its last step left it."""
    from safetensors.torch import load_file

    from lsl_trainer.learning.backbones import transferred_network
    from lsl_trainer.settings.config_file import read_config

    config = read_config(work / "run" / "config.toml")
    network: Any = transferred_network(config, model.manifest.image_size, len(model.task.classes))
    network.load_state_dict(load_file(work / "run" / "checkpoints" / "fine.safetensors"))
    network.body.trunk.model.set_attn_implementation("eager")
    return network.eval()


def randomized(network: Any, *, head_alone: bool) -> Any:
    """A copy with fresh weights, of the classifier or of everything."""
    from copy import deepcopy

    import torch

    torch.manual_seed(7)
    copy = deepcopy(network)
    if head_alone:
        copy.head.reset_parameters()
        return copy
    with torch.no_grad():
        for parameter in copy.parameters():
            order = torch.randperm(parameter.numel())
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))  # the same values, elsewhere
    return copy


if __name__ == "__main__":
    app()
