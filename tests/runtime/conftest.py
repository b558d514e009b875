"""Bundles and stores whose answers are known by hand, made once a session and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsl_runtime.gem.build.gem import Gem, GemSample
from tests.support.bands import HEIGHT, WIDTH, BandModel, write_bundle, write_store


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """What a writer makes of its settings, made once a session, to be copied."""
    made: dict[str, Path] = {}

    def original(write: Callable[..., Path], *arguments: object, **settings: object) -> Path:
        key = repr((write.__name__, arguments, sorted(settings.items())))
        if key not in made:
            made[key] = write(tmp_path_factory.mktemp("original") / "one", *arguments, **settings)
        return made[key]

    return original


@pytest.fixture
def make_bundle(tmp_path: Path, originals: Callable[..., Path]) -> Callable[..., Path]:
    """Makes a bundle, by default in runs/1/model of the test's folder."""

    def make(folder: Path | None = None, **settings: object) -> Path:
        target = folder or tmp_path / "runs" / "1" / "model"
        return Path(shutil.copytree(originals(write_bundle, **settings), target, dirs_exist_ok=True))

    return make


@pytest.fixture
def make_store(tmp_path: Path, originals: Callable[..., Path]) -> Callable[..., Path]:
    """Makes a store of drawn embryos, by default store.h5 in the test's folder."""

    def make(images: int = 60, *, path: Path | None = None, **settings: object) -> Path:
        return Path(shutil.copyfile(originals(write_store, images, **settings), path or tmp_path / "store.h5"))

    return make


@pytest.fixture
def truth() -> type[BandModel]:
    """The network in NumPy."""
    return BandModel


@pytest.fixture
def make_gem() -> Callable[..., Gem]:
    """Makes a map with one bright spot in an elliptic embryo, and two samples."""

    def make(stage: str = "9", **settings: object) -> Gem:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        embryo = (((y - 7.5) / 7) ** 2 + ((x - 19.5) / 17) ** 2 < 1).astype(np.float32)
        plane = (0.2 * embryo * np.exp(-((x - 10) ** 2 + (y - 8) ** 2) / 40)).astype(np.float32)
        image = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
        samples = tuple(GemSample(f"image{k}", f"gene{k}", 0.9, image, embryo) for k in range(2))
        made = Gem(
            stage, "stage", plane, plane / 2, embryo, 30, 20, 0, "mean", "", "runs/1/model", "d" * 64, "f" * 64, samples
        )
        return replace(made, **settings)  # type: ignore[arg-type]

    return make
