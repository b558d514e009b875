"""The field's own libraries at work on files from anyone: what is missing or goes wrong is told in one sentence."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from lsl_shared.errors import ImageError
from lsl_shared.wording import printable
from lsl_tools.pictures.file_kinds import MICROSCOPE_CURE

__all__ = ["needs", "told_plainly"]

_LOGGERS = ("liffile", "nd2", "tifffile", "zarr")
_MOST = 200  # characters of what a library says


def needs(what: str, library: str, extra: str) -> ImageError:
    """The error where a library is not installed."""
    return ImageError(f"is {what}, which needs {library}: pip install 'lsl-toolkit[{extra}]'")


@contextmanager
def told_plainly(what: str) -> Iterator[None]:
    """Whatever a library raises becomes an ImageError; its warnings and logs are not shown.

    These libraries and their codecs have no common base of errors.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError("does not fit into memory: scale it down") from None
    except Exception as problem:
        said = printable(" ".join(str(problem).split()))[:_MOST]
        told = f"is damaged, or {what} of a kind that cannot be read{f' ({said})' if said else ''}"
        raise ImageError(f"{told}: {MICROSCOPE_CURE}") from None
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
