"""How hard are the synthetic embryos, and how fast are they made?

    python tools/bench/demo_store.py [STORE] [--images 1400] [--seed 0] [--splits 3]
    python tools/bench/demo_store.py STORE --model RUN/model
    python tools/bench/demo_store.py --range-model RUN/model --real STORE

Prints how many images are drawn in a second on one core. Then it prints how well three linear classifiers know the
stage of held-out genes. They see colour statistics, the true stain map (16×40), or grey pixels (16×40). They learn from
the fine labels of the other genes; cross-validation over those genes chooses the regularization.

With a model of `lsl-train STORE`, all learn from its training genes and are tested on its test genes, and the network
is tested beside them. It should be far better.

The last form tells how far the drawings resemble real embryos: a model of stage ranges, trained on drawings alone, is
tested on the lateral photographs of a store of real embryos.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lsl_runtime import Model
from lsl_runtime.model.split_file import read_split
from lsl_shared import Store
from lsl_tools.demo.dataset import demo_images
from lsl_tools.demo.defaults import DEMO_FINE_FRACTION, DEMO_IMAGES

SMALL = (40, 16)
HELD_OUT = 0.25
INVERSE_PENALTIES = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Embryos:
    """What the classifiers see and should say: features (N, D) by name; labels, stages, genes and ids, each (N,)."""

    features: dict[str, FloatArray]
    fine: NDArray[np.int64]
    stage: NDArray[np.int64]
    gene: NDArray[np.str_]
    id: NDArray[np.str_]


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?", type=Path, help="a store of lsl-store demo; without it, images are made")
    parser.add_argument("--images", type=int, default=DEMO_IMAGES)
    parser.add_argument("--fine-fraction", type=float, default=DEMO_FINE_FRACTION)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--splits", type=int, default=3, help="how often the genes are split anew")
    parser.add_argument("--model", type=Path, help="a bundle trained on STORE")
    parser.add_argument("--range-model", type=Path, help="a bundle of stage ranges trained on synthetic embryos")
    parser.add_argument("--real", type=Path, help="a store of real embryos with stage_range")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    warnings.simplefilter("ignore", ConvergenceWarning)
    if arguments.range_model:
        right, majority, count = range_accuracy(arguments.range_model, arguments.real)
        console.print(
            f"{count} real lateral embryos, ranges learnt from drawings: {right:.1%}, majority {majority:.1%}"
        )
        return
    wall, processor = rendering_rate(arguments.seed)
    console.print(
        f"rendering on one core: {wall:.0f} images/s by the clock, {processor:.0f} per second of processor time"
    )
    embryos = (
        read_embryos(arguments.store)
        if arguments.store
        else make_embryos(arguments.images, arguments.fine_fraction, arguments.seed)
    )
    if arguments.model:
        splits = [bundle_split(embryos, arguments.model)]
    else:
        splits = [gene_split(embryos, split) for split in range(arguments.splits)]
    console.print(f"{'':<20}{'exact':>8}{'within 1':>10}   (chance {1 / 14:.1%}; {len(splits)} split by gene)")
    for name in embryos.features:
        scores = np.mean([linear_accuracies(embryos, name, *split) for split in splits], axis=0)
        console.print(f"{name:<20}{scores[0]:>8.1%}{scores[1]:>10.1%}")
    if arguments.model:
        scores = network_accuracies(arguments.store, arguments.model, embryos, splits[0][1])
        console.print(f"{'the network':<20}{scores[0]:>8.1%}{scores[1]:>10.1%}   {splits[0][1].sum()} test images")


def rendering_rate(seed: int, images: int = 200) -> tuple[float, float]:
    """Whole samples (photograph, expression, landmarks) per second on one core: by the clock, and of processor time."""
    threads, cores = cv2.getNumThreads(), os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cv2.setNumThreads(1)
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    stream = demo_images(images + 1, seed=seed)
    next(stream)
    wall, processor = time.perf_counter(), time.process_time()
    done = sum(1 for _ in stream)
    rates = done / (time.perf_counter() - wall), done / (time.process_time() - processor)
    cv2.setNumThreads(threads)
    if cores:
        os.sched_setaffinity(0, cores)
    return rates


def make_embryos(images: int, fine_fraction: float, seed: int) -> Embryos:
    """Draws new images and keeps their features."""
    made = list(demo_images(images, seed=seed, fine_fraction=fine_fraction))
    return Embryos(
        features(lambda k: made[k].image, lambda k: made[k].expression, images),
        np.array([embryo.fine_label for embryo in made]),
        np.array([embryo.stage for embryo in made]),
        np.array([embryo.gene for embryo in made]),
        np.array([embryo.id for embryo in made]),
    )


def read_embryos(path: Path) -> Embryos:
    """The same from a demo store."""
    with h5py.File(path) as file:
        images, expression = file["images"], file["truth/expression"]
        return Embryos(
            features(lambda k: images[k], lambda k: expression[k], len(images)),
            file["labels/stage"][:].astype(np.int64),
            file["truth/stage"][:].astype(np.int64),
            file["samples/gene"].asstr()[:].astype(str),
            file["samples/id"].asstr()[:].astype(str),
        )


def features(
    image: Callable[[int], NDArray[np.uint8]], expression: Callable[[int], NDArray[np.uint8]], count: int
) -> dict[str, FloatArray]:
    """The three sets of features, each (count, D)."""
    return {
        "colour statistics": np.stack([colour_statistics(image(k)) for k in range(count)]),
        "true stain, 16×40": np.stack([reduced(expression(k)) for k in range(count)]),
        "grey, 16×40": np.stack(
            [reduced(np.asarray(cv2.cvtColor(image(k), cv2.COLOR_RGB2GRAY), np.uint8)) for k in range(count)]
        ),
    }


def colour_statistics(image: NDArray[np.uint8]) -> FloatArray:
    """Mean, deviation and quantiles of each channel inside the embryo, and what share of the image it fills."""
    inside = image.min(axis=2) < 250
    pixels = image[inside] if inside.any() else image.reshape(-1, 3)
    quantiles = np.quantile(pixels, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95], axis=0)
    return np.concatenate([pixels.mean(axis=0), pixels.std(axis=0), quantiles.ravel(), [inside.mean()]])


def reduced(plane: NDArray[np.uint8]) -> FloatArray:
    """A plane (H, W) as 16×40 means, 0 to 1, flat."""
    return np.asarray(cv2.resize(plane, SMALL, interpolation=cv2.INTER_AREA), np.float64).ravel() / 255.0


def gene_split(embryos: Embryos, split: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Fine-labelled images to learn from and images to test on, bool (N,), of different genes."""
    genes = np.random.default_rng(split).permutation(np.unique(embryos.gene))
    held_out = np.isin(embryos.gene, genes[: int(HELD_OUT * len(genes))])
    return ~held_out & (embryos.fine >= 0), held_out & (embryos.stage >= 0)


