"""What the hub says on its own, on a store: once, and never to a machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from hub.accounts import config_sync
from hub.config import Config
from hub.router.auto_replies import rules, selection, worker
from hub.router.auto_replies.worker import AutoReplyWorker
from hub.router.engine import Assigner
from hub.store.models import agents, contacts, messages
from tests.core.desk import Customer, Desk, at_once

#: A Monday, eleven o'clock in Tallinn; and the Friday evening before.
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 1, 2, 18, 0, tzinfo=UTC)
OFFICE = {"timezone": "Europe/Tallinn", "mon-fri": "09:00-17:00"}


def config(**sections: Any) -> Config:
    return Config.model_validate(sections)


class Shop:
    """A desk with a router and somebody who speaks for it, both when they are told to."""

    def __init__(self, desk: Desk, clock: time_machine.Traveller) -> None:
        self.desk, self.clock = desk, clock
        desk.connectors = desk.open_connectors(
            {"toy": "toy", "other": "toy", "letter": "letter", "chat": "page"}
        )
        self.config = config()
        self.router = Assigner(desk.store, lambda: self.config)
        self.replier = self.opens_a_process()

    def opens_a_process(self) -> AutoReplyWorker:
        channels = self.desk.connectors.outbound_channels
        return AutoReplyWorker(self.desk.store, lambda: self.config, channels)

    def is_configured(self, **sections: Any) -> None:
        self.config = config(**sections)
        self.desk.store.write(lambda tx: config_sync.sync_from_config(tx, self.config))

    def works(self) -> list[str]:
        """Routes what came, and says what there is to say."""
        self.router.assign_waiting()
        return list(self.replier.send_due())

    def comes_online(self, agent_id: int | None, *, online: bool = True) -> None:
        at = datetime.now(UTC) if online else None
        statement = update(agents).where(agents.c.id == agent_id).values(connected_at=at)
        self.desk.store.write(lambda tx: tx.execute(statement).rowcount)

    def said_to(self, customer: Customer) -> list[str]:
        with self.desk.store.read() as connection:
            found = connection.execute(
                select(messages.c.text)
                .where(
                    messages.c.contact_id == customer.record,
                    messages.c.direction == "out",
                    messages.c.type == "message",
                    messages.c.author_type == "system",
                )
                .order_by(messages.c.id)
            )
            return list(found.scalars())

    def speaks(self, customer: Customer, locale: str) -> None:
        statement = update(contacts).where(contacts.c.id == customer.record).values(locale=locale)
        self.desk.store.write(lambda tx: tx.execute(statement).rowcount)


@pytest.fixture
def shop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for module in (rules, worker, selection):
        monkeypatch.setattr(module, "QUEUED_AFTER", timedelta())
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield Shop(desk, clock)


OPEN_TEAM = {
    "hours": {"office": OFFICE},
    "teams": {"support": {"hours": "office", "members": ["kadri@example.org"]}},
    "routing": [{"name": "all", "team": "support"}],
}


def test_without_configuration_no_reply_is_sent(shop: Shop, anna: Customer) -> None:
    anna.says("hello")
    assert shop.works() == []
    assert shop.said_to(anna) == []


def test_a_new_customer_is_greeted_once(shop: Shop, anna: Customer) -> None:
    shop.is_configured(replies={"greeting": "Hello, {name}! How can we help?"})
    anna.says("hello")
    assert shop.works() == ["greeting"]
    anna.says("anybody?")
    assert shop.works() == []
    assert shop.said_to(anna) == ["Hello, Anna Kask! How can we help?"]


def test_a_greeting_answers_nothing(shop: Shop, anna: Customer) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    conversation_id = anna.says("hello").conversation_id
    shop.works()
    conversation = shop.desk.conversation(conversation_id)
    assert conversation.waiting_since == MONDAY
    assert conversation.unread_count == 1
    assert conversation.assignee is None


def test_the_list_shows_the_customers_words_after_an_automatic_text(
    shop: Shop, anna: Customer
) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    said = anna.says("Where is my parcel?")
    before = shop.desk.conversations()
    shop.works()
    assert [one.text for one in shop.desk.thread(said.conversation_id)][-1] == "Hello!"
    (after,) = shop.desk.conversations()
    assert after.last_message is not None
    assert after.last_message.text == "Where is my parcel?"
    assert len(before) == 1


def test_a_greeting_goes_out_by_the_outbox_as_the_systems_own_words(
    shop: Shop, anna: Customer
) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    conversation_id = anna.says("hello").conversation_id
    shop.works()
    message = shop.desk.thread(conversation_id)[-1]
    assert message.author.type == "system"
    assert message.delivery is not None
    assert message.delivery.status == "queued"
    assert message.connector == "toy"


def test_a_customer_we_wrote_to_first_is_not_greeted(shop: Shop, desk: Desk) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    boris = desk.customer("boris", name="Boris")
    boris.brings(boris.message("What we said elsewhere", sent_by_us=True))
    assert shop.works() == []
    boris.says("thank you")
    assert shop.works() == []


@pytest.mark.parametrize(
    ("locale", "words", "greeted"),
    [
        ("ar", "hello", "مرحبا"),
        ("ar-EG", "hello", "مرحبا"),
        ("et", "tere", "Hello"),
        ("", "أريد أن أعرف متى يصل الطرد الخاص بي من فضلكم", "مرحبا"),
    ],
)
def test_a_reply_is_in_the_customers_language(
    shop: Shop, anna: Customer, locale: str, words: str, greeted: str
) -> None:
    shop.is_configured(replies={"greeting": {"en": "Hello", "ar": "مرحبا"}})
    anna.says(words)
    shop.speaks(anna, locale)
    shop.works()
    assert shop.said_to(anna) == [greeted]


def test_outside_hours_one_reply_says_when_the_team_is_back(shop: Shop, anna: Customer) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.clock.move_to(FRIDAY)
    anna.says("hello")
    assert shop.works() == ["offline"]
    shop.clock.shift(timedelta(hours=1))
    anna.says("hello?")
    assert shop.works() == []
    assert shop.said_to(anna) == ["We are back Monday 09:00."]


def test_inside_hours_no_offline_reply_is_sent(shop: Shop, anna: Customer) -> None:
    shop.is_configured(**OPEN_TEAM)
    anna.says("hello")
    assert shop.works() == []


def test_the_moment_is_said_in_the_language_of_the_text(shop: Shop, anna: Customer) -> None:
    shop.is_configured(
        **OPEN_TEAM, replies={"offline": {"en": "Back {opens}.", "et": "Oleme tagasi {opens}."}}
    )
    shop.clock.move_to(FRIDAY)
    anna.says("x")
    shop.speaks(anna, "et-EE")
    shop.works()
    assert shop.said_to(anna) == ["Oleme tagasi esmaspäeval kell 09:00."]


def test_the_default_texts_are_in_the_customers_language(shop: Shop, anna: Customer) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.clock.move_to(FRIDAY)
    anna.says("x")
    shop.speaks(anna, "fa-IR")
    shop.works()
    assert shop.said_to(anna) == ["دوشنبه ساعت ۰۹:۰۰ برمی‌گردیم."]


def test_where_the_text_is_english_the_moment_is_too(shop: Shop, anna: Customer) -> None:
    shop.is_configured(**OPEN_TEAM, replies={"offline": {"en": "We are back {opens}."}})
    shop.clock.move_to(FRIDAY)
    anna.says("x")
    shop.speaks(anna, "fa")
    shop.works()
    assert shop.said_to(anna) == ["We are back Monday 09:00."]


def test_a_customer_with_another_channel_is_told_which(
    shop: Shop, desk: Desk, anna: Customer
) -> None:
    fallback = {"fallback": {"kinds": ["letter"]}}
    shop.is_configured(**OPEN_TEAM, replies=fallback)
    shop.clock.move_to(FRIDAY)
    letters = desk.customer("anna-by-letter", "letter")
    letters.says("x")
    anna.says("x")
    desk.links_up(letters, anna)
    shop.works()
    assert shop.said_to(anna) == [
        "We are back Monday 09:00. Leave your question, the answer will find you here or by Letter."
    ]


def test_a_web_chat_is_told_when_the_team_is_back(shop: Shop, desk: Desk) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.clock.move_to(FRIDAY)
    visitor = desk.customer("visitor-1", "chat")
    visitor.says("hello")
    assert shop.works() == ["offline"]


def test_an_agent_who_is_at_it_after_hours_is_not_contradicted(
    shop: Shop, desk: Desk, anna: Customer
) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.comes_online(desk.agent.id)
    conversation_id = anna.says("hello").conversation_id
    shop.works()
    desk.replies(conversation_id, "Yes?")
    shop.clock.move_to(MONDAY + timedelta(hours=6, minutes=5))
    anna.says("One more thing")
    assert shop.works() == []


def test_a_waiting_customer_is_told_their_place_once(
    shop: Shop, desk: Desk, anna: Customer
) -> None:
    shop.is_configured(**OPEN_TEAM, assignment={"capacity": {"default": 1}})
    shop.comes_online(desk.agent.id)
    boris = desk.customer("boris", name="Boris")
    boris.says("I was first")
    assert shop.works() == []
    shop.clock.shift(timedelta(minutes=1))
    anna.says("hello")
    assert shop.works() == ["queued"]
    anna.says("hello?")
    assert shop.works() == []
    (said,) = shop.said_to(anna)
    assert said.startswith("You are number 1.")
    assert shop.said_to(boris) == []


def test_the_web_chat_is_not_told_the_place_twice(shop: Shop, desk: Desk) -> None:
    shop.is_configured(**OPEN_TEAM, assignment={"capacity": {"default": 1}})
    shop.comes_online(desk.agent.id)
    desk.customer("boris").says("I was first")
    shop.works()
    visitor = desk.customer("visitor-1", "chat")
    visitor.says("hello")
    assert shop.works() == []


def test_without_online_agents_the_default_queue_text_is_not_sent(
    shop: Shop, anna: Customer
) -> None:
    shop.is_configured(**OPEN_TEAM)
    anna.says("hello")
    assert shop.works() == []


def test_mail_that_a_machine_sent_gets_no_answer(shop: Shop, anna: Customer) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    anna.says("hello")
    shop.works()
    anna.brings(anna.message("I am on holiday.", automatic=True))
    assert shop.works() == []
    assert shop.said_to(anna) == ["Hello!"]


def test_a_customer_who_opted_out_gets_no_reply(shop: Shop, anna: Customer) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    anna.says("hello")
    anna.stops()
    assert shop.works() == []
    assert shop.said_to(anna) == []


def test_a_keyword_of_the_provider_gets_no_reply(shop: Shop, anna: Customer) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    anna.says("START", extra={"keyword": "start"})
    assert shop.works() == []


def test_one_address_gets_a_limited_number_of_replies_a_day(shop: Shop, anna: Customer) -> None:
    """A machine that answers everything in a new conversation is talked to for a while."""
    shop.is_configured(replies={"greeting": "Hello!"})
    for _ in range(rules.MAX_PER_DAY + 4):
        conversation_id = anna.says("AUTO: thank you for your message").conversation_id
        shop.works()
        shop.desk.changes(conversation_id, status="resolved")
        past = datetime.now(UTC) - timedelta(days=2)
        shop.desk.sets_conversation(conversation_id, resolved_at=past)
    assert len(shop.said_to(anna)) == rules.MAX_PER_DAY


def test_after_an_agents_answer_no_reply_is_sent(shop: Shop, desk: Desk, anna: Customer) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.clock.move_to(FRIDAY)
    conversation_id = anna.says("hello").conversation_id
    shop.router.assign_waiting()
    desk.replies(conversation_id, "I happen to be here.")
    assert shop.replier.send_due() == []


def test_several_processes_send_a_reply_once(shop: Shop, desk: Desk) -> None:
    shop.is_configured(**OPEN_TEAM, replies={"greeting": "Hello!"})
    shop.clock.move_to(FRIDAY)
    processes = [shop.opens_a_process() for _ in range(3)]
    visitors = [desk.customer(f"visitor-{number}") for number in range(5)]
    for one in visitors:
        one.says("hello")
    shop.router.assign_waiting()
    at_once(*(process.send_due for process in (*processes, shop.replier)))
    for one in visitors:
        assert sorted(shop.said_to(one)) == ["Hello!", "We are back Monday 09:00."]


def test_another_channel_of_the_same_customer_gets_no_second_reply(
    shop: Shop, desk: Desk, anna: Customer
) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.clock.move_to(FRIDAY)
    conversation_id = anna.says("hello").conversation_id
    shop.works()
    elsewhere = desk.customer("anna-elsewhere", "letter")
    elsewhere.starts()
    desk.links_up(anna, elsewhere)
    assert elsewhere.says("and here?").conversation_id == conversation_id
    assert shop.works() == []


def test_a_reply_due_at_a_stop_is_sent_after_the_restart(
    shop: Shop, desk: Desk, anna: Customer
) -> None:
    shop.is_configured(**OPEN_TEAM)
    shop.clock.move_to(FRIDAY)
    anna.says("hello")
    shop.router.assign_waiting()
    later = shop.opens_a_process()
    later.start()
    try:
        desk.waits_for(lambda: shop.said_to(anna) == ["We are back Monday 09:00."])
    finally:
        later.stop()


def test_the_worker_sends_from_its_own_thread(shop: Shop, desk: Desk, anna: Customer) -> None:
    shop.is_configured(replies={"greeting": "Hello!"})
    shop.replier.start()
    try:
        anna.says("hello")
        desk.waits_for(lambda: shop.said_to(anna) == ["Hello!"])
    finally:
        shop.replier.stop()


def test_placeholders_in_a_name_are_not_filled(shop: Shop, desk: Desk) -> None:
    shop.is_configured(replies={"greeting": "Hello, {name}!"})
    mallory = desk.customer("mallory", name="{opens.__class__}")
    mallory.says("hello")
    shop.works()
    assert shop.said_to(mallory) == ["Hello, {opens.__class__}!"]
