"""What became of an image that was to be annotated."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """What became of an image.

    Example:
        >>> from lsl_shared import Annotations, Status
        >>> with Annotations("store.annotations.h5") as annotations:
        ...     int((annotations.status == Status.ANNOTATED).sum())
        55
    """

    ANNOTATED = 1
    """The model gave its answers."""
    FAILED = 2
    """The image could not be read; `errors` tells why."""
    OUTSIDE = 3
    """Known to lie in a coarse class without fine classes: no fine class is given."""
