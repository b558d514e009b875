"""Transfer against hand-made features and training from scratch: stage ranges, terms, depth, and few labels.

    python tools/bench/transfer.py ranges STORE [--folds K]      ranges and terms, all methods, left-out genes; repeated
    python tools/bench/transfer.py layers STORE --out FOLDER     every block of EfficientNet-lite0: table and figure
    python tools/bench/transfer.py pollen STORE                  5 fine labels a class, transferred and from scratch

STORE is a store with the tasks stage_range and cv_terms (`lsl-store demo`, or FlyExpress images with their labels.csv),
for `pollen` one with species and family. Every figure is of images whose gene the classifier never saw; no penalty,
layer or threshold is chosen on them. Lines are printed as they come.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_shared.files.store_writer import StoreWriter
from lsl_shared.measures.term_metrics import TermScores, bag_means, score_terms
from lsl_trainer.calibration.bootstrap import interval, mean_replicates
from lsl_trainer.calibration.term_thresholds import term_thresholds
from lsl_trainer.comparing.paired import differences
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN
from lsl_trainer.layers.handmade import Codebook, Coding, dense_sift
from lsl_trainer.layers.layers import block_features, joined_groups, score_layers
from lsl_trainer.layers.ridge import choose_penalty, group_folds, ridge_scores
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS
from lsl_trainer.tasks.terms import frequent_terms

LITE = "efficientnet-lite0"
FEATURES = "multi-task features, best layer"
EPOCHS, RATE, DECAY = 8, 0.001, 0.9
REPLICATES = 300
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """All labelled images of a store: range (N,) and terms (N, T), −1 unknown, and the fold that leaves each out."""

    store: Path
    images: NDArray[np.uint8]
    ranges: NDArray[np.int64]
    range_names: tuple[str, ...]
    terms: NDArray[np.int64]
    names: tuple[str, ...]
    often: NDArray[np.int64]
    genes: NDArray[np.int64]
    fold: NDArray[np.int64]
    seed: int
    """Of the folds and of the networks."""

    @property
    def one_hot(self) -> Floats:
        """Targets of the ranges, (N, R)."""
        return np.eye(len(self.range_names))[self.ranges]

    @property
    def carried(self) -> Floats:
        """Targets of the terms that are scored, (N, F), NaN unknown."""
        terms = self.terms[:, self.often].astype(np.float64)
        return np.where(terms < 0, np.nan, terms)


Answer = tuple[Floats, Floats | None, Floats | None]
"""Of the images of a fold: scores of the ranges (k, R), of the terms (k, F), and the terms' thresholds (k, F)."""
Method = Callable[[NDArray[np.bool_]], dict[str, Answer]]
"""From the images that are left out, (N,), to their answers, by name."""


@dataclass(frozen=True)
class Answers:
    """What a method said of every image when its gene was left out; None where it does not answer."""

    ranges: Floats
    terms: Floats | None
    chosen: Floats | None
    """(N, F): the thresholds on the terms' scores, those of the fold."""


def load(path: Path, folds: int, seed: int) -> Problem:
    """The problem that a store poses; `seed` chooses among genes of equal size which fold they go to."""
    with Store(path) as store:
        images = store.select(np.arange(len(store)))
        genes = joined_groups(store, images)
        terms = store.terms("cv_terms").astype(np.int64)
        terms[terms == 255] = -1
        ranges, space = store.labels("stage_range").astype(np.int64), store.tasks["stage_range"]
        names = store.term_tasks["cv_terms"].classes
    fold = group_folds(np.random.default_rng(seed).permutation(genes.max() + 1)[genes], folds)
    return Problem(path, images, ranges, space.classes, terms, names, frequent_terms(terms, genes), genes, fold, seed)


def ridge_answer(problem: Problem, sets: list[Floats], held: NDArray[np.bool_]) -> Answer:
    """Ridge classifiers on the best of several feature sets, set and penalty chosen among the training genes."""
    scores = []
    for targets in (problem.one_hot, problem.carried):
        fits = [choose_penalty(one[~held], targets[~held], problem.genes[~held]) for one in sets]
        best = int(np.argmin([fit.error for fit in fits]))
        one, fit = sets[best], fits[best]
        scores.append(ridge_scores(one[~held], targets[~held], one[held], [fit.penalty])[0])
    level = levels(problem, fit.left_out, ~held)
    return scores[0], scores[1], np.broadcast_to(level, scores[1].shape)


def levels(problem: Problem, chance: Floats, rows: NDArray[np.bool_]) -> Floats:
    """Thresholds of the terms from scores (n, F) of the images `rows` (N,)."""
    truth = problem.terms[rows][:, problem.often]
    bags = bag_means(truth, chance, problem.genes[rows], problem.ranges[rows])
    return np.array(term_thresholds(bags.truth, bags.probabilities))


