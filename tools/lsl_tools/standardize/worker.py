"""The work on one photograph file, in this process or another: read, standardize, draw a thumbnail."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from lsl_shared.errors import DeviceError, ImageError
from lsl_shared.process.in_order import in_order
from lsl_shared.system_errors import unreadable
from lsl_tools.standardize.photograph import Standardized, standardize_file
from lsl_tools.standardize.sheet.thumbnail import photograph_thumbnail

__all__ = ["Outcome", "outcomes", "process"]

FEW = 8  # photographs that are not worth a second process
AHEAD = 16  # photographs for each worker that may wait to be taken


@dataclass(frozen=True)
class Outcome:
    """A photograph's result, with a thumbnail if it has flags: a JPEG with outline and axis; or why it was not read."""

    result: Standardized | None
    thumbnail: bytes = b""
    problem: str = ""
    remarks: tuple[str, ...] = ()
    """What the user may not expect of how the file was read."""
    pixel_size: tuple[float, float] | None = None
    """Height and width of the photograph's pixels in µm, where its file tells."""


def process(path: Path, size: tuple[int, int], channel: str = "") -> Outcome:
    """Reads and standardizes one photograph. What is wrong with the file comes back as `problem`, never as an error."""
    try:
        photograph, result = standardize_file(path, size, channel)
        thumbnail = photograph_thumbnail(photograph.pixels, result) if result.flags else b""
        return Outcome(result, thumbnail, remarks=photograph.remarks, pixel_size=photograph.pixel_size)
    except OSError as problem:
        return Outcome(None, problem=unreadable(problem))
    except ImageError as problem:
        return Outcome(None, problem=str(problem))
    except MemoryError:
        return Outcome(None, problem="does not fit into memory: scale it down")


def outcomes(paths: Sequence[Path], size: tuple[int, int], workers: int, channel: str = "") -> Iterator[Outcome]:
    """The outcomes in the order of `paths`, worked on by so many processes at once."""
    settings = (size, channel) if channel else (size,)
    if workers < 2 or len(paths) <= FEW:
        yield from (process(path, *settings) for path in paths)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _prepare) as pool:
        try:
            begun = in_order(lambda path: pool.submit(process, path, *settings), paths, lambda: AHEAD * workers)
            yield from (outcome for _, outcome in begun)
        except BrokenProcessPool:
            died = "a worker died, most likely for want of memory; run again with --workers 1"
            raise DeviceError(died) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _prepare() -> None:
    """One thread for each worker; the interrupt is for the process that started them."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
