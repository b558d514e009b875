from __future__ import annotations

from pathlib import Path

from lsl_trainer.runs.features_folder import features_beside
from lsl_trainer.runs.folds_file import write_folds
from lsl_trainer.runs.out_of_fold import fold_folder


def test_folds_share_features_with_the_runs_beside_their_cross_validation(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    write_folds(runs / "folds", 5)
    assert features_beside(fold_folder(runs / "folds", 2)) == features_beside(runs / "single") == runs / "features"
