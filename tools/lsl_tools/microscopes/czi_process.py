"""The process that reads CZI files for this one: started when it is first asked, and anew after a file crashed it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from lsl_shared.errors import ImageError

__all__ = ["CziProcess"]

_SECONDS: Final = 120.0
"""A file that takes longer is damaged: libCZI can be led in circles."""


@dataclass
class CziProcess:
    """Asks `lsl_tools.microscopes.czi_library`."""

    command: tuple[str, ...] = (sys.executable, "-m", "lsl_tools.microscopes.czi_library")
    seconds: float = _SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: subprocess.Popen[bytes] | None = None
    _owner: int = 0

    def __post_init__(self) -> None:
        atexit.register(self.stop)

    def ask(self, **asked: object) -> tuple[dict[str, Any], bytes]:
        """The answer and the bytes that belong to it. Raises ImageError, or RuntimeError with what the library said."""
        with self._lock:
            header, pixels = self._answered(json.dumps(asked).encode() + b"\n")
        if header.get("memory"):
            raise ImageError("does not fit into memory: scale it down")
        if "problem" in header:
            raise RuntimeError(header["problem"])
        return header, pixels

    def stop(self) -> None:
        """Ends the process."""
        running, self._running = self._running, None
        if running is not None and self._owner == os.getpid():
            running.kill()
            running.communicate()

    def _answered(self, line: bytes) -> tuple[dict[str, Any], bytes]:
        running = self._started()
        assert running.stdin is not None
        assert running.stdout is not None
        alarm = threading.Timer(self.seconds, running.kill)
        alarm.start()
        try:
            running.stdin.write(line)
            running.stdin.flush()
            header = json.loads(running.stdout.readline())
            pixels = running.stdout.read(header["bytes"])
            if len(pixels) == header["bytes"]:
                return header, pixels
        except (OSError, ValueError):  # it ended before it answered
            pass
        finally:
            alarm.cancel()
        self.stop()
        raise ImageError("is damaged: libCZI gave up on it")

    def _started(self) -> subprocess.Popen[bytes]:
        """The process; a copy of this process (a fork) starts its own."""
        if self._running is None or self._owner != os.getpid():
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
            self._owner = os.getpid()
            self._running = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
        return self._running
