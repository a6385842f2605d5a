"""SMS against the stand-in of Twilio, over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Response

from hub.connectors.base import Site
from hub.connectors.sms import Sms
from hub.errors import ConnectionFailed, ContactStopped
from hub.sandbox import Sandbox
from hub.sandbox.twilio import Twilio
from hub.testing import NOW, OUR_ID, form_of
from hub.types import (
    Address,
    Attachment,
    Medium,
    OutboundMessage,
    SendReceipt,
    WebhookRequest,
)
from tests.sandbox.conftest import Listener


@pytest.fixture
def twilio(hub: Listener, sandbox: Sandbox) -> Twilio:
    hub.answer = lambda _: Response("<Response/>", mimetype="text/xml")
    return sandbox.twilio


@pytest.fixture
def sms(twilio: Twilio, hub: Listener) -> Sms:
    config = Sms.Config(
        kind="sms",
        provider="twilio",
        account_sid=twilio.account_sid,
        auth_token=twilio.auth_token,
        number=twilio.number,
        api_base=twilio.api_base,
    )  # type: ignore[call-arg]
    return Sms("sms", config, Site(hub.url))


def to(twilio: Twilio, hub: Listener, text: str, **changes: Any) -> OutboundMessage:
    return OutboundMessage(
        id=OUR_ID,
        address=Address("tel", twilio.customer().number),
        text=text,
        now=NOW,
        status_url=f"{hub.url}/webhooks/sms/status?message={OUR_ID}",
        **changes,
    )


def heard(sms: Sms, hub: Listener, path: str, **fields: str) -> Any:
    """The event in the first call of Twilio's whose form has these fields."""
    call = hub.heard.wait_for(lambda one: one.path == path and fields.items() <= one.form.items())
    request = WebhookRequest(
        "POST",
        f"{hub.url}/{path}" + ("?" + urlencode(call.args) if call.args else ""),
        call.body,
        {name.lower(): value for name, value in call.headers.items()},
        call.args,
        form_of(call.body),
        path.partition("webhooks/sms/")[2],
    )
    sms.verify(request)
    (event,) = sms.parse(request)
    return event


def test_a_conversation_with_the_stand_in(sms: Sms, twilio: Twilio, hub: Listener) -> None:
    ann = twilio.customer()
    ann.texts("café 👍")
    inbound = heard(sms, hub, "webhooks/sms")
    assert (inbound.text, inbound.address) == ("café 👍", Address("tel", ann.number))

    text = "سلام " * 400
    receipts = [sms.send(call) for call in sms.compose(to(twilio, hub, text))]
    shown = ann.received.wait_for_count(len(receipts))
    assert "".join("".join(bubble.text for bubble in shown).split()) == "".join(text.split())
    last = receipts[-1].external_id
    report = {"MessageStatus": "delivered", "MessageSid": last}
    update = heard(sms, hub, "webhooks/sms/status", **report)
    assert (update.message_id, update.external_ids) == (OUR_ID, (last,))


def test_pictures_go_both_ways(sms: Sms, twilio: Twilio, hub: Listener) -> None:
    ann = twilio.customer()
    ann.sends_mms(text="See")
    (picture,) = heard(sms, hub, "webhooks/sms").attachments
    assert (picture.medium, picture.media_type) == (Medium.IMAGE, "image/png")
    answer = sms.http.request(sms.locate(picture.source))
    assert answer.status == 307

    hub.files["media/photo.png"] = (b"a picture", "image/png")
    ours = Attachment(Medium.IMAGE, "photo.png", url=f"{hub.url}/media/photo.png")
    (call,) = sms.compose(to(twilio, hub, "", attachments=(ours,)))
    sms.send(call)
    assert ann.received.wait_for(kind="photo").media.data == b"a picture"


def test_who_stopped_gets_nothing_more(sms: Sms, twilio: Twilio, hub: Listener) -> None:
    twilio.customer().texts("Stop")
    assert heard(sms, hub, "webhooks/sms").name == "stopped"
    with pytest.raises(ContactStopped):
        sms.send(sms.compose(to(twilio, hub, "Hello?"))[0])


def test_a_phone_that_is_off_is_reported_with_the_reason(
    sms: Sms, twilio: Twilio, hub: Listener
) -> None:
    twilio.customer().phone_is_off()
    sms.send(sms.compose(to(twilio, hub, "Hi"))[0])
    update = heard(sms, hub, "webhooks/sms/status", MessageStatus="undelivered")
    assert (update.status, update.external_code) == ("failed", "30003")
    assert "out of reach" in update.reason


def test_a_lost_answer_is_found_at_the_stand_in(sms: Sms, twilio: Twilio, hub: Listener) -> None:
    message = to(twilio, hub, "Are you there?")
    (call,) = sms.compose(message)
    before = datetime.now(UTC)
    assert sms.reconcile(message, call, before) is None
    twilio.times_out_after_accepting()
    with pytest.raises(ConnectionFailed) as caught:
        sms.send(call)
    assert caught.value.maybe_sent
    (sid,) = (m.sid for m in twilio.messages.values() if m.direction != "inbound")
    assert sms.reconcile(message, call, before) == SendReceipt(sid)


def test_the_check_finds_the_number_and_its_webhook(sms: Sms, twilio: Twilio) -> None:
    assert "come here" in sms.check()
    twilio.webhook_url = "https://elsewhere.example"
    assert "go elsewhere" in sms.check()
