"""Visitors whom the site has signed in, and what a page is shown."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

import pytest
import requests

from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from hub.schema.tokens import digest
from tests.api.signing import hashed, refusal, signed
from tests.api.test_visitors import everything_heard, texts, words
from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.servers


def somebody() -> str:
    return f"customer-{uuid.uuid4().hex[:12]}"


def number() -> str:
    """A number in the range that is kept for made-up people."""
    return f"+1202555{uuid.uuid4().int % 10_000:04}"


def sees(visitor: Screen, text: str) -> Any:
    return visitor.wait_for("message.created", lambda e: e["message"]["text"] == text)


def shown(visitor: Screen) -> list[str]:
    return texts(visitor.ask("history")["messages"])


def goes_on_at(hub: RunningHub, conversation_id: str, connector: str) -> str:
    """The token of a link by which a customer goes on in a web chat."""
    made = hub.post(f"/conversations/{conversation_id}/handovers", {"connector": connector})
    return str(made["url"].partition("#resume=")[2])


# -- one person on every device ----------------------------------------------------------------


def test_the_same_id_on_another_device_is_the_same_person_and_sees_the_thread_at_once(
    hub: RunningHub,
) -> None:
    sub, text = somebody(), words("from the phone")
    with hub.visitor("shop", identity=signed(sub, name="Mari")) as phone:
        said = phone.says(text, "c-1")["message"]
    with hub.visitor("shop", identity=signed(sub)) as laptop:
        assert texts(laptop.session["messages"]) == [text]
        assert laptop.session["contact"]["id"] == said["contact_id"]
        assert laptop.session["contact"]["name"] == "Mari"
        again = laptop.says(words("from the laptop"), "c-1")["message"]
    assert again["conversation_id"] == said["conversation_id"]
    assert hub.get(f"/contacts/{said['contact_id']}")["name"] == "Mari"


def test_two_devices_hear_one_thread(hub: RunningHub) -> None:
    sub, answer = somebody(), words("answer")
    with (
        hub.visitor("shop", identity=signed(sub)) as phone,
        hub.visitor("shop", identity=signed(sub)) as laptop,
    ):
        text = words("hello")
        asked = phone.says(text, "c-1")["message"]
        sees(laptop, text)
        sent = hub.reply(asked["conversation_id"], answer)
        sees(phone, answer)
        sees(laptop, answer)
        laptop.ask("read", message_id=sent["id"])
        hub.delivery_of(sent, "read")


def test_an_anonymous_session_keeps_what_was_said_when_it_is_first_signed(hub: RunningHub) -> None:
    sub, before = somebody(), words("not signed in yet")
    with hub.visitor("shop") as visitor:
        said = visitor.says(before, "c-1")["message"]
        assert visitor.ask("identify", token=signed(sub, email="mari@example.com")) == {"ok": True}
        assert shown(visitor) == [before]
        token = visitor.session["session"]
        assert all(s["session"] == token for name, s in visitor.heard if name == "session")
    with hub.visitor("shop", identity=signed(sub)) as elsewhere:
        assert texts(elsewhere.session["messages"]) == [before]
    contact = hub.message_with(before)["contact_id"]
    links = hub.get(f"/contacts/{contact}/links")["items"]
    assert {(one["evidence"], one["method"]) for one in links} == {("verified", "identity")}
    assert hub.get(f"/contacts/{contact}")["attributes"]["email"] == "mari@example.com"
    assert said["conversation_id"]


def test_a_user_hash_says_the_same_as_a_token(hub: RunningHub) -> None:
    sub, text = somebody(), words("hello")
    with hub.visitor("shop", identity=signed(sub)) as phone:
        phone.says(text, "c-1")
    with hub.visitor("shop") as laptop:
        asked = {"id": sub, "user_hash": hashed(sub), "name": "Mari", "phone": "+37255512345"}
        assert laptop.ask("identify", **asked) == {"ok": True}
        assert shown(laptop) == [text]
    with hub.visitor("shop", identity={"id": sub, "user_hash": hashed(sub)}) as tablet:
        assert shown(tablet) == [text]


def test_two_ids_with_one_email_stay_two_people(hub: RunningHub) -> None:
    text, email = words("private"), "both@example.com"
    with hub.visitor("shop", identity=signed(somebody(), email=email)) as one:
        first = one.says(text, "c-1")["message"]
    with hub.visitor("shop", identity=signed(somebody(), email=email)) as two:
        second = two.says(words("hi"), "c-1")["message"]
        assert text not in everything_heard(two)
        assert text not in shown(two)
    assert first["contact_id"] != second["contact_id"]


def test_the_same_id_at_two_chats_is_two_people(hub: RunningHub) -> None:
    sub, text = somebody(), words("private")
    with hub.visitor("shop", identity=signed(sub)) as visitor:
        visitor.says(text, "c-1")
    with hub.visitor("blog", identity=signed(sub, "blog")) as elsewhere:
        assert elsewhere.session["messages"] == []


# -- somebody else at the same browser ---------------------------------------------------------


def test_a_session_of_another_customer_is_left_alone_and_a_fresh_one_begins(
    hub: RunningHub,
) -> None:
    text, theirs = words("of the first"), words("of the second")
    with hub.visitor("shop", identity=signed(somebody())) as first:
        first.says(text, "c-1")
        token = first.session["session"]
    with hub.visitor("shop", session=token, identity=signed(somebody())) as second:
        assert second.session["session"] != token
        assert second.session["messages"] == []
        second.says(theirs, "c-1")
        assert shown(second) == [theirs]
        assert text not in everything_heard(second)
    with hub.visitor("shop", session=token) as again:
        assert texts(again.session["messages"]) == [text]


def test_signing_in_as_another_on_an_open_page_empties_it(hub: RunningHub) -> None:
    text, answer = words("of the first"), words("answer to the first")
    with hub.visitor("shop", identity=signed(somebody())) as visitor:
        asked = visitor.says(text, "c-1")["message"]
        token = visitor.session["session"]
        assert visitor.ask("identify", token=signed(somebody()))["ok"]
        fresh = visitor.wait_for("session", lambda s: s["session"] != token)
        assert fresh["messages"] == []
        visitor.heard.clear()
        hub.delivery_of(hub.reply(asked["conversation_id"], answer), "sent")
        theirs = words("of the second")
        visitor.says(theirs, "c-1")
        sees(visitor, theirs)  # what came before it would have been heard by now
        assert answer not in everything_heard(visitor)
        assert shown(visitor) == [theirs]


def test_a_link_for_another_signed_customer_joins_nobody(hub: RunningHub) -> None:
    first, second, text = somebody(), somebody(), words("of the first")
    with hub.visitor("shop", identity=signed(first)) as visitor:
        asked = visitor.says(text, "c-1")["message"]
    resume = goes_on_at(hub, asked["conversation_id"], "shop")
    with hub.visitor("shop", identity=signed(second)) as other:
        other.says(words("of the second"), "c-1")
        token = other.session["session"]
    with hub.visitor("shop", session=token, identity=signed(second), resume=resume) as refused:
        assert refused.session["resumed"] is False
        assert text not in everything_heard(refused) + json.dumps(refused.ask("history"))
    with hub.visitor("shop", session=token, resume=resume) as fresh:
        assert fresh.session["session"] != token
        assert fresh.session["resumed"] is True
        assert text in texts(fresh.session["messages"])
    with hub.visitor("shop", session=token) as again:
        assert text not in texts(again.session["messages"])


def test_one_telephone_does_not_join_two_signed_customers(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    phone = sandbox.telegram.customer(somebody())
    secret, answer = words("of the first"), words("on the phone")
    with (
        hub.visitor("shop", identity=signed(somebody())) as first,
        hub.visitor("shop", identity=signed(somebody())) as second,
    ):
        first.says(secret, "c-1")
        second.says(words("of the second"), "c-1")
        made = [one.ask("handover.request", connector="telegram") for one in (first, second)]
        tokens = [one["url"].partition("?start=")[2] for one in made]
        phone.starts(tokens[0])
        first.wait_for("session", lambda s: s["changed"])
        phone.starts(tokens[1])
        phone.says(answer)
        sees(first, answer)
        own = words("again of the second")
        second.says(own, "c-2")
        sees(second, own)
        for theirs in (secret, answer):
            assert theirs not in everything_heard(second) + json.dumps(second.ask("history"))


def test_a_page_that_came_by_a_link_and_then_signs_in_as_another_starts_afresh(
    hub: RunningHub,
) -> None:
    text = words("of the first")
    with hub.visitor("shop", identity=signed(somebody())) as first:
        asked = first.says(text, "c-1")["message"]
    with hub.visitor("shop", resume=goes_on_at(hub, asked["conversation_id"], "shop")) as page:
        assert text in texts(page.session["messages"])
        token = page.session["session"]
        assert page.ask("identify", token=signed(somebody()))["ok"]
        fresh = page.wait_for("session", lambda s: s["session"] != token)
        assert fresh["messages"] == []
        assert shown(page) == []


def test_what_an_agent_parted_is_not_joined_again(hub: RunningHub) -> None:
    sub, wrong = somebody(), words("said by somebody else on this computer")
    with hub.visitor("shop") as visitor:
        visitor.says(wrong, "c-1")
        visitor.ask("identify", token=signed(sub))
        token = visitor.session["session"]
    contact = hub.message_with(wrong)["contact_id"]
    [link] = hub.get(f"/contacts/{contact}/links")["items"]
    assert hub.request("DELETE", f"/links/{link['id']}").status_code == 200
    with hub.visitor("shop", session=token, identity=signed(sub)) as again:
        assert again.session["session"] != token
        assert again.session["messages"] == []


# -- identity: required ------------------------------------------------------------------------


def test_a_chat_for_signed_in_customers_lets_them_in(hub: RunningHub) -> None:
    sub, text = somebody(), words("signed in")
    with hub.visitor("locked", identity=signed(sub, "locked")) as visitor:
        assert visitor.says(text, "c-1")["ok"]
        assert upload_at(hub, "locked", visitor.session["session"]).status_code == 201
        token = visitor.session["session"]
    with hub.visitor("locked", session=token, identity=signed(sub, "locked")) as again:
        assert again.session["session"] == token
        assert texts(again.session["messages"]) == [text]
    # Who holds the token alone may have found it on a computer that many people use.
    assert refusal(hub, "locked", session=token) == "identity_required"


def upload_at(hub: RunningHub, connector: str, session: str) -> requests.Response:
    return requests.post(
        f"{hub.url}/chat/{connector}/uploads",
        files={"file": ("shoe.png", sample_files.photo(), "image/png")},
        headers={"Authorization": f"Bearer {session}"},
        timeout=20,
    )


# -- proved history ----------------------------------------------------------------------------


def test_what_was_said_by_sms_shows_on_the_page_that_a_link_brought(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    phone, text, later = number(), words("by sms"), words("by sms again")
    sandbox.twilio.customer(phone).texts(text)
    asked = hub.message_with(text)
    token = goes_on_at(hub, asked["conversation_id"], "shop")
    with hub.visitor("shop", resume=token) as visitor:
        first = next(m for m in visitor.session["messages"] if m["text"] == text)
        assert (first["kind"], first["connector"]) == ("sms", "sms")
        sandbox.twilio.customer(phone).texts(later)
        assert sees(visitor, later)["message"]["kind"] == "sms"
        answer = words("answer by sms")
        hub.reply(asked["conversation_id"], answer, connector="sms")
        sees(visitor, answer)
        assert answer in texts(visitor.ask("sync", after=first["id"])["messages"])


def test_an_undone_link_closes_the_page_at_once(hub: RunningHub, sandbox: Sandbox) -> None:
    phone, text, later = number(), words("by sms"), words("by sms after the undoing")
    sandbox.twilio.customer(phone).texts(text)
    asked = hub.message_with(text)
    token = goes_on_at(hub, asked["conversation_id"], "shop")
    with hub.visitor("shop", resume=token) as visitor:
        assert text in shown(visitor)
        own = words("on the page")
        visitor.says(own, "c-1")
        links = hub.get(f"/contacts/{asked['contact_id']}/links")["items"]
        assert hub.request("DELETE", f"/links/{links[0]['id']}").status_code == 200
        anew = visitor.wait_for("session", lambda s: s["changed"])
        assert text not in texts(anew["messages"])
        assert own in texts(anew["messages"])
        visitor.heard.clear()
        sandbox.twilio.customer(phone).texts(later)
        hub.message_with(later)
        last = words("still mine")
        visitor.says(last, "c-2")
        sees(visitor, last)
        assert later not in everything_heard(visitor) + json.dumps(visitor.ask("history"))
        assert text not in shown(visitor)


def test_a_file_from_another_channel_opens_on_the_page_that_proved_it(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    text = words("look at this")
    with hub.visitor("blog") as elsewhere:
        stored = upload_at(hub, "blog", elsewhere.session["session"]).json()
        asked = elsewhere.says(text, "c-1", attachments=[stored["id"]])["message"]
    token = goes_on_at(hub, asked["conversation_id"], "shop")
    with hub.visitor("shop", resume=token) as visitor:
        [file] = next(m for m in visitor.session["messages"] if m["text"] == text)["attachments"]
        assert requests.get(hub.url + file["url"], timeout=20).content == sample_files.photo()
    assert requests.get(f"{hub.url}/api/v1/attachments/{file['id']}", timeout=20).status_code == 401


def test_reading_on_the_page_marks_only_what_was_sent_to_the_web(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    text = words("by sms")
    sandbox.twilio.customer(number()).texts(text)
    asked = hub.message_with(text)
    token = goes_on_at(hub, asked["conversation_id"], "shop")
    with hub.visitor("shop", resume=token) as visitor:
        by_sms = hub.reply(asked["conversation_id"], words("by sms"), connector="sms")
        hub.delivery_of(by_sms, "sent", "delivered")
        by_page = hub.reply(asked["conversation_id"], words("on the page"), connector="shop")
        sees(visitor, by_page["text"])
        visitor.ask("read", message_id=by_page["id"])
        hub.delivery_of(by_page, "read")
        assert hub.get(f"/messages/{by_sms['id']}")["delivery"]["status"] != "read"


# -- who is there ------------------------------------------------------------------------------


def left_at(hub: RunningHub, token: str) -> Any:
    with sqlite3.connect(hub.folder / "data" / "hub.db") as connection:
        row = connection.execute(
            "SELECT left_at FROM visitor_session WHERE token_digest = ?", (digest(token),)
        ).fetchone()
    return row[0]


def test_a_session_has_left_when_its_last_page_is_closed(hub: RunningHub) -> None:
    with hub.visitor("shop") as visitor:
        token = visitor.session["session"]
        with hub.visitor("shop", session=token):
            assert left_at(hub, token) is None
        assert left_at(hub, token) is None
    eventually(lambda: left_at(hub, token), expected="the visitor left")
    with hub.visitor("shop", session=token):
        assert left_at(hub, token) is None
