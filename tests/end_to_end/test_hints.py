"""What the commands tell to type next, and as cures, pasted into a shell in a folder with blanks and quotes."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import lsl_runtime.annotation.cli
import lsl_runtime.evaluation.cli
import lsl_runtime.gem.cli
import lsl_tools.cli
import lsl_trainer.cli
from lsl_shared import Annotations, Store
from lsl_tools.fetching.command import _show
from lsl_tools.fetching.run import FetchReport
from tests.support.bands import write_bundle, write_store
from tests.support.other_program import held

PLACE = """it's a "place" of $HOME & more; (2)"""
FAST = ["--preset", "tiny", "--method", "plain", "--fine-epochs", "1"]
APPS = {
    "lsl-store": lsl_tools.cli.app,
    "lsl-train": lsl_trainer.cli.app,
    "lsl-annotate": lsl_runtime.annotation.cli.app,
    "lsl-gem": lsl_runtime.gem.cli.app,
    "lsl-evaluate": lsl_runtime.evaluation.cli.app,
}
STORE = """my "own" store.h5"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a store, and a model of its newest run."""
    folder = tmp_path / PLACE
    folder.mkdir()
    monkeypatch.chdir(folder)
    write_store(folder / STORE)
    write_bundle(folder / "runs" / "the 1st" / "model")
    return folder


def run(*words: object, code: int | None = 0) -> str:
    """Runs a command by its words; returns all that it says."""
    command, *arguments = map(str, words)
    result = CliRunner().invoke(APPS[command], arguments)
    output: str = result.output
    assert code in (None, result.exit_code), output
    return output


def hinted(output: str) -> str:
    """The only command that is told."""
    after_next = re.findall(r"^next[^:\n]*: (?:.*, then )?(lsl-.*)$", output, re.MULTILINE)
    found = [*after_next, *re.findall(r"`((?:lsl|h5)[a-z0-9]*-?[a-z]* [^`\n]+)`", output)]
    assert len(found) == 1, output
    return str(found[0])


def words(hint: str) -> list[str]:
    """The words that a shell makes of a line that is pasted into it."""
    shell = subprocess.run(["sh", "-c", f"printf '%s\\0' {hint}"], capture_output=True, text=True, check=True)
    return shell.stdout.split("\0")[:-1]


def pasted(hint: str, *more: object) -> str:
    """Runs a hint as the shell understands it."""
    return run(*words(hint), *more)


