"""The annotated store of the tests of genes."""

from __future__ import annotations

from tests.runtime.genes.conftest import annotated, annotated_once

__all__ = ["annotated", "annotated_once"]
