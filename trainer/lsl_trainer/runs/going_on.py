"""Which run `--resume` goes on with, and whether what was typed beside it is what the run was begun with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsl_shared.errors import ConfigError
from lsl_trainer.runs.folds_file import folds_of
from lsl_trainer.runs.run_folder import CONFIG, METRICS, check_resumable

if TYPE_CHECKING:
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["Typed", "interrupted_run"]

RUNS = Path("runs")


@dataclass(frozen=True)
class Typed:
    """What stands in a command beside --resume; None and {} where it stands not."""

    given: Mapping[str, Any]
    """Settings by their names."""
    preset: str | None = None
    file: Path | None = None
    """Of further settings."""
    folds: int | None = None


def interrupted_run(out: Path | None, typed: Typed) -> tuple[TrainConfig, Path]:
    """The settings and the folder of the run to go on with: `out`, or the newest in runs/ that is not finished.

    Raises ConfigError that names what the run has otherwise than was typed, TrainingError where it cannot go on.
    """
    from lsl_trainer.settings.config_file import read_config

    folder = out or _newest_unfinished()
    check_resumable(folder)
    config = read_config(folder / CONFIG)
    if told := [*_differences(config, typed, _chosen(folder)), *_other_folds(folder, typed)]:
        remedy = "leave these options out to go on with it, or --resume to begin another"
        raise ConfigError(f"the run in {folder} has other settings: {'; '.join(told)}; {remedy}")
    return config, folder


def _newest_unfinished() -> Path:
    begun = [path.parent for path in RUNS.glob(f"*/{CONFIG}") if not (path.parent / METRICS).exists()]
    if not begun:
        raise ConfigError("--resume needs --out RUN, the run to go on with: none in runs/ is unfinished")
    return max(begun, key=lambda run: (run / CONFIG).stat().st_mtime_ns)


def _chosen(folder: Path) -> frozenset[str]:
    """The settings that --method auto has chosen, which are not those that were typed."""
    from lsl_trainer.choosing.choice import read_choice

    choice = read_choice(folder)
    return frozenset(choice.settings) | {"method"} if choice else frozenset()


def _differences(config: TrainConfig, typed: Typed, chosen: frozenset[str]) -> Iterator[str]:
    """What was typed and differs from the run's settings, beside what was `chosen` for the run."""
    from lsl_trainer.settings.config_file import read_config
    from lsl_trainer.settings.setting import flag

    if typed.preset and typed.preset != config.preset:
        yield f"--preset {config.preset}, not {typed.preset}"
    wanted = read_config(typed.file, config).flat() if typed.file else config.flat()
    for name, value in {**wanted, **typed.given}.items():
        own = config.flat()[name]
        if value != own and name != "preset" and name not in chosen:
            yield f"{flag(name)} {_told(own)}, not {_told(value)}"
    if typed.file and read_config(typed.file, config).network != config.network:
        names = [entry.name for entry in fields(config.network)]
        yield f"another network ({', '.join(names)}) than {typed.file}"


def _other_folds(folder: Path, typed: Typed) -> Iterator[str]:
    own = folds_of(folder)
    if typed.folds is not None and typed.folds != own:
        yield f"--folds {own}, not {typed.folds}" if own else f"no --folds, not {typed.folds}"


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value) or "none"
