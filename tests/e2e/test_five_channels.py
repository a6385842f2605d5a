"""Every channel in, one screen, every channel out: real server, real sockets, strict stand-ins."""

from __future__ import annotations

import pytest

from hub.sandbox import Sandbox
from tests.harness import RunningHub

pytestmark = pytest.mark.servers


def test_telegram_comes_in_by_polling_and_the_answer_goes_back(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi from telegram")
    message = hub.message_with("hi from telegram")
    assert message["kind"] == "telegram"
    assert message["author"]["name"].startswith("Ann")
    sent = hub.reply(message["conversation_id"], "hello Ann")
    assert ann.received.wait_for(text="hello Ann")
    assert hub.delivery_of(sent, "sent")["attempts"] == 1


def test_sms_comes_in_signed_and_the_answer_is_reported_delivered(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    bea = sandbox.twilio.customer("+12025550131")
    bea.texts("hi from sms")
    message = hub.message_with("hi from sms")
    assert message["address"] == "tel:+12025550131"
    sent = hub.reply(message["conversation_id"], "hello Bea")
    assert bea.received.wait_for(text="hello Bea")
    hub.delivery_of(sent, "delivered")


def test_messenger_comes_in_and_the_answer_is_read(hub: RunningHub, sandbox: Sandbox) -> None:
    cleo = sandbox.graph.customer("Cleo")
    cleo.says("hi from messenger")
    message = hub.message_with("hi from messenger")
    sent = hub.reply(message["conversation_id"], "hello Cleo")
    assert cleo.received.wait_for(text="hello Cleo")
    hub.delivery_of(sent, "sent", "delivered")
    cleo.reads()
    hub.delivery_of(sent, "read")


def test_mail_comes_in_by_imap_and_the_answer_is_threaded(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    dora = sandbox.mail.customer("dora@example.org", "Dora")
    dora.sends(subject="Shoes", text="hi from mail")
    message = hub.message_with("hi from mail")
    assert message["subject"] == "Shoes"
    sent = hub.reply(message["conversation_id"], "hello Dora")
    answer = dora.received.wait_for(text="hello Dora")
    hub.delivery_of(sent, "sent")
    dora.replies(answer, "thank you hub")
    again = hub.message_with("thank you hub")
    assert again["conversation_id"] == message["conversation_id"]


def test_web_chat_is_delivered_when_the_page_has_it_and_read_when_it_says_so(
    hub: RunningHub,
) -> None:
    with hub.visitor() as visitor, hub.agent() as agent:
        answer = visitor.says("hi from the web", "w-1")
        assert answer["ok"], answer
        heard = agent.wait_for(
            "message.created", lambda e: e["message"]["text"] == "hi from the web"
        )
        sent = hub.reply(heard["conversation"]["id"], "hello visitor")
        shown = visitor.wait_for(
            "message.created", lambda e: e["message"]["text"] == "hello visitor"
        )
        hub.delivery_of(sent, "delivered")
        assert visitor.ask("read", message_id=shown["message"]["id"])["ok"]
        hub.delivery_of(sent, "read")
