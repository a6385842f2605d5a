"""The documentation as tests read it: pages, blocks of code, links."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/*.md")]
)

_FENCE = re.compile(
    r"^(?P<before>[^\n]*)\n(?P<indent>[ ]*)```(?P<language>\w*)\n(?P<code>.*?)\n[ ]*```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A block of code. `before` is the line above it."""

    page: Path
    language: str
    code: str
    before: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}: {self.code.splitlines()[0][:40]}"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(page: Path, language: str | None = None) -> list[Block]:
    found = [
        Block(page, match["language"], textwrap.dedent(match["code"]), match["before"])
        for match in _FENCE.finditer("\n" + page.read_text())
    ]
    return [block for block in found if language in (None, block.language)]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", "\n" + page.read_text())


def links(page: Path) -> list[str]:
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """What a link after `#` may name, as code hosts make it from headings."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def is_named(word: str, *pages: str) -> bool:
    """Whether a word stands in one of the pages as code."""
    alone = re.compile(rf"(?<![\w./-]){re.escape(word)}(?![\w-])")
    return any(
        alone.search(code)
        for page in pages
        for code in (
            *re.findall(r"`([^`\n]+)`", prose(ROOT / page)),
            *(block.code for block in blocks(ROOT / page)),
        )
    )
