"""The digest message that follows a visitor who left, and the event that says why none does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.conversations.timeline import NewMessage
from hub.errors import LimitExceeded
from hub.handover import creation
from hub.identity import links
from hub.outbound import automatic_texts, fallback
from hub.outbound.delivery_queue import queue_delivery
from hub.outbound.reachability import DeliveryRoute
from hub.outbound.unread_answers import UnreadAnswer
from hub.schema import author, resources
from hub.store.engine import Transaction
from hub.store.models import attachments, messages

VISITOR_LEFT = "visitor_left"
REASON_LEFT = "The visitor left the page before reading this."
REASON_NO_ADDRESS = (
    "The visitor left the page before reading this, and there is no other verified address "
    "to reach them at: it waits for them on the page."
)
#: Makes the link back to the page: from a connector's name, a token and a code.
ResumeLink = Callable[[str, str, str], str | None]


def record_unreachable_visitor(
    tx: Transaction,
    unread: Sequence[UnreadAnswer],
    visitor: ContactAddress,
    page_place: resources.Place,
    *,
    since: datetime | None,
) -> None:
    """Adds the event that no other address can be reached, once for each time the visitor leaves.

    Args:
        unread: the answers that the visitor has not read, oldest first.
        page_place: the page that the visitor left.
        since: when the visitor left it; None where that is not known.
    """
    conversation = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, unread[-1].conversation_id), visitor
    )
    if since is not None and _is_recorded(tx, conversation.id, page_place, since):
        return
    fallback.add_fallback_event(
        tx,
        conversation,
        message_id=unread[-1].id,
        left=page_place,
        to=None,
        code=VISITOR_LEFT,
        reason=REASON_NO_ADDRESS,
        messages=[str(answer.id) for answer in unread],
    )
    publishing.publish_conversation(tx, conversation.id)


def _is_recorded(
    tx: Transaction, conversation_id: int, page_place: resources.Place, since: datetime
) -> bool:
    """Whether the timeline has the event of an unreachable visitor since then."""
    rows = tx.execute(
        select(messages.c.extra).where(
            messages.c.conversation_id == conversation_id,
            messages.c.created_at >= since,
            messages.c.type == "event",
        )
    )
    events = [row.extra.get("event", {}) for row in rows]
    return any(
        (event.get("name"), event.get("code"), event.get("to"), event.get("from"))
        == (fallback.FALLBACK_EVENT, VISITOR_LEFT, None, page_place.model_dump())
        for event in events
    )


def send_digest(
    tx: Transaction,
    unread: Sequence[UnreadAnswer],
    visitor: ContactAddress,
    page_place: resources.Place,
    route: DeliveryRoute,
    locales: list[str],
    resume_link: ResumeLink,
) -> None:
    """Queues the unread answers as one message, and adds the event that says where they went.

    Args:
        unread: the answers that the visitor has not read, oldest first.
        page_place: the page that the visitor left.
        route: the address to send to, with its channel.
        locales: the languages of the visitor's pages, the best first.
    """
    recipient = contact_addresses.find_contact_address(tx.connection, route.address)
    assert recipient is not None
    conversation = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, unread[-1].conversation_id), recipient
    )
    texts = _texts_in_language(tx, visitor, locales)
    link = _link_back(tx, conversation.id, visitor, page_place, route, resume_link)
    values = timeline.add_message(
        tx,
        conversation,
        NewMessage(
            contact_address=recipient,
            connector=route.channel.name,
            kind=route.channel.kind,
            direction="out",
            author=author.SYSTEM,
            subject=texts["subject"],
            text=digest_text(texts, _answer_texts(tx, unread), link, route.channel.text_limit),
        ),
    )
    fallback_from = {
        "code": VISITOR_LEFT,
        "reason": REASON_LEFT,
        **page_place.model_dump(),
        "trail": [],
    }
    address_state.allow_address(tx, route.address_id, route.channel.name)
    queue_delivery(tx, values["id"], recipient, route.channel, fallback_from=fallback_from)
    publishing.publish_new_message(tx, conversation, values["id"])
    fallback.add_fallback_event(
        tx,
        conversation,
        message_id=values["id"],
        left=page_place,
        to=route.place,
        code=VISITOR_LEFT,
        reason=REASON_LEFT,
        messages=[str(answer.id) for answer in unread],
    )


def _link_back(
    tx: Transaction,
    conversation_id: int,
    visitor: ContactAddress,
    page_place: resources.Place,
    route: DeliveryRoute,
    resume_link: ResumeLink,
) -> str | None:
    """Makes a link back to the page, for an address that is proved to be the visitor's.

    Redeeming it proves to be that person; an agent's merge alone must not become a proof.
    """
    if route.address_id not in links.proved_address_ids(tx.connection, visitor.contact_id):
        return None
    try:
        created = creation.create_handover(
            tx, conversation_id, page_place.connector, "hub", contact_id=visitor.contact_id
        )
    except LimitExceeded:
        return None
    return resume_link(page_place.connector, created.token, created.code)


def _answer_texts(tx: Transaction, unread: Sequence[UnreadAnswer]) -> list[str]:
    """Returns each answer as text: the author's name, its text, and the names of its files."""
    files: dict[int, list[str]] = {}
    for row in tx.execute(
        select(attachments.c.message_id, attachments.c.name)
        .where(attachments.c.message_id.in_([answer.id for answer in unread]))
        .order_by(attachments.c.id)
    ):
        files.setdefault(row.message_id, []).append(f"[{row.name or '…'}]")
    return [
        "\n".join(
            line
            for line in (
                f"{answer.author_name}: {answer.text}" if answer.author_name else answer.text,
                *files.get(answer.id, ()),
            )
            if line
        )
        for answer in unread
    ]


def _texts_in_language(
    tx: Transaction, visitor: ContactAddress, locales: list[str]
) -> dict[str, str]:
    """Returns each of `TEXTS` in the visitor's language."""
    known = [*locales, *automatic_texts.find_locales(tx, visitor)]
    return {name: automatic_texts.text_in_language(texts, *known) for name, texts in TEXTS.items()}


def digest_text(
    texts: dict[str, str], answers: Sequence[str], link: str | None, limit: int | None
) -> str:
    """Returns the text of a digest. With a link back, it is cut to the limit of a message. Pure.

    Args:
        texts: `TEXTS` in one language.
        limit: the characters that one message of the channel holds, if it has a limit.
    """
    end = texts["answer"] if link is None else f"{texts['go_on']}\n{link}"
    body = "\n\n".join(answers)
    space = None if limit is None or link is None else limit - len(texts["intro"]) - len(end) - 4
    if space is not None and len(body) > space:
        body = body[: max(0, space - 1)].rstrip() + "…"
    return f"{texts['intro']}\n\n{body}\n\n{end}"


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
