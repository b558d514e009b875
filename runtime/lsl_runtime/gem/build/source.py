"""What maps are made from: a store, its annotations, and the model that computes saliency which is not stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lsl_runtime.model.model import Model
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.repacked import check_same_images
from lsl_shared.files.store import Store
from lsl_shared.wording import command_line

__all__ = ["Source", "check_source", "open_source"]


@dataclass(frozen=True)
class Source:
    """An open store and its open annotations."""

    store: Store
    annotations: Annotations
    model: Model | None = None
    """None: the model that annotated, where it is needed."""

    @property
    def first_task(self) -> str:
        """The first task of the model; '' where none is given."""
        return self.model.task.name if self.model else ""


@contextmanager
def open_source(
    store: str | Path, annotations: str | Path | None = None, model: Model | None = None
) -> Iterator[Source]:
    """Opens a store and its annotations, those beside it unless named.

    Raises StoreError, and AnnotationsError where they are missing, or of another store or model.
    """
    with Store(store) as opened, Annotations(annotations or annotations_path(store)) as given:
        source = Source(opened, given, model)
        check_source(source)
        yield source


def check_source(source: Source) -> None:
    """Raises AnnotationsError where the annotations are those of another store or model."""
    store, given, model = source.store, source.annotations, source.model
    check_same_images(given, store, f"`{command_line('lsl-annotate', store.path)}` annotates this one")
    if model is not None and model.digest != given.model_digest:
        annotating = command_line("lsl-annotate", store.path, "--model", model.path, "--restart")
        made = f"was made by another model ({given.model})"
        raise AnnotationsError(given.path, f"{made}; `{annotating}` annotates with this one")
