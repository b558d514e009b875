"""A store of drawn embryos with annotations by the hand-made model, in a folder of its own for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lsl_runtime import Model, annotate
from lsl_tools.review.answer import Answer
from lsl_tools.review.journal import Journal
from lsl_tools.review.session import Session, Settings
from tests.support.bands import write_bundle, write_store


@pytest.fixture(scope="session")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with store.h5, store.annotations.h5 with features, and the model that made them."""
    folder = tmp_path_factory.mktemp("review")
    write_store(folder / "store.h5", 90)
    bundle = write_bundle(folder / "runs" / "demo" / "model", scope=0.5)
    annotate(folder / "store.h5", Model.load(bundle, "cpu"), features=True)
    return folder


@pytest.fixture
def store(annotated: Path, tmp_path: Path) -> Path:
    """A copy that the test may change."""
    shutil.copytree(annotated, tmp_path / "work")
    return tmp_path / "work" / "store.h5"


@pytest.fixture
def session(store: Path) -> Iterator[Session]:
    """The store under review by Ada."""
    opened = Session(Settings(store, "Ada"))
    yield opened
    opened.close()


@pytest.fixture
def journal_at() -> Iterator[Callable[..., Journal]]:
    """Opens journals that are closed at the end."""
    opened = list[Journal]()

    def make(*settings: Any) -> Journal:
        opened.append(Journal(*settings))
        return opened[-1]

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture
def given() -> Callable[..., Answer]:
    """Makes answers, each with a key of its own unless one is named."""
    count = 0

    def make(kind: str = "label", row: int = 0, value: str = "4", **more: str) -> Answer:
        nonlocal count
        count += 1
        settings = {
            "id": f"image{row:05d}" if row >= 0 else "", "task": "stage" if kind in ("label", "second") else "",
            "who": "Ada", "when": "2026-11-27T20:00:00+00:00", "key": f"key-{count:05d}",
        } | more  # fmt: skip
        return Answer(kind=kind, row=row, value=value, **settings)

    return make
