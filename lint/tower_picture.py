"""Draws the tower of packages for the architecture page from the layers in `.importlinter`.

.venv/bin/python -m lint.tower_picture          tells whether the picture is out of date
.venv/bin/python -m lint.tower_picture --fix    draws it anew
"""

from __future__ import annotations

import ast
import configparser
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- tower:start -->", "<!-- tower:end -->"


def floors() -> list[list[str]]:
    """The modules of each floor, the highest first."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    layers = parser["importlinter:contract:tower"]["layers"].strip().splitlines()
    return [re.split(r"\s*[:|]\s*", layer.strip()) for layer in layers]


def subject(name: str) -> str:
    """The first line of a module's docstring, without its full stop."""
    package = ROOT / "hub" / name / "__init__.py"
    file = package if package.exists() else ROOT / "hub" / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return docstring.partition("\n")[0].rstrip(".").replace('"', "'").replace("`", "")


def picture() -> str:
    """The tower as a Mermaid diagram: an arrow means "may import"."""
    lines = ["```mermaid", "flowchart TB"]
    for number, modules in enumerate(floors()):
        label = " · ".join(modules)
        if len(modules) == 1 and not label.startswith("__"):
            label = f"<b>{label}</b><br/>{subject(label)}"
        lines.append(f'  floor{number}["{label}"]')
        if number:
            lines.append(f"  floor{number - 1} --> floor{number}")
    return "\n".join([*lines, "```"])


def drawn(text: str) -> str:
    """The page with the picture between its marks."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{picture()}\n{END}", text)


def main(arguments: list[str]) -> int:
    """Checks the picture, or draws it. Returns the exit status."""
    text = PAGE.read_text()
    if "--fix" in arguments:
        PAGE.write_text(drawn(text))
    elif drawn(text) != text:
        print("docs/architecture.md: the picture of the tower is out of date; run `make format`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
