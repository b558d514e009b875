"""Where the out-of-fold answers for a store lie: in the run that is named, else in the newest run of the store."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.files.out_of_fold import OUT_OF_FOLD, read_out_of_fold
from lsl_shared.files.store import Store
from lsl_shared.wording import command_line

__all__ = ["find_answers"]


def find_answers(store: Store, run: str | Path | None) -> Path:
    """The file. Raises ConfigError that says what makes one."""
    training = command_line("lsl-train", store.path, "--calibration", "cross")
    if run is not None:
        path = Path(run) if Path(run).is_file() else Path(run) / OUT_OF_FOLD
        if not path.exists():
            raise ConfigError(f"{run} holds no {OUT_OF_FOLD}: `{training}` makes a run that does")
        return path
    folders = dict.fromkeys((Path("runs"), store.path.parent / "runs"))
    found = {path for folder in folders for path in folder.glob(f"*/{OUT_OF_FOLD}")}
    fingerprint = store.fingerprint() if found else ""
    for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        with suppress(DataFileError):
            if read_out_of_fold(path).store_fingerprint == fingerprint:
                return path
    raise ConfigError(f"no run of {store.path} here that tells which labels are wrong: `{training}` makes one")
