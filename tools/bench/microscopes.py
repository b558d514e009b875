"""Do photographs come out of microscopes' files with the right colours, whoever wrote the file?

    python tools/bench/microscopes.py write FOLDER [--python OTHER/bin/python]...
    python tools/bench/microscopes.py check FOLDER

`write` makes small files of one drawn photograph with every writer that is installed, here and in the other
environments that are named: writers want different versions of zarr, so give each an environment of its own, with
NumPy and the writer. A library that has files in FOLDER already does not write them again.
tests/tools/microscopes/files was made so.

`check` standardizes each file, and compares every image of the store with that of the same photograph as PNG. It prints
a table with the writers' versions.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from microscope_writers import by_pylibczirw, by_tiff_writers, by_zarr_writers
from microscope_writers.written import CHANNELS, photograph
from numpy.typing import NDArray

WRITERS = (by_pylibczirw.WRITER, *by_zarr_writers.WRITERS, *by_tiff_writers.WRITERS)
LISTING = "written.json"
NEAR = 6.0  # grey levels a pixel, on average, that JPEG may cost the photograph; blue for red costs 18
LINE = "{:<28} {:<15} {:<12} {}"


def write(folder: Path, others: list[str]) -> None:
    """Writes the files of this environment, then those of the others, and keeps a list of them."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = _listed(folder)
    done = {said["writer"] for said in listed.values()}
    for writer in WRITERS:
        if writer.library in done:
            continue
        try:
            known = version(writer.library)
            made = list(writer.write(folder, photograph()))
        except (PackageNotFoundError, ImportError):
            print(f"{writer.library}: not installed here")
            continue
        print(f"{writer.library} {known}: {len(made)} files")
        listed.update({each.name: {**asdict(each), "writer": writer.library, "version": known} for each in made})
    text = json.dumps(dict(sorted(listed.items())), indent=1, ensure_ascii=False)
    (folder / LISTING).write_text(text + "\n", encoding="utf-8")
    for python in others:
        subprocess.run([python, __file__, "write", str(folder)], check=True)


def check(folder: Path) -> int:
    """Prints a line for each file; returns how many are not as expected."""
    listed = _listed(folder)
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        expected = {kind: _stored(_png(Path(work), kind), Path(work)) for kind in ("same", "third")}
        for name, said in listed.items():
            channel = CHANNELS[-1] if said["expected"] == "third" else ""
            try:
                found = _stored(folder / name, Path(work), channel)
                told = _compared(folder / name, found, expected, said)
            except Exception as problem:  # any failure is a line of the table
                told = f"WRONG: {problem}"
            wrong += told.startswith("WRONG")
            print(LINE.format(name, said["writer"], said["version"], told))
    print(f"{len(listed)} files, {wrong} wrong")
    return wrong


def _listed(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / LISTING
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _png(work: Path, kind: str) -> Path:
    import cv2

    path, picture = work / f"{kind}.png", photograph()
    if kind == "third":
        picture = picture[..., 2:].repeat(3, axis=2)
    cv2.imwrite(str(path), picture[..., ::-1])
    return path


def _stored(source: Path, work: Path, channel: str = "") -> NDArray[np.uint8]:
    """The images of the store that `standardize` makes, uint8 (N, H, W, 3)."""
    from lsl_shared import Store
    from lsl_tools import standardize_images

    target = work / "store.h5"
    standardize_images(source, target, channel=channel, keep_flagged=True, overwrite=True, workers=1)
    with Store(target) as store:
        return store.read(0, len(store))


def _compared(
    path: Path, found: NDArray[np.uint8], expected: dict[str, NDArray[np.uint8]], said: dict[str, Any]
) -> str:
    from lsl_tools.microscopes.read import read_photograph

    if len(found) != said["scenes"]:
        return f"WRONG: {len(found)} scenes, expected {said['scenes']}"
    if said["expected"] == "doubted":
        grey = bool((found == found[..., :1]).all())
        return "a stack of planes, told as doubtful" if grey else "WRONG: colours from a stack of planes"
    if said["expected"] == "near":
        apart = float(np.abs(read_photograph(path).pixels - photograph().astype(int)).mean())
        return f"{'near' if apart < NEAR else 'WRONG'}: {apart:.2f} grey levels apart on average"
    wanted = expected[said["expected"]]
    if np.array_equal(found, np.repeat(wanted, len(found), axis=0)):
        return f"equal, {len(found)} scene(s)"
    return f"WRONG: {np.abs(found.astype(int) - wanted).mean():.2f} grey levels apart on average"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("write", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", action="append", default=[], help="another environment that has writers")
    asked = parser.parse_args()
    if asked.what == "write":
        write(asked.folder, asked.python)
    elif check(asked.folder):
        sys.exit(1)


if __name__ == "__main__":
    main()
