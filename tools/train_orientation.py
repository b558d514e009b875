"""Trains the network that tells how a standardized embryo lies, and writes it as one ONNX file.

Standardized photographs lie anterior left, dorsal up, so each mirroring of them is a label for nothing. From a store of
real ones and one of synthetic ones:

    lsl-store import flyexpress real.h5
    lsl-store demo demo.h5 --images 400
    python tools/train_orientation.py real.h5 demo.h5 --held-out genes.txt --evidence evidence.csv

The genes in --held-out, one a line, take no part. The others are left out one by one, to weigh the two kinds of network
against each other, which calibrates the probabilities, and to choose the thresholds; then the networks learn from them
all. --evidence gets what is said of each image by networks that have not seen its gene.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from orientation_network import HALF, evidence_of, joined, mirror_loss, outline_network, relief_network
from orientation_variants import decompose, variant
from sklearn.linear_model import LogisticRegression

from lsl_shared.manifest import GoldenSample, Manifest, Task, golden_image
from lsl_shared.store import Store
from lsl_shared.terminal import say
from lsl_trainer import Network, export_classifier
from lsl_trainer.config import preset
from lsl_trainer.learn import Labelled, Learner, Step

OUT = Path(__file__).parent / "lsl_tools" / "standardize" / "orientation.onnx"
TASKS = (Task("anterior", ("left", "right")), Task("dorsal", ("up", "down")))
EARLY = 2  # the first stage ranges, 1-3 and 4-6, whose ends look alike
WRONG_FLAGGED = 0.75  # share of the wrong images that are to lie under the threshold
MOST_FLAGGED = 0.2  # share of all images, early or late ones, that may
HANDLING = {"batch_size": 32, "light": 0.0, "rotation": 4.0, "shift": 0.03, "scale": 0.06, "weight_decay": 0.05}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How to train."""

    variants: int
    epochs: int
    networks: int


@dataclass(frozen=True)
class Photographs:
    """What is learnt from: variants of each photograph at half size, uint8 (N, V, 64, 160, 3), the first as it is."""

    images: NDArray[np.uint8]
    ids: NDArray[np.object_]
    genes: NDArray[np.object_]
    lateral: NDArray[np.bool_]
    ranges: NDArray[np.int16]


def main() -> None:
    """Parses, learns, calibrates, exports, prints."""
    arguments = _arguments()
    torch.set_num_threads(1)
    settings = Settings(arguments.variants, arguments.epochs, arguments.networks)
    real = photographs(arguments.store, arguments.demo, settings.variants)
    demo = photographs(arguments.demo, arguments.demo, 1)
    held = set(arguments.held_out.read_text().split())
    developed = ~np.isin(real.genes, list(held))
    evidence = out_of_fold(real, demo, set(real.genes) - held, settings)
    weights = weighed(evidence[:, developed], real.lateral[developed])
    odds = np.einsum("knt,kt->nt", evidence, weights)  # (N, 2), NaN where held out
    thresholds = chosen_thresholds(odds[developed], real.lateral[developed], real.ranges[developed])
    members = learnt(real, demo, developed, settings)
    told = {"held_out_genes": sorted(held), "thresholds": thresholds, "weights": weights.tolist()}
    images = {"images": int(developed.sum()), "demo_images": len(demo.ids)}
    export(members, weights, {**asdict(settings), **images, **told}, arguments.out)
    if arguments.evidence:
        odds[~developed] = np.einsum("knt,kt->nt", said_by(members, real.images[~developed, 0]), weights)
        write_evidence(arguments.evidence, real, odds)


def photographs(store: Path, donors: Path, variants: int) -> Photographs:
    """Reads a store and makes variants; the stain that they borrow is that of synthetic embryos."""
    rng = np.random.default_rng(0)
    with Store(donors) as opened:
        lent = [decompose(image) for image in opened.read(0, 400)]
    with Store(store) as opened:
        images = opened.read(0, len(opened))
        made = np.empty((len(images), variants, *HALF, 3), np.uint8)
        for image, row in zip(images, made, strict=True):
            embryo = decompose(image)
            row[0] = half(image)
            for place in range(1, variants):
                row[place] = half(variant(embryo, lent[rng.integers(len(lent))], rng))
        return Photographs(made, opened.ids, opened.genes, opened.views == "lateral", opened.labels("stage_range"))


