"""Keeps the links from the documentation into the code at the right line.

    .venv/bin/python -m lint.code_links          names every link whose line is wrong
    .venv/bin/python -m lint.code_links --fix    corrects them

A link such as [`send_message`](../hub/outbound/send.py#L65) names a function, a class, a method
(`Gateway.answer_webhook`) or a constant; the line is the one that defines it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE_LINK = re.compile(r"\[`([\w.]+)`\]\(([^)\s#]+\.py)#L(\d+)\)")


def pages() -> list[Path]:
    """The pages of the documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def line_of(file: Path, name: str) -> int | None:
    """The line that defines a name; None where the file does not define it."""
    body: list[ast.stmt] = ast.parse(file.read_text()).body
    line = None
    for part in name.split("."):
        definition = next((node for node in body if part in _names(node)), None)
        if definition is None:
            return None
        line = definition.lineno
        body = definition.body if isinstance(definition, ast.ClassDef) else []
    return line


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def corrected(page: Path, problems: list[str]) -> str:
    """The text of a page with every line number right; a missing file or name is a problem."""

    def correct(match: re.Match[str]) -> str:
        name, path, line = match.groups()
        file = (page.parent / path).resolve()
        found_line = line_of(file, name) if file.exists() else None
        where = f"{page.relative_to(ROOT)}: `{name}` in {path}"
        if found_line is None:
            problems.append(f"{where} is not defined there")
            return match.group()
        if found_line != int(line):
            problems.append(f"{where} is at line {found_line}, not {line}")
        return f"[`{name}`]({path}#L{found_line})"

    return CODE_LINK.sub(correct, page.read_text())


def main(arguments: list[str]) -> int:
    """Checks all pages, or corrects them. Returns the exit status."""
    problems: list[str] = []
    for page in pages():
        text = corrected(page, problems)
        if "--fix" in arguments:
            page.write_text(text)
    if "--fix" in arguments:
        problems = [problem for problem in problems if problem.endswith("not defined there")]
    for problem in problems:
        print(problem)
    if problems:
        print("Correct the names by hand and the lines with `make format`.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
