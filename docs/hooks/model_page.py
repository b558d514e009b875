"""Puts a page of the demo's model into the site, where `make demo` and `make page-library` have been run."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from lsl_shared.errors import ConfigError
from lsl_tools.model_page.library import find_library
from lsl_tools.model_page.write import PageSettings, write_page

NAME = "try-a-model.html"
MARK = "<!-- a page to try -->"
READY = f"[**Try it**]({NAME}): a model of synthetic embryos, with embryos to try."
ABSENT = "`make demo page-library docs` puts a page of the demo's model here, with embryos to try."
DESCRIPTION = "Trained on drawings of embryos. It knows nothing of real ones."


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the page to the site's files."""
    demo = Path(config.config_file_path).parent / "demo"
    if (demo / "runs" / "demo" / "model").is_dir() and (demo / "store.h5").is_file():
        with suppress(ConfigError):  # where ONNX Runtime Web is not here
            files.append(File.generated(config, NAME, content=made(demo)))
    return files


def made(demo: Path) -> str:
    """The page of the demo's model, with drawn embryos to try."""
    settings = PageSettings("Which stage is this embryo?", DESCRIPTION, references=demo / "store.h5")
    with tempfile.TemporaryDirectory() as folder:
        written = write_page(demo / "runs" / "demo" / "model", Path(folder) / NAME, find_library(), settings)
        return written.path.read_text(encoding="utf-8")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads to the page, or says how to have it."""
    return markdown.replace(MARK, READY if files.get_file_from_path(NAME) else ABSENT)
