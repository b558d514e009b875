"""Another program that holds an HDF5 file open, as HDFView or a notebook does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path, mode: str, libver: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """Holds a file open in `mode`, until the block ends and the program is killed."""
    code = f"import h5py, sys; f = h5py.File({str(path)!r}, {mode!r}, libver={libver!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield other
        finally:
            other.kill()
