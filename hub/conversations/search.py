"""Search with words and operators: which messages and contacts fit, newest first.

Words are looked up in the index; what operators ask is asked of the rows that the words, a person,
a label or the newest messages give, and of no more than `MOST_READ` of them for a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, or_, select

from hub.conversations import listing, queries, snippets, views
from hub.conversations.filters import ConversationFilter
from hub.schema import cursors, resources, search_index
from hub.schema.cursors import Page
from hub.schema.search_query import SearchQuery, parse_query
from hub.store.models import agents, attachments, contacts, conversations, messages

#: Rows that one page reads at most, of those that the operators may or may not let through.
MOST_READ = 5000
WINDOW = 200
#: Messages whose conversations a search in a list of conversations finds.
MOST_HITS = 1000
#: People whom one `from:` or `to:` may mean.
MOST_PEOPLE = 50
#: Conversations, the newest, in which a search without words looks that names a label or a state.
MOST_CONVERSATIONS = 200
#: Files by whose names messages are found.
MOST_FILES = 500
CONTACTS_SHOWN = 5


@dataclass(frozen=True)
class Searcher:
    """Where and for whom a search is made.

    Args:
        agent_id: whom `from:me` means; None for a service account.
        zone: in which days begin and end.
    """

    connection: Connection
    agent_id: int | None = None
    zone: tzinfo = UTC

    def search(
        self, text: str, limit: int, cursor: str | None = None
    ) -> Page[resources.SearchResult]:
        """Contacts (on the first page only), then messages, newest first, that fit a search.

        Raises:
            Invalid: the cursor is of another list.
        """
        query = parse_query(text, self.zone)
        before = cursors.id_from(cursor)
        ids, next_cursor = self._page(query, before, limit)
        results = [] if cursor is not None else self._contacts(query)
        return Page(results + self._messages(query, ids), next_cursor)

    def narrow(self, filter_: ConversationFilter, text: str) -> ConversationFilter:
        """A filter that also asks for what a search finds, in messages and in contacts."""
        query = parse_query(text, self.zone)
        filter_ = replace(
            filter_,
            more_labels=query.labels,
            states=query.states,
            channels=tuple((channel,) for channel in query.channels),
        )
        if not query.asks_for_messages:
            return filter_
        messages_only = replace(query, labels=(), states=())
        ids, _ = self._page(messages_only, None, MOST_HITS)
        conversation_ids = set(self._conversations_of(messages.c.id, ids))
        if query == SearchQuery(
            text=query.text, labels=query.labels, states=query.states, channels=query.channels
        ):
            people = search_index.find_contacts(self.connection, query.text, None, MOST_PEOPLE)
            conversation_ids |= set(self._conversations_with(self._whole_people(people)))
        return filter_.among(sorted(conversation_ids))

    # -- results -------------------------------------------------------------------------------

    def _contacts(self, query: SearchQuery) -> list[resources.SearchResult]:
        if query.has_operators or not search_index.fold(query.text):
            return []
        people = queries.list_contacts(self.connection, query.text, CONTACTS_SHOWN, None).items
        return [
            resources.SearchResult(
                type="contact",
                contact=contact,
                conversation_id=self._latest_conversation(int(contact.id)),
                snippet=snippets.of_attributes(contact.attributes, query.text),
            )
            for contact in people
        ]

    def _latest_conversation(self, root_id: int) -> str | None:
        conversation = queries.current_conversation(self.connection, root_id)
        return None if conversation is None else conversation.id

    def _messages(self, query: SearchQuery, ids: Sequence[int]) -> list[resources.SearchResult]:
        rows = self.connection.execute(views.SELECT_MESSAGES.where(messages.c.id.in_(ids))).all()
        shown = views.messages_from_rows(self.connection, rows, with_html=False)
        by_id = {int(message.id): message for message in shown}
        people = self._people({row.contact_root_id for row in rows})
        return [
            resources.SearchResult(
                type="message",
                message=message,
                contact=people.get(int(message.contact_id)),
                conversation_id=message.conversation_id,
                snippet=snippets.of_message(message, query.text),
            )
            for message in (by_id[id_] for id_ in ids if id_ in by_id)
        ]

    def _people(self, root_ids: Iterable[int]) -> dict[int, resources.Contact]:
        rows = self.connection.execute(select(contacts).where(contacts.c.id.in_(set(root_ids))))
        return {
            row.id: resources.Contact(
                id=row.id,
                name=row.called,
                avatar_url=row.avatar_url,
                attributes=row.attributes,
                created_at=row.created_at,
            )
            for row in rows
        }

    # -- which messages ------------------------------------------------------------------------

    def _page(
        self, query: SearchQuery, before: int | None, limit: int
    ) -> tuple[list[int], str | None]:
        """The ids of one page of messages, and the cursor of the next page."""
        if not query.asks_for_messages and not query.has_operators:
            return [], None
        source = self._source(query)
        conditions = self._conditions(query)
        page: list[int] = []
        read = 0
        while True:
            size = WINDOW if conditions else limit + 1
            window = source.ids(before, size)
            through = self._let_through(window, conditions)
            for id_ in window:
                if id_ in through:
                    if len(page) == limit:
                        return page, cursors.encode([before])
                    page.append(id_)
                before = id_
            read += len(window)
            if len(window) < size:
                return page, None
            if read >= MOST_READ:
                return page, cursors.encode([before])

    def _let_through(
        self, ids: Sequence[int], conditions: Sequence[ColumnElement[bool]]
    ) -> set[int]:
        if not conditions or not ids:
            return set(ids)
        query = select(messages.c.id).where(messages.c.id.in_(ids), *conditions)
        return set(self.connection.execute(query).scalars())

    def _source(self, query: SearchQuery) -> _MessagesByText | _MessagesById:
        """Where the messages are read from, the newest first."""
        if search_index.fold(query.text):
            return _MessagesByText(self.connection, query.text)
        if query.senders or query.recipients:
            people = set(self._people_called((*query.senders, *query.recipients)))
            if people and not self._agents_called(query.senders):
                return _MessagesById(self.connection, messages.c.contact_id.in_(people))
        if query.labels or query.states:
            within = ConversationFilter(more_labels=query.labels, states=query.states)
            ids = listing.find_ids(self.connection, within, MOST_CONVERSATIONS)
            return _MessagesById(self.connection, messages.c.conversation_id.in_(ids))
        return _MessagesById(self.connection)

    def _conditions(self, query: SearchQuery) -> list[ColumnElement[bool]]:
        """What the operators ask of a message."""
        conditions: list[ColumnElement[bool]] = []
        conditions += [self._is_from(name) for name in query.senders]
        conditions += [self._is_to(name) for name in query.recipients]
        conditions += [
            or_(messages.c.connector == channel, messages.c.kind == channel.lower())
            for channel in query.channels
        ]
        if query.before is not None:
            conditions.append(messages.c.created_at < query.before)
        if query.after is not None:
            conditions.append(messages.c.created_at >= query.after)
        if query.has_file:
            conditions.append(
                select(attachments.c.id).where(attachments.c.message_id == messages.c.id).exists()
            )
        if query.labels or query.states:
            within = ConversationFilter(more_labels=query.labels, states=query.states)
            conditions.append(
                select(conversations.c.id)
                .where(conversations.c.id == messages.c.conversation_id, *within.all_conditions())
                .exists()
            )
        if conditions:
            conditions.append(messages.c.type != "event")
        return conditions

    def _is_from(self, name: str) -> ColumnElement[bool]:
        people, team = self._people_called((name,)), self._agents_called((name,))
        return or_(
            and_(messages.c.direction == "in", messages.c.contact_id.in_(people)),
            and_(messages.c.author_type == "agent", messages.c.author_id.in_(team)),
        )

    def _is_to(self, name: str) -> ColumnElement[bool]:
        people = self._people_called((name,))
        recipients = [
            cast(column, Text).icontains(name, autoescape=True)
            for column in (messages.c.to, messages.c.cc)
        ]
        is_sent = and_(messages.c.direction == "out", messages.c.type == "message")
        return or_(and_(is_sent, messages.c.contact_id.in_(people)), *recipients)

    # -- people --------------------------------------------------------------------------------

    def _people_called(self, names: Sequence[str]) -> list[int]:
        """The contacts that have one of these names or addresses, each with all joined to it."""
        contact_ids: list[int] = []
        for name in names:
            contact_ids += search_index.find_contacts(self.connection, name, None, MOST_PEOPLE)
        return self._whole_people(contact_ids)

    def _whole_people(self, contact_ids: Sequence[int]) -> list[int]:
        linked = contacts.alias()
        rows = self.connection.execute(
            select(contacts.c.id)
            .join(linked, linked.c.root_id == contacts.c.root_id)
            .where(linked.c.id.in_(contact_ids))
            .distinct()
        )
        return list(rows.scalars())

    def _agents_called(self, names: Sequence[str]) -> list[int]:
        if not names:
            return []
        rows = self.connection.execute(select(agents.c.id, agents.c.name, agents.c.email)).all()
        agent_ids = []
        for name in names:
            folded = search_index.fold(name)
            if folded == "me" and self.agent_id is not None:
                agent_ids.append(self.agent_id)
            elif folded:
                agent_ids += [
                    row.id
                    for row in rows
                    if f" {folded}" in f" {search_index.fold(f'{row.name} {row.email}')}"
                ]
        return agent_ids

    # -- conversations -------------------------------------------------------------------------

    def _conversations_of(self, column: ColumnElement[int], ids: Sequence[int]) -> list[int]:
        """The conversations of messages, those that were merged as what they were merged into."""
        rows = self.connection.execute(
            select(conversations.c.id, conversations.c.merged_into_id)
            .join(messages, messages.c.conversation_id == conversations.c.id)
            .where(column.in_(ids))
            .distinct()
        )
        return [row.merged_into_id or row.id for row in rows]

    def _conversations_with(self, contact_ids: Sequence[int]) -> list[int]:
        rows = self.connection.execute(
            select(conversations.c.id)
            .where(
                conversations.c.contact_id.in_(contact_ids),
                conversations.c.merged_into_id.is_(None),
            )
            .limit(MOST_HITS)
        )
        return list(rows.scalars())


@dataclass(frozen=True)
class _MessagesByText:
    """Messages that have the words, in their text or in the name of a file."""

    connection: Connection
    text: str

    def ids(self, before: int | None, limit: int) -> list[int]:
        """The newest ids below `before`."""
        by_text = search_index.find_messages(self.connection, self.text, before, limit)
        files = search_index.find_files(self.connection, self.text, MOST_FILES)
        if not files:
            return by_text
        query = select(attachments.c.message_id).where(
            attachments.c.id.in_(files), attachments.c.message_id.is_not(None)
        )
        if before is not None:
            query = query.where(attachments.c.message_id < before)
        by_file = self.connection.execute(query).scalars()
        return sorted({*by_text, *by_file}, reverse=True)[:limit]


@dataclass(frozen=True)
class _MessagesById:
    """Messages by their ids, where `condition` holds."""

    connection: Connection
    condition: ColumnElement[bool] | None = None

    def ids(self, before: int | None, limit: int) -> list[int]:
        """The newest ids below `before`."""
        query = select(messages.c.id).order_by(messages.c.id.desc()).limit(limit)
        if self.condition is not None:
            query = query.where(self.condition)
        if before is not None:
            query = query.where(messages.c.id < before)
        return list(self.connection.execute(query).scalars())
