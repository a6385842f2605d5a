"""The one message that follows a visitor who left, and the line that says why none does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.errors import LimitExceeded
from hub.handover import creation
from hub.identity import links
from hub.outbound import automatic_texts, fallback, send
from hub.outbound.reachability import DeliveryRoute
from hub.schema import author, resources
from hub.store.engine import Transaction
from hub.store.models import attachments, messages

VISITOR_LEFT = "visitor_left"
REASON_LEFT = "The visitor left the page before reading this."
REASON_NO_ADDRESS = (
    "The visitor left the page before reading this, and there is no other verified address "
    "to reach them at: it waits for them on the page."
)
#: Makes the link that brings a customer back: from a connector's name, a token and a code.
ResumeLink = Callable[[str, str, str], str | None]


def record_unreachable_visitor(
    tx: Transaction,
    unread: list[Any],
    person: ContactAddress,
    left: resources.Place,
    *,
    since: datetime | None,
) -> None:
    """One line for each time that they leave, however much is said after them."""
    target = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, unread[-1].conversation_id), person
    )
    if since is not None and _was_told(tx, target.id, left, since):
        return
    fallback.add_fallback_event(
        tx,
        target,
        message_id=unread[-1].id,
        left=left,
        to=None,
        code=VISITOR_LEFT,
        reason=REASON_NO_ADDRESS,
        messages=[str(one.id) for one in unread],
    )
    publishing.conversation(tx, target.id)


def _was_told(
    tx: Transaction, conversation_id: int, left: resources.Place, since: datetime
) -> bool:
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
        == (fallback.FALLBACK_EVENT, VISITOR_LEFT, None, left.model_dump())
        for one in said
    )


def send_digest(
    tx: Transaction,
    unread: list[Any],
    person: ContactAddress,
    left: resources.Place,
    way: DeliveryRoute,
    locales: list[str],
    resume_link: ResumeLink,
) -> None:
    """Puts all of the answers in line as one message, and says in the timeline where they went."""
    to = contact_addresses.find_contact_address(tx.connection, way.address)
    assert to is not None
    target = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, unread[-1].conversation_id), to
    )
    words = _words(tx, person, locales)
    link = _way_back(tx, target.id, person, left, way, resume_link)
    values = timeline.add_message(
        tx,
        target,
        person=to,
        connector=way.channel.name,
        kind=way.channel.kind,
        direction="out",
        author=author.SYSTEM,
        subject=words["subject"],
        text=digest_text(words, _answers(tx, unread), link, way.channel.text_limit),
    )
    step = {"code": VISITOR_LEFT, "reason": REASON_LEFT, **left.model_dump()}
    address_state.known(tx, way.address_id, way.channel.name)
    send.queue_delivery(tx, values["id"], to, way.channel, fallback_from={**step, "trail": []})
    publishing.message(tx, target, values["id"])
    fallback.add_fallback_event(
        tx,
        target,
        message_id=values["id"],
        left=left,
        to=way.place,
        code=VISITOR_LEFT,
        reason=REASON_LEFT,
        messages=[str(one.id) for one in unread],
    )


def _way_back(
    tx: Transaction,
    conversation_id: int,
    person: ContactAddress,
    left: resources.Place,
    way: DeliveryRoute,
    resume_link: ResumeLink,
) -> str | None:
    """A link into the chat, for who has proved to be the visitor.

    Whoever follows it is proved to be that person; an agent's merge alone must not become a proof.
    """
    if way.address_id not in links.proved_address_ids(tx.connection, person.contact_id):
        return None
    try:
        made = creation.create_handover(
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


def _words(tx: Transaction, person: ContactAddress, locales: list[str]) -> dict[str, str]:
    known = [*locales, *automatic_texts.find_locales(tx, person)]
    return {name: automatic_texts.text_in_language(texts, *known) for name, texts in TEXTS.items()}


def digest_text(
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
