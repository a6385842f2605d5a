"""What the documentation says of the modules of the model: each is named, none go in circles."""

from __future__ import annotations

import ast
import re
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "hub.conversations"
MODULES = {path.stem: path for path in (ROOT / "hub/conversations").glob("[a-z]*.py")}


def imported_by(path: Path) -> set[str]:
    """The modules of the model that one of them imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            found.add((node.module or "").removeprefix(f"{PACKAGE}."))
    return found


def test_the_architecture_page_names_every_module_of_the_model_once() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    section = page.split("### Inside `conversations`")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    named = Counter(re.findall(r"`([a-z_]+)`", "".join(rows)))
    assert set(named) == set(MODULES)
    assert max(named.values()) == 1


def test_no_two_modules_of_the_model_import_each_other_however_far_around() -> None:
    imports = {name: imported_by(path) for name, path in MODULES.items()}
    assert imports["receive"] >= {"incoming", "echoes"}, "the imports are not seen"
    assert len(list(TopologicalSorter(imports).static_order())) == len(MODULES)
