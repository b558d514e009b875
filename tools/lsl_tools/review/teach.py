"""Training again: `lsl-train` and `lsl-annotate` in processes of their own, their progress, the score of each round."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from lsl_shared.errors import ConfigError, LslError
from lsl_shared.files.atomic import write_text

__all__ = ["Round", "Teach", "read_rounds", "rounds_path"]

_PROGRESS = re.compile(r"^.+: ([\d,]+) of ([\d,]+) images(?:, .*, (.+) left)?$")
_TRAIN: Final = (sys.executable, "-m", "lsl_trainer")
_ANNOTATE: Final = (sys.executable, "-c", "from lsl_runtime.annotation.cli import app; app()")
_PATIENCE = 15.0


@dataclass(frozen=True)
class Round:
    """One training from the page, and what it was worth."""

    when: str
    run: str
    labels: int
    """Images with a label, before the training set some aside."""
    accuracy: float
    """Of the model on genes that it never saw; among the classes that coarse labels allow, where they are known."""
    images: int
    genes: int
    """How many it was measured on."""
    answers: int
    """Labels that people gave since the round before where the model had a guess."""
    accepted: int
    """How many of them were the model's guess."""


def rounds_path(store: Path) -> Path:
    """Where the rounds of a store are kept: store.review.rounds.json."""
    return store.with_suffix(".review.rounds.json")


def read_rounds(path: Path) -> list[Round]:
    """The rounds so far; none where the file is not there or no such list."""
    try:
        return [Round(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))["rounds"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []


class Teach:
    """Trains again when asked, one round at a time.

    `answers` is the annotations file; `before` saves the labels, `after` takes the new answers.
    """

    def __init__(
        self,
        store: Path,
        answers: Path,
        options: Sequence[str],
        before: Callable[[], dict[str, int]],
        after: Callable[[Path], None],
    ) -> None:
        self._store, self._answers, self._options = store, answers, tuple(options)
        self._before, self._after = before, after
        self._lock, self._stopping = Lock(), False
        self._thread: Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._told: dict[str, Any] = {"step": "", "line": "", "share": None, "left": "", "problem": ""}
        self.rounds = read_rounds(rounds_path(store))

    def told(self) -> dict[str, Any]:
        """What the page shows."""
        return {**self._told, "busy": self.busy, "rounds": [asdict(one) for one in self.rounds]}

    @property
    def busy(self) -> bool:
        """Whether a round is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begins a round. Raises ConfigError where one is under way."""
        with self._lock:
            if self.busy:
                raise ConfigError("a training is under way: wait, or stop it")
            self._stopping = False
            self._tell(step="saving", line="", share=None, left="", problem="")
            self._thread = Thread(target=self._round, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the round, if there is one; the model and the answers stay as they were."""
        self._stopping = True
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            if process.poll() is None:
                process.kill()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _round(self) -> None:
        try:
            counts = self._before()
            name = f"review-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
            run = self._store.parent / "runs" / name
            self._do("training", [*_TRAIN, str(self._store), "--out", str(run), *self._options])
            self._annotate(run / "model")
            self._keep(run, counts)
            self._after(run / "model")
            self._tell(step="done", line="", share=None, left="")
        except _StoppedError:
            self._tell(step="stopped", share=None, left="")
        except (LslError, OSError, _FailedError) as problem:
            self._tell(step="failed", problem=str(problem), share=None, left="")

    def _annotate(self, bundle: Path) -> None:
        """Makes new annotations beside the old ones, which they replace when they are whole.

        The old ones may be of images that were turned since, and `lsl-annotate` replaces no file of other images.
        """
        new = self._answers.with_name(f"{self._store.stem}.review.annotations.h5")
        words = [str(self._store), "--model", str(bundle), "--features", "--out", str(new), "--restart"]
        self._do("annotating", [*_ANNOTATE, *words])
        new.replace(self._answers)

    def _do(self, step: str, command: list[str]) -> None:
        """Runs a command to its end, and tells its progress."""
        self._tell(step=step, line="", share=0.0, left="")
        if self._stopping:
            raise _StoppedError
        last = ""
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
            cwd=self._store.parent,
        ) as process:  # fmt: skip
            self._process = process
            assert process.stdout is not None
            for line in process.stdout:
                last = line.strip() or last
                self._hear(last)
        self._process = None
        if self._stopping:
            raise _StoppedError
        if process.returncode not in (0, 3):
            raise _FailedError(last.removeprefix("error: ") or f"{step} ended with {process.returncode}")

    def _hear(self, line: str) -> None:
        found = _PROGRESS.match(line)
        if found:
            done, total = (int(number.replace(",", "")) for number in found.groups()[:2])
            self._tell(share=done / max(total, 1), left=found[3] or "")
        elif line:
            self._tell(line=line[:200])

    def _keep(self, run: Path, counts: dict[str, int]) -> None:
        """Adds the round to the file of rounds."""
        try:
            scores = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["evaluation"]["labelled"]
            accuracy = scores.get("constrained_accuracy")
            accuracy = float(scores["accuracy"] if accuracy is None else accuracy)
            images, genes = int(scores["n_images"]), int(scores["n_genes"])
        except (OSError, ValueError, TypeError, KeyError):
            accuracy, images, genes = float("nan"), 0, 0
        when = datetime.now(UTC).isoformat(timespec="seconds")
        self.rounds.append(Round(when=when, run=run.name, accuracy=accuracy, images=images, genes=genes, **counts))
        entries = {"format": "lsl-review-rounds", "version": 1, "rounds": [asdict(one) for one in self.rounds]}
        write_text(rounds_path(self._store), json.dumps(entries, indent=1))

    def _tell(self, **told: Any) -> None:
        self._told = {**self._told, **told}


class _StoppedError(Exception):
    """The person stopped the round."""


class _FailedError(Exception):
    """A command ended with an error, which is told."""
