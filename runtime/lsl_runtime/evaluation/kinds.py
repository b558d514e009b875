"""Which of a model's tasks have one class an image, and which any number of terms."""

from __future__ import annotations

from lsl_shared.files.manifest import Manifest, Task

__all__ = ["is_of_classes", "term_tasks"]


def is_of_classes(task: Task) -> bool:
    """Whether an image has one of the task's classes, rather than any number of its terms."""
    return task.kind == "class"


def term_tasks(manifest: Manifest) -> tuple[Task, ...]:
    """The tasks of terms, in the model's order."""
    return tuple(task for task in manifest.tasks if not is_of_classes(task))