def bundle_split(embryos: Embryos, bundle: Path) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The same for a trained model: the images that it learnt from, and those of its test genes."""
    parts = read_split(bundle)
    part = np.array([parts[image] for image in embryos.id])
    return (part == "train") & (embryos.fine >= 0), (part == "test") & (embryos.stage >= 0)


def linear_accuracies(
    embryos: Embryos, name: str, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> tuple[float, float]:
    """Exact and within-one-stage accuracy of a logistic regression."""
    inputs, labels = embryos.features[name], embryos.fine[train]
    folds = list(GroupKFold(4).split(inputs[train], labels, embryos.gene[train]))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    search = GridSearchCV(model, {"logisticregression__C": INVERSE_PENALTIES}, cv=folds)
    search.fit(inputs[train], labels)
    return stage_accuracies(search.predict(inputs[test]), embryos.stage[test])


def network_accuracies(store: Path, bundle: Path, embryos: Embryos, test: NDArray[np.bool_]) -> tuple[float, float]:
    """Exact and within-one-stage accuracy of a model."""
    with Store(store) as opened:
        images = opened.select(np.flatnonzero(test))
    return stage_accuracies(Model.load(bundle).predict(images).class_index, embryos.stage[test])


def stage_accuracies(predicted: NDArray[np.int64], stage: NDArray[np.int64]) -> tuple[float, float]:
    """Share of predictions (N,) that are exact, and that are at most one stage off."""
    distance = np.abs(predicted - stage)
    return float(np.mean(distance == 0)), float(np.mean(distance <= 1))


def range_accuracy(bundle: Path, real: Path) -> tuple[float, float, int]:
    """Accuracy of a model of stage ranges on real lateral embryos, that of the most frequent range, and the number."""
    with Store(real) as store:
        rows = np.flatnonzero(store.views == "lateral")
        images, ranges = store.select(rows), store.labels("stage_range")[rows]
    predicted = Model.load(bundle).predict(images).class_index
    return float(np.mean(predicted == ranges)), float(np.bincount(ranges).max() / len(ranges)), len(rows)


if __name__ == "__main__":
    main()
