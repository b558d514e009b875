"""The passages of docs/reading.md and the examples beside it give what the toolkit gives, each in its own program.

A program that is not installed is passed over. `LSL_READERS` may name a Python that has the libraries of the Python
passages, and `NODE_PATH` the folder of Node's packages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate, build_atlas, build_gems, write_csv, write_gems, write_h5ad, write_parquet
from lsl_shared import Annotations, Store
from tests.docs.markdown_pages import Block, Page
from tests.support.bands import write_bundle, write_store
from tests.support.places import ROOT

PAGE = Page(ROOT / "docs" / "reading.md")
PYTHON = os.environ.get("LSL_READERS", sys.executable)
NODE_MODULES = Path(os.environ.get("NODE_PATH", "node_modules"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store, annotations with all that they can hold, tables and maps; no store lies beside the annotations."""
    folder = tmp_path_factory.mktemp("reading")
    store = folder / "elsewhere" / "store.h5"
    store.parent.mkdir()
    write_store(store)
    model = Model.load(write_bundle(folder / "model"), "cpu")
    annotations = annotate(store, model, saliency=True, features=True, out=folder / "store.annotations.h5").path
    write_csv(annotations, store, folder / "answers.csv")
    write_gems(folder / "store.gems", build_gems(store, ["4", "9"], annotations=annotations))
    return folder


@pytest.fixture(scope="module")
def known(folder: Path) -> dict[str, float]:
    """What the toolkit says."""
    with Annotations(folder / "store.annotations.h5") as given:
        nine = given.tasks["stage"].index("9")
        return {
            "given stage 9": float((given.class_index("stage") == nine).sum()),
            "mean saliency": float(given.saliency(0, len(given)).astype(float).mean()),
            "possible": float(given.prediction_set("stage")[0].sum()),
        }


def run(words: list[str], folder: Path) -> str:
    """What a program prints."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def needs(program: str, probe: list[str]) -> str:
    """The program. Skips where it, or a library of it that `probe` loads, is absent."""
    found = shutil.which(program)
    if found is None or subprocess.run([found, *probe], capture_output=True).returncode:
        pytest.skip(f"needs {program} {' '.join(probe)}")
    return found


def started(block: Block, folder: Path) -> list[str]:
    """The command that runs a passage."""
    libraries = re.findall(r"^(?:library\(|import )(\w+)|from \"(\w+)", block.code, re.MULTILINE)
    names = [first or second for first, second in libraries if (first or second) != "node"]
    if block.language == "r":
        rscript = needs("Rscript", ["-e", f"library({names[0]})"])
        return [rscript, "-e", block.code]
    if block.language == "python":
        return [needs(PYTHON, ["-c", f"import {', '.join(names)}"]), "-c", block.code]
    if block.language == "js":
        package = re.findall(r'from "(\w+)', block.code)[0]
        if not (NODE_MODULES / package).exists():
            pytest.skip(f"needs the Node package {package}")
        (folder / "passage.mjs").write_text(block.code)
        link = folder / "node_modules"  # modules are looked for beside the script
        if not link.exists():
            link.symlink_to(NODE_MODULES.resolve())
        return [needs("node", ["--version"]), "passage.mjs"]
    if block.language == "octave":
        return [needs("octave-cli", ["--version"]), "--eval", block.code]
    return [needs(PYTHON, ["-c", "import duckdb"]), "-c", DUCKDB.format(code=block.code)]


DUCKDB = """
import duckdb
for query in '''{code}'''.split(";")[:-1]:
    print(*duckdb.connect().execute(query).fetchall()[0])
"""

PASSAGES = list(PAGE.blocks("r", "python", "js", "octave", "sql"))


def test_there_is_a_passage_for_each_program() -> None:
    assert len(PASSAGES) == 10


@pytest.mark.parametrize("block", PASSAGES, ids=lambda block: f"{block.language}-{block.line}")
def test_a_passage_prints_what_the_toolkit_says(block: Block, folder: Path, known: dict[str, float]) -> None:
    if block.language == "sql":
        pytest.importorskip("pyarrow")
        write_parquet(folder / "store.annotations.h5", folder / "elsewhere" / "store.h5", folder / "answers.parquet")
    printed = run(started(block, folder), folder)
    found = {name: float(value) for name, value in re.findall(r"^([a-z 9]+): ([-\d.e]+)", printed, re.MULTILINE)}
    assert set(found) == set(re.findall(r"given stage 9|mean saliency|possible", block.code)), printed
    assert found == {name: pytest.approx(known[name], rel=1e-4) for name in found}


def example(program: list[str], folder: Path, *more: str) -> list[str]:
    """The lines that an example prints."""
    files = ["elsewhere/store.h5", "store.annotations.h5", "store.gems/gems.h5", *more]
    return run([*program, *files], folder).splitlines()


def test_the_python_example_says_what_the_toolkit_says(folder: Path, known: dict[str, float]) -> None:
    lines = example([sys.executable, str(ROOT / "examples" / "read.py")], folder)
    assert f"given stage 9: {known['given stage 9']:.0f}" in lines
    assert f"mean saliency: {known['mean saliency']:.4e}" in lines
    with Store(folder / "elsewhere" / "store.h5") as store:
        assert lines[0] == f"images: {len(store)} of {store.shape[1]} x {store.shape[2]}"
    assert [line.split(":")[0] for line in lines[-2:]] == ["map of 4", "map of 9"]


@pytest.mark.parametrize("library", ["rhdf5", "hdf5r"])
def test_the_example_in_r_equals_that_in_python(library: str, folder: Path) -> None:
    rscript = needs("Rscript", ["-e", f"library({library})"])
    code = (ROOT / "examples" / "read.R").read_text()
    (folder / "read.R").write_text(code if library == "rhdf5" else code.replace('"rhdf5", quietly', '"none", quietly'))
    python = example([sys.executable, str(ROOT / "examples" / "read.py")], folder)
    assert example([rscript, "read.R"], folder) == python and len(python) > 10


@pytest.mark.parametrize("library", ["rhdf5", "hdf5r"])
def test_the_atlas_in_r_equals_that_in_python(library: str, folder: Path) -> None:
    rscript = needs("Rscript", ["-e", f"library({library})"])
    pytest.importorskip("anndata")
    atlas = build_atlas(folder / "elsewhere" / "store.h5", annotations=folder / "store.annotations.h5", rows=8)
    write_h5ad(folder / "atlas.h5ad", atlas)
    code = (ROOT / "examples" / "read.R").read_text()
    (folder / "read.R").write_text(code if library == "rhdf5" else code.replace('"rhdf5", quietly', '"none", quietly'))
    python = example([sys.executable, str(ROOT / "examples" / "read.py")], folder, "atlas.h5ad")
    assert example([rscript, "read.R"], folder, "atlas.h5ad") == python
    told = [line for line in python if line.startswith("atlas of")]
    assert told[0].startswith(f"atlas of 4: {(atlas.n_images[0] > 0).sum()} genes at {atlas.inside.sum()} places")
    assert len(told) == 4
