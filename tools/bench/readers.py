"""What other programs make of our HDF5 files: which datasets they find, and whether the sums are right.

    python tools/bench/readers.py store.h5 store.annotations.h5 store.gems/gems.h5

Each reader goes through a whole file by itself and sums up every dataset that it finds; the letters of texts are
counted. The truth is h5py's. Annotations are read beside their store, and alone in another folder. Readers that are
absent are left out: `LSL_READERS` names a Python with xarray, netCDF4, h5netcdf, pyfive and PyTables, `NODE_PATH` a
folder with h5wasm and jsfive; Rscript (rhdf5, hdf5r), octave-cli, ncdump, gdalmdiminfo and h5dump are looked for on the
path.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent / "readers"
PYTHON = os.environ.get("LSL_READERS", sys.executable)
NODE = os.environ.get("NODE_PATH", "node_modules")

Found = dict[str, float | None]
"""Key → sum; None where a program lists a dataset, and gives no values."""


def printed(*words: str) -> str:
    """What a program prints. Raises RuntimeError with its last line where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, env={**os.environ, "NODE_PATH": NODE})
    if done.returncode or (not done.stdout and done.stderr):
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(lines[-1].strip()[:90] if lines else f"exit {done.returncode}")
    return done.stdout


def summed(*words: str) -> Callable[[Path], Found]:
    """A reader that prints keys and sums."""

    def read(path: Path) -> Found:
        lines = printed(*words, str(path)).splitlines()
        return {key: float(value) for key, value in (line.split("\t") for line in lines if "\t" in line)}

    return read


def by_ncdump(path: Path) -> Found:
    """The variables that ncdump lists."""
    group, found = "", dict[str, float | None]()
    for line in printed("ncdump", "-h", str(path)).splitlines():
        if named := re.match(r"\s*group: (\w+) \{", line):
            group = f"{named[1]}/"
        elif re.match(r"\s*\} // group", line):
            group = ""
        elif one := re.match(r"\s+(?:ubyte|byte|short|int|float|double|string|char|int64) (\w+)(?:\(.*\))? ;", line):
            found[f"{group}{one[1]}"] = None
    return found


def by_gdal(path: Path) -> Found:
    """The arrays that GDAL's multidimensional tools list."""

    def walk(group: dict, above: str) -> Found:
        found: Found = {f"{above}{name}": None for name in group.get("arrays", {})}
        for name, inner in group.get("groups", {}).items():
            found |= walk(inner, f"{above}{name}/")
        return found

    return walk(json.loads(printed("gdalmdiminfo", str(path))), "")


def by_h5dump(path: Path) -> Found:
    """The datasets that the HDF5 tools list."""
    lines = printed("h5dump", "-n", str(path)).splitlines()
    return {line.split()[1].strip("/"): None for line in lines if line.split()[:1] == ["dataset"]}


def readers() -> dict[str, tuple[list[str], Callable[[Path], Found]]]:
    """Name → the command that shows whether it is there, the reader."""
    python = {"h5py": "h5py", "pyfive": "pyfive", "tables": "PyTables", "netcdf4": "netCDF4",
              "xarray_netcdf4": "xarray, engine netcdf4", "xarray_h5netcdf": "xarray, engine h5netcdf"}  # fmt: skip
    modules = {"xarray_netcdf4": "xarray, netCDF4", "xarray_h5netcdf": "xarray, h5netcdf", "netcdf4": "netCDF4"}
    found: dict[str, tuple[list[str], Callable[[Path], Found]]] = {
        name: ([PYTHON, "-c", f"import {modules.get(key, key)}"], summed(PYTHON, str(HERE / "by_python.py"), key))
        for key, name in python.items()
    }
    for package in ("rhdf5", "hdf5r"):
        probe = ["Rscript", "-e", f"library({package})"]
        found[package] = (probe, summed("Rscript", str(HERE / "by_r.R"), package))
    for package in ("h5wasm", "jsfive"):
        there = ["node", "-e", f"require('fs').accessSync('{NODE}/{package}')"]
        found[package] = (there, summed("node", str(HERE / "by_node.mjs"), package))
    found["Octave"] = (["octave-cli", "--version"], summed("octave-cli", "-q", str(HERE / "by_octave.m")))
    found["ncdump"] = (["which", "ncdump"], by_ncdump)
    found["gdalmdiminfo"] = (["gdalmdiminfo", "--version"], by_gdal)
    found["h5dump"] = (["h5dump", "--version"], by_h5dump)
    return found


def verdict(read: Callable[[Path], Found], path: Path, truth: Found) -> str:
    """One cell of the table."""
    try:
        found = read(path)
    except (RuntimeError, ValueError) as problem:
        return f"fails: {problem}"
    missing = sorted(set(truth) - set(found))
    wrong = sorted(
        key for key, value in truth.items()
        if found.get(key) is not None and not math.isclose(found[key], value, rel_tol=1e-5, abs_tol=1e-6)  # type: ignore[arg-type]
    )  # fmt: skip
    faults = [f"missing {', '.join(missing)}"] if missing else []
    faults += [f"other sums: {', '.join(wrong)}"] if wrong else []
    return "; ".join(faults) or ("right" if None not in found.values() else "all listed")


def main(store: Path, annotations: Path, gems: Path) -> None:
    """Prints the table in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(shutil.copyfile(annotations, Path(folder) / "alone.h5"))
        files = {"store": store, "annotations, store beside": annotations, "annotations alone": alone, "gems": gems}
        truths = {
            name: summed(sys.executable, str(HERE / "by_python.py"), "h5py")(path) for name, path in files.items()
        }
        print("| reader |", " | ".join(files), "|")
        print("|---|" + "---|" * len(files))
        for reader, (probe, read) in readers().items():
            if not shutil.which(probe[0]) or subprocess.run(probe, capture_output=True).returncode:
                print(f"| {reader} | absent |" + " |" * (len(files) - 1), flush=True)
                continue
            cells = [verdict(read, path, truths[name]) for name, path in files.items()]
            print(f"| {reader} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
