"""Trains the network that tells how a standardized embryo lies, and writes it as one ONNX file.

Standardized photographs lie anterior left, dorsal up, so each mirroring of them is a label for nothing. From a store of
real ones and one of synthetic ones:

    lsl-store import flyexpress real.h5
    lsl-store demo demo.h5 --images 400
    python tools/orientation/train_orientation.py real.h5 demo.h5 --held-out genes.txt --evidence evidence.csv

The genes in --held-out, one a line, take no part. The others are left out one after the other, those of few photographs
together, to weigh the two kinds of network against each other, which calibrates the probabilities, and to choose the
thresholds, both on the photographs as they are and on composites of them; then the networks learn from them all.
--evidence gets what is said of each image by networks that have not seen its gene. All random draws follow from fixed
seeds: networks have 0, 1, 2 …, variants 0, composites 21.
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
from orientation.orientation_composites import composites
from orientation.orientation_network import HALF, evidence_of, joined, mirror_loss, outline_network, relief_network
from orientation.orientation_variants import decompose, variant
from sklearn.linear_model import LogisticRegression

from lsl_shared.files.manifest import GoldenSample, Manifest, Task, golden_image
from lsl_shared.files.store import Store
from lsl_shared.process.terminal import say
from lsl_trainer import Network, export_classifier
from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.learner import Learner, Step
from lsl_trainer.settings.presets import preset

OUT = Path(__file__).parent / "lsl_tools" / "standardize" / "orientation.onnx"
TASKS = (Task("anterior", ("left", "right")), Task("dorsal", ("up", "down")))
EARLY = 2  # the first stage ranges, 1-3 and 4-6, whose ends look alike
WRONG_FLAGGED = 0.8  # share of the wrong images that are to lie under the threshold
MOST_EARLY, MOST_LATE, MOST_DORSAL = 0.3, 0.2, 0.3  # shares of all images that may: anterior; dorsal, late lateral ones
COMPOSITES_SEED = 21
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


@dataclass(frozen=True)
class Photographs:
    """What is learnt from: variants of each photograph at half size, uint8 (N, V, 64, 160, 3), the first as it is.

    `asked`, uint8 (N, 1 + C, 64, 160, 3), are the photograph and its composites; `well`, bool (N, 1 + C), which of them
    are to be asked about: none that was cut out badly.
    """

    images: NDArray[np.uint8]
    asked: NDArray[np.uint8]
    well: NDArray[np.bool_]
    ids: NDArray[np.object_]
    genes: NDArray[np.object_]
    lateral: NDArray[np.bool_]
    ranges: NDArray[np.int16]


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


def photographs(store: Path, donors: Path, variants: int, count: int, held: set[str]) -> Photographs:
    """Reads a store and makes variants, and `count` composites, but not of `held` genes.

    Stain and neighbours that they borrow are those of synthetic embryos.
    """
    with Store(donors) as opened:
        synthetic = opened.read(0, 400)
    with Store(store) as opened:
        images, ranges, lateral = opened.read(0, len(opened)), opened.labels("stage_range"), opened.views == "lateral"
        ids, genes = opened.ids, opened.genes
    made = variants_of(images, synthetic, variants)
    well = np.zeros((len(images), 1 + count), bool)
    well[:, 0] = True
    asked = made[:, :1].repeat(1 + count, axis=1)
    known = ~np.isin(genes, list(held))
    found, well[known, 1:] = composites(images[known], synthetic, count, COMPOSITES_SEED)
    for row, cut_outs in zip(np.flatnonzero(known), found, strict=True):
        for place, image in enumerate(cut_outs, start=1):
            asked[row, place] = half(image)
    return Photographs(made, asked, well, ids, genes, lateral, ranges)


def variants_of(images: NDArray[np.uint8], donors: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Images uint8 (N, 128, 320, 3) → uint8 (N, count, 64, 160, 3): each as it is, then its variants."""
    rng = np.random.default_rng(0)
    lent = [decompose(image) for image in donors]
    made = np.empty((len(images), count, *HALF, 3), np.uint8)
    for image, row in zip(images, made, strict=True):
        embryo = decompose(image)
        row[0] = half(image)
        for place in range(1, count):
            row[place] = half(variant(embryo, lent[rng.integers(len(lent))], rng))
    return made


def half(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image at the size that the networks see."""
    return np.asarray(cv2.resize(image, HALF[::-1], interpolation=cv2.INTER_AREA), np.uint8)


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
    anterior = _threshold(odds[:, 0], [(~late, MOST_EARLY), (late, MOST_LATE)])
    dorsal = _threshold(odds[lateral, 1], [(late[lateral], MOST_DORSAL)])
    return {TASKS[0].name: anterior, TASKS[1].name: dorsal}


def _threshold(odds: Floats, groups: list[tuple[NDArray[np.bool_], float]]) -> float:
    """Under it lie WRONG_FLAGGED of the wrong images, but of each of `groups` no more than the share it allows."""
    probability = 1 / (1 + np.exp(-np.abs(odds)))
    wrong = probability[odds > 0]
    wanted = np.quantile(wrong, WRONG_FLAGGED) if len(wrong) else 0.5
    most = [np.quantile(probability[group], share) for group, share in groups if group.any()]
    return round(float(min([wanted, *most])) + 5e-4, 3)


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
