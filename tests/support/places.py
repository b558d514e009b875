"""Where the checkout lies, and third-party data beside it, which may be absent."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DATA", "ROOT"]

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
