from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate
from lsl_runtime.annotation.cli import app
from lsl_runtime.annotation.priors import Prior, estimated_prior, read_prior, reweighted
from lsl_runtime.annotation.table import annotation_columns
from lsl_shared import Annotations
from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import Task

TASK = Task("stage", ("4", "5", "6"))


def test_reweighting_worked_by_hand() -> None:
    """0.6 · 0.1 / 0.5 = 0.12 against 0.4 · 0.9 / 0.5 = 0.72."""
    found = reweighted(np.array([[0.6, 0.4]]), np.array([0.5, 0.5]), np.array([0.1, 0.9]))
    np.testing.assert_allclose(found, [[1 / 7, 6 / 7]], rtol=1e-6)


def test_the_training_shares_change_nothing() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    shares = np.array([0.2, 0.3, 0.5])
    np.testing.assert_allclose(reweighted(probabilities, shares, shares), probabilities, rtol=1e-5)


def test_a_class_without_training_images_stays_finite() -> None:
    found = reweighted(np.array([[0.7, 0.3, 0.0]]), np.array([0.5, 0.5, 0.0]), np.full(3, 1 / 3))
    np.testing.assert_allclose(found, [[0.7, 0.3, 0.0]], rtol=1e-6)


def test_bayes_rule_on_two_gaussians_finds_the_shares() -> None:
    """Exact posteriors at equal shares, of images that are of the first class one time in five."""
    generator = np.random.default_rng(0)
    truth = generator.random(20_000) < 0.2
    value = generator.normal(np.where(truth, -1.0, 1.0), 1.0)
    first = 1 / (1 + np.exp(2 * value))  # N(−1, 1) against N(1, 1)
    found = estimated_prior(np.stack([first, 1 - first], axis=1), np.array([0.5, 0.5]))
    np.testing.assert_allclose(found, [0.2, 0.8], atol=0.015)


def test_uniform_estimate_and_file(tmp_path: Path) -> None:
    path = tmp_path / "prior.csv"
    path.write_text("class,share\n6,3\n4,1\n5,0\n")
    assert read_prior("estimate", TASK) is None
    for given, shares in (("uniform", [1 / 3] * 3), (str(path), [0.25, 0, 0.75])):
        found = read_prior(given, TASK)
        assert found is not None
        np.testing.assert_allclose(found, shares)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file"),
        ("class,part\n4,1\n", "needs the columns"),
        ("class,share\n4,much\n", "needs the columns"),
        ("class,share\n4,1\n5,1\n", "look at 6"),
        ("class,share\n4,1\n5,1\n6,-1\n", "0 or more"),
        ("class,share\n4,0\n5,0\n6,0\n", "0 or more"),
        ("class,share\n4,nan\n5,0\n6,0\n", "0 or more"),
    ],
)
def test_unusable_files(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "prior.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_prior(str(path), TASK)


def test_the_tables_get_the_class_at_other_shares(
    make_store: Callable[..., Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    path, bundle = make_store(30), make_bundle(priors=(0.4, 0.3, 0.2, 0.1))
    model = Model.load(bundle)
    done = annotate(path, model)
    columns = annotation_columns(done.path, path, prior=Prior.of("uniform", model.task))
    with Annotations(done.path) as given:
        every = given.probabilities("stage")
    for probabilities, name, share in zip(
        every, columns["stage_weighted"], columns["stage_weighted_probability"], strict=True
    ):
        if np.isnan(probabilities).any():
            assert (name, share) == (None, None)
            continue
        weighted = [float(p) / prior for p, prior in zip(probabilities, (0.4, 0.3, 0.2, 0.1), strict=True)]
        best = max(range(4), key=lambda k: weighted[k])
        assert (name, share) == (model.task.classes[best], pytest.approx(weighted[best] / sum(weighted), rel=1e-5))
    asked = [str(path), "--model", str(bundle), "--prior", "estimate"]
    refused = CliRunner().invoke(app, asked)
    assert refused.exit_code == 1
    assert "name one with --csv or --parquet" in refused.output
    written = CliRunner().invoke(app, [*asked, "--csv", str(tmp_path / "t.csv")])
    assert written.exit_code == 0, written.output
    assert "stage_weighted,stage_weighted_probability" in (tmp_path / "t.csv").read_text()


def test_a_model_that_does_not_tell_its_shares_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not tell the shares of stage"):
        Prior.of("uniform", TASK)
