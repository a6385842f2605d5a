"""Answers that a visitor left without reading follow them, as one message with a way back.

Each unread answer on a page says when it is to be looked at (`delivery.follow_at`). Who is still
there is looked at again later; who is gone gets all of them together, once, at the first verified
address they can be reached at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from hub.config.sections import Fallback
from hub.conversations import (
    automatic,
    fallback,
    handovers,
    links,
    people,
    publishing,
    reach,
    reachable,
    send,
    shapes,
    shown,
    threads,
    timeline,
)
from hub.conversations.destinations import Outlet
from hub.conversations.fallback import Step
from hub.conversations.people import Person
from hub.conversations.reachable import Way
from hub.errors import LimitExceeded
from hub.store.engine import Transaction
from hub.store.models import addresses, attachments, deliveries, messages, visitor_sessions
from hub.types import Address

CODE = "visitor_left"
LEFT = "The visitor left the page before reading this."
NOWHERE = (
    "The visitor left the page before reading this, and there is no other verified address "
    "to reach them at: it waits for them on the page."
)
#: One sweep at a time: two of them would each take half of what belongs together.
ONE_AT_A_TIME = "digests"

#: Makes the link that brings a customer back: from a connector's name, a token and a code.
ResumeLink = Callable[[str, str, str], str | None]


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of the answers at one page. `step` is None where it is not time yet."""

    step: Step | None


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether anything is to be looked at: what keeps idle hubs from writing."""
    found = connection.execute(
        select(deliveries.c.message_id).where(deliveries.c.follow_at <= now).limit(1)
    )
    return found.first() is not None


def follow_next(
    tx: Transaction, outlets: dict[str, Outlet], rules: Fallback, resume_link: ResumeLink
) -> Looked | None:
    """Looks after the unread answers at the page that is due first. None when none is."""
    tx.lock(ONE_AT_A_TIME)
    due = tx.execute(
        select(
            deliveries.c.address_id,
            deliveries.c.connector,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(deliveries.c.follow_at <= tx.now)
        .order_by(deliveries.c.follow_at)
        .limit(1)
    ).first()
    if due is None:
        return None
    person = people.find(tx.connection, Address(due.scheme, due.path, due.scope))
    assert person is not None
    tx.lock(links.ONE_AT_A_TIME)  # who is one person must not change under the choice
    sessions = _sessions(tx, person)
    again_at = _when_gone(sessions, rules.after, tx.now)
    if rules.enabled and again_at is not None and again_at > tx.now:
        _look_again(tx, due, again_at)
        return Looked(None)
    unread = _take_unread(tx, due)
    if not unread or not rules.enabled:
        return Looked(None)
    left = shapes.Place(connector=due.connector, kind=reachable.PAGES, address=str(person.address))
    way = _next(tx, person, outlets, rules)
    if way is None:
        _tell_nowhere(tx, unread, person, left, since=max(_left_at(sessions), default=None))
        return Looked(Step(due.connector, None, CODE))
    locales = [one.locale for one in sessions if one.locale]
    _send_digest(tx, unread, person, left, way, locales, resume_link)
    return Looked(Step(due.connector, way.outlet.name, CODE))


def _next(
    tx: Transaction, person: Person, outlets: dict[str, Outlet], rules: Fallback
) -> Way | None:
    records = people.group_of(tx.connection, person.contact_id)
    found = reachable.ways(tx.connection, records, outlets)
    possible = reachable.elsewhere(found, rules, (), tx.now, by_person=False)
    return possible[0] if possible else None


# -- who is there ----------------------------------------------------------------------------------


def _sessions(tx: Transaction, person: Person) -> Sequence[Any]:
    """The sessions whose pages show this thread, that of this very address first.

    Another device of somebody who proved to be the same person shows it too.
    """
    known = shown.proved(tx.connection, person.address)
    assert known is not None
    pages = [one.path for one in known.addresses.values() if one.scheme == person.address.scheme]
    rows = tx.execute(
        select(
            visitor_sessions.c.visitor, visitor_sessions.c.left_at, visitor_sessions.c.locale
        ).where(visitor_sessions.c.visitor.in_(pages))
    ).all()
    return sorted(rows, key=lambda row: row.visitor != person.address.path)


def _left_at(sessions: Sequence[Any]) -> list[datetime]:
    return [one.left_at for one in sessions if one.left_at is not None]


def _when_gone(sessions: Sequence[Any], after: timedelta, now: datetime) -> datetime | None:
    """When somebody counts as gone who is there or has just left; None for who has no page."""
    if any(one.left_at is None for one in sessions):
        return now + after
    return max((at + after for at in _left_at(sessions)), default=None)


def _look_again(tx: Transaction, due: Any, again_at: datetime) -> None:
    tx.execute(
        update(deliveries)
        .where(
            deliveries.c.address_id == due.address_id,
            deliveries.c.connector == due.connector,
            deliveries.c.follow_at < again_at,
        )
        .values(follow_at=again_at)
    )


def _take_unread(tx: Transaction, due: Any) -> list[Any]:
    """The answers nobody has read, oldest first. Each is taken once: none waits after this."""
    here = (
        deliveries.c.address_id == due.address_id,
        deliveries.c.connector == due.connector,
        deliveries.c.follow_at.is_not(None),
    )
    taken = (
        tx.execute(
            update(deliveries)
            .where(*here, deliveries.c.status.in_(("sent", "delivered")))
            .values(follow_at=None)
            .returning(deliveries.c.message_id)
        )
        .scalars()
        .all()
    )
    tx.execute(update(deliveries).where(*here).values(follow_at=None))
    rows = tx.execute(
        select(messages)
        .where(messages.c.id.in_(taken))
        .order_by(messages.c.created_at, messages.c.id)
    )
    return list(rows.all())


# -- telling ---------------------------------------------------------------------------------------


def _tell_nowhere(
    tx: Transaction,
    unread: list[Any],
    person: Person,
    left: shapes.Place,
    *,
    since: datetime | None,
) -> None:
    """One line for each time that they leave, however much is said after them."""
    target = threads.thread(tx, threads.standing(tx, unread[-1].conversation_id), person)
    if since is not None and _was_told(tx, target.id, left, since):
        return
    fallback.tell(
        tx,
        target,
        message_id=unread[-1].id,
        left=left,
        to=None,
        code=CODE,
        reason=NOWHERE,
        messages=[str(one.id) for one in unread],
    )
    publishing.conversation(tx, target.id)


def _was_told(tx: Transaction, conversation_id: int, left: shapes.Place, since: datetime) -> bool:
    rows = tx.execute(
        select(messages.c.extra).where(
            messages.c.conversation_id == conversation_id,
            messages.c.created_at >= since,
            messages.c.type == "event",
        )
    )
    said = [row.extra.get("event", {}) for row in rows]
    return any(
        (one.get("name"), one.get("code"), one.get("to"), one.get("from"))
        == (fallback.EVENT, CODE, None, left.model_dump())
        for one in said
    )


def _send_digest(
    tx: Transaction,
    unread: list[Any],
    person: Person,
    left: shapes.Place,
    way: Way,
    locales: list[str],
    resume_link: ResumeLink,
) -> None:
    to = people.find(tx.connection, way.address)
    assert to is not None
    target = threads.thread(tx, threads.standing(tx, unread[-1].conversation_id), to)
    words = _words(tx, person, locales)
    link = _way_back(tx, target.id, person, left, way, resume_link)
    values = timeline.add_message(
        tx,
        target,
        person=to,
        connector=way.outlet.name,
        kind=way.outlet.kind,
        direction="out",
        author=timeline.SYSTEM,
        subject=words["subject"],
        text=written(words, _answers(tx, unread), link, way.outlet.text_limit),
    )
    step = {"code": CODE, "reason": LEFT, **left.model_dump()}
    reach.known(tx, way.address_id, way.outlet.name)
    send.queue(tx, values["id"], to, way.outlet, fallback_from={**step, "trail": []})
    publishing.message(tx, target, values["id"])
    fallback.tell(
        tx,
        target,
        message_id=values["id"],
        left=left,
        to=way.place,
        code=CODE,
        reason=LEFT,
        messages=[str(one.id) for one in unread],
    )


def _way_back(
    tx: Transaction,
    conversation_id: int,
    person: Person,
    left: shapes.Place,
    way: Way,
    resume_link: ResumeLink,
) -> str | None:
    """A link into the chat, for who has proved to be the visitor.

    Whoever follows it is proved to be that person; an agent's merge alone must not become a proof.
    """
    if way.address_id not in links.proved_with(tx.connection, person.contact_id):
        return None
    try:
        made = handovers.invite(
            tx, conversation_id, left.connector, "system", contact_id=person.contact_id
        )
    except LimitExceeded:
        return None
    return resume_link(left.connector, made.token, made.code)


def _answers(tx: Transaction, unread: list[Any]) -> list[str]:
    files: dict[int, list[str]] = {}
    for row in tx.execute(
        select(attachments.c.message_id, attachments.c.name)
        .where(attachments.c.message_id.in_([one.id for one in unread]))
        .order_by(attachments.c.id)
    ):
        files.setdefault(row.message_id, []).append(f"[{row.name or '…'}]")
    return [
        "\n".join(
            part
            for part in (
                f"{one.author_name}: {one.text}" if one.author_name else one.text,
                *files.get(one.id, ()),
            )
            if part
        )
        for one in unread
    ]


def _words(tx: Transaction, person: Person, locales: list[str]) -> dict[str, str]:
    known = [*locales, *automatic.locales_of(tx, person)]
    return {name: automatic.in_language(texts, *known) for name, texts in TEXTS.items()}


def written(
    words: dict[str, str], answers: Sequence[str], link: str | None, limit: int | None
) -> str:
    """The digest. Where a link leads to the rest, it is cut to what one message holds. Pure."""
    end = words["answer"] if link is None else f"{words['go_on']}\n{link}"
    said = "\n\n".join(answers)
    space = None if limit is None or link is None else limit - len(words["intro"]) - len(end) - 4
    if space is not None and len(said) > space:
        said = said[: max(0, space - 1)].rstrip() + "…"
    return f"{words['intro']}\n\n{said}\n\n{end}"


TEXTS: dict[str, dict[str, str]] = {
    "subject": {
        "en": "The answer to your chat",
        "ar": "الرد على محادثتك",
        "fa": "پاسخ گفتگوی شما",
        "et": "Vastus teie vestlusele",
        "pl": "Odpowiedź na Twoją rozmowę",
    },
    "intro": {
        "en": "You had left the chat when our answer came:",
        "ar": "كنت قد غادرت المحادثة حين وصل ردنا:",
        "fa": "هنگام رسیدن پاسخ ما از گفتگو بیرون رفته بودید:",
        "et": "Olite vestlusest lahkunud, kui meie vastus tuli:",
        "pl": "Nasza odpowiedź przyszła już po zamknięciu czatu:",
    },
    "go_on": {
        "en": "Answer right here, or go on in the chat:",
        "ar": "يمكنك الرد هنا، أو متابعة المحادثة:",
        "fa": "همین‌جا پاسخ دهید یا گفتگو را ادامه دهید:",
        "et": "Vastake siinsamas või jätkake vestluses:",
        "pl": "Odpowiedz tutaj albo wróć do czatu:",
    },
    "answer": {
        "en": "You can answer right here.",
        "ar": "يمكنك الرد هنا.",
        "fa": "می‌توانید همین‌جا پاسخ دهید.",
        "et": "Võite vastata siinsamas.",
        "pl": "Możesz odpowiedzieć tutaj.",
    },
}