def half(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image at the size that the networks see."""
    return np.asarray(cv2.resize(image, HALF[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def learnt(real: Photographs, demo: Photographs, chosen: NDArray[np.bool_], settings: Settings) -> list[Network]:
    """The network of outlines, which learns from real photographs, and those of relief, from synthetic ones too."""
    own = _labelled(real.images[chosen], real.lateral[chosen])
    images = np.concatenate([own.images, demo.images.reshape(-1, *HALF, 3)])
    both = _labelled(images[:, None], np.concatenate([own.labels > 0, demo.lateral]))
    members = [_taught(outline_network(), own, settings.epochs, 0)]
    return members + [_taught(relief_network(seed), both, settings.epochs, seed) for seed in range(settings.networks)]


def _labelled(images: NDArray[np.uint8], lateral: NDArray[np.bool_]) -> Labelled:
    """Variants (N, V, 64, 160, 3) one by one; the label says whether dorsal is known to be up."""
    known = lateral.astype(np.int64).repeat(images.shape[1])
    rows = np.arange(len(known))
    return Labelled(images.reshape(-1, *HALF, 3), rows, known, rows, rows.astype(str).astype(object))


def _taught(network: Network, data: Labelled, epochs: int, seed: int) -> Network:
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    config = preset("tiny").having(**HANDLING, seed=seed)
    step = Step("orientation", data, mirror_loss, epochs, config.learning_rate, flip=False, seed=7)
    for epoch in Learner(network, step, config).epochs(lambda count: None):
        say(f"  {len(data):,} images, epoch {epoch.number}: loss {epoch.loss:.3f}")
    return network


def said_by(members: list[Network], images: NDArray[np.uint8]) -> Floats:
    """Log-odds (2, N, 2) of the network of outlines, and of the mean of those of relief."""
    each = np.stack([evidence_of(network, images) for network in members])
    return np.stack([each[0], each[1:].mean(axis=0)])


def out_of_fold(real: Photographs, demo: Photographs, genes: set[str], settings: Settings) -> Floats:
    """Log-odds (2, N, 2) for the images of each of `genes` by networks that learnt from the others; NaN elsewhere."""
    evidence = np.full((2, len(real.ids), 2), np.nan)
    for gene in sorted(genes):
        left_out, others = real.genes == gene, np.isin(real.genes, list(genes - {gene}))
        evidence[:, left_out] = said_by(learnt(real, demo, others, settings), real.images[left_out, 0])
        right = (evidence[:, left_out, 0] < 0).sum(axis=1)
        say(f"{gene} left out, {left_out.sum()} images: anterior right in {right[0]} by outline, {right[1]} by relief")
    return evidence


def weighed(evidence: Floats, lateral: NDArray[np.bool_]) -> Floats:
    """Weights (2, 2), kinds by x and y, not negative, with which the sum of the log-odds (2, N, 2) is calibrated.

    Logistic regression without intercept: every image counts in both mirrorings.
    """
    weights = np.zeros((2, 2))
    for axis, rows in enumerate((np.ones(len(lateral), bool), lateral)):
        odds = evidence[:, rows, axis].T  # (n, 2)
        truth = np.repeat([0, 1], len(odds))
        fitted = LogisticRegression(C=1.0, fit_intercept=False).fit(np.concatenate([odds, -odds]), truth)
        weights[:, axis] = np.maximum(fitted.coef_[0], 0)
    return weights


def chosen_thresholds(odds: Floats, lateral: NDArray[np.bool_], ranges: NDArray[np.int16]) -> dict[str, float]:
    """The least probability of each task that counts as certain, from calibrated log-odds (n, 2)."""
    late = ranges >= EARLY
    anterior = _threshold(odds[:, 0], [~late, late])
    return {TASKS[0].name: anterior, TASKS[1].name: _threshold(odds[lateral, 1], [late[lateral]])}


def _threshold(odds: Floats, groups: list[NDArray[np.bool_]]) -> float:
    """Under it lie WRONG_FLAGGED of the wrong images, but in none of `groups` more than MOST_FLAGGED of all."""
    probability = 1 / (1 + np.exp(-np.abs(odds)))
    wrong = probability[odds > 0]
    wanted = np.quantile(wrong, WRONG_FLAGGED) if len(wrong) else 0.5
    most = [np.quantile(probability[group], MOST_FLAGGED) for group in groups if group.any()]
    return round(float(min([wanted, *most])) + 5e-4, 3)


def export(members: list[Network], weights: Floats, training: dict[str, object], path: Path) -> None:
    """Writes the networks as one with its manifest, and checks the file. No photograph goes into it."""
    others = len(members) - 1
    network = joined(members, np.concatenate([weights[:1], weights[1:].repeat(others, axis=0) / others]))
    golden = golden_image(128, 320)
    with torch.no_grad():
        logits = network(torch.from_numpy(golden).float().div(255).permute(0, 3, 1, 2))[0].numpy()
    manifest = Manifest(
        (128, 320), TASKS, training=training, package_version=version("lsl-toolkit"),
        golden=GoldenSample(tuple(logits[0].tolist()), ()),
    )  # fmt: skip
    export_classifier(network, manifest, path)
    session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    said = np.concatenate(session.run(["logits", "logits_dorsal"], {"image": golden}), axis=1)
    np.testing.assert_allclose(said, logits, rtol=1e-3, atol=1e-4)
    say(f"{path}: {path.stat().st_size / 1e6:.2f} MB; {training}")


def write_evidence(path: Path, real: Photographs, odds: Floats) -> None:
    """Writes id, gene, range, view and both log-odds of each image; negative ones are right."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "gene", "stage_range", "lateral", "odds_x", "odds_y"))
        for row in zip(real.ids, real.genes, real.ranges, real.lateral, *odds.round(4).T, strict=True):
            writer.writerow(row)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--evidence", type=Path)
    parser.add_argument("--variants", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--networks", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
