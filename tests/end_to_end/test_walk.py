"""The whole walk by the commands themselves, each in its own process, in an empty folder."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared import Annotations, Status, Store
from tests.support.pictures import decoded
from tests.support.places import ROOT

DATA = ROOT.parent / "shared" / "data"
FAST = ["--coarse-epochs", "3", "--fine-epochs", "4", "--feature-epochs", "1", "--preset", "tiny"]
WITHOUT_TORCH = "import sys; sys.modules['torch'] = sys.modules['lsl_trainer'] = None; sys.argv = sys.argv[1:]\n"
MAIN = {
    "lsl-store": "lsl_tools.cli", "lsl-train": "lsl_trainer.cli", "lsl-annotate": "lsl_runtime.annotation.cli",
    "lsl-gem": "lsl_runtime.gem.cli", "lsl-evaluate": "lsl_runtime.evaluation.cli",
}  # fmt: skip


def run(folder: Path, command: str, *arguments: str | Path, code: int = 0) -> str:
    """Runs a command; all but lsl-train where torch and lsl_trainer cannot be imported."""
    blocked = "" if command == "lsl-train" else WITHOUT_TORCH
    program = f"import sys\n{blocked or 'sys.argv = sys.argv[1:]'}\nfrom {MAIN[command]} import main; main()"
    called = [sys.executable, "-W", "error", "-c", program, command, *map(str, arguments)]
    done = subprocess.run(called, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the four commands ran."""
    folder = tmp_path_factory.mktemp("walk")
    run(folder, "lsl-store", "demo", "--images", "240", "--fine-fraction", "0.6")
    before = (folder / "store.h5").read_bytes()
    run(folder, "lsl-train", *FAST)
    run(folder, "lsl-annotate", "store.h5", "--csv", "answers.csv")
    assert (folder / "store.h5").read_bytes() == before, "no command but lsl-store writes to a store"
    return folder


def commonest_stage(folder: Path) -> str:
    with Annotations(folder / "store.annotations.h5") as given:
        classes = given.class_index("stage")
        return given.tasks["stage"][np.bincount(classes[classes >= 0]).argmax()]


def test_every_image_is_annotated_and_the_table_says_the_same(walked: Path) -> None:
    with Store(walked / "store.h5") as store, Annotations(walked / "store.annotations.h5") as given:
        early = store.labels("stage_range") == 0
        assert np.array_equal(given.status == Status.OUTSIDE, early)
        assert np.array_equal(given.class_index("stage") == -1, early)
        chances = given.probabilities("stage")[~early]
        names = [given.tasks["stage"][k] if k >= 0 else "" for k in given.class_index("stage")]
    assert np.allclose(chances.sum(1), 1, atol=1e-5)
    with (walked / "answers.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["stage"] for row in rows] == names


def test_a_gem_and_a_masked_gem_are_mapped_and_drawn(walked: Path) -> None:
    stage = commonest_stage(walked)
    run(walked, "lsl-gem", "--stage", stage)
    with h5py.File(walked / "store.gems" / "gems.h5") as file:
        gem, masked = (file[f"stage_{stage}/{name}"][...] for name in ("gem", "masked_gem"))
    assert gem.shape == masked.shape == (128, 320)
    assert masked.min() >= 0
    assert (masked <= gem + 1e-6).all()
    assert gem.max() > 0.02
    assert gem[:3].mean() < 0.2 * gem.mean(), "the ground above the embryo is empty"
    picture = decoded(walked / "store.gems" / f"stage-{stage}.png")
    assert min(picture.shape[:2]) > 400


def test_evaluating_takes_the_unseen_genes(walked: Path) -> None:
    run(walked, "lsl-evaluate", "store.h5", "--json", "scores.json")
    scores = json.loads((walked / "scores.json").read_text())
    (bundle,) = walked.glob("runs/*/model")
    with (bundle / "split.csv").open() as stream:
        test = {row["id"] for row in csv.DictReader(stream) if row["part"] == "test"}
    with Store(walked / "store.h5") as store:
        unseen = np.array([name in test for name in store.ids])
        counted = (store.truth("stage") >= 0) & (store.labels("stage_range") > 0)
        assert scores["truth"]["n_images"] == counted[unseen].sum()
        seen_genes = set(store.genes[~unseen])
        assert not seen_genes & set(store.genes[unseen])


def test_the_example_embeds_the_runtime(walked: Path) -> None:
    (bundle,) = walked.glob("runs/*/model")
    called = [sys.executable, str(ROOT / "examples" / "embed.py"), str(bundle), str(walked / "store.h5")]
    done = subprocess.run(called, capture_output=True, text=True, check=True)
    assert done.stdout.count("looks at") == 8


def test_annotating_again_finds_everything_done(walked: Path) -> None:
    before = (walked / "store.annotations.h5").read_bytes()
    assert "taken over from an earlier run" in run(walked, "lsl-annotate", "store.h5")
    assert (walked / "store.annotations.h5").read_bytes() == before


def test_each_command_says_which_one_comes_before_it(tmp_path: Path) -> None:
    assert "lsl-store demo" in failing(tmp_path, "lsl-train")
    run(tmp_path, "lsl-store", "demo", "--images", "20")
    assert "lsl-train" in failing(tmp_path, "lsl-annotate")
    assert "lsl-annotate" in failing(tmp_path, "lsl-gem", "--stage", "9")


def failing(folder: Path, command: str, *arguments: str) -> str:
    program = f"import sys; sys.argv = sys.argv[1:]\nfrom {MAIN[command]} import main; main()"
    called = [sys.executable, "-c", program, command, *arguments]
    done = subprocess.run(called, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") <= 2
    return done.stderr


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real images in {DATA}")
def test_real_embryos_go_the_whole_way(tmp_path: Path) -> None:
    run(tmp_path, "lsl-store", "import", DATA / "flyexpress", "store.h5")
    run(tmp_path, "lsl-train", "--fine", "stage_range", "--method", "plain", "--preset", "tiny", "--fine-epochs", "2")
    run(tmp_path, "lsl-annotate", "--saliency")
    with Annotations(tmp_path / "store.annotations.h5") as given:
        assert len(given) == 165
        assert (given.status == Status.ANNOTATED).all()
        stage = given.tasks["stage_range"][np.bincount(given.class_index("stage_range")).argmax()]
    run(tmp_path, "lsl-gem", "--stage", stage)
    assert decoded(tmp_path / "store.gems" / f"stage_range-{stage}.png").std() > 10  # maps, not an empty page
