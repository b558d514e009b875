"""Which images to label next, found in a process of its own: it takes much memory for a while, and the page goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock, Thread

import numpy as np
from numpy.typing import NDArray

__all__ = ["Suggesting", "suggested_rows"]

_MOST = 400
_CODE = "from lsl_tools.review.suggesting import _told; _told()"


class Suggesting:
    """The rows to label next; None until they are known."""

    def __init__(self) -> None:
        self._lock, self._asked = Lock(), 0
        self._process: subprocess.Popen[str] | None = None
        self.rows: NDArray[np.int64] | None = None
        self.busy = False

    def begin(self, store: Path, annotations: Path, task: str) -> None:
        """Begins to find them out; what was asked before no longer counts."""
        with self._lock:
            self._asked += 1
            self.rows, self.busy = None, True
            self._end()
            command = [sys.executable, "-c", _CODE, str(store), str(annotations), task]
            settings = {**os.environ, "OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=settings
            )
            Thread(target=self._wait, args=(self._process, self._asked), daemon=True).start()

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _wait(self, process: subprocess.Popen[str], asked: int) -> None:
        told, _ = process.communicate()
        with self._lock:
            if asked == self._asked:
                self.busy = False
                if process.returncode == 0:
                    self.rows = np.array(json.loads(told), np.int64)


def suggested_rows(store: Path, annotations: Path, task: str) -> list[int]:
    """The rows to label next, the most useful first. Raises LslError where none can be suggested."""
    from lsl_tools.labelling.suggest import suggest

    return [one.row for one in suggest(store, _MOST, annotations=annotations, task=task)]


def _told() -> None:
    """What the process does: three arguments in, a JSON list out."""
    if hasattr(os, "nice"):
        os.nice(10)  # the page comes first
    store, annotations, task = sys.argv[1:4]
    sys.stdout.write(json.dumps(suggested_rows(Path(store), Path(annotations), task)))
