"""What prediction sets promise."""

from __future__ import annotations

__all__ = ["COVERAGE"]

COVERAGE = 0.9
"""The share of images whose right class is in their set, unless another is asked for."""
