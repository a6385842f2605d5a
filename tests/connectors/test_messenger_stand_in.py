"""Messenger against the stand-in of the Graph API, over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.connectors.base import Site
from hub.connectors.messenger import Messenger
from hub.errors import (
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Throttled,
    WindowClosed,
)
from hub.sandbox import Sandbox
from hub.sandbox.graph import Graph
from hub.testing import OUR_ID, sample_of
from hub.types import Medium, OutboundMessage, SendReceipt, WebhookRequest
from tests.sandbox.conftest import Listener


@pytest.fixture
def graph(sandbox: Sandbox) -> Graph:
    return sandbox.graph


@pytest.fixture
def messenger(graph: Graph, hub: Listener) -> Messenger:
    config = Messenger.Config(
        kind="messenger",
        page_id=graph.page_id,
        page_access_token=graph.page_access_token,
        app_secret=graph.app_secret,
        verify_token=graph.verify_token,
        api_base=graph.api_base,
    )  # type: ignore[call-arg]
    return Messenger("messenger", config, Site(hub.url))


def heard(messenger: Messenger, hub: Listener, part: str) -> Any:
    """The event in the first call of Meta's whose body has `part`."""
    call = hub.heard.wait_for(lambda one: part.encode() in one.body)
    headers = {name.lower(): value for name, value in call.headers.items()}
    request = WebhookRequest("POST", f"{hub.url}/{call.path}", call.body, headers)
    messenger.verify(request)
    (event,) = messenger.parse(request)
    return event


def to(messenger: Messenger, customer: Any, text: str = "", **changes: Any) -> OutboundMessage:
    now = datetime.now(UTC)
    values = {"now": now, "last_inbound_at": now - timedelta(minutes=1), **changes}
    return OutboundMessage(id=OUR_ID, address=messenger.address(customer.psid), text=text, **values)


def test_a_conversation_with_the_stand_in(
    messenger: Messenger, graph: Graph, hub: Listener
) -> None:
    mari = graph.customer("Mari Maasikas")
    mari.says("café / 👍")
    inbound = heard(messenger, hub, '"text"')
    assert (inbound.text, inbound.address) == ("café / 👍", messenger.address(mari.psid))
    assert messenger.describe(inbound.address).name == "Mari Maasikas"

    text = "👍 سلام " * 300
    calls = messenger.compose(to(messenger, mari, text, buttons=("Yes", "No")))
    receipts = [messenger.send(call) for call in calls]
    shown = mari.received.wait_for_count(len(calls))
    assert [bubble.id for bubble in shown] == [receipt.external_id for receipt in receipts]
    assert "".join("".join(bubble.text for bubble in shown).split()) == "".join(text.split())
    assert heard(messenger, hub, "is_echo").metadata == OUR_ID
    assert heard(messenger, hub, '"delivery"').external_ids[0] in {r.external_id for r in receipts}
    mari.presses("Yes")
    assert heard(messenger, hub, "quick_reply").text == "Yes"
    mari.reads()
    assert heard(messenger, hub, '"read"').status == "read"


def test_what_people_do_in_the_chat_is_understood(
    messenger: Messenger, graph: Graph, hub: Listener
) -> None:
    mari = graph.customer("Mari")
    mari.follows_link("t0k3n")
    assert heard(messenger, hub, "postback").handover_token == "t0k3n"
    said = mari.says("helo")
    mari.follows_link("t0k3n")
    assert heard(messenger, hub, '"referral":{"ref":"t0k3n","source":"SHORTLINK"').handover_token
    mari.edits(said, "hello")
    edit = heard(messenger, hub, "message_edit")
    assert (edit.edits, edit.text) == (said.id, "hello")
    messenger.send(messenger.compose(to(messenger, mari, "Hi"))[0])
    mari.reacts(mari.received.wait_for(text="Hi"), "❤")
    assert heard(messenger, hub, '"reaction"').text == "❤"
    mari.likes()
    assert heard(messenger, hub, "sticker_id").attachments[0].medium is Medium.STICKER
    mari.sends_location(59.437, 24.7536)
    assert heard(messenger, hub, '"location"').location.latitude == 59.437
    graph.page_answers(mari, "from the page")
    assert heard(messenger, hub, "from the page").sent_by_us


@pytest.mark.parametrize("medium", list(Messenger.capabilities.media))
def test_each_medium_arrives_as_it_was_sent(
    medium: Medium, messenger: Messenger, graph: Graph
) -> None:
    mari = graph.customer("Mari")
    mari.says("Hi")
    file = sample_of(medium)
    (call,) = messenger.compose(to(messenger, mari, attachments=(file,)))
    messenger.send(call)
    (shown,) = mari.received.wait_for_count(1)
    assert file.content is not None
    assert shown.media.data == file.content()
    assert shown.media.media_type == file.media_type


def test_media_are_fetched_from_where_they_lie(
    messenger: Messenger, graph: Graph, hub: Listener
) -> None:
    graph.customer("Mari").sends_photo(b"a picture")
    (picture,) = heard(messenger, hub, '"image"').attachments
    assert messenger.http.request(messenger.locate(picture.source)).body == b"a picture"


def test_the_window_is_the_one_that_meta_keeps(messenger: Messenger, graph: Graph) -> None:
    mari = graph.customer("Mari")
    for hours in (23, 25, 167):
        mari.last_wrote_hours_ago(hours)
        last = datetime.now(UTC) - timedelta(hours=hours)
        messenger.send(messenger.compose(to(messenger, mari, "Hi", last_inbound_at=last))[0])
    mari.last_wrote_hours_ago(169)
    with pytest.raises(WindowClosed):
        messenger.send(messenger.compose(to(messenger, mari, "Hi"))[0])


def test_a_person_who_blocked_the_page_is_a_stopped_contact(
    messenger: Messenger, graph: Graph
) -> None:
    mari = graph.customer("Mari")
    mari.says("Hi")
    mari.blocks_page()
    with pytest.raises(ContactStopped):
        messenger.send(messenger.compose(to(messenger, mari, "Hi"))[0])


def test_it_shows_typing_registers_and_finds_its_page(messenger: Messenger, graph: Graph) -> None:
    mari = graph.customer("Mari")
    mari.says("Hi")
    for call in messenger.typing(messenger.address(mari.psid), True):
        assert messenger.send(call) == SendReceipt()
    messenger.register()
    assert "its messages come here" in messenger.check()


def test_a_wrong_token_or_secret_needs_an_admin(messenger: Messenger, graph: Graph) -> None:
    good = graph.page_access_token, graph.app_secret
    for wrong in ((good[0] + "x", good[1]), (good[0], good[1] + "x")):
        graph.page_access_token, graph.app_secret = wrong
        with pytest.raises(CredentialsRefused):
            messenger.check()


def test_trouble_at_meta_is_waited_out(messenger: Messenger, graph: Graph) -> None:
    mari = graph.customer("Mari")
    mari.says("Hi")
    (call,) = messenger.compose(to(messenger, mari, "Hi"))
    graph.is_down()
    with pytest.raises(ConnectionFailed):
        messenger.send(call)
    graph.is_up()
    graph.is_throttled(60)
    with pytest.raises(Throttled):
        messenger.send(call)
    graph.is_up()
    graph.times_out_after_accepting()
    with pytest.raises(ConnectionFailed) as caught:
        messenger.send(call)
    assert caught.value.maybe_sent
