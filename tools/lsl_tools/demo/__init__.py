"""Synthetic Drosophila ISH embryos with known stage, expression and landmarks."""

from __future__ import annotations

from lsl_tools.demo.dataset import DemoImage, demo_images

__all__ = ["DemoImage", "demo_images"]
