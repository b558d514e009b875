"""The Markdown pages of the repository, and what is in them: links, code, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import ROOT

__all__ = ["PAGES", "Block", "Page"]

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code: its language, its text, and the line on which it begins."""

    language: str
    code: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path below the repository's root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> Iterator[Block]:
        """Its blocks of code in these languages."""
        for found in _FENCE.finditer(self.text):
            if found["language"] in languages:
                yield Block(found["language"], found["code"], self.text.count("\n", 0, found.start()) + 1)

    def languages(self) -> set[str]:
        """Those of its blocks of code."""
        return {found["language"] for found in _FENCE.finditer(self.text)}

    def spans(self) -> list[str]:
        """The code in its sentences and tables."""
        return _SPAN.findall(self.prose)

    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        return _LINK.findall(_SPAN.sub("", self.prose)) + _LINK.findall(_linked_code(self.prose))

    def anchors(self) -> set[str]:
        """What a link may name after #: its headings, as MkDocs and GitHub write them."""
        return {_slug(heading) for heading in _HEADING.findall(self.prose)}


def _linked_code(prose: str) -> str:
    """Only links whose text is code, such as [`store.h5`](#…)."""
    return "\n".join(re.findall(r"\[`[^`\n]+`\]\([^()\s]+\)", prose))


def _slug(heading: str) -> str:
    plain = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return re.sub(r"[-\s]+", "-", plain)


PAGES = [Page(path) for pattern in ("*.md", "docs/**/*.md", "design/*.md") for path in sorted(ROOT.glob(pattern))]
