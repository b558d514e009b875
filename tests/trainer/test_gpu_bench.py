"""The GPU benchmark runs from end to end on any processor, and tells what each part is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gpu
import pytest
from on_gpu.scale import SMALL

from lsl_runtime.model.gpu import gpu_problem

Told = list[tuple[str, str, float | str]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """All figures of a small run."""
    pytest.importorskip("captum")
    figures: Told = []
    scale = replace(SMALL, images=64, labelled=48)
    gpu.run(gpu.PARTS, scale, tmp_path_factory.mktemp("gpu"), lambda *figure: figures.append(figure))
    return figures


def test_every_part_tells_figures(told: Told) -> None:
    assert {part for part, _, _ in told} == {"machine", *gpu.PARTS}
    rates = [value for _, name, value in told if name.endswith("images/s")]
    assert len(rates) >= 14 and all(isinstance(rate, float) and rate > 0 for rate in rates)


def test_extrapolation_is_that_of_the_rates(told: Told) -> None:
    found = {name: float(value) for part, name, value in told if part == "training"}
    seconds = 40 * (36908 / found["step coarse, images/s"] + 3474 / found["step fine, images/s"])
    seconds += 40 * 3474 / found["step feature, images/s"] + found["loading the paper's images, extrapolated, s"]
    assert found["both, min (aim: below 10)"] == pytest.approx(seconds / 60)


def test_commands_are_judged_by_what_is_so(told: Told) -> None:
    said = {name: value for part, name, value in told if part == "truth"}
    assert said["--require-gpu is right"] == "True"
    assert said["--device auto's exit code"] == "0"
    required = said["--require-gpu's exit code (0 only where a GPU works)"]
    assert (required == "0") == (gpu_problem() is None)


def test_half_precision_gives_the_same_classes(told: Told) -> None:
    shares = [value for _, name, value in told if "same class in fp16" in name]
    assert shares and all(float(share) >= 0.95 for share in shares)


def test_a_file_keeps_every_figure(tmp_path: Path) -> None:
    figures = gpu.Figures(tmp_path / "figures.csv")
    figures("graphs", "rate", 1234.5)
    figures("truth", "runs on", "CPU")
    assert (tmp_path / "figures.csv").read_text().split() == ["graphs,rate,1234.5", "truth,runs", "on,CPU"]
