"""Digests: unread answers follow a visitor to an address that is proved to be theirs, once."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from hub.config.sections import Fallback
from hub.contacts import contact_addresses, locks
from hub.handover import digest_messages, digests, redemption
from hub.handover.digest_messages import TEXTS, digest_text
from hub.handover.redemption import RedeemedHandover
from hub.outbound import reachability, receipts
from hub.schema import resources
from hub.store.models import addresses, deliveries, reaches, visitor_sessions
from hub.transport.delivery import DeliveryWorker
from hub.transport.unread_followup import UnreadFollowup
from tests.core.desk import SECRET, Customer, Desk, at_once
from tests.core.steps import same_person
from tests.core.toys import ToyProvider, a_moment_ago

pytestmark = pytest.mark.usefixtures("quick")

AFTER = timedelta(minutes=5)
RULES = Fallback(kinds=("letter", "window", "toy"), after=AFTER)


@pytest.fixture
def desk(desk: Desk) -> Iterator[Desk]:
    desk.connectors = desk.open_connectors(
        {"site": "page", "letters": "letter", "window": "window", "toy": "toy"}
    )
    made = DeliveryWorker(
        desk.store, desk.connectors, desk.media, desk.links, SECRET, rules=lambda: RULES
    )
    desk.deliverers.append(made)
    made.start(alone=True)
    yield desk


@pytest.fixture
def visitor(desk: Desk) -> Customer:
    """A visitor with a page open."""
    found = desk.customer("v1", "site")
    opens_page(desk, found)
    return found


@pytest.fixture
def letters(desk: Desk) -> Customer:
    return desk.customer("anna-home", "letters")


def opens_page(desk: Desk, visitor: Customer, locale: str = "") -> None:
    desk.store.write(
        lambda tx: (
            tx.execute(
                insert(visitor_sessions).values(
                    token_digest=f"{visitor.path}-{tx.now}",
                    connector=visitor.connector,
                    visitor=visitor.path,
                    locale=locale,
                    identity="",
                    left_at=None,
                    created_at=tx.now,
                    expires_at=tx.now + timedelta(days=90),
                )
            ).rowcount
        )
    )


def leaves(desk: Desk, visitor: Customer, **ago: float) -> None:
    sets_session(desk, visitor, left_at=a_moment_ago(**(ago or {"minutes": 6})))


def comes_back(desk: Desk, visitor: Customer) -> None:
    sets_session(desk, visitor, left_at=None)


def sets_session(desk: Desk, visitor: Customer, **values: Any) -> None:
    statement = (
        update(visitor_sessions).where(visitor_sessions.c.visitor == visitor.path).values(values)
    )
    assert desk.store.write(lambda tx: tx.execute(statement).rowcount) == 1


def answers(desk: Desk, conversation: str, *texts: str) -> list[resources.Message]:
    """Sends answers to the page that are due to be followed up."""
    sent = [desk.replies(conversation, text, connector="site") for text in texts]
    for one in sent:
        desk.waits_until(one, "sent")
        desk.sets_delivery(one, follow_at=a_moment_ago(seconds=1))
    return sent


def sweep(desk: Desk, rules: Fallback = RULES) -> None:
    UnreadFollowup(desk.store, desk.connectors, lambda: rules).run()


def resume_link(_connector: str, token: str, _code: str) -> str:
    return f"https://hub.example/chat#resume={token}"


def digests_of(desk: Desk, conversation: str) -> list[resources.Message]:
    return [one for one in desk.thread(conversation) if one.author.type == "system"]


def told(desk: Desk, conversation: str) -> list[dict[str, Any]]:
    found = desk.events_in(conversation)
    return [one for one in found if one["name"] == "delivery.fallback"]


@pytest.fixture
def chat(desk: Desk, visitor: Customer, letters: Customer) -> str:
    """The id of a chat whose visitor has a known letter box."""
    letters.says("Dear all")
    visitor.says("Is it back?")
    same_person(desk, visitor, letters)
    return visitor.says("Hello?").conversation_id


# -- gone ------------------------------------------------------------------------------------------


def test_unread_answers_follow_a_visitor_as_one_message(
    desk: Desk, chat: str, visitor: Customer, provider: ToyProvider
) -> None:
    sent = answers(desk, chat, "Yes, size 41", "Shall I keep it?")
    leaves(desk, visitor)
    sweep(desk)
    (digest,) = digests_of(desk, chat)
    found = desk.waits_until(digest, "sent")
    assert (digest.connector, digest.address) == ("letters", "letter:anna-home")
    assert digest.subject == "The answer to your chat"
    for text in ("Kadri: Yes, size 41", "Kadri: Shall I keep it?"):
        assert text in digest.text
    assert found.fallback_from == resources.FallbackFrom(
        address="webchat:v1",
        connector="site",
        kind="webchat",
        code="visitor_left",
        reason="The visitor left the page before reading this.",
    )
    assert provider.texts_to("anna-home") == [digest.text]
    (line,) = told(desk, chat)
    assert line == {
        "name": "delivery.fallback",
        "message_id": digest.id,
        "messages": [one.id for one in sent],
        "from": {"connector": "site", "kind": "webchat", "address": "webchat:v1"},
        "to": {"connector": "letters", "kind": "letter", "address": "letter:anna-home"},
        "code": "visitor_left",
        "reason": "The visitor left the page before reading this.",
    }


def test_no_answer_is_in_two_digests(desk: Desk, chat: str, visitor: Customer) -> None:
    answers(desk, chat, "one")
    leaves(desk, visitor)
    sweep(desk)
    sweep(desk)
    answers(desk, chat, "two")
    sweep(desk)
    first, second = digests_of(desk, chat)
    assert "one" in first.text and "one" not in second.text
    assert "two" in second.text


def test_several_workers_at_once_send_one_digest(desk: Desk, chat: str, visitor: Customer) -> None:
    answers(desk, chat, *"abcdef")
    leaves(desk, visitor)
    at_once(*[lambda: sweep(desk) for _ in range(6)])
    assert len(digests_of(desk, chat)) == 1
    assert len(told(desk, chat)) == 1


def test_an_error_while_a_digest_is_written_leaves_the_answers_to_follow(
    desk: Desk, chat: str, visitor: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    with monkeypatch.context() as broken:
        broken.setattr(digest_messages, "_answer_texts", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sweep(desk)
    assert digests_of(desk, chat) == []
    sweep(desk)
    assert len(digests_of(desk, chat)) == 1


def test_an_answer_waits_on_the_page_for_as_long_as_it_is_open(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    (ours,) = answers(desk, chat, "Yes")
    sweep(desk)
    assert digests_of(desk, chat) == []
    assert follow_at(desk, ours) > datetime.now(UTC) + AFTER / 2


def test_a_visitor_has_the_configured_time_to_come_back(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    (ours,) = answers(desk, chat, "Yes")
    leaves(desk, visitor, minutes=4)
    sweep(desk)
    assert digests_of(desk, chat) == []
    assert timedelta(0) < follow_at(desk, ours) - datetime.now(UTC) <= timedelta(minutes=1)
    comes_back(desk, visitor)
    desk.sets_delivery(ours, follow_at=a_moment_ago(seconds=1))
    sweep(desk)
    assert digests_of(desk, chat) == []


def test_an_open_page_on_another_device_of_the_same_person_postpones_the_digest(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    phone, stranger = desk.customer("v2", "site"), desk.customer("v3", "site")
    for one in (phone, stranger):
        one.says("Hello")
        opens_page(desk, one)
    same_person(desk, visitor, phone)
    same_person(desk, visitor, stranger, evidence="agent")  # whose page does not show the thread
    assert visitor.says("And?").conversation_id == chat
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    sweep(desk)
    assert digests_of(desk, chat) == []
    leaves(desk, phone)
    desk.store.write(
        lambda tx: (
            tx.execute(
                update(deliveries)
                .where(deliveries.c.follow_at.is_not(None))
                .values(follow_at=a_moment_ago(seconds=1))
            ).rowcount
        )
    )
    sweep(desk)
    assert len(digests_of(desk, chat)) == 1


def follow_at(desk: Desk, message: resources.Message) -> datetime:
    with desk.store.read() as connection:
        found = connection.execute(
            deliveries.select().where(deliveries.c.message_id == int(message.id))
        ).one()
    assert found.follow_at is not None
    return found.follow_at  # type: ignore[no-any-return]


def test_an_answer_that_was_read_is_in_no_digest(desk: Desk, chat: str, visitor: Customer) -> None:
    read, _unread = answers(desk, chat, "read", "unread")
    with desk.store.read() as connection:
        person = contact_addresses.find_contact_address(connection, visitor.address)
    assert person is not None
    seen = visitor.event("read", external_id=read.id)
    desk.store.write(lambda tx: receipts.record_customer_read(tx, "site", person, seen))
    assert desk.delivery(read).status == "read"
    leaves(desk, visitor)
    sweep(desk)
    (digest,) = digests_of(desk, chat)
    assert "unread" in digest.text
    assert "Kadri: read" not in digest.text
    assert desk.count(deliveries, deliveries.c.follow_at.is_not(None)) == 0


def test_an_answer_on_another_channel_has_no_digest(desk: Desk, letters: Customer) -> None:
    sent = desk.replies(letters.says("Dear all").conversation_id, "Yes")
    desk.waits_until(sent, "sent")
    assert desk.count(deliveries, deliveries.c.follow_at.is_not(None)) == 0


def test_a_digest_does_not_answer_or_reopen_a_conversation(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    answers(desk, chat, "Yes")
    desk.changes(chat, status="resolved")
    leaves(desk, visitor)
    sweep(desk)
    assert len(digests_of(desk, chat)) == 1
    assert desk.conversation(chat).status == "resolved"


def test_an_answer_to_the_digest_is_in_the_same_conversation(
    desk: Desk, chat: str, visitor: Customer, letters: Customer
) -> None:
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    sweep(desk)
    assert letters.says("Great, thank you").conversation_id == chat


def test_no_digest_is_sent_when_fallback_is_turned_off(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    sweep(desk, Fallback(enabled=False))
    assert digests_of(desk, chat) == []
    assert told(desk, chat) == []


# -- where to --------------------------------------------------------------------------------------


def sets_address(desk: Desk, customer: Customer, **values: Any) -> None:
    statement = update(addresses).where(addresses.c.path == customer.path).values(values)
    assert desk.store.write(lambda tx: tx.execute(statement).rowcount) == 1


def sets_reach(desk: Desk, customer: Customer, **values: Any) -> None:
    statement = update(reaches).where(reaches.c.connector == customer.connector).values(values)
    desk.store.write(lambda tx: tx.execute(statement).rowcount)


def said_stop(desk: Desk, letters: Customer) -> None:
    letters.stops()


def is_blocked(desk: Desk, letters: Customer) -> None:
    sets_reach(desk, letters, stopped_at=a_moment_ago(hours=1), stopped_reason="Blocked.")


def is_only_asserted(desk: Desk, letters: Customer) -> None:
    sets_address(desk, letters, evidence="asserted")


@pytest.mark.parametrize("closed", [said_stop, is_blocked, is_only_asserted])
def test_without_a_verified_address_nothing_is_sent_and_the_agent_sees_it_once(
    desk: Desk,
    chat: str,
    visitor: Customer,
    letters: Customer,
    provider: ToyProvider,
    closed: Callable[[Desk, Customer], None],
) -> None:
    closed(desk, letters)
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    sweep(desk)
    answers(desk, chat, "And more")
    sweep(desk)
    assert digests_of(desk, chat) == []
    (line,) = told(desk, chat)
    assert (line["to"], line["code"]) == (None, "visitor_left")
    assert "no other verified address" in line["reason"]
    assert provider.texts_to("anna-home") == []


def test_leaving_the_page_again_adds_another_event(desk: Desk, visitor: Customer) -> None:
    chat = visitor.says("Hello").conversation_id
    answers(desk, chat, "one")
    leaves(desk, visitor)
    sweep(desk)
    answers(desk, chat, "two")
    sets_session(desk, visitor, left_at=datetime.now(UTC))
    sweep(desk, RULES.model_copy(update={"after": timedelta(microseconds=1)}))
    assert len(told(desk, chat)) == 2


def test_a_digest_that_is_refused_goes_on_to_the_next_address(
    desk: Desk, chat: str, visitor: Customer, provider: ToyProvider
) -> None:
    window = desk.customer("anna-page", "window")
    window.says("Hi")
    same_person(desk, visitor, window)
    answers(desk, chat, "the picture")  # which letters do not carry
    leaves(desk, visitor)
    sweep(desk)
    (digest,) = digests_of(desk, chat)
    found = desk.waits_until(digest, "sent")
    assert [call.path for call in provider.calls if "picture" in call.text][-1] == "anna-page"
    assert found.fallback_from is not None
    assert found.fallback_from.connector == "site"
    assert len(told(desk, chat)) == 2


def test_a_reply_window_for_human_agents_takes_no_digest(desk: Desk, visitor: Customer) -> None:
    window = desk.customer("anna-page", "window")
    window.says("Hi")
    visitor.says("Hello")
    same_person(desk, visitor, window)
    chat = visitor.says("Hello?").conversation_id
    sets_reach(desk, window, last_inbound_at=a_moment_ago(days=3))
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    sweep(desk)
    assert digests_of(desk, chat) == []
    assert told(desk, chat)[0]["to"] is None


# -- the way back ----------------------------------------------------------------------------------


def digest_now(desk: Desk, rules: Fallback = RULES) -> None:
    channels = desk.connectors.outbound_channels()
    desk.store.write(lambda tx: digests.follow_up_next_page(tx, channels, rules, resume_link))


def test_the_link_back_is_redeemed_once_and_links_the_same_person(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    digest_now(desk)
    (digest,) = digests_of(desk, chat)
    found = re.search(r"#resume=(\S+)", digest.text)
    assert found is not None
    (created,) = [one for one in desk.events_in(chat) if one["name"] == "handover.created"]
    assert created["by"] == "hub"
    phone = desk.customer("v2", "site")

    def redeem() -> bool:
        def write(tx: Any) -> bool:
            from hub.types import Profile

            locks.lock_addresses(tx, phone.address)
            locks.lock_links(tx)
            person = contact_addresses.find_or_create_contact_address(tx, phone.address, Profile())
            secrets = redemption.secrets_in(found[1])
            outcome = redemption.redeem_handover(tx, secrets, "site", person)
            return isinstance(outcome, RedeemedHandover)

        return desk.store.write(write)

    assert redeem() is True
    assert phone.contact == visitor.contact
    assert redeem() is False


def test_an_address_linked_by_an_agent_gets_the_answers_without_a_link_back(
    desk: Desk, visitor: Customer, letters: Customer
) -> None:
    letters.says("Dear all")
    visitor.says("Hello")
    same_person(desk, visitor, letters, evidence="agent")
    chat = visitor.says("Hello?").conversation_id
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    digest_now(desk)
    (digest,) = digests_of(desk, chat)
    assert "Yes" in digest.text and "resume" not in digest.text
    assert TEXTS["answer"]["en"] in digest.text


@pytest.mark.parametrize("locale", ["en", "ar", "fa", "et", "pl", "pl-PL", "xx"])
def test_a_digest_is_in_the_language_of_the_page(
    desk: Desk, chat: str, visitor: Customer, locale: str
) -> None:
    sets_session(desk, visitor, locale=locale)
    answers(desk, chat, "Yes")
    leaves(desk, visitor)
    digest_now(desk)
    (digest,) = digests_of(desk, chat)
    language = {"pl-PL": "pl", "xx": "en"}.get(locale, locale)
    assert digest.subject == TEXTS["subject"][language]
    assert digest.text.startswith(TEXTS["intro"][language])


def test_every_digest_text_has_every_language() -> None:
    assert {frozenset(texts) for texts in TEXTS.values()} == {
        frozenset({"en", "ar", "fa", "et", "pl"})
    }


@pytest.mark.parametrize("length", [1, 50, 99, 100, 101, 500])
def test_a_digest_with_a_link_back_is_cut_to_the_limit_of_one_message(length: int) -> None:
    words = {name: texts["en"] for name, texts in TEXTS.items()}
    said = "x" * length
    cut = digest_text(words, [said], "https://hub.example/chat", 200)
    assert len(cut) <= 200
    assert cut.endswith("https://hub.example/chat")
    assert ("…" in cut) is (said not in cut)
    assert said in digest_text(words, [said], None, 200)


# -- what the composer knows before ----------------------------------------------------------------


def known(desk: Desk, customer: Customer, rules: Fallback = RULES) -> dict[str, Any]:
    record = customer.id
    with desk.store.read() as connection:
        found = reachability.list_reachable_addresses(
            connection, record, desk.connectors.outbound_channels(), rules, datetime.now(UTC)
        )
    return {one.connector: one for one in found}


def test_reachable_addresses_tell_open_pages_and_the_fallback_of_an_answer(
    desk: Desk, chat: str, visitor: Customer, letters: Customer
) -> None:
    there = known(desk, visitor)
    assert (there["site"].present, there["letters"].present) == (True, None)
    assert there["site"].fallback == resources.Place(
        connector="letters", kind="letter", address="letter:anna-home"
    )
    assert there["letters"].fallback is None
    leaves(desk, visitor)
    assert known(desk, visitor)["site"].present is False
    assert known(desk, visitor, Fallback(enabled=False))["site"].fallback is None
    letters.stops()
    now = known(desk, visitor)
    assert (now["letters"].reachable, now["site"].fallback) == (False, None)
    assert desk.conversation(chat).status == "open"


def test_reachable_addresses_tell_the_reply_window_for_human_agents(
    desk: Desk, chat: str, visitor: Customer, letters: Customer
) -> None:
    window = desk.customer("anna-page", "window")
    window.says("Hi")
    same_person(desk, visitor, window)
    sets_reach(desk, window, last_inbound_at=a_moment_ago(days=3))
    rules = Fallback(kinds=("window", "letter"))
    found = known(desk, visitor, rules)
    assert found["letters"].fallback is not None
    assert found["letters"].fallback.connector == "window"
    # What leaves a page on its own was written by nobody.
    assert found["site"].fallback is not None
    assert found["site"].fallback.connector == "letters"
    closes, human = found["window"].window_closes_at, found["window"].human_window_closes_at
    assert closes < datetime.now(UTC) < human
    assert chat


def test_listing_reachable_addresses_takes_the_same_number_of_queries_for_any_number(
    desk: Desk, chat: str, visitor: Customer
) -> None:
    asked: list[str] = []
    here = threading.get_ident()

    def remember(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() == here:  # delivery goes on meanwhile, in threads of its own
            asked.append(statement)

    known(desk, visitor)  # a fresh connection asks for more
    event.listen(desk.store.engine, "before_cursor_execute", remember)
    try:
        few = known(desk, visitor)
        first = len(asked)
        for number in range(10):
            other = desk.customer(f"more-{number}", "letters")
            other.says("Hi")
            same_person(desk, visitor, other)
        asked.clear()
        many = known(desk, visitor)
        assert len(asked) == first
    finally:
        event.remove(desk.store.engine, "before_cursor_execute", remember)
    assert few["site"].fallback != many["site"].fallback
    assert chat
