"""Trains the network that tells how a standardized embryo lies, and writes it as one ONNX file.

Standardized photographs lie anterior left, dorsal up. So each mirroring of them is a label that costs nothing. The
network learns from a store of real photographs and one of synthetic ones:

    lsl-store import flyexpress real.h5
    lsl-store demo demo.h5 --images 400
    python tools/orientation/train_orientation.py real.h5 demo.h5 --held-out genes.txt --evidence evidence.csv

The genes in --held-out, one a line, take no part. The other genes are left out one after the other; genes of few
photographs are left out together. What the networks say of the genes left out, on the photographs and on composites of
them, weighs the two kinds of network against each other, calibrates the probabilities, and sets the thresholds. Then
the networks learn from all genes.

--evidence gets what networks say of each image whose gene they have not seen. All random draws follow from fixed seeds:
networks have 0, 1, 2 …, variants 0, composites 21.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from orientation_network import HALF, evidence_of, joined, mirror_loss, outline_network, relief_network
from orientation_photographs import Photographs, photographs
from orientation_pooling import with_products
from orientation_thresholds import chosen_thresholds, weighed

from lsl_shared.files.manifest import GoldenSample, Manifest, Task, golden_image
from lsl_shared.process.terminal import say
from lsl_trainer import Network, export_classifier
from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.learner import Learner
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.settings.presets import preset

OUT = Path(__file__).parents[1] / "lsl_tools" / "standardize" / "orientation.onnx"
TASKS = (Task("anterior", ("left", "right")), Task("dorsal", ("up", "down")))
FEW = 12  # photographs of a gene; those with fewer are left out together
HANDLING = {"batch_size": 32, "light": 0.0, "rotation": 4.0, "shift": 0.03, "scale": 0.06, "weight_decay": 0.05}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How to train."""

    variants: int
    epochs: int
    networks: int
    composites: int


def main() -> None:
    """Parses, learns, calibrates, exports, prints."""
    arguments = _arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    settings = Settings(arguments.variants, arguments.epochs, arguments.networks, arguments.composites)
    held = set(arguments.held_out.read_text().split())
    demo = photographs(arguments.demo, arguments.demo, 1, 0, held)
    real = photographs(arguments.store, arguments.demo, settings.variants, settings.composites, held)
    developed = ~np.isin(real.genes, list(held))
    evidence = out_of_fold(real, demo, set(real.genes) - held, settings)
    counted = real.well & developed[:, None]
    row = np.nonzero(counted)[0]
    weights = weighed(evidence[:, counted], real.lateral[row])
    odds = np.einsum("knvt,kt->nvt", evidence, weights)  # (N, 1 + C, 2), NaN where held out
    thresholds = chosen_thresholds(odds[counted], real.lateral[row], real.ranges[row])
    members = learnt(real, demo, developed, settings)
    told = {"held_out_genes": sorted(held), "thresholds": thresholds, "weights": weights.tolist()}
    images = {"images": int(developed.sum()), "demo_images": len(demo.ids)}
    export(members, weights, {**asdict(settings), **images, **told}, arguments.out)
    if arguments.evidence:
        odds[~developed] = np.einsum("knvt,kt->nvt", said_by(members, real.asked[~developed]), weights)
        write_evidence(arguments.evidence, real, odds)


def learnt(real: Photographs, demo: Photographs, chosen: NDArray[np.bool_], settings: Settings) -> list[Network]:
    """The network of outlines, which learns from real photographs, and those of relief, from synthetic ones too."""
    own = _labelled(real.images[chosen], real.lateral[chosen])
    images = np.concatenate([own.images, demo.images.reshape(-1, *HALF, 3)])
    both = _labelled(images[:, None], np.concatenate([own.labels > 0, demo.lateral]))
    outline = outline_network(own.images, own.labels > 0)
    return [outline] + [_taught(relief_network(seed), both, settings.epochs, seed) for seed in range(settings.networks)]


