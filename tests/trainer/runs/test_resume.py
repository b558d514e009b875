"""Trainings that are killed, in real processes, and go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner, Result

from lsl_runtime import Model
from lsl_shared import TrainingError
from lsl_trainer import train
from lsl_trainer.cli import app
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.settings.config_file import write_config
from tests.support.places import ROOT
from tests.support.squares import small_config


def begin(store: Path, out: Path, resume: bool) -> subprocess.Popen[str]:
    """The command, and the very same with --resume."""
    settings = out.parent / "settings.toml"
    write_config(small_config(), settings)
    called = [sys.executable, "-m", "lsl_trainer", store, "--out", out, "--config", settings, "--seed", "0"]
    arguments = [*map(str, called), *(["--resume"] if resume else [])]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def killed_after(step: str, store: Path, out: Path, delay: float) -> int:
    """Begins or goes on, and is killed `delay` seconds after the first epoch of `step`."""
    with begin(store, out, resume=out.exists()) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.split()[:3] == [step, "epoch", "1"]:
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
                break
    return process.returncode


@pytest.fixture(scope="module")
def uninterrupted(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    train(store, small_config(), out)
    return out


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_in_every_step_it_ends_with_the_same_weights(store: Path, uninterrupted: Path, tmp_path: Path) -> None:
    out, generator = tmp_path / "run", np.random.default_rng(0)
    for step in ("coarse", "fine", "feature"):
        assert killed_after(step, store, out, generator.uniform(0, 0.05)) in (-signal.SIGKILL, 0)
        assert not (out / "model").exists()
    with begin(store, out, resume=True) as process:
        process.communicate()
    assert process.returncode == 0
    for name in ("coarse", "fine", "feature"):
        wanted, found = (load_file(run / "checkpoints" / f"{name}.safetensors") for run in (uninterrupted, out))
        assert all(np.array_equal(wanted[key], found[key]) for key in wanted), name
    assert Model.load(out / "model").digest == Model.load(uninterrupted / "model").digest


def test_it_goes_on_where_only_the_export_was_missing(store: Path, uninterrupted: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(uninterrupted, out)
    (out / "model" / "manifest.json").unlink()
    (out / "metrics.json").unlink()
    done: list[Epoch] = []
    run = train(store, small_config(), out, resume=True, on_epoch=done.append)
    assert not done
    assert [epoch["step"] for epoch in run.metrics["epochs"]] == ["coarse"] * 4 + ["fine"] * 8 + ["feature"] * 3
    assert Model.load(out / "model").digest == Model.load(uninterrupted / "model").digest


def test_other_data_is_refused(store: Path, uninterrupted: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(uninterrupted, out)
    (out / "metrics.json").unlink()
    with pytest.raises(TrainingError, match="other images or labels"):
        train(store, small_config().having(fine_per_class=2), out, resume=True)


def test_the_command_goes_on_with_the_runs_own_settings(
    store: Path, uninterrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "runs" / "run"
    shutil.copytree(uninterrupted, out)

    def resumed(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in (store, "--resume", *arguments)])

    assert "is finished" in resumed("--out", out).output
    (out / "metrics.json").unlink()
    shutil.rmtree(out / "model")
    refused = resumed("--out", out, "--seed", "3", "--preset", "paper", "--folds", "2", "--task", "marks")
    assert refused.exit_code == 1
    for told in ("--seed 0, not 3", "--preset tiny, not paper", "no --folds, not 2", "--tasks none, not marks"):
        assert told in " ".join(refused.output.split())
    assert "needs --out" in resumed().output
    monkeypatch.chdir(tmp_path)
    assert "holds no run" in resumed("--out", tmp_path / "none").output
    assert "--resume goes on with it" in CliRunner().invoke(app, [str(store), "--out", str(out)]).output
    (tmp_path / "same.toml").write_text("fine_epochs = 8\n[network]\nwidths = [8, 16]\n")
    (tmp_path / "other.toml").write_text("fine_epochs = 9\n[network]\nwidths = [8, 32]\n")
    told = " ".join(resumed("--config", tmp_path / "other.toml").output.split())
    assert "--fine-epochs 8, not 9" in told and "another network" in told
    assert resumed("--config", tmp_path / "same.toml", "--seed", "0", "--preset", "tiny").exit_code == 0
    assert (out / "model" / "manifest.json").exists()
