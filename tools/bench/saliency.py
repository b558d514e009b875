"""Do saliency maps show what defines a stage? On a demo store, whose true landmarks are known.

    python tools/bench/saliency.py landmarks STORE MODEL [--images 240]
    python tools/bench/saliency.py curves STORE MODEL [--images 120]
    python tools/bench/saliency.py randomize STORE RUN [--images 60]

Images are those of the model's test genes. Only pixels within the embryo count. There are four controls: the gradient
of an untrained network, the gradient's maps of other images, Sobel edges, and the centre of the embryo. Methods that
multiply with the input are also compared with the input alone, and with the first two controls times the input.

Of contributions the positive part counts, as they are and smoothed with their sign first.

`landmarks` has two measures, on maps smoothed as masks are. Energy is the share of the map that lies in the true
landmarks, divided by their share of the embryo: guessing gives 1. The pointing game asks whether the map's maximum hits
a landmark.

`curves` measures the probability of the predicted class while pixels change, those first that a map ranks first.
Deletion blurs them, and low is good. Insertion brings them back into a blurred image, and high is good. The area under
the curve counts.

`randomize` makes the layers random one by one, from the last to the first, and prints the rank correlation of the
gradient with what it was (Adebayo et al. 2018).

Intervals are 95 %, from a bootstrap over images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import typer
from controls import edges, untrained_saliency
from numpy.typing import NDArray
from scipy.stats import rankdata

from lsl_runtime import Model
from lsl_runtime.gem.build.masks import SIGMA
from lsl_runtime.model.local_contrast import local_contrast
from lsl_runtime.model.split_file import read_split
from lsl_shared import Store, expression

app = typer.Typer(add_completion=False, help=__doc__)
Array = NDArray[Any]
STEPS = np.linspace(0, 1, 13)
BLUR = 8.0
"""Standard deviation in pixels of the blurred image that deleted pixels are taken from."""
METHODS = 6
"""How many of the maps are no controls."""


@dataclass(frozen=True)
class Embryos:
    """N test images with their truth."""

    images: Array
    """uint8 (N, H, W, 3)"""
    landmarks: Array
    """bool (N, H, W)"""
    inside: Array
    """bool (N, H, W): the pixels of the embryo."""
    right: Array
    """bool (N,): whether the model gives the true class."""


def read_embryos(store: Path, model: Model, images: int) -> Embryos:
    """At most `images` test images that have landmarks, evenly spaced over the store."""
    part = read_split(model.path)
    with Store(store) as opened:
        stage, names = opened.truth("stage"), opened.task("stage").classes
        rows = np.array([k for k in range(len(opened)) if part.get(opened.ids[k]) == "test" and stage[k] >= 0])
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, images).astype(int))]
        pixels, marked = opened.select(rows), opened.truth_dataset("landmarks")
        landmarks = np.stack([marked[row] > 0 for row in rows])
    inside = np.stack([expression(image).mask for image in pixels])
    said = np.array(model.predict(pixels).names)
    right = said == np.array([names[k] for k in stage[rows]])
    seen = (landmarks & inside).any((1, 2))
    return Embryos(pixels[seen], (landmarks & inside)[seen], inside[seen], right[seen])


def maps_of(embryos: Embryos, model: Model, seed: int) -> dict[str, Array]:
    """Name → maps (N, H, W): the six of METHODS, then the controls."""
    images = embryos.images
    gradient = model.saliency(images)
    return {
        "gradient": gradient,
        "SmoothGrad": model.saliency(images, method="smoothgrad"),
        "gradient × input": model.saliency(images, method="gradient-input"),
        "integrated gradients": model.saliency(images, method="integrated"),
        "contributions, not smoothed": np.maximum(model.contributions(images), 0),
        "contributions": model.saliency(images, method="contributions"),
        "untrained network": untrained_saliency(images, seed),
        "maps of other images": np.roll(gradient, len(images) // 3, axis=0),
        "Sobel edges": np.stack([edges(image) for image in images]),
        "centre of the embryo": np.stack([centre(mask) for mask in embryos.inside]),
        "input alone": local_contrast(images),
        "untrained × input": untrained_saliency(images, seed) * local_contrast(images),
        "other images × input": np.roll(gradient, len(images) // 3, axis=0) * local_contrast(images),
    }


def centre(mask: Array) -> Array:
    """A Gaussian over the centre of the embryo, as long and as high as that."""
    y, x = np.nonzero(mask)
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    return np.asarray(np.exp(-(((rows - y.mean()) / y.std()) ** 2 + ((columns - x.mean()) / x.std()) ** 2) / 2))


def smoothed(maps: Array) -> Array:
    """Maps smoothed as the masks of expression maps are."""
    return np.stack([cv2.GaussianBlur(one.astype(np.float32), (0, 0), SIGMA) for one in maps])


def energy(maps: Array, embryos: Embryos) -> Array:
    """The energy of each map, (N,)."""
    within = (maps * embryos.landmarks).sum((1, 2)) / (maps * embryos.inside).sum((1, 2))
    return np.asarray(within / (embryos.landmarks.sum((1, 2)) / embryos.inside.sum((1, 2))))


def pointing(maps: Array, embryos: Embryos) -> Array:
    """1 for each map whose maximum hits a landmark, else 0, (N,)."""
    best = np.where(embryos.inside, maps, -np.inf).reshape(len(maps), -1).argmax(1)
    return np.asarray(embryos.landmarks.reshape(len(maps), -1)[np.arange(len(maps)), best].astype(float))


def told(values: Array, seed: int = 0) -> str:
    """The mean with its bootstrap interval."""
    generator = np.random.default_rng(seed)
    means = values[generator.integers(0, len(values), (2000, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def compare(scores: dict[str, Array], methods: int = METHODS) -> None:
    """Prints the score of each map, then how the first `methods` differ from the controls, image by image."""
    for name, values in scores.items():
        typer.echo(f"  {name}: {told(values)}")
    names = list(scores)
    for name in names[:methods]:
        for control in names[methods:]:
            typer.echo(f"    {name} − {control}: {told(scores[name] - scores[control])}")


@app.command()
def landmarks(store: Path, model: Path, images: int = 240, seed: int = 0) -> None:
    """Energy inside the landmarks and the pointing game."""
    loaded = Model.load(model, "cpu")
    embryos = read_embryos(store, loaded, images)
    share = (embryos.landmarks.sum((1, 2)) / embryos.inside.sum((1, 2))).mean()
    typer.echo(f"{len(embryos.images)} test images, {embryos.right.mean():.1%} right; landmarks fill {share:.1%}")
    complete(embryos, loaded)
    maps = maps_of(embryos, loaded, seed)
    masks = {name: smoothed(one) for name, one in maps.items()}
    typer.echo("energy inside the landmarks, chance 1")
    compare({name: energy(one, embryos) for name, one in masks.items()})
    typer.echo("the same, maps as they are")
    compare({name: energy(one, embryos) for name, one in maps.items()}, methods=0)
    typer.echo("the same, smoothed, images that the model gets right")
    compare({name: energy(one, embryos)[embryos.right] for name, one in masks.items()}, methods=0)
    typer.echo(f"pointing game, chance {share:.3f}")
    compare({name: pointing(one, embryos) for name, one in masks.items()})


def complete(embryos: Embryos, model: Model) -> None:
    """Prints how far the sums of contributions are from the logits' differences, in shares of these."""
    expected = model.contributions_sum(embryos.images)
    for steps in (4, 8, 16):
        sums = model.contributions(embryos.images, steps=steps).sum((1, 2))
        median, p90 = np.percentile(np.abs(sums / expected - 1), [50, 90])
        typer.echo(
            f"contributions of {steps} steps miss their sum by {median:.1%} in the median image, {p90:.1%} in 90 %"
        )


