"""Bad and odd files that people and programs make, and the commands that read files of their kind."""

from __future__ import annotations

from collections.abc import Iterator

from bad_inputs.annotations import bad_annotations
from bad_inputs.bad import Bad
from bad_inputs.models import bad_models
from bad_inputs.pictures import bad_pictures
from bad_inputs.stores import bad_stores
from bad_inputs.tables import bad_tables

__all__ = ["all_files"]


def all_files() -> Iterator[Bad]:
    """Pictures, tables, stores, annotations and models. All are small, and none harms a program that reads it."""
    yield from bad_pictures()
    yield from bad_tables()
    yield from bad_stores()
    yield from bad_annotations()
    yield from bad_models()
