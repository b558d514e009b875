"""Brings pages that lie outside docs/ into the site, and makes every link that holds in the repository hold there.

A page in docs/ is the site's page of the same name; a page at the repository's root, in design/ or in examples/ keeps
its path. A link to a file that is no page, such as a module, becomes its text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

FROM_THE_ROOT = ("BENCHMARKS.md", "CHANGELOG.md", "CONTRIBUTING.md", "design/*.md")
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^()\s#]+)(?P<anchor>#[^()\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages of the repository's root to those of docs/."""
    root = Path(config.config_file_path).parent
    for pattern in FROM_THE_ROOT:
        for path in sorted(root.glob(pattern)):
            files.append(File.generated(config, path.relative_to(root).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns the page's links between files of the repository into links between pages of the site."""
    if page.file.abs_src_path is None:
        return markdown
    source = Path(page.file.abs_src_path).relative_to(Path(config.config_file_path).parent).as_posix()
    return LINK.sub(lambda found: in_site(found, source, page.file.src_uri, files), markdown)


def in_site(found: re.Match[str], source: str, page: str, files: Files) -> str:
    """The link as the site needs it; its text alone where the site has no such page."""
    text, target, anchor = found["text"], found["target"], found["anchor"] or ""
    if "://" in target or target.startswith("mailto:"):
        return found[0]
    repository_path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    uri = repository_path.removeprefix("docs/")
    if files.get_file_from_path(uri) is None:
        return text[1:-1]
    return f"{text}({posixpath.relpath(uri, posixpath.dirname(page) or '.')}{anchor})"
