"""What import-linter cannot see of who may know whom; the rest is in `.importlinter`."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HUB = ROOT / "hub"
KINDS = ("email", "messenger", "sms", "telegram", "webchat")
#: Folders beside the kinds that are held to the same rules.
SHARED = ("oauth",)

#: Names that open a database, or a session on one.
DOORS = {"create_engine", "create_async_engine", "Session", "sessionmaker", "scoped_session"}
#: Ways to ask what time it is by the calendar. `time.monotonic` only measures a wait.
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time"}
#: A kind may ask the clock here and nowhere else.
CLOCKS_ALLOWED = {
    "hub/connectors/email/clients/imap.py": (
        "the first look at a mailbox goes back `import_days` from today"
    )
}


def modules(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def clocks_in(tree: ast.AST) -> list[int]:
    """The lines that ask for the time of day."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in CLOCK_OWNERS
    ]


def doors_in(tree: ast.AST) -> list[str]:
    return [
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] in ("sqlalchemy", "sqlmodel")
        for name in node.names
        if name.name in DOORS
    ]


def test_the_import_contracts_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", (*KINDS, *SHARED))
def test_a_kind_of_channel_never_asks_the_clock(kind: str) -> None:
    found = {name: clocks_in(tree) for name, tree in modules(HUB / "connectors" / kind)}
    assert {
        name: lines for name, lines in found.items() if lines and name not in CLOCKS_ALLOWED
    } == {}


def test_an_exception_for_the_clock_is_still_needed() -> None:
    for name in CLOCKS_ALLOWED:
        assert clocks_in(ast.parse((ROOT / name).read_text())), f"{name} asks no clock any more"


def test_only_the_store_opens_a_database() -> None:
    found = {
        name: doors_in(tree) for name, tree in modules(HUB) if not name.startswith("hub/store/")
    }
    assert {name: doors for name, doors in found.items() if doors} == {}
    assert any(doors_in(tree) for _, tree in modules(HUB / "store")), "the check finds nothing"


def test_every_kind_that_ships_is_held_to_the_rules() -> None:
    folders = {path.parent.name for path in (HUB / "connectors").glob("*/__init__.py")}
    assert folders == {*KINDS, *SHARED}
