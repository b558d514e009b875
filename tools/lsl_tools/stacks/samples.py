"""The images of a stack as samples: their names, genes, and the tasks that their labels are of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.tables.gene_names import read_genes
from lsl_tools.importing.allows import Allows
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.spaces import with_implied_labels
from lsl_tools.importing.tasks import TaskSpec
from lsl_tools.stacks.stack import Stack

__all__ = ["list_stack", "named_tasks"]


def named_tasks(labels: Sequence[str], specs: Sequence[TaskSpec]) -> dict[str, str]:
    """The tasks with the keys of their labels. Raises ConfigError where these do not fit each other."""
    if specs and not labels:
        raise ConfigError("--task names the labels of a stack: add --labels-key KEY")
    if len(specs) == len(labels) == 1:
        return {specs[0].name: labels[0]}
    named = {_plain(key): key for key in labels}
    if len(named) < len(labels) or (specs and {spec.name for spec in specs} != set(named)):
        listed = ", ".join(map(_plain, labels))
        raise ConfigError(f"the tasks are called as the keys of their labels, {listed}; --task names these, each once")
    return named


def _plain(key: str) -> str:
    """A key as the name of a task: its last part, in small letters, digits and _."""
    name = re.sub(r"[^a-z0-9]+", "_", Path(key).name.removesuffix(".npy").lower()).strip("_")
    return name if name[:1].isalpha() else f"label_{name}".rstrip("_")


def list_stack(
    stack: Stack,
    count: int,
    columns: dict[str, list[str]],
    texts: dict[str, list[str]],
    specs: Sequence[TaskSpec],
    allows: Allows,
) -> Listing:
    """The `count` images of a stack with their labels, before any is read.

    `columns` are the labels of each task, `texts` the ids and genes that are known, `allows` what tables say of coarse
    tasks. Raises LslError.
    """
    name = stack.path.name
    ids = texts.get("id") or [str(number) for number in range(count)]
    _refuse_repeated(stack.path, ids)
    genes = read_genes(texts.get("gene") or [""] * count, range(count))
    samples = tuple(
        Sample(
            path=stack.path,
            source=f"{name}:{stack.key}[{number}]",
            id=ids[number],
            place=f"{name}: image {number}",
            gene=genes.genes[number],
            labels={task: labels[number] for task, labels in columns.items()},
        )
        for number in range(count)
    )
    tasks = tuple(specs) or tuple(TaskSpec(task) for task in columns)
    return with_implied_labels(Listing(samples, tasks, genes.notes, allows=allows))


def _refuse_repeated(path: Path, ids: Sequence[str]) -> None:
    name, most = Counter(ids).most_common(1)[0]
    if most > 1 or "" in ids:
        raise DataFileError(path, f"ids must be there and differ; {name!r} is given to {most:,} images")
