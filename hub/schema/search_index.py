"""The full-text index of messages and contacts, in any script.

Both databases index the same folded words (`folding`), so that a query finds the same on both. The
newest match comes first, as agents expect it, and so a page is as cheap in a million messages as in
a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from hub.schema import folding, search_refold
from hub.schema.former_folding import former_fold
from hub.store.driver import query_in_thread
from hub.store.engine import Transaction
from hub.store.prepared import Prepared

#: The words of a query that are searched for; each costs a look-up.
MAX_WORDS = 8
#: Words past this many characters of a text are not indexed.
MAX_INDEXED = 20_000
#: The rows of PostgreSQL's table that are read one after the other before the index is asked.
NEWEST_ROWS = 20_000

_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\+\d[\d\s().-]+")


def fold(value: str) -> str:
    """The words of a text in their plainest form, separated by spaces."""
    return " ".join(_LETTERS_AND_DIGITS.findall(folding.fold(value[:MAX_INDEXED])))


_INSERT = {
    "sqlite": "INSERT INTO {table}(rowid, body) VALUES (:id, :body)",
    "postgresql": "INSERT INTO {table}(rowid, body) VALUES (:id, to_tsvector('simple', :body))",
}
_REMOVE = {
    "sqlite": "INSERT INTO {table}({table}, rowid, body) VALUES ('delete', :id, :body)",
    "postgresql": "DELETE FROM {table} WHERE rowid = :id AND CAST(:body AS text) IS NOT NULL",
}
#: What makes the last word of a query the beginning of one.
_BEGINNING = {"sqlite": "*", "postgresql": ":*"}
_STATEMENTS = {
    (name, dialect, table): Prepared(text(template.format(table=table)))
    for name, templates in (("insert", _INSERT), ("remove", _REMOVE))
    for dialect, template in templates.items()
    for table in ("message_search", "contact_search", "file_search")
}


# Messages are indexed right before the commit: SQLite writes the index to disk at every savepoint,
# and each of the transactions that share a commit has a savepoint.


def index_message(tx: Transaction, message_id: int, value: str) -> None:
    """Indexes the text of a new message, right before the commit."""
    body = fold(value)
    tx.before_commit(lambda connection: _index(connection, "message_search", message_id, body))


def reindex_message(tx: Transaction, message_id: int, old: str, new: str) -> None:
    """Replaces the indexed text of a message, right before the commit."""
    tx.before_commit(
        lambda connection: _replace(connection, "message_search", message_id, old, new)
    )


def index_contact(tx: Transaction, contact_id: int, value: str) -> None:
    """Indexes the text of a new contact."""
    _index(tx.connection, "contact_search", contact_id, fold(value))


def reindex_contact(tx: Transaction, contact_id: int, old: str, new: str) -> None:
    """Replaces the indexed text of a contact."""
    _replace(tx.connection, "contact_search", contact_id, old, new)


def index_file(tx: Transaction, file_id: int, name: str) -> None:
    """Indexes the name of a file of a message, right before the commit."""
    tx.before_commit(lambda connection: _index_new_file(connection, file_id, fold(name)))


def index_older_file(connection: Connection, file_id: int, name: str) -> None:
    """Indexes the name of a file from before there was an index of them."""
    _index(connection, search_refold.FILES, file_id, fold(name))


def _index_new_file(connection: Connection, file_id: int, body: str) -> None:
    # One that was uploaded before there was the index is in it when the job comes by.
    if file_id > search_refold.former_below(connection, search_refold.FILES):
        _index(connection, search_refold.FILES, file_id, body)


def find_files(connection: Connection, query: str, limit: int) -> list[int]:
    """Ids of files whose names have all the words, newest first; see `_find`."""
    return _find(connection, "file_search", query, None, limit)


def find_messages(connection: Connection, query: str, before: int | None, limit: int) -> list[int]:
    """Ids of messages with all the words, newest first; see `_find` for the last word."""
    return _find(connection, "message_search", query, before, limit)


def find_contacts(connection: Connection, query: str, before: int | None, limit: int) -> list[int]:
    """Ids of contacts with all the words, newest first; see `_find` for the last word."""
    return _find(connection, "contact_search", _ungrouped(query), before, limit)


def matching_contacts(connection: Connection, query: str, among: Collection[int]) -> set[int]:
    """The contacts among these that have all the words."""
    if not among:
        return set()
    return set(_find(connection, "contact_search", _ungrouped(query), None, len(among), among))


def _ungrouped(query: str) -> str:
    """A query without the spaces of a phone number, which is indexed without them."""
    return re.sub(r"[\s().-]", "", query) if _NUMBER.fullmatch(query.strip()) else query


def _index(connection: Connection, table: str, row: int, body: str) -> None:
    if body:
        statement = _STATEMENTS["insert", connection.dialect.name, table]
        statement.run_later(connection, {"id": row, "body": body})


def _replace(connection: Connection, table: str, row: int, old: str, new: str) -> None:
    """Replaces the text of a row, folded as the rest of its row's part of the index is by now."""
    is_former = row <= search_refold.former_below(connection, table)
    fold_words = former_fold if is_former else fold
    _reindex(connection, table, row, fold_words(old), fold_words(new))


