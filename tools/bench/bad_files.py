"""Claim: 200 bad or odd files never end in a traceback, nor are they read, changed or left out without a word.

Each file is put where a user would have it, and every command that reads files of its kind is run on it: `lsl-store`
(`import`, `standardize`, `label`, `info`, `check`, `sheet`, `suggest`, `doctor`), `lsl-annotate`, `lsl-gem`,
`lsl-evaluate`. A run is handled where

- it ends within a minute, with exit code 0, 1 or 3, and without a traceback;
- exit code 1 comes with a line that begins with "error: ", and leaves nothing behind;
- no file is changed that is only read;
- a bad file is named or warned of, and an odd file that is right is read.

The files are made anew by `bad_inputs`; none is kept. The exit code is 1 where a run is not handled.

    python tools/bench/bad_files.py [--every 10] [--kind picture]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bad_inputs import all_files
from bad_inputs.commands import Tried, tried

KINDS = ("picture", "table", "store", "annotations", "model")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what libraries print from C."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def runs(every: int = 1, kinds: tuple[str, ...] = KINDS) -> Iterator[Tried]:
    """All commands on all files of these kinds, or by chance on one of `every`."""
    for file in all_files():
        if file.kind in kinds and zlib.crc32(f"{file.kind} {file.name}".encode()) % every == 0:
            with tempfile.TemporaryDirectory() as folder:
                yield from tried(file, Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="by chance one of so many files")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only files of this kind")
    asked = parser.parse_args()
    with quiet():
        found = list(runs(asked.every, tuple(asked.kind or KINDS)))
    files = Counter({(run.file.kind, run.file.name): 0 for run in found})
    files.update((run.file.kind, run.file.name) for run in found if run.problem)
    for kind in KINDS:
        of_kind = [count for (kind_of, _), count in files.items() if kind_of == kind]
        print(f"{kind}: {of_kind.count(0)} of {len(of_kind)} files handled")
    for run in found:
        if run.problem:
            print(f"NOT HANDLED: {run.file.kind} {run.file.name}: {run.command}: {run.problem}")
    codes = Counter(run.code for run in found)
    told = ", ".join(f"exit code {code} {count:,}" for code, count in sorted(codes.items()))
    handled, right = sum(not run.problem for run in found), sum(count == 0 for count in files.values())
    print(f"all: {right} of {len(files)} files, {handled:,} of {len(found):,} runs handled ({told})")
    sys.exit(handled < len(found))


if __name__ == "__main__":
    main()
