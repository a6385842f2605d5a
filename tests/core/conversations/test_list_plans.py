"""Lists and search go along an index: no table is read as a whole, and nothing is sorted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, text

from hub.conversations import listing
from hub.conversations.filters import ConversationFilter
from hub.conversations.listing import SORTS, Sort
from hub.schema import search_index
from hub.store.engine import Store
from tests.core.conftest import DATABASES

FILTERS = [
    ConversationFilter(),
    ConversationFilter(status="open"),
    ConversationFilter(assignee="3"),
    ConversationFilter(assignee="none"),
    ConversationFilter(assignee="3", status="open"),
    ConversationFilter(team="2"),
    ConversationFilter(team="2", status="open"),
]


def plan_of(connection: Connection, look: Any) -> list[str]:
    """The lines of the plan of the first statement that `look` runs."""
    statements: list[tuple[str, Any]] = []
    real = connection.execute

    def note(statement: Any, *arguments: Any, **options: Any) -> Any:
        compiled = statement.compile(
            connection, compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        statements.append((str(compiled), None))
        return real(statement, *arguments, **options)

    connection.execute = note  # type: ignore[method-assign]
    look(connection)
    connection.execute = real  # type: ignore[method-assign]
    sql = statements[0][0]
    if connection.dialect.name == "sqlite":
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    # A small table is cheaper to read whole; what is asked is what is possible.
    for name in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET enable_{name} = off")
    rows = connection.exec_driver_sql(f"EXPLAIN {sql.replace('%', '%%')}").scalars().all()
    connection.exec_driver_sql("RESET ALL")
    return list(rows)


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: json.dumps(vars_of(wanted)))
def test_a_list_of_conversations_goes_along_an_index(
    store: Store, wanted: ConversationFilter
) -> None:
    with store.read() as connection:
        plan = plan_of(connection, lambda read: listing.list_conversations(read, wanted, 50, None))
    whole = [line for line in plan if "conversation" in line and is_whole(line)]
    sorted_ = [line for line in plan if "TEMP B-TREE" in line or "Sort" in line]
    assert not whole + sorted_, plan


PARTS = [(sort, index) for sort in SORTS for index in range(len(listing._PARTS[sort]))]


@pytest.mark.parametrize(("sort", "part"), PARTS)
@pytest.mark.parametrize("wanted", [ConversationFilter(status="open"), ConversationFilter()])
def test_every_part_of_an_order_goes_along_an_index(
    store: Store, sort: Sort, part: int, wanted: ConversationFilter
) -> None:
    def look(connection: Connection) -> None:
        of_sort = listing._PARTS[sort][part]
        next(listing._rows(connection, wanted, of_sort, None, 50), None)

    with store.read() as connection:
        plan = plan_of(connection, look)
    wrong = [line for line in plan if is_whole(line) or "TEMP B-TREE" in line or "Sort" in line]
    assert not wrong, plan
    assert any("ix_conversation" in line for line in plan), plan


def vars_of(wanted: ConversationFilter) -> dict[str, str]:
    names = ("status", "assignee", "team")
    return {name: getattr(wanted, name) for name in names if getattr(wanted, name)}


def is_whole(line: str) -> bool:
    return "Seq Scan" in line or ("SCAN" in line and "USING INDEX" not in line)


# -- search ----------------------------------------------------------------------------------------


ROWS = 30_000
NEWEST_ROWS = 1000


@pytest.fixture
def many_texts(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A table in which `rare` is in three old rows, `often` in every third; `once` was frequent."""
    monkeypatch.setattr(search_index, "NEWEST_ROWS", NEWEST_ROWS)
    with store.engine.connect() as connection:
        connection.execute(
            text(
                "INSERT INTO message_search (rowid, body) SELECT n, to_tsvector('simple',"
                " 'where is my order please tell me soon thank you very much number' || n"
                " || CASE WHEN n % 3 = 0 THEN ' often' ELSE '' END"
                " || CASE WHEN n % 10000 = 7 THEN ' rare' ELSE '' END"
                " || CASE WHEN n < 500 THEN ' once' ELSE '' END)"
                f" FROM generate_series(1, {ROWS}) AS n"
            )
        )
        connection.execute(text("ANALYZE message_search"))
    return store


def rows_read(connection: Connection) -> int:
    """How many rows of the search table this connection has read and not reported yet.

    It reports at most once a second, so work of before is among them: only differences count.
    """
    return int(
        connection.execute(
            text(
                "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables"
                " WHERE relname = 'message_search'"
            )
        ).scalar_one()
    )


@pytest.mark.parametrize("store", DATABASES[1:], indirect=True)
@pytest.mark.parametrize(
    ("query", "newest", "limit", "most_rows"),
    [
        # The newest rows twice, once for whole words and once for the beginning of one; and the few
        # that say where the table ends, and that match. Not the table, which is thirty times that.
        ("rare", [20007, 10007, 7], 30, 2 * NEWEST_ROWS + 100),
        ("missing", [], 30, 2 * NEWEST_ROWS + 100),
        ("often", [30000, 29997, 29994], 3, 100),
        ("once", [499, 498, 497], 3, NEWEST_ROWS + 600),
    ],
)
def test_a_search_reads_few_rows_of_a_large_table(
    many_texts: Store, query: str, newest: list[int], limit: int, most_rows: int
) -> None:
    with many_texts.engine.execution_options(writes=True).begin() as connection:
        # A table as small as this one is cheaper to read whole.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        before = rows_read(connection)
        assert search_index.find_messages(connection, query, None, limit) == newest
        assert rows_read(connection) - before <= most_rows


@pytest.mark.parametrize("store", DATABASES[1:], indirect=True)
def test_pages_of_a_search_have_no_gap_where_reading_and_index_meet(many_texts: Store) -> None:
    ids: list[int] = []
    with many_texts.read() as connection:
        while page := search_index.find_messages(
            connection, "often", ids[-1] if ids else None, 900
        ):
            ids += page
    assert ids == list(range(ROWS, 0, -3))