@app.command()
def curves(store: Path, model: Path, images: int = 120, seed: int = 0) -> None:
    """Deletion and insertion."""
    loaded = Model.load(model, "cpu")
    embryos = read_embryos(store, loaded, images)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in embryos.images])
    chosen = loaded.predict(embryos.images).class_index
    maps = maps_of(embryos, loaded, seed) | {"true landmarks": embryos.landmarks.astype(np.float32)}
    order = {name: ranked(smoothed(one), embryos.inside) for name, one in maps.items()}
    for title, first, then in (("deletion", embryos.images, blurred), ("insertion", blurred, embryos.images)):
        typer.echo(f"{title}, area under the curve")
        areas = {name: area(loaded, first, then, rank, chosen) for name, rank in order.items()}
        compare(areas)


def ranked(maps: Array, inside: Array) -> Array:
    """The place of each pixel, (N, H, W): from 0 for the first of the embryo to 1 for its last; 2 outside."""
    place = np.full(maps.shape, 2.0)
    for rank, one, mask in zip(place, maps, inside, strict=True):
        rank[mask] = (rankdata(-one[mask], method="ordinal") - 1) / mask.sum()
    return place


def area(model: Model, before: Array, after: Array, rank: Array, chosen: Array) -> Array:
    """Mean probability of the chosen class, (N,), while more and more pixels, by rank, come from `after`."""
    probabilities = []
    for share in STEPS:
        pixels = np.where((rank < share)[..., None], after, before)
        probabilities.append(model.predict(pixels).probabilities[np.arange(len(chosen)), chosen])
    return np.asarray(np.trapezoid(probabilities, STEPS, axis=0))


