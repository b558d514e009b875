"""What prediction sets promise."""

from __future__ import annotations

__all__ = ["COVERAGE", "LINE_SPREAD"]

COVERAGE = 0.9
"""The share of images whose right class is in their set, unless another is asked for."""
LINE_SPREAD = 0.16
"""How differently people draw the line between two classes: a standard deviation, in classes; that of demo stores."""
