"""The architecture page names every module of the tower, in the row of its package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text()
#: Packages whose modules the page lists one by one.
PACKAGES = (
    "schema",
    "contacts",
    "conversations",
    "switches",
    "identity",
    "outbound",
    "handover",
    "inbound",
    "transport",
    "router",
    "router/auto_replies",
    "router/decisions",
    "router/queue",
    "router/sla",
    "accounts",
    "oauth",
    "listener",
)


def modules_of(package: str) -> set[str]:
    return {path.stem for path in (ROOT / "hub" / package).glob("[a-z]*.py")}


def modules_named(package: str) -> list[str]:
    """The names in backticks in the second column of the package's row."""
    rows = re.findall(rf"^\| `{package}/` \|(.*)\|$", PAGE, re.MULTILINE)
    assert len(rows) == 1, f"{package} needs exactly one row"
    return re.findall(r"`([a-z_0-9]+)`", rows[0])


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_page_names_every_module_of_a_package_once(package: str) -> None:
    named = modules_named(package)
    assert sorted(named) == sorted(modules_of(package))
