"""Choices that several modules name."""

from __future__ import annotations

from typing import Literal

__all__ = ["SplitKind"]


SplitKind = Literal["gene", "random", "stored"]
