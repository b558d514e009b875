from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, annotate_shard, join_shards
from lsl_runtime.annotation.cli import app
from lsl_runtime.annotation.shards import parse_shard, shard_of
from lsl_shared import AnnotationsError, ConfigError, annotations_path
from tests.support.places import ROOT

Make = Callable[..., Path]


def _contents(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: repr(item[...].tolist()).encode()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


@pytest.mark.parametrize("shards", [1, 3, 5])
def test_shards_share_out_everything_once(shards: int) -> None:
    cut = [range(start, start + 10) for start in range(0, 130, 10)]
    mine = [partition for shard in range(1, shards + 1) for partition in shard_of(cut, shard, shards)]
    assert sorted(mine, key=lambda partition: partition.start) == cut


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_wrong_shards_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--shard: expected i/n"):
        parse_shard(text)


def test_three_shards_joined_give_the_same_file(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store, model = make_store(1100, chunk=50), Model.load(make_bundle())
    whole = annotate(store, model, saliency=True, features=True, out=tmp_path / "whole.h5")
    made = [annotate_shard(store, model, shard, 3, saliency=True, features=True) for shard in (3, 1, 2, 2)]
    assert made == [250, 500, 350, 350]
    done = join_shards(store, model)
    assert done.path == annotations_path(store) and done.images == 1100
    assert _contents(done.path) == _contents(whole.path)
    assert not list(tmp_path.glob("*.parts")) and not list(tmp_path.glob("*.lock"))
    assert join_shards(store, model).resumed == 1100
    assert annotate_shard(store, model, 1, 3, saliency=True) == 500


def test_join_counts_what_is_missing(make_store: Make, make_bundle: Make) -> None:
    store, model = make_store(1100, chunk=50), Model.load(make_bundle())
    annotate_shard(store, model, 1, 3)
    with pytest.raises(AnnotationsError, match="3 of 5 parts of this store and model are missing"):
        join_shards(store, model)
    assert not annotations_path(store).exists()
    assert annotate(store, model).resumed == 500  # an ordinary run goes on from them as well


def test_join_where_nothing_was_begun(make_store: Make, make_bundle: Make) -> None:
    with pytest.raises(AnnotationsError, match="1 of 1 parts"):
        join_shards(make_store(20), Model.load(make_bundle()))


def test_commands(make_store: Make, make_bundle: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_store(600, chunk=50), make_bundle()
    for shard in ("1/2", "2/2"):
        result = CliRunner().invoke(app, ["--shard", shard])
        assert result.exit_code == 0 and "lsl-annotate store.h5 --join" in result.stdout, result.output
    result = CliRunner().invoke(app, ["--join", "--csv", "a.csv"])
    assert result.exit_code == 0 and "600 images" in result.stdout and "table: a.csv" in result.stdout
    assert CliRunner().invoke(app, ["--shard", "1/2", "--join"]).exit_code == 1
    assert CliRunner().invoke(app, ["--shard", "3/2"]).exit_code == 1


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_slurm_script_asks_for_every_shard_and_joins_last(tmp_path: Path) -> None:
    (tmp_path / "sbatch").write_text('#!/bin/sh\necho "$@" >> "$LOG"\necho 77\n')
    (tmp_path / "sbatch").chmod(0o755)
    script = ROOT / "examples" / "slurm" / "annotate.sh"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LOG": str(tmp_path / "log")}
    subprocess.run(["bash", script, "store.h5", "model", "16"], check=True, env=environment, capture_output=True)
    first, last = (tmp_path / "log").read_text().splitlines()
    assert "--array=1-16" in first and "--shard $SLURM_ARRAY_TASK_ID/16" in first
    assert "afterok:77" in last and last.endswith("--join")
