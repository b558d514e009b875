"""The examples on an atlas: real genes of the virtual embryo, drawn as photographs, go through store, annotations and
atlas, and squidpy ranks them as it ranks the cells that they were drawn from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_runtime import Model, annotate, build_atlas, build_gems, write_gems, write_h5ad
from lsl_shared import StoreWriter
from tests.support.bands import write_bundle
from tests.support.places import ROOT

EMBRYO = ROOT.parent / "shared" / "data" / "bdtnp-virtual-embryo"
PYTHON = os.environ.get("LSL_READERS", sys.executable)
HEIGHT, WIDTH = 48, 120


def photograph(stain: NDArray[np.floating], inside: NDArray[np.bool_], generator: np.random.Generator) -> np.ndarray:
    """Blue stain 0..1 (H, W) on tan tissue, on white ground, uint8 (H, W, 3)."""
    depth = stain[..., None] * np.array([1.1, 0.8, 0.35]) + np.array([0.18, 0.22, 0.3])
    light = np.where(inside[..., None], 10.0**-depth, 1.0) * generator.normal(1, 0.01, (*inside.shape, 1))
    return np.clip(light * 245, 0, 255).astype(np.uint8)


def drawn(store: Path) -> None:
    """Two photographs of each gene, their stain the mean of the nearest cells, seen from the side."""
    genes = (EMBRYO / "novosparc_bdtnp_dge.txt").read_text().splitlines()
    names, cells = genes[0].split("\t"), np.array([line.split("\t")[-84:] for line in genes[1:]], float)
    places = np.loadtxt(EMBRYO / "novosparc_bdtnp_geometry.txt", skiprows=1)[: len(cells)][:, [0, 2]]
    x, z = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(1, -1, HEIGHT))  # dorsal side up
    inside = (x / 0.95) ** 2 + (z / 0.92) ** 2 <= 1
    unit = (places - places.mean(0)) / (np.ptp(places, axis=0) / 2) * [0.95, 0.92]
    distance = ((np.stack([x, z], -1)[:, :, None] - unit) ** 2).sum(-1)  # (H, W, cells)
    nearest = np.argsort(distance, axis=-1)[..., :6]
    generator = np.random.default_rng(0)
    with StoreWriter(store, HEIGHT, WIDTH) as writer:
        for place, gene in enumerate(names):
            stain = cells[:, place][nearest].mean(-1) * inside
            for copy in range(2):
                writer.append(photograph(stain, inside, generator), id=f"{gene}-{copy}", gene=gene, view="lateral")


def needs(library: str) -> None:
    """Skips where the Python for the examples lacks a library, or this one lacks anndata."""
    pytest.importorskip("anndata")
    if subprocess.run([PYTHON, "-c", f"import {library}"], capture_output=True).returncode:
        pytest.skip(f"needs {library}; LSL_READERS names a Python that has it")


def annotated(folder: Path) -> Path:
    """The store of the drawn photographs, all given stage 5."""
    drawn(folder / "store.h5")
    bundle = write_bundle(folder / "model", size=(HEIGHT, WIDTH), classes=("5",), parent_index=(1,))
    annotate(folder / "store.h5", Model.load(bundle, "cpu"))
    write_h5ad(folder / "atlas.h5ad", build_atlas(folder / "store.h5"))
    return folder / "store.h5"


GEM = "from lsl_runtime.gem.cli import main; main()"
READ = """
import anndata, h5py, numpy, spatialdata
whole = spatialdata.read_zarr("atlas.zarr")
with h5py.File("maps/gems.h5") as file:
    for channel, key in enumerate(("gem", "embryo")):
        assert (whole["map_5"].values[channel] == file["stage_5"][key][...]).all()
assert numpy.array_equal(whole["genes"].X, anndata.read_h5ad("atlas.h5ad").X)
seen = [spatialdata.get_extent(whole[name], coordinate_system="5")["x"] for name in ("map_5", "photograph_5")]
assert seen[0] == seen[1] and abs(seen[0][0] + 2.5) < 4 and abs(seen[0][1] - 102.5) < 4
print("equal")
"""


@pytest.mark.skipif(not EMBRYO.exists(), reason="needs ../shared/data/bdtnp-virtual-embryo")
def test_spatialdata_holds_maps_and_genes(tmp_path: Path) -> None:
    needs("spatialdata, onnxruntime, cv2, typer")
    write_gems(tmp_path / "maps", build_gems(annotated(tmp_path), ["5"], masked=False))
    ours = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("shared", "runtime"))}

    def run(*words: str) -> str:
        done = subprocess.run([PYTHON, *words], cwd=tmp_path, env=ours, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "→ atlas.zarr" in run("-c", GEM, "store.h5", "--spatialdata", "atlas.zarr")
    assert not list(tmp_path.glob(".atlas*"))
    assert run("-W", "error", "-c", READ).strip() == "equal"
    told = run(str(ROOT / "examples" / "atlas_spatialdata.py"), "atlas.zarr", "5", "85", "100", "posterior.png")
    assert "  fkh: " in told and (tmp_path / "posterior.png").exists(), told


@pytest.mark.skipif(not EMBRYO.exists(), reason="needs ../shared/data/bdtnp-virtual-embryo")
def test_morans_i_of_real_patterns(tmp_path: Path) -> None:
    needs("squidpy")
    annotated(tmp_path)
    words = [PYTHON, str(ROOT / "examples" / "atlas_squidpy.py"), "atlas.h5ad", "5", "moran.png", str(EMBRYO)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and (tmp_path / "moran.png").exists(), done.stderr
    found = re.search(r"rank correlation with the virtual embryo, (\d+) genes: ([\d.-]+)", done.stdout)
    assert found and int(found[1]) > 75 and float(found[2]) > 0.5, done.stdout


@pytest.mark.skipif(not EMBRYO.exists(), reason="needs ../shared/data/bdtnp-virtual-embryo")
def test_novosparc_places_cells_on_the_atlas(tmp_path: Path) -> None:
    needs("novosparc")
    annotated(tmp_path)
    cells, geometry = (str(EMBRYO / f"novosparc_bdtnp_{name}.txt") for name in ("dge", "geometry"))
    words = [PYTHON, str(ROOT / "examples" / "atlas_novosparc.py"), "atlas.h5ad", "5", cells, geometry, "places.png"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and (tmp_path / "places.png").exists(), done.stderr
    found = [[float(one) for one in pair] for pair in re.findall(r"lie ([\d.]+) % .* ([\d.]+) % where", done.stdout)]
    assert len(found) == 2 and all(error < chance / 2 for error, chance in found), done.stdout
