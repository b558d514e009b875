"""Calibration on all genes in turn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import ConfigError, Store
from lsl_shared.files.out_of_fold import read_out_of_fold
from lsl_trainer import TrainConfig, train
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.processes import one_process
from lsl_trainer.runs.leave_out import leave_out


def test_all_genes_but_those_of_the_test_train_and_are_left_out_once(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        split, cross = (load_data(opened, config.having(calibration=one)) for one in ("split", "cross"))
        genes = opened.groups()
    assert ((split.part == 2) == (cross.part == 2)).all() and not (cross.part == 1).any()
    assert not len(split.folds) and len(cross.folds) == len(cross.learnt_rows) and set(cross.folds) == set(range(10))
    of_gene = {(genes[row], fold) for row, fold in zip(np.flatnonzero(cross.part == 0), cross.folds, strict=True)}
    assert len(of_gene) == len({gene for gene, _ in of_gene})


def test_a_run_of_them_has_sets_and_tells_what_was_said_of_left_out_genes(
    store: Path, config: TrainConfig, tmp_path: Path
) -> None:
    small = config.having(method="plain", calibration="cross", coverage=0.8, fine_epochs=1)
    train(store, small, tmp_path / "run")
    task = json.loads((tmp_path / "run/model/manifest.json").read_text("utf-8"))["tasks"][0]
    found = read_out_of_fold(tmp_path / "run/out_of_fold.h5")
    answers, labelled = found.tasks["corner"], found.tasks["corner"].labels >= 0
    assert task["coverage"] == 0.8 and set(found.folds) == set(range(10)) and labelled.all()
    scores = 1 - answers.probabilities[np.arange(len(found.ids)), answers.labels]
    assert 0.7 < (scores <= task["conformal_threshold"] + 1e-6).mean() < 0.95


def test_finished_folds_are_found_again(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    small, begun = config.having(method="plain", calibration="cross", fine_epochs=1), list[str]()
    with Store(store) as opened:
        data = load_data(opened, small)

    def begin(name: str, training: TwoStepTraining) -> None:
        begun.append(name)
        if len(begun) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave_out(data, small, one_process(), tmp_path, tmp_path, begin)
    again = leave_out(data, small, one_process(), tmp_path, tmp_path, begin)
    assert begun[3:5] == ["calibrating, fold 4 of 10"] * 2 and len(begun) == 11
    whole = leave_out(data, small, one_process(), tmp_path / "other", tmp_path)
    np.testing.assert_array_equal(again.logits, whole.logits)
    np.testing.assert_array_equal(again.distances, whole.distances)


def test_it_calibrates_one_task(config: TrainConfig) -> None:
    with pytest.raises(ConfigError, match="one task"):
        config.having(calibration="cross", tasks=("view",))
    with pytest.raises(ConfigError, match="--coverage"):
        config.having(coverage=1.0)