def test_from_the_demo_to_an_interrupted_training_to_answers(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = hinted(run("lsl-store", "demo", "a demo's.h5", "--images", "40"))
    shutil.rmtree("runs")

    def interrupted(epoch: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("lsl_trainer.runs.train_cli._tell_epoch", interrupted)
        output = run(*words(training), "--out", "a run's folder", *FAST, code=130)
    resuming = re.search(r"interrupted\. (lsl-train .*) goes on after the last whole epoch", output)
    assert resuming, output
    annotating = hinted(pasted(resuming[1]))
    assert words(annotating) == ["lsl-annotate", "a demo's.h5", "--model", "a run's folder/model"]
    pasted(annotating)
    assert len(Annotations("a demo's.annotations.h5")) == 40


def test_labelling(place: Path) -> None:
    pasted(hinted(run("lsl-store", "suggest", STORE, code=1)))
    labelling = hinted(run("lsl-store", "suggest", STORE, "--n", "5"))
    table = Path(words(labelling)[-1])
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["id", "stage"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "stage": row["guess"].lstrip("'=\"").rstrip('"')} for row in rows)
    training = hinted(pasted(labelling))
    assert words(training) == ["lsl-train", STORE, "--fine", "stage", "--coarse", "stage_range"]


def test_annotations_without_features_are_made_again_with_their_own_model(place: Path) -> None:
    write_bundle(place / "an older model", gain=5.0)
    run("lsl-annotate", STORE, "--model", "an older model")
    cure = hinted(run("lsl-store", "suggest", STORE, code=1))
    assert words(cure)[-2:] == ["--model", str(place / "an older model")]
    pasted(cure)
    with Annotations('my "own" store.annotations.h5') as given:
        assert given.has_features


def test_imports(place: Path) -> None:
    Path("my pictures").mkdir()
    for number in range(4):
        cv2.imwrite(f"my pictures/{number}.png", np.full((16, 40, 3), 60 * number, np.uint8))
    Path("my pictures", "the labels.csv").write_text("file,kind\n0.png,a\n1.png,b\n2.png,a\n3.png,b\n")
    told = run("lsl-store", "import", "my pictures", "an import's.h5")
    assert words(hinted(told))[:2] == ["lsl-annotate", "an import's.h5"]
    taking = re.search(r"(--labels .*) takes labels from it", told)
    assert taking, told
    labelled = ["lsl-store", "import", "my pictures", "an import's.h5", "--overwrite", "--task", "kind"]
    training = hinted(run(*labelled, *words(taking[1])))
    assert words(training) == ["lsl-train", "an import's.h5", "--fine", "kind", "--method", "plain"]


def test_an_hdf5_file_of_ones_own(place: Path) -> None:
    with h5py.File("my stack's.h5", "w") as file:
        file["all of them/the images"] = np.zeros((4, 16, 40, 3), np.uint8)
        file["all of them/the labels"] = np.arange(4)
    cure = hinted(run("lsl-annotate", "my stack's.h5", code=1))
    pasted(cure)
    with Store("my stack's.store.h5") as store:
        assert store.tasks["the_labels"].classes == ("0", "1", "2", "3")


def test_standardizing(place: Path) -> None:
    Path("my photographs").mkdir()
    photograph = np.full((200, 300, 3), 230, np.uint8)
    cv2.ellipse(photograph, (150, 100), (110, 50), 0, 0, 360, (120, 130, 140), -1)
    cv2.imwrite("my photographs/0.png", photograph)
    sheet = hinted(run("lsl-store", "standardize", "my photographs", "the embryos'.h5", "--keep-flagged", code=None))
    pasted(sheet)


def test_shards(place: Path) -> None:
    run("lsl-annotate", STORE, "--shard", "1/2", "--out", "the answers'.h5", "--model", "runs/the 1st/model")
    joining = hinted(
        run("lsl-annotate", STORE, "--shard", "2/2", "--out", "the answers'.h5", "--model", "runs/the 1st/model")
    )
    pasted(joining)
    assert len(Annotations("the answers'.h5")) == 60


def test_maps_of_another_store(place: Path) -> None:
    write_store(place / "another's.h5", seed=1)
    run("lsl-annotate", "another's.h5")
    wrong = ["lsl-gem", STORE, "--annotations", "another's.annotations.h5", "--stage", "all", "--no-masked"]
    pasted(hinted(run(*wrong, code=1)))
    run("lsl-gem", STORE, "--stage", "all", "--no-masked")


def test_maps_with_another_model(place: Path) -> None:
    write_bundle(place / "another's model", gain=5.0)
    run("lsl-annotate", STORE)
    mapping = ["lsl-gem", STORE, "--model", "another's model", "--stage", "all", "--no-masked"]
    pasted(hinted(run(*mapping, code=1)))
    run(*mapping)


def test_maps_whose_model_is_gone(place: Path) -> None:
    run("lsl-annotate", STORE)
    Path("runs", "the 1st").rename("runs/the 2nd")
    pasted(hinted(run("lsl-gem", STORE, "--stage", "all", code=1)), "--model", "runs/the 2nd/model")


def test_maps_of_a_stage_that_no_image_has(place: Path) -> None:
    run("lsl-annotate", STORE)
    with Annotations('my "own" store.annotations.h5') as given, h5py.File("without.annotations.h5", "w") as file:
        with h5py.File(given.path) as source:
            file.attrs.update(source.attrs)
            for name in ("status", "id", "error", "stage"):
                source.copy(name, file)
        file["stage/class"][...] = 0
    output = run("lsl-gem", STORE, "--annotations", "without.annotations.h5", "--stage", "9", "--no-masked", code=1)
    pasted(hinted(output))
    assert Path("answers.csv").exists()


def test_photographs_that_were_fetched(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = place / "my photographs" / "labels.csv"
    _show(FetchReport(labels, 1, 0, (), ()), None)
    assert words(hinted(capsys.readouterr().out)) == ["lsl-store", "standardize", str(labels), "store.h5"]


@pytest.mark.parametrize(
    ("breaking", "tool"),
    [
        (lambda path: _contiguous(path), ["h5repack", "-l", "images:CHUNK=60x16x40x3", "-f", "images:GZIP=4"]),
        (lambda path: _filtered(path), ["h5repack", "-f", "GZIP=4"]),
    ],
)
def test_tools_of_hdf5(place: Path, breaking: Callable[[Path], None], tool: Sequence[str]) -> None:
    breaking(Path(STORE))
    typed = words(hinted(run("lsl-store", "info", STORE, code=1)))
    assert typed[: len(tool)] == tool
    assert typed[-2] == STORE
    if shutil.which("h5repack") and "-l" in tool:
        subprocess.run(typed, check=True)
        run("lsl-store", "check", typed[-1])


def test_a_writer_that_was_killed(place: Path) -> None:
    with h5py.File(STORE) as old, h5py.File("the new one's.h5", "w", libver="latest") as new:
        new.attrs.update(old.attrs)
        for name in old:
            old.copy(name, new)
    with held(Path("the new one's.h5"), "r+", "latest"):
        pass
    clearing = words(hinted(run("lsl-store", "info", "the new one's.h5", code=1)))
    assert clearing == ["h5clear", "-s", "the new one's.h5"]
    if shutil.which("h5clear"):
        subprocess.run(clearing, check=True)
        run("lsl-store", "info", "the new one's.h5")


def test_names_that_begin_like_an_option(place: Path) -> None:
    os.rename(STORE, "-s.h5")  # noqa: PTH104, a path of its own would lose nothing
    cure = hinted(run("lsl-store", "suggest", "./-s.h5", code=1))
    pasted(cure)
    assert Path("./-s.annotations.h5").exists()


def _contiguous(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        images = file["images"][...]
        del file["images"]
        file["images"] = images


def _filtered(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        shape = file["images"].shape
        del file["images"]
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        created.set_chunk(shape)
        created.set_filter(511, h5py.h5z.FLAG_OPTIONAL, ())
        dataset = h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, h5py.h5s.create_simple(shape), created)
        dataset.write_direct_chunk((0, 0, 0, 0), bytes(100), 0)
