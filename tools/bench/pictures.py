"""Claim: what `lsl-store import` stores equals the pixels that were written, or the picture is refused.

Pictures of tifffile, OpenCV, Pillow, libvips and files put together by hand, in every combination of bit depth,
photometric interpretation, layout of planes, packing, order of bytes, predictor, tiles and orientation that they offer,
are imported, and the store is compared with the truth:

- Lossless ways: with the array that was written, scaled to 8 bits and turned by the formulas of the standards.
- Lossy ways, and where a program changes values while it writes: with what that program, or Pillow, reads itself.
  Differences of up to 3 of 255 pass there, which are those of two JPEG decoders; 25 for JPEG by OpenCV, and 40 for
  JPEG in TIFF by OpenCV, where the truth is what was written.
- CMYK: the formula of ideal inks. Alpha: on white.

The exit code is 1 where a picture is wrong.

    python tools/bench/pictures.py [--every 10] [--writer tifffile]
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
from picture_grid import WRITERS
from picture_grid.compare import compare


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what the programs print about combinations that they do not offer, which comes from C."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="by chance one of so many")
    parser.add_argument("--writer", choices=WRITERS, action="append", help="only this one")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    wrong = equal = refused = 0
    for writer in asked.writer or WRITERS:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "pictures").mkdir()
            try:
                with quiet():
                    tally = compare(writer, Path(folder) / "pictures", asked.every)
            except ImportError as problem:
                print(f"{writer}: not installed ({problem.name})")
                continue
        count, seconds = sum(tally.refused.values()), time.monotonic() - started
        print(f"{writer}: {tally.equal:,} equal, {count:,} refused, {len(tally.wrong):,} wrong ({seconds:.0f} s)")
        for reason, times in tally.refused.most_common():
            print(f"  refused {times:,}: {reason}")
        for name in tally.wrong[:20]:
            print(f"  WRONG: {name}")
        wrong, equal, refused = wrong + len(tally.wrong), equal + tally.equal, refused + count
    print(f"all: {equal:,} equal, {refused:,} refused, {wrong:,} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
