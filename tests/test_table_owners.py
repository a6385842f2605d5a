"""Each table is written by one package; the other packages call that package's functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hub.store import models

ROOT = Path(__file__).parent.parent
HUB = ROOT / "hub"

#: The packages under `hub/` and the tables that each of them writes.
OWNERS = {
    "contacts": {"addresses", "claims", "contacts", "reaches", "suggestions"},
    "conversations": {
        "attachments",
        "conversation_connectors",
        "conversation_labels",
        "conversations",
        "draft_files",
        "drafts",
        "message_edits",
        "messages",
        "participants",
        "routing_decisions",
        "saved_views",
    },
    "switches": {"channel_switches"},
    "identity": {"links"},
    "outbound": {"deliveries", "external_ids", "held_messages"},
    "handover": {"handover_refusals", "handovers"},
    "inbound": {"intake_marks", "journal", "quiet_messages"},
    "transport": {"connector_states"},
    "accounts": {
        "agent_sessions",
        "agents",
        "open_pages",
        "open_screens",
        "sign_in_failures",
        "team_members",
        "teams",
        "tokens",
        "visitor_sessions",
        "web_processes",
    },
    "canned_replies": {"canned_replies"},
    "macros": {"macros"},
    "config_reload": {"applied_configs"},
    "notifications": {
        "mentions",
        "notification_settings",
        "notifications",
        "push_states",
        "push_subscriptions",
    },
    "oauth": {"oauth_requests", "oauth_tokens"},
    "schema": {"search_refolds"},
    "store": {"hub_identities"},
    "bulk": {"bulk_failures", "bulk_jobs", "bulk_targets"},
    "undo": {"undo_changes", "undo_records"},
}
OWNER_OF = {table: package for package, tables in OWNERS.items() for table in tables}

#: Writes to a table of another package that are not converted yet. This list only shrinks.
NOT_CONVERTED: set[tuple[str, str]] = set()

#: The ways to write to a table: of SQLAlchemy, and those that `hub.store` adds.
WRITES = {"insert", "update", "delete", "insert_all", "Upsert"}
#: Migrations come before the packages; the demo's data and the sandbox are no part of the hub.
EXEMPT = ("hub/store/", "hub/sandbox/", "hub/demo_data.py")


def imported_names(tree: ast.Module, modules: tuple[str, ...]) -> dict[str, str]:
    """The names that a module imports from other modules: name in the module to original name."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(modules)
        for alias in node.names
    }


def written_tables(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The tables that a module writes to, each with the line.

    A table in a variable has the name of the variable: it belongs to no package.
    """
    tables = imported_names(tree, ("hub.store.models",))
    functions = imported_names(tree, ("sqlalchemy", "hub.store"))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        function = ast.unparse(node.func)
        if functions.get(function) in WRITES:
            argument = ast.unparse(node.args[0])
            yield tables.get(argument, argument), node.lineno


def writes() -> Iterator[tuple[str, str, int]]:
    """All writes to tables under `hub/`: module, table and line."""
    for path in sorted(HUB.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if not module.startswith(EXEMPT):
            for table, line in written_tables(ast.parse(path.read_text())):
                yield module, table, line


def package_of(module: str) -> str:
    return module.split("/")[1].removesuffix(".py")


def test_a_table_is_written_by_its_package_alone() -> None:
    foreign = {
        f"{module}:{line} writes {table}, which {OWNER_OF.get(table, 'no package')} owns"
        for module, table, line in writes()
        if OWNER_OF.get(table) != package_of(module) and (module, table) not in NOT_CONVERTED
    }
    assert foreign == set()


def test_a_write_that_is_listed_as_not_converted_is_there() -> None:
    assert NOT_CONVERTED - {(module, table) for module, table, _ in writes()} == set()


def test_every_table_has_one_owner_that_writes_it() -> None:
    assert sorted(OWNER_OF) == sorted(set(models.__all__) - {"metadata"})
    assert sum(len(tables) for tables in OWNERS.values()) == len(OWNER_OF)


def test_the_scan_finds_writes_under_another_name() -> None:
    tree = ast.parse(
        "from sqlalchemy import update as change\n"
        "from hub.store.models import links as link_rows\n"
        "change(link_rows)\n"
        "{}.update(link_rows)\n"
    )
    assert list(written_tables(tree)) == [("links", 3)]
