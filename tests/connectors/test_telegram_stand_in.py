"""Telegram against the stand-in of its Bot API, over real sockets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.connectors.base import Site
from hub.connectors.http import Http
from hub.connectors.telegram import Telegram
from hub.errors import (
    AddressInvalid,
    ContactStopped,
    CredentialsRefused,
    Throttled,
    Unsupported,
)
from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from hub.sandbox.telegram.customer import TelegramCustomer
from hub.testing import NOW, OUR_ID
from hub.types import (
    Address,
    AddressMoved,
    Attachment,
    ContactEvent,
    InboundEvent,
    InboundMessage,
    Location,
    Medium,
    OutboundMessage,
    SendReceipt,
)

SECRET = "made-up_Secret-42"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(hub_url="http://127.0.0.1:9", speed=200) as sandbox:
        yield sandbox


@pytest.fixture
def ann(sandbox: Sandbox) -> TelegramCustomer:
    return sandbox.telegram.customer("Ann")


def connect(sandbox: Sandbox, **options: Any) -> Telegram:
    base, token = sandbox.telegram.api_base, sandbox.telegram.token
    values = {"kind": "telegram", "api_base": f"{base}/", "token": token, **options}
    config = Telegram.Config(**values)
    return Telegram("telegram", config, Site(sandbox.hub_url), Http([token]))


@pytest.fixture
def telegram(sandbox: Sandbox) -> Telegram:
    return connect(sandbox)


def news(telegram: Telegram, cursor: str = "") -> list[InboundEvent]:
    result = telegram.poll(cursor, 2)
    for request in result.requests:
        telegram.verify(request)
    return [event for request in result.requests for event in telegram.parse(request)]


def write(telegram: Telegram, to: TelegramCustomer, **message: Any) -> list[SendReceipt]:
    calls = telegram.compose(for_chat(to.id, **message))
    return [telegram.send(call) for call in calls]


def for_chat(number: int, **content: Any) -> OutboundMessage:
    return OutboundMessage(id=OUR_ID, address=Address("telegram", str(number)), now=NOW, **content)


def photo(name: str = "shoe.png") -> Attachment:
    return Attachment(Medium.IMAGE, name, "image/png", content=sample_files.photo)


def test_what_a_customer_does_arrives_by_polling(telegram: Telegram, ann: TelegramCustomer) -> None:
    ann.starts("token-of-128-bits_A")
    said = ann.says("Tere!")
    ann.sends_photo(caption="this one")
    ann.shares_contact("37255512345", is_own_number=True)
    ann.sends_location(59.4, 24.7)
    ann.edits(said, "Tere, tere!")
    started, text, picture, card, place, edit = news(telegram)
    assert isinstance(started, ContactEvent)
    assert started.handover_token == "token-of-128-bits_A"
    assert isinstance(text, InboundMessage)
    assert (text.text, text.profile.name, text.profile.locale) == ("Tere!", "Ann", "en")
    assert isinstance(picture, InboundMessage)
    assert picture.attachments[0].medium is Medium.IMAGE
    assert isinstance(card, InboundMessage)
    assert card.card is not None
    assert card.card.own
    assert isinstance(place, InboundMessage)
    assert place.location == Location(59.4, 24.7)
    assert isinstance(edit, InboundMessage)
    assert (edit.edits, edit.text) == (text.external_id, "Tere, tere!")


def test_a_cursor_confirms_what_was_taken(
    sandbox: Sandbox, telegram: Telegram, ann: TelegramCustomer
) -> None:
    ann.says("one")
    first = telegram.poll("", 2)
    assert telegram.poll("", 0).requests == first.requests
    ann.says("two")
    second = telegram.poll(first.cursor, 2)
    assert [event.text for event in telegram.parse(second.requests[0])] == ["two"]
    telegram.poll(second.cursor, 0)
    sandbox.telegram.wait_until_confirmed()


def test_a_reply_arrives_as_it_was_written(telegram: Telegram, ann: TelegramCustomer) -> None:
    question = ann.says("Which size?")
    text = "41 & <b>not bold</b> _*`👍"
    (receipt,) = write(telegram, ann, text=text, reply_to=question.id)
    shown = ann.received.wait_for(text=text)
    assert shown.id == receipt.external_id
    assert str(shown.raw["reply_to_message"]["message_id"]) == question.id


def test_a_text_too_long_for_one_message_arrives_whole(
    telegram: Telegram, ann: TelegramCustomer
) -> None:
    ann.starts()
    text = "👍" * 2049
    assert len(write(telegram, ann, text=text)) == 2
    assert "".join(bubble.text for bubble in ann.received.wait_for_count(2)) == text


def test_files_and_albums_arrive(telegram: Telegram, ann: TelegramCustomer) -> None:
    ann.starts()
    form = Attachment(Medium.FILE, "форма.pdf", "application/pdf", content=sample_files.pdf)
    receipts = write(telegram, ann, text="Look", attachments=(photo(), photo(), form))
    assert len(receipts) == 2
    first, second, third = ann.received.wait_for_count(3)
    assert first.raw["media_group_id"] == second.raw["media_group_id"]
    assert first.raw["caption"] == "Look"
    assert third.raw["document"]["file_name"] == "форма.pdf"
    assert receipts[0].external_id == first.id


def test_a_pressed_button_comes_back_as_a_text(telegram: Telegram, ann: TelegramCustomer) -> None:
    ann.starts()
    write(telegram, ann, text="Which?", buttons=("Size 41", "A size of which the label is long"))
    ann.received.wait_for(text="Which?")
    ann.presses("A size of which the label is long")
    *_, answer = news(telegram)
    assert isinstance(answer, InboundMessage)
    assert answer.text == "A size of which the label is long"


def test_reactions_and_blocking_are_heard_of(telegram: Telegram, ann: TelegramCustomer) -> None:
    telegram.poll("", 0)  # asks for reactions by name, as Telegram wants it
    said = ann.says("hello")
    ann.reacts(said, "❤")
    ann.blocks_bot()
    ann.unblocks_bot()
    _, reaction, stopped, started = news(telegram)
    assert isinstance(reaction, ContactEvent)
    assert (reaction.name, reaction.text, reaction.external_id) == ("reaction", "❤", said.id)
    assert isinstance(stopped, ContactEvent)
    assert isinstance(started, ContactEvent)
    assert (stopped.name, started.name) == ("stopped", "started")


def test_it_marks_the_contact_as_stopped_on_403(telegram: Telegram, ann: TelegramCustomer) -> None:
    ann.starts()
    ann.blocks_bot()
    with pytest.raises(ContactStopped, match="blocked this bot"):
        write(telegram, ann, text="Are you there?")


def test_a_stranger_cannot_be_written_to(telegram: Telegram, sandbox: Sandbox) -> None:
    bob = sandbox.telegram.customer("Bob")
    with pytest.raises((ContactStopped, AddressInvalid)):
        write(telegram, bob, text="Buy now!")


def test_a_flood_is_told_how_long_to_wait(
    telegram: Telegram, sandbox: Sandbox, ann: TelegramCustomer
) -> None:
    ann.starts()
    sandbox.telegram.is_throttled(9)
    with pytest.raises(Throttled) as caught:
        write(telegram, ann, text="Hello")
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after.total_seconds() <= 9


def test_a_group_that_moved_is_followed(telegram: Telegram, sandbox: Sandbox) -> None:
    group = sandbox.telegram.group("Shop and friends")
    old = group.chat.id
    group.becomes_supergroup(sends_updates=False)
    calls = telegram.compose(for_chat(old, text="hi"))
    receipt = telegram.send(calls[0])
    assert receipt.moved_to == Address("telegram", str(group.chat.id))


def test_a_group_that_tells_of_its_new_id_is_an_event(telegram: Telegram, sandbox: Sandbox) -> None:
    group = sandbox.telegram.group("Shop and friends")
    old = str(group.chat.id)
    group.becomes_supergroup()
    (event,) = telegram.parse(telegram.poll("", 2).requests[0])
    assert isinstance(event, AddressMoved)
    assert (event.address.path, event.new_address.path) == (old, str(group.chat.id))


def test_a_file_is_fetched_by_its_id(telegram: Telegram, ann: TelegramCustomer) -> None:
    ann.sends_document(b"%PDF-1.7 the form", name="form.pdf")
    (event,) = news(telegram)
    assert isinstance(event, InboundMessage)
    call = telegram.locate(event.attachments[0].source)
    assert telegram.config.token.get_secret_value() not in repr(call)
    assert telegram.http.request(call).body == b"%PDF-1.7 the form"


def test_a_file_over_20_mb_says_what_to_do(telegram: Telegram, ann: TelegramCustomer) -> None:
    ann.sends_document(bytes(20 * 1024 * 1024 + 1), name="film.bin")
    (event,) = news(telegram)
    assert isinstance(event, InboundMessage)
    with pytest.raises(Unsupported, match="send it in another way"):
        telegram.locate(event.attachments[0].source)


def test_a_contact_is_described_without_a_picture(
    telegram: Telegram, ann: TelegramCustomer
) -> None:
    ann.starts()
    profile = telegram.describe(Address("telegram", str(ann.id)))
    assert profile.name.startswith("Ann")
    assert profile.avatar_url == ""


def test_a_handover_link_opens_this_bot(telegram: Telegram) -> None:
    assert (
        telegram.handover_link("tok_en-1", "4711") == "https://t.me/sandbox_shop_bot?start=tok_en-1"
    )


def test_typing_is_shown(telegram: Telegram, sandbox: Sandbox, ann: TelegramCustomer) -> None:
    ann.starts()
    for call in telegram.typing(Address("telegram", str(ann.id)), True):
        telegram.send(call)
    assert sandbox.telegram.calls.wait_for(method="sendChatAction").values["action"] == "typing"


def test_the_test_button_says_which_bot_it_is(telegram: Telegram) -> None:
    assert "@sandbox_shop_bot" in telegram.check()


def test_the_test_button_says_that_the_token_is_wrong(sandbox: Sandbox) -> None:
    with pytest.raises(CredentialsRefused, match="@BotFather"):
        connect(sandbox, token="100200300:another-token-of-the-same-form-00").check()


def test_a_webhook_registers_itself_and_is_taken_away_for_polling(
    sandbox: Sandbox, ann: TelegramCustomer
) -> None:
    by_webhook = connect(sandbox, mode="webhook", secret_token=SECRET)
    assert not by_webhook.polls()
    by_webhook.register()
    by_webhook.register()
    webhook = sandbox.telegram.state.updates.webhook
    assert webhook is not None
    assert (webhook.url, webhook.secret) == ("http://127.0.0.1:9/webhooks/telegram", SECRET)
    by_polling = connect(sandbox)
    with pytest.raises(CredentialsRefused, match="webhook"):
        by_polling.poll("", 0)
    by_polling.register()
    ann.says("still here")
    (event,) = news(by_polling)
    assert isinstance(event, InboundMessage)
    assert event.text == "still here"


def test_the_test_button_tells_what_telegram_says_of_our_webhook(
    sandbox: Sandbox, ann: TelegramCustomer
) -> None:
    by_webhook = connect(sandbox, mode="webhook")
    by_webhook.register()
    ann.says("nobody listens on port 9")
    sandbox.telegram.state.updates.webhook_queue.attempts.wait_for_count(1)
    assert "Its last call to us failed" in by_webhook.check()


def test_twenty_threads_send_at_once(
    sandbox: Sandbox, telegram: Telegram, ann: TelegramCustomer
) -> None:
    ann.starts()
    texts = [f"message {number}" for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        receipts = list(pool.map(lambda text: write(telegram, ann, text=text)[0], texts))
    shown = {bubble.id: bubble.text for bubble in ann.received.wait_for_count(20)}
    assert {
        receipt.external_id: text for receipt, text in zip(receipts, texts, strict=True)
    } == shown


def test_no_log_holds_the_token_even_at_debug(
    sandbox: Sandbox, ann: TelegramCustomer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    telegram = connect(sandbox, mode="webhook", secret_token=SECRET)
    telegram.register()
    ann.starts()
    write(telegram, ann, text="Hello")
    telegram.check()
    assert sandbox.telegram.token not in caplog.text
    assert SECRET not in caplog.text
