"""A real browser for the tests: the machine's own Chromium, and the server in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, sync_playwright

__all__ = ["Served", "axe_source", "chromium", "opened_page", "served"]

_CODE = "import sys; from lsl_tools.review.cli import app; app(sys.argv[1:])"


class Served:
    """A server under test: its address with the token, and its process."""

    def __init__(self, address: str, process: subprocess.Popen[str]) -> None:
        self.address, self.process = address, process

    def stop(self) -> str:
        """Interrupts it as Ctrl + C does, and gives what it said."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=30)[0]


@contextmanager
def served(store: Path, *options: str) -> Iterator[Served]:
    """Serves a store by the command itself."""
    command = [sys.executable, "-c", _CODE, str(store), "--no-browser", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=store.parent) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            while line and not line.startswith("http"):
                line = process.stdout.readline()
            yield Served(line.strip(), process)
        finally:
            if process.poll() is None:
                process.kill()


def chromium() -> str:
    """Where Chromium lies; the test is skipped where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine")


@contextmanager
def browser_page(playwright: Playwright, wide: int = 1280, tall: int = 800) -> Iterator[Page]:
    """A page of a fresh profile; what goes wrong in it fails the test."""
    browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
    try:
        page = browser.new_page(viewport={"width": wide, "height": tall})
        problems = list[str]()
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        page.on("console", lambda told: problems.append(told.text) if _is_problem(told.type, told.text) else None)
        yield page
        assert not problems, problems
    finally:
        browser.close()


def _is_problem(kind: str, text: str) -> bool:
    """Errors in the console, but those of refused answers and of servers that ended, which the page tells the user."""
    expected = ("status of 400", "status of 409", "status of 500", "net::ERR_")
    return kind == "error" and not any(one in text for one in expected)


@contextmanager
def opened_page() -> Iterator[Callable[[str], Page]]:
    """Opens pages of servers in one browser."""
    with sync_playwright() as playwright, browser_page(playwright) as page:

        def go(address: str) -> Page:
            page.goto(address)
            page.wait_for_selector("body.ready")
            return page

        yield go


def axe_source() -> str:
    """axe-core, from the package of its tests."""
    folder = pytest.importorskip("axe_playwright_python").__path__[0]
    return (Path(folder) / "axe.min.js").read_text(encoding="utf-8")
