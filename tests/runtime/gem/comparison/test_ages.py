from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, build_age_gems, compare_ages, read_comparison, read_gem
from lsl_runtime.gem.build.bootstrap import area_mean
from lsl_runtime.gem.cli import app
from lsl_shared import ConfigError, GemError


@pytest.fixture
def store(make_store: Callable[..., Path], make_bundle: Callable[..., Path]) -> Path:
    path = make_store(60)
    annotate(path, Model.load(make_bundle(), "cpu"))
    return path


def test_the_difference_is_that_of_the_maps_at_both_ages(store: Path) -> None:
    found = compare_ages(store, 100, 240, view="all")
    first, second = build_age_gems(store, [100, 240], view="all")
    np.testing.assert_allclose(found.difference, area_mean(first.gem - second.gem, found.difference.shape), atol=1e-6)
    assert found.names == ("100min", "240min") and found.n_genes == (first.n_genes, second.n_genes)
    assert found.significant.any()
    assert 1 <= found.freedom < min(found.n_genes)  # genes far off count for less than one


def test_images_of_one_age_make_no_difference(store: Path) -> None:
    with h5py.File(store.with_suffix(".annotations.h5"), "r+") as file:
        file["stage/age"][...] = 150
    found = compare_ages(store, 130, 170, view="all")
    assert not found.significant.any() and np.nanmax(found.p) <= 1 and np.nanmin(found.p) > 0.5


def test_ages_that_cannot_be_compared_are_told(store: Path) -> None:
    with pytest.raises(ConfigError, match="received 100min twice"):
        compare_ages(store, 100, 100)
    with pytest.raises(ConfigError, match="false discovery rate"):
        compare_ages(store, 100, 240, rate=0)
    with pytest.raises(GemError, match="hardly more than one gene"):
        compare_ages(store, 220, 240, genes=["gene003"])


def test_the_command_maps_both_ages_and_their_difference(store: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(store), "--age", "100min", "--against", "240", "--view", "all"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "store.gems" / "ages"
    assert {path.name for path in folder.iterdir()} == {
        "gems.h5", "ages.html", "stage-100min.png", "stage-240min.png", "comparison-100min-240min.h5",
        "comparison-100min-240min.png",
    }  # fmt: skip
    difference = read_comparison(folder / "comparison-100min-240min.h5").difference
    first, second = (read_gem(folder / "gems.h5", age).gem for age in ("100min", "240min"))
    np.testing.assert_allclose(difference, area_mean(first - second, difference.shape), atol=1e-6)
    for ages in ([], ["--age", "100", "--age", "150"], ["--stage", "9"]):
        assert CliRunner().invoke(app, [str(store), *ages, "--against", "240"]).exit_code == 2
