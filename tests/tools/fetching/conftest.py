"""A server for one test, and image lists to fetch from it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.picture_server import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that runs for one test, reached without any proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def image_list(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a headerless CSV in Latin-1."""

    def write(*rows: Sequence[str], name: str = "insitu_images.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="latin-1") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
        return path

    return write
