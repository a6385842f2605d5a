"""Every kind of channel has one shape, and no layer above asks for a kind by its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HUB = Path(__file__).parents[2] / "hub"
FOLDERS = {path.parent.name: path.parent for path in (HUB / "connectors").glob("*/connector.py")}
FILES = {"__init__", "config", "connector", "errors", "inbound", "outbound", "payloads"}
#: A page's payload is the hub's own (`hub.connectors.pages`), and there is no provider to fail.
WITHOUT = {"webchat": {"errors", "payloads"}}
SECTIONS = ["verify", "parse", "poll", "compose", "accept", "the page", "more", "private helpers"]


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_kind_has_the_files_of_every_kind(kind: str) -> None:
    files = {path.stem for path in FOLDERS[kind].glob("*.py")}
    assert FILES - WITHOUT.get(kind, set()) - files == set()


@pytest.mark.parametrize("kind", FOLDERS)
def test_the_sections_of_a_connector_stand_in_one_order(kind: str) -> None:
    text = (FOLDERS[kind] / "connector.py").read_text()
    headings = re.findall(r"^    # -- (.+?) -+$", text, re.MULTILINE)
    places = [
        SECTIONS.index("more" if heading.startswith("more ") else heading) for heading in headings
    ]
    assert places == sorted(places), headings
    assert {"parse", "compose", "accept"} <= set(headings)


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_connector_starts_with_links_to_documentation(kind: str) -> None:
    doc = ast.get_docstring(ast.parse((FOLDERS[kind] / "connector.py").read_text())) or ""
    assert "https://" in doc or "docs/channels/" in doc


def modules_above() -> list[Path]:
    """The modules of the hub that are neither connectors nor stand-ins and sample data."""
    below = ("connectors/", "sandbox/", "testing/", "demo")
    paths = [path for path in HUB.rglob("*.py") if "node_modules" not in path.parts]
    return [path for path in paths if not path.relative_to(HUB).as_posix().startswith(below)]


def test_no_layer_above_imports_a_kind() -> None:
    imports = {
        f"{path.relative_to(HUB.parent)}: {node.module}"
        for path in modules_above()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and re.match(rf"hub\.connectors\.({'|'.join(FOLDERS)})\b", node.module or "")
    }
    assert imports == set()


def test_no_layer_above_compares_with_the_name_of_a_kind() -> None:
    comparisons = {
        f"{path.relative_to(HUB.parent)}:{node.lineno}"
        for path in modules_above()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare)
        for value in [node.left, *node.comparators]
        for constant in ast.walk(value)
        if isinstance(constant, ast.Constant) and constant.value in FOLDERS
    }
    assert comparisons == set()
