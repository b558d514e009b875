"""Whether the commands tell the truth about this machine's GPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lsl_runtime import Model
from lsl_runtime.model.gpu import CUDA, gpu_problem, has_gpu
from on_gpu.graphs import Prepared
from on_gpu.scale import Tell

__all__ = ["truth"]

ANNOTATE = "from lsl_runtime.annotation.cli import main; main()"
DOCTOR = "from lsl_tools.cli import main; main()"


def truth(bundles: dict[str, Prepared], folder: Path, tell: Tell) -> None:
    """Asks the commands, and tells what they say beside what is so."""
    made = next(iter(bundles.values()))
    works = Model.load(made.single, "auto").provider == CUDA
    tell("truth", "this machine has a GPU", str(has_gpu()))
    tell("truth", "what keeps ONNX Runtime from it", str(gpu_problem() or "nothing"))
    doctor = asked(DOCTOR, "doctor", "--model", made.single)
    tell("truth", "doctor's exit code (1 where a GPU lies idle)", str(doctor.returncode))
    for line in doctor.stdout.splitlines():
        if "GPU" in line or "runs on" in line or "ExecutionProvider" in line:
            tell("truth", "doctor says", line.strip())
    required = asked(ANNOTATE, folder / "bundles.h5", "--model", made.single, "--require-gpu", "--out", folder / "a.h5")
    tell("truth", "--require-gpu's exit code (0 only where a GPU works)", str(required.returncode))
    tell("truth", "--require-gpu is right", str((required.returncode == 0) == works))
    usual = asked(ANNOTATE, folder / "bundles.h5", "--model", made.single, "--out", folder / "b.h5")
    tell("truth", "--device auto's exit code", str(usual.returncode))
    said_of = [line for line in (required.stderr + usual.stderr).splitlines() if "GPU" in line or "CUDA" in line]
    tell("truth", "what they print of it", " | ".join(said_of)[:300] or "nothing")


def asked(command: str, *words: object) -> subprocess.CompletedProcess[str]:
    """What a command answers."""
    return subprocess.run(
        [sys.executable, "-c", command, *map(str, words)], capture_output=True, text=True, check=False
    )
