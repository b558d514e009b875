"""`lsl-store import` for stacks: whether SOURCE is one, and the import with its progress."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsl_shared.errors import ConfigError
from lsl_shared.process.terminal import progress
from lsl_tools.importing.report import ImportReport
from lsl_tools.stacks.import_stack import check_store, write_stack
from lsl_tools.stacks.prepared import StackKeys, prepared_stack
from lsl_tools.stacks.stack import is_stack_file

__all__ = ["import_stack_told", "is_stack"]


def is_stack(source: Path, keys: StackKeys, labels: Path | None) -> bool:
    """Whether SOURCE is a stack. Raises ConfigError where the options do not fit it."""
    if not is_stack_file(source):
        given = _given(keys)
        if given and source.exists():
            found = "is a folder" if source.is_dir() else "is no such file"
            raise ConfigError(f"{given} goes with an HDF5 or NumPy file as SOURCE, but {source} {found}")
        return False
    if labels is not None:
        raise ConfigError(f"--labels goes with a folder as SOURCE; --labels-key names the labels in {source}")
    return True


def import_stack_told(
    source: Path,
    store: Path,
    keys: StackKeys,
    tasks: Iterable[str],
    allows: Iterable[Path],
    size: tuple[int, int] | None,
    overwrite: bool,
) -> ImportReport:
    """Imports a stack with a progress bar. Raises LslError."""
    check_store(source, store, overwrite)
    with (
        prepared_stack(source, keys, tasks, store.parent, allows) as prepared,
        progress("importing", len(prepared.listing.samples)) as advance,
    ):
        return write_stack(prepared, store, size=size, overwrite=overwrite, on_progress=advance)


def _given(keys: StackKeys) -> str:
    """The first option that was given; '' without any."""
    named = (
        ("--images", keys.images), ("--labels-key", keys.labels), ("--ids-key", keys.ids),
        ("--genes-key", keys.genes), ("--axes", keys.axes),
    )  # fmt: skip
    return next((option for option, value in named if value), "")