def handmade(problem: Problem, name: str, coding: Coding) -> Method:
    """Dense SIFT and a codebook learnt from the training images of each fold."""
    descriptors = np.stack([dense_sift(image) for image in problem.images])
    return lambda held: {
        name: ridge_answer(problem, [Codebook(descriptors[~held], coding).features(descriptors)], held)
    }


def frozen(problem: Problem, name: str, path: Path) -> Method:
    """Features of every block of the network as ImageNet left it, of the images as the store at `path` has them."""
    config = PRESETS["tiny"].having(method="plain", fine="stage_range", backbone=LITE)
    with Store(path) as store:
        network = TwoStepTraining(load_data(store, config), config).network
        images = store.select(np.arange(len(store)))
    found = [one.astype(np.float64) for one in block_features(network, images)]
    return lambda held: {name: ridge_answer(problem, found, held)}


def trained(problem: Problem, name: str, small: Path, config: TrainConfig, *, reuse: bool = False) -> Method:
    """A network trained on the images at reduced size; with `reuse`, its blocks' features are scored as well."""

    def method(held: NDArray[np.bool_]) -> dict[str, Answer]:
        part = np.where(held, TEST, TRAIN).astype(np.int8)
        if len(np.unique(problem.genes)) > 20 and config.labels.tasks:
            part[np.flatnonzero(~held)[group_folds(problem.genes[~held], 8) == 0]] = CALIBRATION
        seeded = config.having(seed=problem.seed)
        with Store(small) as store:
            data = load_data(store, seeded, part)
            images = store.select(np.arange(len(store)))
        training = TwoStepTraining(data, seeded)
        for _ in training.run(lambda count: None):
            pass
        logits = logits_of(training.network, images, np.arange(len(images))).double().numpy()
        count = len(problem.range_names)
        if not config.labels.tasks:
            return {name: (logits[held, :count], None, None)}
        chance = 1 / (1 + np.exp(-logits[:, count:][:, problem.often]))
        rows = part == CALIBRATION
        level = levels(problem, chance[rows], rows) if rows.any() else np.full(chance.shape[1], 0.5)
        found: dict[str, Answer] = {
            name: (logits[held, :count], chance[held], np.broadcast_to(level, chance[held].shape))
        }
        if reuse:
            features = [one.astype(np.float64) for one in block_features(training.network, images)]
            found[FEATURES] = ridge_answer(problem, features, held)
        return found

    return method


def halved(problem: Problem, folder: Path, factor: float) -> Path:
    """A store of the same images at reduced size."""
    path = folder / "small.h5"
    height, width = (round(side * factor / 32) * 32 for side in problem.images.shape[1:3])
    with Store(problem.store) as store, StoreWriter(path, height, width) as writer:
        for row, image in enumerate(problem.images):
            small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            writer.append(small, id=str(store.ids[row]), gene=str(store.genes[row]))
        writer.add_task(store.tasks["stage_range"], store.labels("stage_range"))
        writer.add_terms(store.term_tasks["cv_terms"], store.terms("cv_terms"))
    return path


def tell(name: str, problem: Problem, repeats: list[Answers]) -> None:
    """One line of the table: means over the repeats, intervals by a bootstrap over genes of these means."""
    right = np.mean([one.ranges.argmax(1) == problem.ranges for one in repeats], axis=0)
    low, high = interval(mean_replicates(right[:, None], problem.genes, np.random.default_rng(0)))
    line = f"{name:34s} {len(repeats)}× ranges {right.mean():6.1%} [{low:5.1%}, {high:5.1%}]"
    if repeats[0].terms is not None:
        line += f"  terms {_term_line(problem, repeats)}"
    print(line, flush=True)


def _term_line(problem: Problem, repeats: list[Answers]) -> str:
    every = np.arange(len(problem.ranges))
    found = [scores for one in repeats if (scores := _scored(problem, one, every)) is not None]
    auc, ap = (interval(column[~np.isnan(column)]) for column in term_replicates(problem, repeats).T)

    def mean(figure: str) -> float:
        return float(np.mean([getattr(scores, figure) for scores in found]))

    return (
        f"AUC {mean('auc'):.3f} [{auc[0]:.3f}, {auc[1]:.3f}] "
        f"AP {mean('average_precision'):.3f} [{ap[0]:.3f}, {ap[1]:.3f}] "
        f"F1 macro {mean('macro_f1'):.3f} micro {mean('micro_f1'):.3f} sens {mean('sensitivity'):.2f} "
        f"spec {mean('specificity'):.2f} ({len(found[0].terms)} pairs)"
    )


