from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lsl_runtime.evaluation.term_scores import score_term_tasks
from lsl_shared import LabelSpace, Manifest, StoreWriter, Task
from lsl_shared.files.store import Store
from lsl_shared.fly import STAGE_RANGES

TERMS = LabelSpace("cv_terms", ("brain", "gut"))
STAGE = Task("stage", ("4", "5"), parent="stage_range", parent_classes=STAGE_RANGES, parent_index=(1, 1))


def written(path: Path) -> Path:
    """Four bags of two images: genes a, b in 4-6, a in 7-8, c in 4-6, which is not annotated."""
    carried = [[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1], [255, 255], [255, 255]]
    with StoreWriter(path, 8, 8) as writer:
        for row, gene in enumerate("aabbaacc"):
            writer.append(np.zeros((8, 8, 3), np.uint8), id=f"image{row}", gene=gene)
        writer.add_task(LabelSpace("stage_range", STAGE_RANGES), [1, 1, 1, 1, 2, 2, 1, 1])
        writer.add_terms(TERMS, carried)
    return path


def manifest(*classes: str) -> Manifest:
    return Manifest((8, 8), (STAGE, Task("cv_terms", classes, kind="terms", thresholds=(0.5,) * len(classes))))


def test_bags_are_scored_by_term_and_range(tmp_path: Path) -> None:
    # The model knows its terms in another order, and one that the store does not.
    probabilities = np.array(
        [[0.1, 0.3, 0.9], [0.1, 0.9, 0.9], [0.8, 0.5, 0.9], [0.8, 0.1, 0.9]] + [[0.5, 0.5, 0.5]] * 4
    )
    notes: list[str] = []
    with Store(written(tmp_path / "store.h5")) as store:
        found = score_term_tasks(
            store, manifest("gut", "brain", "eye"), np.arange(8), {"cv_terms": probabilities}, notes
        )
    scores = found["cv_terms"]
    assert [(one.term, one.stage_range, one.n_bags, one.n_carried) for one in scores.terms] == [
        ("gut", "4-6", 2, 1),
        ("brain", "4-6", 2, 1),
    ]
    assert [one.f1 for one in scores.terms] == [1.0, 1.0]  # brain: bag a has 0.6 in the mean, bag b 0.3
    assert (scores.n_bags, scores.n_genes) == (3, 2)
    assert not notes


def test_nothing_to_score_is_noted(tmp_path: Path) -> None:
    notes: list[str] = []
    with Store(written(tmp_path / "store.h5")) as store:
        assert not score_term_tasks(
            store, manifest("gut", "brain"), np.arange(4, 8), {"cv_terms": np.full((8, 2), 0.5)}, notes
        )
        assert not score_term_tasks(store, Manifest((8, 8), (STAGE,)), np.arange(8), {}, notes)
    assert notes == ["cv_terms: no test bag carries a term that another of its range lacks, so none is scored"]


def test_a_store_without_terms(make_store: Callable[..., Path]) -> None:
    notes: list[str] = []
    with Store(make_store(6)) as store:
        assert not score_term_tasks(store, manifest("gut"), np.arange(6), {}, notes)
    assert notes == ["cv_terms: the store has no annotations of it, so it is not scored"]