@app.command()
def randomize(store: Path, run: Path, images: int = 60, seed: int = 0) -> None:
    """Rank correlation of the gradient with what it was, while layers are made random from the last to the first."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    loaded = Model.load(run / "model", "cpu")
    embryos = read_embryos(store, loaded, images)
    network = trained_network(run, loaded)
    original = gradient_of(network, embryos.images)
    agreed = np.abs(original - loaded.saliency(embryos.images)).max() / original.max()
    typer.echo(f"{len(embryos.images)} images; the graph's gradient differs by {agreed:.1e} of the largest value")
    edge = np.stack([edges(image) for image in embryos.images])
    typer.echo(f"  with Sobel edges: {told(correlation(original, edge, embryos.inside))}")
    for name, layer in reversed(list(network.named_modules())):
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
            found = gradient_of(network, embryos.images)
            typer.echo(f"  random down to {name}: {told(correlation(original, found, embryos.inside))}")


def trained_network(run: Path, model: Model) -> Any:
    from safetensors.torch import load_file

    from lsl_trainer.networks.residual import residual_network
    from lsl_trainer.settings.network import NetworkConfig

    steps = [run / "checkpoints" / f"{step}.safetensors" for step in ("feature", "fine")]
    weights = next(path for path in steps if path.exists())
    given: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in model.manifest.network.items()}
    network = residual_network(NetworkConfig(**given), model.manifest.image_size, len(model.task.classes))
    network.load_state_dict(load_file(weights))
    return network.eval()


def gradient_of(network: Any, images: Array) -> Array:
    """Maps (N, H, W) of the predicted class by plain autograd."""
    import torch

    light = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    light.requires_grad_(True)
    logits, _ = network(light)
    (gradient,) = torch.autograd.grad(logits.max(1).values.sum(), light)
    return np.asarray(gradient.abs().amax(1).numpy())


def correlation(first: Array, second: Array, inside: Array) -> Array:
    """Spearman's correlation over the pixels of the embryo, (N,)."""
    ranks = (
        (rankdata(one[mask]), rankdata(other[mask])) for one, other, mask in zip(first, second, inside, strict=True)
    )
    return np.array([np.corrcoef(*both)[0, 1] for both in ranks])


if __name__ == "__main__":
    app()
