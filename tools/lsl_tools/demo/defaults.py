"""What a demo store has unless the user asks for more or less; the command tells these numbers in its help."""

from __future__ import annotations

from typing import Final

__all__ = ["DEMO_FINE_FRACTION", "DEMO_IMAGES"]

DEMO_IMAGES: Final = 1400
DEMO_FINE_FRACTION: Final = 0.27
"""The part of the images that carry the fine label, the stage."""
