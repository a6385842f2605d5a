"""The desk of tests/conversations: a hub without its web, on SQLite and on PostgreSQL."""

from tests.conversations.conftest import (  # noqa: F401
    anna,
    boris,
    desk,
    postgres_server,
    postgres_store,
    provider,
    quiet_logs,
    sqlite_engine,
    sqlite_store,
    sqlite_template,
    store,
    toys_are_installed,
)