def _labelled(images: NDArray[np.uint8], lateral: NDArray[np.bool_]) -> Labelled:
    """Variants (N, V, 64, 160, 3) one by one; the label says whether dorsal is known to be up."""
    known = lateral.astype(np.int64).repeat(images.shape[1])
    rows = np.arange(len(known))
    return Labelled(images.reshape(-1, *HALF, 3), rows, known, rows, rows.astype(str).astype(object))


def _taught(network: Network, data: Labelled, epochs: int, seed: int) -> Network:
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    config = preset("tiny").having(**HANDLING, seed=seed)
    step = Step("orientation", data, mirror_loss, epochs, config.descent.learning_rate, flip=False, seed=7)
    for epoch in Learner(network, step, config).epochs(lambda count: None):
        say(f"  {len(data):,} images, epoch {epoch.number}: loss {epoch.loss:.3f}")
    return network


def said_by(members: list[Network], images: NDArray[np.uint8]) -> Floats:
    """Log-odds (2, N, V, 2) of the network of outlines, and of the mean of those of relief, for (N, V, 64, 160, 3)."""
    each = np.stack([evidence_of(network, images.reshape(-1, *HALF, 3)) for network in members])
    return np.stack([each[0], each[1:].mean(axis=0)]).reshape(2, *images.shape[:2], 2)


def out_of_fold(real: Photographs, demo: Photographs, genes: set[str], settings: Settings) -> Floats:
    """Log-odds (2, N, 1 + C, 2) on what is asked of `genes`, by networks that learnt from the others; NaN elsewhere."""
    evidence = np.full((2, *real.well.shape, 2), np.nan)
    for left in folds(real.genes, genes):
        left_out, others = np.isin(real.genes, list(left)), np.isin(real.genes, list(genes - left))
        evidence[:, left_out] = said_by(learnt(real, demo, others, settings), real.asked[left_out])
        outline, relief = (evidence[:, left_out, 0, 0] < 0).sum(axis=1)
        names = ", ".join(sorted(left))
        say(f"{names} left out, {left_out.sum()} images: anterior right in {outline} by outline, {relief} by relief")
    return evidence


def folds(column: NDArray[np.object_], genes: set[str]) -> list[set[str]]:
    """`genes` in parts that are left out together: alone if FEW or more photographs in `column` are theirs."""
    many = {gene for gene in genes if (column == gene).sum() >= FEW}
    alone = [{gene} for gene in sorted(many)]
    return [*alone, genes - many] if genes - many else alone


def export(members: list[Network], weights: Floats, training: dict[str, object], path: Path) -> None:
    """Writes the networks as one with its manifest, and checks the file. No photograph goes into it."""
    others = len(members) - 1
    network = joined(
        members[0], members[1:], np.concatenate([weights[:1], weights[1:].repeat(others, axis=0) / others])
    )
    golden = golden_image(128, 320)
    with torch.no_grad():
        logits = network(torch.from_numpy(golden).float().div(255).permute(0, 3, 1, 2))[0].numpy()
    manifest = Manifest(
        (128, 320), TASKS, training=training, package_version=version("lsl-toolkit"),
        golden=GoldenSample(tuple(logits[0].tolist()), ()),
    )  # fmt: skip
    export_classifier(network, manifest, path)
    path.write_bytes(with_products(onnx.load(path)).SerializeToString())
    session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    said = np.concatenate(session.run(["logits", "logits_dorsal"], {"image": golden}), axis=1)
    np.testing.assert_allclose(said, logits, rtol=1e-3, atol=1e-4)
    say(f"{path}: {path.stat().st_size / 1e6:.2f} MB; {training}")


def write_evidence(path: Path, real: Photographs, odds: Floats) -> None:
    """Writes what was said of each photograph (composite 0) and of its composites; negative log-odds are right."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "gene", "stage_range", "lateral", "composite", "odds_x", "odds_y"))
        for row, place in zip(*np.nonzero(real.well), strict=True):
            told = (real.ids[row], real.genes[row], real.ranges[row], real.lateral[row], place)
            writer.writerow((*told, *odds[row, place].round(4)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--evidence", type=Path)
    parser.add_argument("--variants", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--composites", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
