from __future__ import annotations

import threading
import time
from typing import cast

import pytest

from lsl_runtime.annotation.part_writer import PartWriter
from lsl_runtime.annotation.parts import Part, PartFiles


class Files:
    """Part files on a slow disk, or on one that fails."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem, self.written, self.gate = problem, list[range](), threading.Event()

    def write(self, partition: range, part: Part) -> None:
        self.gate.wait(10)
        if self.problem:
            raise self.problem
        self.written.append(partition)


def _writer(files: Files) -> PartWriter:
    return PartWriter(cast(PartFiles, files))


def test_at_most_two_parts_wait_and_all_are_written() -> None:
    files, part = Files(), Part({}, [])
    with _writer(files) as writer:
        writer.put(range(1), part)
        writer.put(range(1, 2), part)
        threading.Timer(0.3, files.gate.set).start()
        began = time.monotonic()
        writer.put(range(2, 3), part)
        assert time.monotonic() - began > 0.2
    assert files.written == [range(1), range(1, 2), range(2, 3)]


def test_failed_write_is_raised() -> None:
    files = Files(OSError(28, "No space left on device"))
    files.gate.set()
    with pytest.raises(OSError, match="No space"), _writer(files) as writer:
        writer.put(range(1), Part({}, []))


def test_what_waits_is_written_when_the_run_is_ended() -> None:
    files = Files()
    threading.Timer(0.1, files.gate.set).start()
    with pytest.raises(KeyboardInterrupt), _writer(files) as writer:
        writer.put(range(1), Part({}, []))
        raise KeyboardInterrupt
    assert files.written == [range(1)]
