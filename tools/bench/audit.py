"""Does `lsl-store audit` find planted errors, and does --robust win back what they cost?

    python tools/bench/audit.py find DATA OUT --cleanlab PYTHON --store demo910 --store pollen [--seeds 1]
    python tools/bench/audit.py own DATA OUT --store demo910
    python tools/bench/audit.py robust DATA OUT --store demo910 [--seeds 1]

`find` plants errors in 5 % of the fine and 2 % of the coarse labels, asks classifiers on fixed features (method
`linear`, five folds of genes) for out-of-fold probabilities, and lets the audit and cleanlab judge by the same ones.
PYTHON is an interpreter that has cleanlab (pip install cleanlab, in an environment of its own). `own` looks for wrong
ranges that a demo store has of itself. `robust` trains on 70 % of the genes with right labels, with planted errors, and
without those that are doubtful, and compares with the truth of the other genes.

DATA holds pollen73s. Stores: `pollen`, or `demo<seed>`. Errors are of any other class (far), or mostly of a neighbour
(near).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import torch
import typer
from audit_stores import Known, evidence_from, fitted, out_of_fold, planted, read_known
from numpy.typing import NDArray

from lsl_tools.auditing.estimate import estimated
from lsl_tools.auditing.expected import expected_errors
from lsl_trainer.runs.robust import DOUBTFUL

app = typer.Typer(add_completion=False, help=__doc__)
FINE_RATE, COARSE_RATE = 0.05, 0.02
_FIRST = 20
_TESTED = 0.3
_GOOD = -1.0
Stores = Annotated[list[str], typer.Option("--store")]
Cleanlab = Annotated[Path, typer.Option("--cleanlab")]
Scores = NDArray[np.float64]


@app.command()
def find(data: Path, out: Path, store: Stores, cleanlab: Cleanlab, seeds: int = 1, first_seed: int = 0) -> None:
    """Average precision of the audit and of cleanlab, and the expected number of errors."""
    for name, seed, near, known, wrong in _planted(data, out, store, range(first_seed, first_seed + seeds)):
        probabilities, folds = out_of_fold(wrong)
        found = estimated(evidence_from(wrong, probabilities, folds))
        labels = np.r_[_wrong(known.fine, wrong.fine), _wrong(known.coarse, wrong.coarse)]
        images = (known.fine != wrong.fine) | (known.coarse != wrong.coarse)
        ours = np.concatenate([one[~np.isnan(one)] for one in found.wrong])
        quality, issues, of_image, counts = _cleanlab(cleanlab, wrong, probabilities)
        total = expected_errors(found, np.random.default_rng(0))[-1]
        inside = "inside" if total.low <= labels.sum() <= total.high else "OUTSIDE"
        print(
            f"{name} seed {seed} {near}: labels {precision(ours, labels):.3f}, cleanlab's list "
            f"{precision(issues, labels):.3f}, its scores {precision(quality, labels):.3f}; "
            f"images {precision(found.any_wrong, images):.3f}, its scores {precision(of_image, images):.3f}; "
            f"{labels.sum()} wrong, expected {total.number:.0f} ({total.low:.0f} to {total.high:.0f}) {inside}, "
            f"cleanlab {counts}",
            flush=True,
        )


@app.command()
def own(data: Path, out: Path, store: Stores) -> None:
    """The wrong ranges that demo stores have of themselves: how many of the first 20 images are right finds."""
    for name in store:
        known, stored = read_known(data, out, name)
        wrong = replace(known, coarse=stored)
        found = estimated(evidence_from(wrong, *out_of_fold(wrong)))
        truth, order = known.coarse != stored, np.argsort(-found.any_wrong, kind="stable")
        total = expected_errors(found, np.random.default_rng(0))[-1]
        print(
            f"{name}: {truth[order[:_FIRST]].sum()} of the first {_FIRST}, average precision "
            f"{precision(found.any_wrong, truth):.3f}; {truth.sum()} wrong, expected {total.number:.0f} "
            f"({total.low:.0f} to {total.high:.0f})",
            flush=True,
        )


@app.command()
def robust(data: Path, out: Path, store: Stores, seeds: int = 1, first_seed: int = 0) -> None:
    """What planted errors cost, and what is won back without the doubtful labels."""
    rows = []
    for name, seed, near, known, wrong in _planted(data, out, store, range(first_seed, first_seed + seeds)):
        genes = np.random.default_rng([seed, 5]).permutation(np.unique(known.groups))
        tested = np.isin(known.groups, genes[: round(_TESTED * len(genes))])
        train, test = np.flatnonzero(~tested), np.flatnonzero(tested & (known.truth >= 0))
        given = wrong.at(train)
        found = estimated(evidence_from(given, *out_of_fold(given)))
        kept = [
            np.where(np.nan_to_num(one) >= DOUBTFUL, -1, labels)
            for one, labels in zip(found.wrong, (given.fine, given.coarse), strict=True)
        ]
        trusted = replace(given, fine=kept[0], coarse=kept[1])
        scores = [_accuracy(one, known, test) for one in (known.at(train), given, trusted)]
        rows.append(scores)
        print(
            f"{name} seed {seed} {near}: right {scores[0]:.1%}, wrong {scores[1]:.1%}, robust {scores[2]:.1%}",
            flush=True,
        )
    right, noisy, better = np.mean(rows, axis=0)
    won = (better - noisy) / (right - noisy)
    print(f"mean: right {right:.1%}, wrong {noisy:.1%}, robust {better:.1%}: {won:.0%} won back")


def precision(scores: Scores, truth: NDArray[np.bool_]) -> float:
    """The average precision of a ranking by `scores` (n,), the highest first."""
    ranked = truth[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


def _planted(data: Path, out: Path, stores: list[str], seeds: range) -> Iterator[tuple[str, int, str, Known, Known]]:
    torch.set_num_threads(1)
    for name in stores:
        known, _ = read_known(data, out, name)
        for seed in seeds:
            for near in ("far", "near"):
                generator = np.random.default_rng([seed, 77])
                yield name, seed, near, known, planted(known, FINE_RATE, COARSE_RATE, near == "near", generator)


def _wrong(right: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((right != given)[given >= 0])


def _cleanlab(interpreter: Path, wrong: Known, probabilities: Scores) -> tuple[Scores, Scores, Scores, list[int]]:
    """How doubtful the labels are by quality and by its list, the images by quality, and its numbers of errors."""
    fine, coarse = wrong.fine >= 0, wrong.coarse >= 0
    of_fine = probabilities[:, : len(wrong.space)]
    above = np.arange(len(wrong.coarse_space)) == wrong.columns[:, None]
    of_coarse = probabilities @ above.astype(np.float64)
    with TemporaryDirectory() as folder:
        given, out = Path(folder) / "given.npz", Path(folder) / "out.npz"
        np.savez(
            given,
            fine=wrong.fine[fine],
            coarse=wrong.coarse[coarse],
            fine_probabilities=(of_fine / of_fine.sum(1, keepdims=True))[fine],
            coarse_probabilities=of_coarse[coarse],
        )
        script = Path(__file__).with_name("audit_cleanlab.py")
        subprocess.run([str(interpreter), str(script), str(given), str(out)], check=True, capture_output=True)
        with np.load(out) as found:
            scores = {name: found[name] for name in found.files}
    quality, issues = (np.r_[scores[f"fine_{kind}"], scores[f"coarse_{kind}"]] for kind in ("quality", "issues"))
    of_image = np.full((len(fine), 2), _GOOD)
    of_image[fine, 0], of_image[coarse, 1] = scores["fine_quality"], scores["coarse_quality"]
    return quality, issues, of_image.max(1), [int(scores[f"{task}_count"]) for task in ("fine", "coarse")]


def _accuracy(learnt: Known, known: Known, test: NDArray[np.int64]) -> float:
    linear = fitted(learnt, np.arange(len(learnt.fine)))
    logits = linear.logits(torch.from_numpy(known.coordinates[0][test]))[:, : len(known.space)]
    return float((logits.argmax(1).numpy() == known.truth[test]).mean())


if __name__ == "__main__":
    app()
