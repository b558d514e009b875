from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_shared import ConfigError, Store, StoreError, TrainingError
from lsl_trainer.comparing import rows as compare_rows
from lsl_trainer.comparing.comparison import compare
from lsl_trainer.comparing.scores import Comparison
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.settings.config import TrainConfig
from tests.support.pictures import decoded
from tests.support.squares import small_config

Made = tuple[Comparison, list[tuple[str, int, str]]]
NETWORKS = ("gabor", "plain", "data-level", "feature-level", "continued")


@pytest.fixture(scope="module")
def short() -> TrainConfig:
    return small_config().having(coarse_epochs=2, fine_epochs=3, feature_epochs=1, fine_per_class=8)


@pytest.fixture(scope="module")
def made(store: Path, short: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A whole comparison, and the row, seed and step of every epoch."""
    told: list[tuple[str, int, str]] = []
    compared = compare(
        store, short, tmp_path_factory.mktemp("compare") / "out", rows=[*NETWORKS, "prototype"], seeds=2,
        on_epoch=lambda row, seed, epoch: told.append((row, seed, epoch.step)),
    )  # fmt: skip
    return compared, told


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsl_trainer.comparing.comparison.write_comparison_report", lambda *rest: None)


def test_every_row_and_seed_is_there_and_each_step_is_learnt_once(made: Made) -> None:
    compared, told = made
    assert [row.name for row in compared.rows] == [*NETWORKS, "prototype"]
    assert all(row.seeds == (0, 1) for row in compared.rows)
    assert len(compared.differences) == 15
    assert sorted(set(told)) == [
        (row, seed, step)
        for row, steps in (("continued", ["feature"]), ("data-level", ["coarse", "fine"]),
                           ("feature-level", ["feature"]), ("plain", ["fine"]))
        for seed in (0, 1) for step in steps
    ]  # fmt: skip
    out = compared.path
    names = {"comparison.json", "report.html", "accuracy.png", "confusion.png", "differences.png", "responses.png"}
    assert names <= {path.name for path in out.iterdir()}
    sizes = {path.stem: decoded(path).shape[:2] for path in out.glob("*.png")}
    assert sizes["accuracy"] == (int((0.42 * 6 + 0.9) * 130), 7 * 130)
    assert sizes["differences"] == (int((0.3 * 15 + 0.9) * 130), 7 * 130)
    assert sizes["confusion"] == (int(3.7 * 2 * 130), int(3.7 * 3 * 130)), "two rows of three"
    assert not list(out.glob("seed-*/checkpoints"))
    written = json.loads((out / "comparison.json").read_text())
    assert written["format"] == "lsl-comparison"
    assert written["rows"][2]["accuracy"]["mean"] == compared.rows[2].accuracy.mean
    assert np.sum(compared.rows[0].confusion) == sum(
        len(json.loads(path.read_text())["ids"]) for path in out.glob("seed-*/gabor.json")
    )


def test_seeds_have_their_own_split_and_labels_and_methods_share_them(
    store: Path, short: TrainConfig, made: Made
) -> None:
    def kept(row: str, seed: int) -> dict[str, Any]:
        return dict(json.loads((made[0].path / f"seed-{seed}" / f"{row}.json").read_text()))

    assert kept("plain", 0)["ids"] == kept("data-level", 0)["ids"] == kept("prototype", 0)["ids"]
    assert kept("plain", 0)["ids"] != kept("plain", 1)["ids"]
    with Store(store) as opened:
        alone = load_data(opened, short.having(method="feature-level", seed=1, label_seed=1))
    assert kept("feature-level", 1)["ids"] == list(alone.test.ids), "the split of an lsl-train with that seed"


@pytest.mark.usefixtures("no_report")
def test_a_rerun_trains_nothing_and_more_can_be_added(
    store: Path, short: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compare(store, short, tmp_path / "out", rows=["gabor", "plain"], seeds=1)
    trained: list[str] = []
    original = compare_rows.learnt

    def learnt(row: str, *rest: Any) -> TwoStepTraining:
        trained.append(row)
        return original(row, *rest)

    monkeypatch.setattr("lsl_trainer.comparing.comparison.learnt", learnt)
    again = compare(store, short, tmp_path / "out", rows=["gabor", "plain"], seeds=1)
    assert trained == []
    assert again.to_dict() == first.to_dict()
    more = compare(store, short, tmp_path / "out", rows=["gabor", "plain", "data-level"], seeds=1)
    assert trained == ["data-level"]
    assert more.rows[0] == first.rows[0]


@pytest.mark.usefixtures("no_report")
def test_an_interrupted_training_goes_on_to_the_same_end(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(row: str, seed: int, epoch: Epoch) -> None:
        if (epoch.step, epoch.number) == ("fine", 2):
            raise StoppedError

    with pytest.raises(StoppedError):
        compare(store, short, tmp_path / "out", rows=["data-level"], seeds=1, on_epoch=stop)
    told: list[tuple[str, int]] = []
    compare(
        store, short, tmp_path / "out", rows=["data-level"], seeds=1,
        on_epoch=lambda row, seed, epoch: told.append((epoch.step, epoch.number)),
    )  # fmt: skip
    assert told == [("fine", 3)]
    compare(store, short, tmp_path / "whole", rows=["data-level"], seeds=1)
    ends = [json.loads((tmp_path / name / "seed-0" / "data-level.json").read_text()) for name in ("out", "whole")]
    assert ends[0]["predicted"] == ends[1]["predicted"]


@pytest.mark.usefixtures("no_report")
def test_the_folder_of_another_comparison_is_refused(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    compare(store, short, tmp_path / "out", rows=["gabor"], seeds=1)
    with pytest.raises(ConfigError, match="holds a comparison with other settings"):
        compare(store, short.having(fine_epochs=4), tmp_path / "out", rows=["gabor"], seeds=1)
    with pytest.raises(StoreError, match="no such task"):
        compare(store, short.having(fine="colour"), tmp_path / "again", rows=["gabor"], seeds=1)
    compare(store, short, tmp_path / "again", rows=["gabor"], seeds=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept.txt").write_text("kept")
    with pytest.raises(ConfigError, match="holds no comparison"):
        compare(store, short, tmp_path / "mine", rows=["gabor"], seeds=1)
    with pytest.raises(ConfigError, match="--seeds must be at least 1, received 0"):
        compare(store, short, tmp_path / "none", rows=["gabor"], seeds=0)
    with pytest.raises(ConfigError, match="leave --robust out"):
        compare(store, short.having(robust=True), tmp_path / "none", rows=["gabor"], seeds=1)


@pytest.mark.usefixtures("no_report")
def test_rows_tested_on_different_images_are_not_compared(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    compare(store, short, tmp_path / "out", rows=["gabor", "plain"], seeds=1)
    path = tmp_path / "out" / "seed-0" / "plain.json"
    entries = json.loads(path.read_text())
    path.write_text(json.dumps({**entries, "truth": [0] * len(entries["truth"])}))
    with pytest.raises(TrainingError, match="seed 0: the rows were tested on different images or labels"):
        compare(store, short, tmp_path / "out", rows=["gabor", "plain"], seeds=1)