def term_replicates(problem: Problem, repeats: list[Answers]) -> Floats:
    """AUC and average precision, means of the repeats, of a bootstrap over genes, (B, 2), the same draws for every
    method; NaN where a draw leaves nothing to score."""
    genes, chance = np.unique(problem.genes), np.random.default_rng(0)
    places = [np.flatnonzero(problem.genes == gene) for gene in genes]
    drawn = np.full((REPLICATES, 2), np.nan)
    for replicate in drawn:
        picked = chance.integers(len(genes), size=len(genes))
        rows = np.concatenate([places[k] for k in picked])
        alias = np.concatenate([np.full(len(places[k]), n) for n, k in enumerate(picked)])
        found = [_scored(problem, one, rows, alias) for one in repeats]
        if None not in found:
            replicate[:] = np.mean([(one.auc, one.average_precision) for one in found if one is not None], axis=0)
    return drawn


def _scored(
    problem: Problem, answers: Answers, rows: NDArray[np.int64], genes: NDArray[np.int64] | None = None
) -> TermScores | None:
    """Terms per bag; for the choice, scores less the thresholds of the fold are compared with 0."""
    assert answers.terms is not None and answers.chosen is not None
    genes = problem.genes[rows] if genes is None else genes
    names = [problem.names[k] for k in problem.often]
    truth, zero = problem.terms[rows][:, problem.often], np.zeros(len(names))
    bags = bag_means(truth, answers.terms[rows], genes, problem.ranges[rows])
    level = bag_means(truth, answers.chosen[rows], genes, problem.ranges[rows]).probabilities
    ranked = score_terms(bags, zero, names, problem.range_names)
    cut = score_terms(replace(bags, probabilities=bags.probabilities - level), zero, names, problem.range_names)
    if ranked is None or cut is None:
        return None
    return replace(cut, auc=ranked.auc, average_precision=ranked.average_precision)


def compare(path: Path, folds: int, factor: float, only: list[str], cache: Path, seeds: range) -> None:
    """All methods on one store, or those `only`; the answers of each fold are kept in `cache` and taken from there."""
    problems = [load(path, folds, seed) for seed in seeds]
    problem = problems[0]
    print(
        f"{path.name}: {len(problem.ranges)} images, {len(np.unique(problem.genes))} genes, "
        f"{len(np.unique(problem.fold))} folds; {len(problem.names)} terms, {len(problem.often)} carried by 3 genes "
        f"or more; networks that learn see images at {factor:g} of their size, {EPOCHS} epochs (from scratch: 30)",
        flush=True,
    )
    names: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        small = halved(problem, Path(folder), factor)
        for one in problems:
            methods = the_methods(one, small)
            names = [*methods, FEATURES]
            for name in only or methods:
                answer_folds(one, name, methods[name], cache)
    repeats = {name: [found for one in problems if (found := joined(one, name, cache)) is not None] for name in names}
    known = {name: answers for name, answers in repeats.items() if answers}
    for name, answers in known.items():
        tell(name, problem, answers)
    if len(known) > 1:
        _tell_differences(problem, known)


def the_methods(problem: Problem, small: Path) -> dict[str, Callable[[str], Method]]:
    """Every way of answering, by name; `small` holds the images that networks learn from."""
    fine = {"method": "plain", "fine": "stage_range", "learning_rate": RATE, "fine_epochs": EPOCHS}
    lite = PRESETS["tiny"].having(**fine, backbone=LITE, layer_decay=DECAY)
    scratch = PRESETS["tiny"].having(method="plain", fine="stage_range")
    both = {"tasks": ("cv_terms",)}
    return {
        "majority": lambda name: majority(problem, name),
        "hand-made, words": lambda name: handmade(problem, name, "words"),
        "hand-made, sparse": lambda name: handmade(problem, name, "sparse"),
        "frozen, best layer": lambda name: frozen(problem, name, problem.store),
        "frozen, best layer, small": lambda name: frozen(problem, name, small),
        "scratch": lambda name: trained(problem, name, small, scratch),
        "scratch, multi-task": lambda name: trained(problem, name, small, scratch.having(**both)),
        "fine-tuned": lambda name: trained(problem, name, small, lite),
        "fine-tuned, multi-task": lambda name: trained(problem, name, small, lite.having(**both), reuse=True),
    }


def majority(problem: Problem, name: str) -> Method:
    """The most frequent range of the training images."""

    def method(held: NDArray[np.bool_]) -> dict[str, Answer]:
        most = np.bincount(problem.ranges[~held]).argmax()
        return {name: (np.tile(np.eye(len(problem.range_names))[most], (int(held.sum()), 1)), None, None)}

    return method


