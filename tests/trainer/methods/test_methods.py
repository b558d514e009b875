"""The methods that there are, and one more: a plan is all that it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torch import Tensor, nn

from lsl_runtime import Model
from lsl_shared import ConfigError, Store
from lsl_trainer import TrainConfig, train
from lsl_trainer.data.batch import Batch
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.plan import Plan, plan_of
from lsl_trainer.learning.steps.coarse import CoarseStep
from lsl_trainer.learning.steps.fine import FineStep
from lsl_trainer.learning.steps.planned import PlannedStep
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config_file import read_config
from lsl_trainer.settings.method import known_methods, method_names

NAMES = ("auto", "plain", "data-level", "feature-level", "gabor", "coarse-constrained", "linear")
"""auto is no plan of its own: it takes one of the others."""


class SquaredStep(FineStep):
    """Fine labels by the squared distance of probabilities from the label, which no method has."""

    name, seed = "squared", 31

    def begin(self, network: Network, reference_sets: Tensor | None = None) -> Step:
        """The squared distance at ten times the usual learning rate."""
        return self.step(_squared, 10 * self.config.descent.learning_rate, self.outputs)


def _squared(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
    logits, _ = network(batch.images)
    labels = nn.functional.one_hot(batch.labels, logits.shape[1])
    return ((logits.softmax(1) - labels) ** 2).sum(1).mean(), logits


def _steps(data: TrainingData, config: TrainConfig) -> tuple[PlannedStep, ...]:
    return CoarseStep(data, config), SquaredStep(data, config)


MINE = Plan(name="mine", help="coarse labels, then squares", coarse_labels=True, further_tasks=False, steps=_steps)


def test_the_methods_stand_in_their_order() -> None:
    assert method_names() == NAMES
    assert tuple(known_methods()) == NAMES[1:]
    assert all(isinstance(plan, Plan) and plan.help for plan in known_methods().values())


def test_an_unknown_method_lists_them() -> None:
    with pytest.raises(ConfigError) as error:
        TrainConfig(method="magic")
    assert str(error.value) == f"--method must be one of {', '.join(NAMES)}, received 'magic'"


def test_names_and_seeds_of_steps_differ(store: Path, config: TrainConfig) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
    for name in NAMES[1:]:
        steps = plan_of(name).steps(data, config)
        assert len({step.name for step in steps}) == len({step.seed for step in steps}) == len(steps)


def test_a_plan_is_all_that_a_method_takes(
    store: Path, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(known_methods(), "mine", MINE)
    mine = config.having(method="mine", coarse_epochs=2, fine_epochs=8, learning_rate=0.01)
    run = train(store, mine, tmp_path / "run")
    steps = [epoch["step"] for epoch in run.metrics["epochs"]]
    assert steps == ["coarse"] * 2 + ["squared"] * 8
    assert run.metrics["epochs"][-1]["loss"] < run.metrics["epochs"][2]["loss"] < 2, "no squared distance exceeds 2"
    assert run.metrics["evaluation"]["labelled"]["accuracy"] > 0.8
    assert read_config(run.path / "config.toml") == mine
    assert Model.load(run.path / "model", "cpu", verify=True).manifest.training["method"] == "mine"
    assert (run.path / "checkpoints" / "squared.safetensors").exists()
    with pytest.raises(ConfigError, match="--method mine learns one task: leave --task out"):
        mine.having(tasks=("side",))


def test_a_new_file_is_a_new_method(tmp_path: Path) -> None:
    """In a process whose room of methods has a further folder; --help tells the method and imports no torch."""
    (tmp_path / "short.py").write_text(
        "from lsl_trainer.learning.plan import Plan\n"
        "PLAN = Plan(name='short', help='next to nothing', steps=lambda data, config: ())\n"
    )
    program = (
        f"import lsl_trainer.methods as room, sys; room.__path__.append({str(tmp_path)!r})\n"
        "sys.modules['torch'] = sys.modules['numpy'] = None; sys.argv = ['lsl-train', '--help']\n"
        "from lsl_trainer.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"COLUMNS": "400"}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "<auto|plain|data-level|feature-level|gabor|coarse-constrained|linear|short>" in done.stdout
    assert "short: next to nothing" in " ".join(done.stdout.split())
