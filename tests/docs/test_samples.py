"""Code in the pages is right: command lines are parsed by the real commands, Python runs."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from lsl_runtime import Model, annotate
from tests.docs.commands import APPLICATIONS, commands_of, parse
from tests.docs.markdown_pages import PAGES, Block, Page
from tests.support.bands import write_bundle, write_store
from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

LANGUAGES = {
    "sh": "each line is held against the real command below",
    "python": "runs below",
    "bash": "a script of examples/, which tests/runtime/annotation/test_shards.py runs",
    "toml": "shows a file that a test reads",
    "r": "tests/docs/test_reading.py runs it, as the four below, where the program is installed",
    "js": "the same",
    "octave": "the same",
    "sql": "the same",
    "text": "no code: formulas, trees of files, output",
}
"""What becomes of the blocks of each language."""

SNIPPET = re.compile(r"--8<--\n(\S+)\n--8<--")
"""How a block shows a file; this form is no Python, so that no formatter takes it for some."""


def lines() -> list[tuple[str, str]]:
    """(page, line) of every command line in a block."""
    return [
        (page.name, line.strip())
        for page in PAGES
        for block in page.blocks("sh")
        for line in block.code.replace("\\\n", " ").splitlines()
        if line.strip()
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_language_that_is_looked_after(page: Page) -> None:
    assert page.languages() <= set(LANGUAGES)


@pytest.mark.parametrize(("page", "line"), lines())
def test_the_command_line_is_one_that_the_command_takes(page: str, line: str) -> None:
    for part in re.split(r"\s&&\s", line):
        check(shlex.split(part, comments=True))


def check(words: list[str]) -> None:
    """Raises, or fails, where a command line cannot be meant: each program in its own way."""
    program = Path(words[0]).name
    if program in APPLICATIONS:
        parse([program, *words[1:]])
    elif program == "make":
        assert set(words[1:]) <= TARGETS, words
    elif program == "pip":
        assert words[1:4] == ["install", "-c", "constraints.txt"]
        named = re.fullmatch(r"\.(?:\[([\w,]+)\])?", words[-1])
        assert named
        assert set(filter(None, (named[1] or "").split(","))) <= set(PROJECT["optional-dependencies"])
    elif program == "torchrun":
        module = words.index("-m")
        assert words[module + 1] == "lsl_trainer"
        parse(["lsl-train", *words[module + 2 :]])
    elif program in ("pytest", "ruff", "mypy"):
        assert all((ROOT / word).exists() for word in words[1:] if "/" in word), words
    else:
        assert words[:3] == ["python3", "-m", "venv"] or words[0] == "source", f"nobody looks after {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_sentences_exist(page: Page) -> None:
    """Those of `lsl-store` are named with their command, or several of them: `lsl-store info | check`."""
    for called, *words in map(str.split, page.spans()):
        if called == "lsl-store" and words:
            named = [word for word in words if word != "|"] if "|" in words else words[:1]
            assert set(named) <= commands_of(called), named
        elif called.startswith("lsl-"):
            assert called in {*APPLICATIONS, *OTHER_NAMES}, called


OTHER_NAMES = {
    "lsl-out-of-fold",
    "lsl-annotations",
    "lsl-gems",
    "lsl-gem-comparison",
    "lsl-comparison",
    "lsl-contrast",
    "lsl-part",
    "lsl-review-journal",
}
"""Names that begin as commands do: formats of files."""


def python_blocks() -> list[tuple[str, Block]]:
    """Those of docs/reading.md run in tests/docs/test_reading.py: their libraries may be absent."""
    return [(page.name, block) for page in PAGES if page.path.name != "reading.md" for block in page.blocks("python")]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after the walk: a store, a run with its model, annotations."""
    folder = tmp_path_factory.mktemp("walked")
    write_store(folder / "store.h5")
    bundle = write_bundle(folder / "runs" / "demo" / "model")
    annotate(folder / "store.h5", Model.load(bundle, "cpu"), saliency=True)
    return folder


@pytest.mark.parametrize(("page", "block"), python_blocks(), ids=lambda one: str(getattr(one, "line", one)))
def test_python_runs(page: str, block: Block, walked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(walked)
    if shown := SNIPPET.fullmatch(block.code.strip()):  # tests/runtime/test_examples.py runs it; here it must be there
        compile((ROOT / shown[1]).read_text(encoding="utf-8"), shown[1], "exec")
        return
    exec(compile(block.code, page, "exec"), {})
