"""Files that cannot be used as they are, given to every command that reads them: told, and nothing is written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import lsl_runtime.annotation.cli
import lsl_runtime.evaluation.cli
import lsl_runtime.gem.cli
import lsl_tools.cli
import lsl_trainer.cli
import lsl_trainer.comparing.cli
from lsl_runtime import Model, annotate
from tests.support.bands import write_bundle, write_store
from tests.support.other_program import held

APPS = {
    "lsl-store": lsl_tools.cli.app,
    "lsl-train": lsl_trainer.cli.app,
    "lsl-compare": lsl_trainer.comparing.cli.app,
    "lsl-annotate": lsl_runtime.annotation.cli.app,
    "lsl-gem": lsl_runtime.gem.cli.app,
    "lsl-evaluate": lsl_runtime.evaluation.cli.app,
}
OF_A_STORE = (
    "lsl-store info store.h5",
    "lsl-store check store.h5",
    "lsl-store suggest store.h5",
    "lsl-store label store.h5 labels.csv",
    "lsl-store sheet store.h5",
    "lsl-train store.h5 --out run",
    "lsl-compare store.h5 --out comparison",
    "lsl-annotate store.h5 --restart",
    "lsl-annotate store.h5 --shard 1/2",
    "lsl-annotate store.h5 --join",
    "lsl-gem store.h5 --stage 4 --no-masked",
    "lsl-evaluate store.h5 --all",
)
OF_ANNOTATIONS = (
    "lsl-store suggest store.h5",
    "lsl-annotate store.h5",
    "lsl-annotate store.h5 --restart",
    "lsl-gem store.h5 --stage 4 --no-masked",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    store = write_store(folder / "store.h5")
    annotate(store, Model.load(write_bundle(folder / "runs" / "1" / "model")), features=True)
    (folder / "labels.csv").write_text("id,stage\nimage00000,4\n")
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(made, tmp_path / "place"))
    monkeypatch.chdir(folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(place: Path, line: str) -> str:
    """What a command says that fails and leaves everything as it was."""
    before = contents(place)
    command, *words = line.split()
    result = CliRunner().invoke(APPS[command], words)
    assert result.exit_code == 1, result.output
    assert contents(place) == before
    error = str(result.output).strip().splitlines()[-1]
    assert error.startswith("error: ")
    return error


@pytest.mark.parametrize("line", OF_A_STORE)
def test_a_store_that_another_program_writes(place: Path, line: str) -> None:
    with held(place / "store.h5", "r+"):
        told = refused(place, line)
    assert "store.h5: is open in another program" in told
    assert "damaged" not in told
    assert "make it again" not in told


@pytest.mark.parametrize("line", OF_ANNOTATIONS)
def test_annotations_that_another_program_writes(place: Path, line: str) -> None:
    with held(place / "store.annotations.h5", "r+"):
        told = refused(place, line)
    assert told.startswith("error: store.annotations.h5: is open in another program")
    assert "damaged" not in told


@pytest.mark.parametrize("target", ["store.h5", "store.annotations.h5"])
def test_files_that_another_program_reads_are_no_obstacle(place: Path, target: str) -> None:
    with held(place / target, "r"):
        labelling = "lsl-store label store.h5 labels.csv --contradict"
        for line in (*OF_ANNOTATIONS[1:], labelling, "lsl-evaluate store.h5 --all"):
            command, *words = line.split()
            result = CliRunner().invoke(APPS[command], words)
            assert result.exit_code == 0, result.output


def test_maps_that_another_program_writes(place: Path) -> None:
    mapping = "lsl-gem store.h5 --stage 4 --no-masked"
    assert CliRunner().invoke(APPS["lsl-gem"], mapping.split()[1:]).exit_code == 0
    with held(place / "store.gems" / "gems.h5", "r+"):
        told = refused(place, mapping)
    assert told.startswith("error: store.gems/gems.h5: is open in another program")


def filtered(path: Path, key: str) -> None:
    """Compresses a dataset with a filter that nobody has."""
    with h5py.File(path, "r+") as file:
        values, attributes = file[key][...], dict(file[key].attrs)
        del file[key]
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        created.set_chunk(values.shape)
        created.set_filter(511, h5py.h5z.FLAG_OPTIONAL, ())
        kind = h5py.h5t.py_create(values.dtype)
        dataset = h5py.h5d.create(file.id, key.encode(), kind, h5py.h5s.create_simple(values.shape), created)
        dataset.write_direct_chunk((0,) * values.ndim, bytes(100), 0)
        file[key].attrs.update(attributes)


@pytest.mark.parametrize("line", OF_A_STORE)
@pytest.mark.parametrize("key", ["images", "labels/stage"])
def test_a_filter_that_is_not_installed(place: Path, line: str, key: str) -> None:
    filtered(place / "store.h5", key)
    told = refused(place, line)
    assert f"store.h5: {key}: is compressed with an unknown filter (filter 511)" in told
    assert re.search(r"`h5repack -f GZIP=4 (\S*)store\.h5 \1store\.gzip\.h5`", told)


@pytest.mark.parametrize("line", OF_A_STORE)
def test_a_file_of_ones_own(place: Path, line: str) -> None:
    with h5py.File(place / "store.h5", "w") as file:
        file["images"] = np.zeros((4, 16, 40, 3), np.uint8)
    told = refused(place, line)
    assert re.search(r"`lsl-store import (\S*)store\.h5 \1store\.store\.h5 --images images`", told)