def refold(connection: Connection, table: str, row: int, value: str) -> None:
    """Gives a row that has its former words those of `fold`.

    Args:
        value: the text of the row, as it was indexed.
    """
    _reindex(connection, table, row, former_fold(value), fold(value))


def _reindex(connection: Connection, table: str, row: int, old: str, new: str) -> None:
    if old == new:
        return
    if old:
        # The index keeps no copy of the text, so the statement names the text to remove.
        statement = _STATEMENTS["remove", connection.dialect.name, table]
        statement.run_later(connection, {"id": row, "body": old})
    _index(connection, table, row, new)


def _find(
    connection: Connection,
    table: str,
    query: str,
    before: int | None,
    limit: int,
    among: Collection[int] | None = None,
) -> list[int]:
    """Whole words where they fill the page; else the last one may be the beginning of a word.

    Whole words are read from the newest on and no further than the page, a beginning is looked up
    among all words first: with a frequent word in a million messages that is 80 ms against 2.
    """
    terms = fold(query).split()[:MAX_WORDS]
    if not terms:
        return []
    dialect = connection.dialect.name
    for ending in ("", _BEGINNING[dialect]):
        ids = _matching(connection, table, _query(terms, dialect, ending), before, limit, among)
        if len(ids) >= limit and among is None:
            break
    return ids


def _matching(
    connection: Connection,
    table: str,
    match: str,
    before: int | None,
    limit: int,
    among: Collection[int] | None,
) -> list[int]:
    if connection.dialect.name == "sqlite":
        return _matching_on_sqlite(connection, table, match, before, limit, among)
    if among is not None:
        condition = "rowid IN :among"
        parameters = {"query": match, "limit": limit, "among": list(among)}
        return _select(connection, table, condition, "rowid", parameters)
    last = connection.execute(text(f"SELECT max(rowid) FROM {table}")).scalar()  # noqa: S608
    end = (last or 0) + 1 if before is None else before
    return _newest_on_postgres(connection, table, match, end, limit)


def _newest_on_postgres(
    connection: Connection, table: str, match: str, end: int, limit: int
) -> list[int]:
    """The newest matches below `end`.

    A frequent word fills the page within the newest rows, which are read one after the other. A
    word that does not is rare, and all its rows are looked up in the index. PostgreSQL, left to
    choose, reads a million rows backwards for a rare word: it guesses how frequent it is.
    """
    begin = end - NEWEST_ROWS
    window = {"query": match, "limit": limit, "begin": begin, "before": end}
    condition = "rowid >= :begin AND rowid < :before"
    ids = _select(connection, table, condition, "rowid", window)
    if len(ids) < limit and begin > 1:
        # An expression has no order in the primary key, which leaves the index of the words.
        earlier = {"query": match, "limit": limit - len(ids), "before": begin}
        ids += _select(connection, table, "rowid < :before", "rowid + 0", earlier)
    return ids


def _select(
    connection: Connection, table: str, condition: str, order: str, parameters: Mapping[str, Any]
) -> list[int]:
    statement = text(
        f"SELECT rowid FROM {table} WHERE body @@ to_tsquery('simple', :query) "  # noqa: S608
        f"AND {condition} ORDER BY {order} DESC LIMIT :limit"
    )
    if "among" in parameters:
        statement = statement.bindparams(bindparam("among", expanding=True))
    return list(connection.execute(statement, parameters).scalars())


def _matching_on_sqlite(
    connection: Connection,
    table: str,
    match: str,
    before: int | None,
    limit: int,
    among: Collection[int] | None,
) -> list[int]:
    conditions: list[str] = [f"{table} MATCH ?"]
    values: list[Any] = [match]
    if before is not None:
        conditions.append("rowid < ?")
        values.append(before)
    if among is not None:
        conditions.append(f"rowid IN ({', '.join('?' * len(among))})")
        values += among
    sql = (
        f"SELECT rowid FROM {table} WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY rowid DESC LIMIT ?"
    )
    return [row[0] for row in query_in_thread(connection, sql, [*values, limit])]


def _query(terms: Sequence[str], dialect: str, ending: str) -> str:
    # Terms are letters and digits only (see `fold`), so quoting them is enough to be safe.
    if dialect == "postgresql":
        return " & ".join(f"'{term}'" for term in terms) + ending
    return " ".join(f'"{term}"' for term in terms) + ending