def answer_folds(problem: Problem, name: str, make: Callable[[str], Method], cache: Path) -> None:
    """Computes what the cache lacks of one method."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [n for n in np.unique(problem.fold) if not _place(cache, name, problem.seed, n).exists()]
    method = make(name) if missing else None
    for number in missing:
        began = time.process_time()
        assert method is not None
        for what, (ranges, terms, chosen) in method(problem.fold == number).items():
            parts = {"ranges": ranges, "terms": terms, "chosen": chosen}
            np.savez(
                _place(cache, what, problem.seed, number),
                **{key: value for key, value in parts.items() if value is not None},  # type: ignore[arg-type]
            )
        print(f"{name}, seed {problem.seed}, fold {number}: {time.process_time() - began:.0f} s of CPU", flush=True)


def joined(problem: Problem, name: str, cache: Path) -> Answers | None:
    """The answers of all folds; None where one is missing."""
    numbers = np.unique(problem.fold)
    if not all(_place(cache, name, problem.seed, number).exists() for number in numbers):
        return None
    whole: dict[str, Floats] = {}
    for number in numbers:
        held = problem.fold == number
        with np.load(_place(cache, name, problem.seed, number)) as kept:
            for key in kept:
                whole.setdefault(key, np.empty((len(held), kept[key].shape[1])))[held] = kept[key]
    return Answers(whole["ranges"], whole.get("terms"), whole.get("chosen"))


def _place(cache: Path, name: str, seed: int, number: int) -> Path:
    return cache / f"{name}.{seed}.{number}.npz"


def _tell_differences(problem: Problem, known: dict[str, list[Answers]]) -> None:
    """Paired differences of range accuracy, and of the terms' average precision."""
    right = np.stack(
        [np.mean([one.ranges.argmax(1) == problem.ranges for one in repeats], axis=0) for repeats in known.values()],
        axis=1,
    )
    for one in differences(list(known), right, problem.genes, np.random.default_rng(0)):
        print(f"  ranges: {one.first} − {one.second}: {one.difference:+.1%} [{one.low:+.1%}, {one.high:+.1%}]")
    drawn = {name: term_replicates(problem, found) for name, found in known.items() if found[0].terms is not None}
    for first, second in itertools.combinations(drawn, 2):
        apart = drawn[first] - drawn[second]
        low, high = interval(apart[~np.isnan(apart).any(1), 1])
        print(f"  terms: AP of {first} − {second}: [{low:+.3f}, {high:+.3f}]", flush=True)


def depth(path: Path, out: Path) -> None:
    """The layer-by-layer table and figure."""
    from lsl_trainer.layers.figure import write_layers

    config = PRESETS["tiny"].having(method="plain", fine="stage_range", backbone=LITE, tasks=("cv_terms",))
    with Store(path) as store:
        found = score_layers(store, config)
    out.mkdir(parents=True, exist_ok=True)
    for one in found:
        print(f"{one.task:12s} {one.name:9s} {one.features:6d} features  {one.measure} {one.value:.3f}", flush=True)
    write_layers(out, found)


def pollen(path: Path, seeds: range) -> None:
    """Five fine labels a class: plain and feature-level, transferred F and F from scratch; random split."""
    base = PRESETS["tiny"].having(fine="species", coarse="family", split="random", fine_per_class=5, flip=True)
    short = {"coarse_epochs": 4, "fine_epochs": 12, "feature_epochs": 4, "learning_rate": RATE}
    lite = base.having(**short, backbone=LITE, layer_decay=DECAY)
    for seed in seeds:
        for name, config in (("scratch", base), ("transferred", lite)):
            for method in ("plain", "feature-level"):
                began = time.monotonic()
                chosen = config.having(method=method, seed=seed, label_seed=seed)
                with Store(path) as store:
                    data = load_data(store, chosen)
                training = TwoStepTraining(data, chosen)
                for _ in training.run(lambda count: None):
                    pass
                logits = logits_of(training.network, data.test.images, data.test.rows).numpy()
                right = float((logits.argmax(1) == data.test.labels).mean())
                print(
                    f"seed {seed} {name:12s} {method:14s} {right:6.1%}  {time.monotonic() - began:5.0f} s", flush=True
                )


def main() -> None:
    """Runs one of the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ranges", "layers", "pollen"))
    parser.add_argument("store", type=Path)
    parser.add_argument("--folds", type=int, default=7, help="of whole genes")
    parser.add_argument("--factor", type=float, default=0.5, help="size of the images that networks learn from")
    parser.add_argument("--only", action="append", default=[], help="this method")
    parser.add_argument("--cache", type=Path, default=Path("transfer"), help="where the answers of each fold are kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path())
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    torch.set_num_threads(1)
    if given.what == "ranges":
        compare(given.store, given.folds, given.factor, given.only, given.cache, seeds)
    elif given.what == "layers":
        depth(given.store, given.out)
    else:
        pollen(given.store, seeds)


if __name__ == "__main__":
    main()
