"""Lists of conversations in four orders, each along an index, and how many there are.

An order is read in parts, such as those that wait and then the others, and each part along one
index. What the index does not know is asked of the rows that it gives, in windows, and no more than
`MOST_READ` rows for a page: a page may have fewer items than it could, or none, and still name the
next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, select, text, tuple_

from hub.conversations import views
from hub.conversations.filters import ConversationFilter
from hub.errors import Invalid
from hub.schema import cursors, resources
from hub.schema.cursors import Page
from hub.store.models import conversation_labels, conversations

Sort = Literal["activity", "waiting", "sla", "priority"]
SORTS: tuple[Sort, ...] = get_args(Sort)

#: Rows that one page reads at most, of those that its filter may or may not let through.
MOST_READ = 10_000
#: The first window of a filter that an index does not know; each one after it is larger.
WINDOW = 200
#: Conversations with a label up to which they are looked up by the label, and not along the order.
FEW = 500
#: How far conversations are counted.
MOST_COUNTED = 100

_BY_ACTIVITY = (conversations.c.last_activity_at, conversations.c.id)


@dataclass(frozen=True)
class Part:
    """A part of an order that one index has.

    Args:
        condition: which conversations are in this part.
        position: the columns that order it, together unique.
        is_descending: whether the highest come first.
        is_indexed: whether an index has exactly this part; else that of activity is read.
    """

    condition: ColumnElement[bool] | None = None
    position: tuple[ColumnElement[Any], ...] = _BY_ACTIVITY
    is_descending: bool = True
    is_indexed: bool = False


def _first(column: ColumnElement[Any]) -> tuple[Part, Part]:
    """Those that have a time, the earliest first; then the others, by their activity."""
    position = (column, conversations.c.id)
    return (
        Part(column.is_not(None), position, is_descending=False, is_indexed=True),
        Part(column.is_(None)),
    )


def _of_priority(priority: str) -> Part:
    """Those of one priority, by their activity. Normal ones are many, and have no index."""
    is_indexed = priority != "normal"
    condition = conversations.c.priority == priority
    if is_indexed:
        condition &= text("priority != 'normal'")  # as the index has it
    return Part(condition, is_indexed=is_indexed)


_PARTS: dict[Sort, tuple[Part, ...]] = {
    "activity": (Part(),),
    "waiting": _first(conversations.c.waiting_since),
    "sla": _first(conversations.c.due_at),
    "priority": tuple(map(_of_priority, ("urgent", "high", "normal", "low"))),
}


def list_conversations(
    connection: Connection,
    filter_: ConversationFilter,
    limit: int,
    cursor: str | None,
    sort: Sort = "activity",
) -> Page[resources.Conversation]:
    """Conversations: the last activity, the longest wait, the next due or the most urgent first.

    Raises:
        Invalid: the cursor is of another list.
    """
    rows, next_cursor = _read(connection, filter_, limit, cursor, sort)
    ids = [row.id for row in rows]
    if not ids:
        return Page([], next_cursor)
    loaded = connection.execute(views.SELECT_CONVERSATIONS.where(conversations.c.id.in_(ids))).all()
    by_id = {row.id: row for row in loaded}
    in_order = [by_id[id_] for id_ in ids if id_ in by_id]
    return Page(views.conversations_from_rows(connection, in_order), next_cursor)


def find_ids(connection: Connection, filter_: ConversationFilter, limit: int) -> list[int]:
    """The ids of conversations by their last activity, as far as `MOST_READ` rows have them."""
    rows, _ = _read(connection, filter_, limit, None, "activity")
    return [row.id for row in rows]


def find_all_ids(connection: Connection, filter_: ConversationFilter, most: int) -> list[int]:
    """The ids of all conversations that a filter lets through, up to `most`, page after page."""
    ids: list[int] = []
    cursor = None
    while len(ids) < most:
        rows, cursor = _read(connection, filter_, min(1000, most - len(ids)), cursor, "activity")
        ids += [row.id for row in rows]
        if cursor is None:
            break
    return ids


def count_conversations(
    connection: Connection, filter_: ConversationFilter, most: int = MOST_COUNTED
) -> tuple[int, bool]:
    """How many conversations a filter lets through, up to `most`, and whether there are more."""
    rows, next_cursor = _read(connection, filter_, most, None, "activity")
    return len(rows), next_cursor is not None


def _read(
    connection: Connection,
    filter_: ConversationFilter,
    limit: int,
    cursor: str | None,
    sort: Sort,
) -> tuple[Sequence[Row[Any]], str | None]:
    """The ids of one page with the columns that order them, and the cursor of the next page."""
    begin, edge = (0, None) if cursor is None else _read_cursor(cursor, sort)
    filter_ = _narrowed(connection, filter_)
    rows: list[Row[Any]] = []
    if filter_.ids == ():
        return rows, None
    left, next_cursor = MOST_READ, cursor
    for index in range(begin, len(_PARTS[sort])):
        part = _PARTS[sort][index]
        for row, is_let_through in _rows(connection, filter_, part, edge, limit + 1):
            if is_let_through:
                if len(rows) == limit:
                    return rows, next_cursor
                rows.append(row)
            left -= 1
            next_cursor = _cursor(sort, index, row)
            if left <= 0:
                return rows, next_cursor
        edge = None
    return rows, None


def _rows(
    connection: Connection,
    filter_: ConversationFilter,
    part: Part,
    edge: Sequence[Any] | None,
    wanted: int,
) -> Iterator[tuple[Row[Any], bool]]:
    """The rows of a part from a position on, each with whether the filter lets it through."""
    query = select(*dict.fromkeys((*part.position, conversations.c.id)))
    of_part = [] if part.condition is None else [part.condition]
    on_index: list[ColumnElement[bool]]
    if filter_.ids is not None:
        on_index = [conversations.c.id.in_(filter_.ids)]
        beside = [*filter_.all_conditions(), *of_part]
    elif part.is_indexed:
        on_index, beside = of_part, filter_.all_conditions()
    else:
        on_index, beside = filter_.on_index(), [*filter_.beside_index(), *of_part]
    # Few conversations were merged into another; to ask each for it reads no further row.
    query = query.where(*on_index, conversations.c.merged_into_id.is_(None))
    size = WINDOW if beside else wanted
    while True:
        window = connection.execute(_from(query, part, edge).limit(size)).all()
        through = _let_through(connection, [row.id for row in window], beside)
        for row in window:
            yield row, row.id in through
        if len(window) < size:
            return
        edge = [getattr(window[-1], column.key or "") for column in part.position]
        size = min(size * 2, 2000)


def _from(query: Select[Any], part: Part, edge: Sequence[Any] | None) -> Select[Any]:
    """The rows of a query behind a position, in the order of a part."""
    position = part.position
    if edge is not None:
        row_position, page_edge = tuple_(*position), tuple_(*edge)
        query = query.where(
            row_position < page_edge if part.is_descending else row_position > page_edge
        )
    return query.order_by(
        *(column.desc() if part.is_descending else column.asc() for column in position)
    )


def _let_through(
    connection: Connection, ids: Sequence[int], conditions: Sequence[ColumnElement[bool]]
) -> set[int]:
    """Those of these conversations for which all conditions hold."""
    if not conditions or not ids:
        return set(ids)
    return set(
        connection.execute(
            select(conversations.c.id).where(conversations.c.id.in_(ids), *conditions)
        ).scalars()
    )


def _narrowed(connection: Connection, filter_: ConversationFilter) -> ConversationFilter:
    """The filter with the ids of a rare label, so that the order need not be read through."""
    if filter_.ids is not None or filter_.label is None:
        return filter_
    ids = connection.execute(
        select(conversation_labels.c.conversation_id)
        .where(conversation_labels.c.label == filter_.label)
        .limit(FEW + 1)
    ).scalars()
    few = tuple(ids)
    return filter_ if len(few) > FEW else filter_.among(few)


def _cursor(sort: Sort, part: int, row: Row[Any]) -> str:
    position = _PARTS[sort][part].position
    values = [getattr(row, column.key or "") for column in position]
    return cursors.encode_values([sort, part, *values])


def _read_cursor(cursor: str, sort: Sort) -> tuple[int, list[Any]]:
    """The part and the position in it at which a page begins. Raises Invalid."""
    found_sort, part, *edge = cursors.decode(cursor, at_least=2)
    parts = _PARTS[sort]
    if found_sort != sort or type(part) is not int or not 0 <= part < len(parts):
        raise Invalid("This cursor is of another list.", "cursor")
    return part, cursors.edge_values(edge, parts[part].position)
