from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lsl_trainer.cli import app
from lsl_trainer.settings.device import best_device

FAST = ["--coarse-epochs", "1", "--fine-epochs", "1", "--feature-epochs", "1", "--preset", "tiny", "--batch-size", "32"]


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_it_trains_and_says_what_comes_next(store: Path, tmp_path: Path) -> None:
    result = invoke(store, "--out", tmp_path / "run", *FAST)
    assert result.exit_code == 0, result.output
    assert "preset tiny, method feature-level" in result.output
    assert "this will take about" in result.output
    assert "next: lsl-annotate" in result.output
    assert (tmp_path / "run" / "model" / "manifest.json").exists()


def bad_stores(folder: Path, store: Path) -> list[Path]:
    whole = store.read_bytes()
    (folder / "text.h5").write_text("not a store")
    (folder / "empty.h5").write_bytes(b"")
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (folder / "folder").mkdir()
    with h5py.File(folder / "foreign.h5", "w") as file:
        file["data"] = np.zeros(3)
    return [folder / name for name in ("text.h5", "empty.h5", "cut.h5", "folder", "foreign.h5", "missing.h5")]


def test_what_is_not_a_store_is_told_in_two_lines(store: Path, tmp_path: Path) -> None:
    for path in bad_stores(tmp_path, store):
        result = invoke(path, "--out", tmp_path / "run")
        assert result.exit_code == 1, path
        assert result.output.startswith("error: ")
        assert result.output.count("\n") <= 2
        assert path.name in result.output
        assert "Traceback" not in result.output
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fine", "colour"], "labels/colour: no such task; the store has: side, corner"),
        (["--fine", "side"], "task 'side' has no coarse task: use --method plain"),
        (["--batch-size", "1"], "--batch-size must be at least 2, received 1"),
        (["--split", "stored"], "have no part; use --split gene"),
    ],
)
def test_settings_that_do_not_fit_are_told(store: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    result = invoke(store, "--preset", "tiny", "--out", tmp_path / "run", *arguments)
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "run").exists()


def test_an_unknown_option_is_the_parsers_own_error() -> None:
    assert invoke("--colour").exit_code == 2


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    """In a process where torch cannot be found, as on a machine without the train extra."""
    program = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
        "sys.modules['torch'] = None; sys.argv = ['lsl-train']\n"
        "from lsl_trainer.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: training needs torch: pip install 'lsl-toolkit[train]'\n"


def test_a_config_without_a_preset_goes_over_the_usual_one_and_the_run_is_named_by_the_time(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('method = "plain"\nfine_epochs = 1\nbatch_size = 32\n')
    result = invoke(store, "--config", tmp_path / "mine.toml")
    assert result.exit_code == 0, result.output
    assert f"preset {'paper' if best_device().type == 'cuda' else 'tiny'}, method plain" in result.output
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / "report.html").exists() and re.fullmatch(r"\d{8}-\d{6}", run.name)
