"""The customers' namespace: one's own thread and nothing else, whatever one sends."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import requests
import socketio
import time_machine

from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from hub.store.media import LINK_SECONDS, MediaLinks
from tests.api.conftest import UPLOAD_LIMIT
from tests.harness import RunningHub, Screen

pytestmark = pytest.mark.servers
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def words(what: str) -> str:
    return f"{what} {uuid.uuid4().hex[:8]}"


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [one["text"] for one in messages]


def everything_heard(screen: Screen) -> str:
    return json.dumps(screen.heard, ensure_ascii=False)


def upload(
    hub: RunningHub, session: str, content: bytes, name: str, media_type: str, **headers: str
) -> requests.Response:
    return requests.post(
        f"{hub.url}/chat/website/uploads",
        files={"file": (name, content, media_type)},
        headers={"Authorization": f"Bearer {session}", **headers},
        timeout=20,
    )


# -- sessions ----------------------------------------------------------------------------------


def test_a_new_visitor_gets_a_session_and_an_empty_thread(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        session = visitor.session
        assert {"session", "contact", "messages", "agent", "queue"} <= set(session)
        assert (session["resumed"], session["changed"]) == (None, False)
        assert len(session["session"]) >= 32  # 128 bits take at least 22 letters
        assert (session["contact"], session["messages"]) == (None, [])


def test_a_reload_goes_on_with_the_same_thread(hub: RunningHub) -> None:
    text = words("hello")
    with hub.visitor() as visitor:
        conversation_id = visitor.says(text, "c-1")["message"]["conversation_id"]
        token = visitor.session["session"]
        last = visitor.ask("sync", after="0")["messages"][-1]["id"]
    missed = [hub.reply(conversation_id, words(f"missed {n}"))["text"] for n in range(3)]
    with hub.visitor(session=token) as again:
        assert again.session["session"] == token
        assert texts(again.session["messages"]) == [text, *missed]
        assert texts(again.ask("sync", after=last)["messages"]) == missed
        assert again.ask("sync", after=again.session["messages"][-1]["id"])["messages"] == []


def test_a_wrong_token_is_a_new_visitor(hub: RunningHub) -> None:
    with hub.visitor() as somebody:
        somebody.says(words("private"), "c-1")
        token = somebody.session["session"]
    for wrong in ("nonsense", token[:-1], token + "A", token.swapcase(), ""):
        with hub.visitor(session=wrong) as stranger:
            assert stranger.session["session"] not in (wrong, token)
            assert stranger.session["messages"] == []


def test_a_token_is_of_one_connector(hub: RunningHub) -> None:
    with hub.visitor() as somebody:
        somebody.says(words("private"), "c-1")
        token = somebody.session["session"]
    with hub.visitor("other", session=token) as elsewhere:
        assert elsewhere.session["session"] != token
        assert elsewhere.session["messages"] == []
        assert elsewhere.ask("history")["messages"] == []


def test_a_token_in_the_address_counts_for_nothing(hub: RunningHub) -> None:
    with hub.visitor() as somebody:
        somebody.says(words("private"), "c-1")
        token = somebody.session["session"]
    with Screen(f"{hub.url}?session={token}", "/visitor", {"connector": "website"}) as stranger:
        session = stranger.wait_for("session")
        assert session["session"] != token
        assert session["messages"] == []


def test_a_session_token_is_in_no_address_and_no_log(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        token = visitor.session["session"]
        stored = upload(hub, token, sample_files.photo(), "shoe.png", "image/png").json()
        visitor.says("", "c-1", attachments=[stored["id"]])
        conversation_id = visitor.ask("history")["messages"][0]["conversation_id"]
        hub.reply(conversation_id, words("answer"))
        visitor.wait_for("message.created", lambda e: e["message"]["direction"] == "out")
        handover = visitor.ask("handover.request", connector="telegram")
        heard = [data for name, data in visitor.heard if name != "session"]
        assert token not in json.dumps([heard, stored, handover, visitor.ask("history")])
        assert token not in hub.log.read_text()


def test_a_chat_for_signed_in_visitors_takes_nothing_from_others(hub: RunningHub) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        Screen(hub.url, "/visitor", {"connector": "locked"})


def test_an_unknown_connector_or_one_of_another_kind_is_refused(hub: RunningHub) -> None:
    for auth in ({"connector": "nowhere"}, {"connector": "sms"}, {}, {"connector": 5}):
        with pytest.raises(socketio.exceptions.ConnectionError):
            Screen(hub.url, "/visitor", auth)


# -- origins -----------------------------------------------------------------------------------

ALLOWED = "https://other.example"
REFUSED = (
    "https://other.example.evil.example",
    "https://evil-other.example",
    "http://other.example",
    "https://other.example:8443",
    "https://sub.other.example",
    "null",
)


def test_only_pages_of_listed_sites_may_open_a_chat(hub: RunningHub) -> None:
    with Screen(hub.url, "/visitor", {"connector": "other"}, headers={"Origin": ALLOWED}) as page:
        assert page.wait_for("session")["session"]
    for origin in REFUSED:
        with pytest.raises(socketio.exceptions.ConnectionError):
            Screen(hub.url, "/visitor", {"connector": "other"}, headers={"Origin": origin})


def test_a_site_of_one_chat_may_not_open_another(hub: RunningHub) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        Screen(hub.url, "/visitor", {"connector": "website"}, headers={"Origin": ALLOWED})


def test_the_same_holds_over_http(hub: RunningHub) -> None:
    url = f"{hub.url}/chat/other/config"
    assert requests.get(url, headers={"Origin": ALLOWED}, timeout=20).status_code == 200
    assert requests.get(url, headers={"Origin": hub.url}, timeout=20).status_code == 200
    for origin in REFUSED:
        assert requests.get(url, headers={"Origin": origin}, timeout=20).status_code == 403
    with hub.visitor() as visitor:
        refused = upload(
            hub, visitor.session["session"], b"x", "a.txt", "text/plain", Origin=ALLOWED
        )
        assert refused.status_code == 403


def test_only_listed_sites_may_frame_the_chat_and_nobody_the_inbox(hub: RunningHub) -> None:
    chat = requests.get(f"{hub.url}/chat/other", timeout=20)
    assert f"frame-ancestors 'self' {ALLOWED}" in chat.headers["Content-Security-Policy"]
    inbox = requests.get(hub.url, timeout=20)
    assert "frame-ancestors 'none'" in inbox.headers["Content-Security-Policy"]


# -- one's own thread only ---------------------------------------------------------------------


def test_the_same_client_id_twice_is_one_message(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        first = visitor.says("only once", "key-1")
        second = visitor.says("only once", "key-1")
        assert first["ok"] and second["ok"]
        assert first["message"]["id"] == second["message"]["id"]
        assert texts(visitor.ask("history")["messages"]) == ["only once"]


def test_another_visitor_with_the_same_client_id_is_somebody_else(hub: RunningHub) -> None:
    with hub.visitor() as one, hub.visitor() as two:
        first, second = one.says("from one", "key-1"), two.says("from two", "key-1")
        assert first["message"]["id"] != second["message"]["id"]
        assert second["message"]["text"] == "from two"


def test_nobody_else_s_thread_can_be_reached_by_guessing_ids(hub: RunningHub) -> None:
    secret = words("private")
    with hub.visitor() as victim, hub.visitor() as attacker:
        asked = victim.says(secret, "c-1")["message"]
        answer = hub.reply(asked["conversation_id"], secret + " answer")
        victim.wait_for("message.created", lambda e: e["message"]["id"] == answer["id"])
        hub.delivery_of(answer, "delivered")
        stolen = attacker.says("hello", "c-1", reply_to=asked["id"])
        if stolen["ok"]:
            assert stolen["message"]["reply_to"] is None
        attacker.ask("read", message_id=answer["id"])
        attacker.ask("typing", on=True)
        for page in (
            attacker.ask("history", before=answer["id"]),
            attacker.ask("history", before="9" * 18),
            attacker.ask("sync", after="0"),
            attacker.ask("sync", after=str(int(asked["id"]) - 1)),
        ):
            assert secret not in json.dumps(page)
        assert attacker.ask("history", conversation_id=asked["conversation_id"])["ok"] is False
        assert hub.get(f"/messages/{answer['id']}")["delivery"]["status"] == "delivered"
        assert secret not in everything_heard(attacker)


def test_a_file_of_another_visitor_cannot_be_sent(hub: RunningHub) -> None:
    with hub.visitor() as victim, hub.visitor() as attacker:
        stored = upload(hub, victim.session["session"], b"private", "a.txt", "text/plain").json()
        refused = attacker.says("mine now", "c-1", attachments=[stored["id"]])
        assert (refused["ok"], refused["code"]) == (False, "invalid")
        assert victim.says("mine", "c-1", attachments=[stored["id"]])["ok"]
        again = victim.says("again", "c-2", attachments=[stored["id"]])
        assert (again["ok"], again["code"]) == (False, "invalid")


def test_what_agents_say_among_themselves_stays_inside(hub: RunningHub, sandbox: Sandbox) -> None:
    note, label, on_sms = words("note"), uuid.uuid4().hex, words("on sms")
    number = "+12025550177"
    with hub.visitor() as visitor:
        asked = visitor.says(words("hi"), "c-1")["message"]
        conversation_id = asked["conversation_id"]
        sandbox.twilio.customer(number).texts(on_sms)
        texted = hub.message_with(on_sms)
        hub.post(f"/contacts/{asked['contact_id']}/links", {"contact_id": texted["contact_id"]})
        hub.patch(f"/contacts/{asked['contact_id']}", {"attributes": {"note": note}})
        hub.reply(conversation_id, note, type="note")
        hub.patch(f"/conversations/{conversation_id}", {"labels": [label], "priority": "urgent"})
        hub.reply(conversation_id, on_sms + " answer", connector="sms")
        last = hub.reply(conversation_id, words("for the page"), connector="website")
        visitor.wait_for("message.created", lambda e: e["message"]["id"] == last["id"])
        visitor.wait_for("conversation.updated")
        known = everything_heard(visitor) + json.dumps(
            [visitor.ask("history"), visitor.ask("sync", after="0")]
        )
        token = visitor.session["session"]
    with hub.visitor(session=token) as again:
        known += everything_heard(again)
    for inside in (note, label, on_sms, number, "urgent"):
        assert inside not in known


def test_an_agents_address_is_not_for_customers(hub: RunningHub, ann_token: str) -> None:
    with hub.visitor() as visitor:
        conversation_id = visitor.says(words("hi"), "c-1")["message"]["conversation_id"]
        hub.request(
            "POST",
            f"/conversations/{conversation_id}/messages",
            json={"text": "from Ann"},
            headers={"Authorization": f"Bearer {ann_token}"},
        )
        shown = visitor.wait_for("message.created", lambda e: e["message"]["text"] == "from Ann")
        assert shown["message"]["author"]["name"] == "Ann"
        assert shown["message"]["author"]["id"] is None
        assert "ann@example.com" not in everything_heard(visitor)


def test_what_a_visitor_typed_of_themselves_links_nobody(hub: RunningHub, sandbox: Sandbox) -> None:
    text = words("by mail")
    sandbox.mail.customer("owner@example.org", "Owner").sends(subject="Private", text=text)
    owner = hub.message_with(text)["contact_id"]
    with hub.visitor() as visitor:
        assert visitor.ask("prechat.submit", name="Owner", email="owner@example.org")["ok"]
        contact_id = visitor.says(words("hi"), "c-1")["message"]["contact_id"]
        assert contact_id != owner
        assert text not in json.dumps(visitor.ask("history"))
    suggested = hub.get(f"/contacts/{contact_id}/suggestions")["items"]
    assert [one["contact"]["id"] for one in suggested] == [owner]
    assert "owner@example.org" in suggested[0]["reason"]
    assert (suggested[0]["evidence"], suggested[0]["method"]) == ("asserted", "form")
    path = f"/suggestions/{suggested[0]['id']}"
    assert hub.request("POST", path, json={"decision": "perhaps"}).status_code == 422
    decided = hub.request("POST", path, json={"decision": "dismiss"})
    assert (decided.status_code, decided.json()["link"]) == (200, None)
    assert hub.request("POST", path, json={"decision": "accept"}).status_code == 409
    assert hub.get(f"/contacts/{contact_id}/suggestions")["items"] == []


def test_a_visitor_may_go_on_elsewhere_by_a_one_time_link(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        assert visitor.ask("handover.request", connector="telegram")["code"] == "conflict"
        visitor.says(words("hi"), "c-1")
        made = visitor.ask("handover.request", connector="telegram")
        assert made["ok"] and {"url", "code", "expires_at"} <= set(made)
        assert visitor.ask("handover.request", connector="nowhere")["ok"] is False


# -- limits of form ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("message.send", {"text": "x"}),
        ("message.send", {"text": " ", "client_id": "k"}),
        ("message.send", {"text": "x" * 200_000, "client_id": "k"}),
        ("message.send", {"text": "x", "client_id": "k" * 500}),
        ("message.send", {"text": "x", "client_id": "k", "conversation_id": "1"}),
        ("message.send", {"text": "x", "client_id": "k", "attachments": ["1; --"]}),
        ("read", {"message_id": "-1"}),
        ("history", {"before": "all"}),
        ("typing", {"on": "maybe"}),
        ("identify", {"id": "42", "hash": "0" * 64}),
        ("handover.request", {}),
        ("prechat.submit", {"name": "x" * 500}),
    ],
)
def test_what_is_not_of_its_form_is_refused_with_a_code(
    hub: RunningHub, event: str, data: dict[str, Any]
) -> None:
    with hub.visitor() as visitor:
        answer = visitor.ask(event, **data)
        assert answer["ok"] is False
        assert answer["code"] in ("invalid", "forbidden")
        assert answer["message"]
        assert visitor.says("still here", "after")["ok"]


# -- files -------------------------------------------------------------------------------------


def test_a_picture_of_a_visitor_is_shown_by_a_signed_link(hub: RunningHub) -> None:
    picture = sample_files.photo()
    with hub.visitor() as visitor:
        stored = upload(hub, visitor.session["session"], picture, "../../shoe.png", "image/png")
        assert stored.status_code == 201
        file = stored.json()
        assert (file["name"], file["state"], file["size"]) == ("shoe.png", "stored", len(picture))
        said = visitor.says("", "c-1", attachments=[file["id"]])
        assert [one["id"] for one in said["message"]["attachments"]] == [file["id"]]
        link = said["message"]["attachments"][0]["url"]
    shown = requests.get(hub.url + link, timeout=20)
    assert shown.content == picture
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    by_agent = hub.request("GET", f"/attachments/{file['id']}")
    assert by_agent.content == picture
    assert requests.get(f"{hub.url}/api/v1/attachments/{file['id']}", timeout=20).status_code == 401


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (SVG, "logo.svg", "image/svg+xml"),
        (HTML, "page.html", "text/html"),
        (HTML, "photo.png", "image/png"),
        (b"%PDF-1.4 x", "form.pdf", "application/pdf"),
        (b"plain", "a.txt", "text/plain"),
    ],
)
def test_what_a_browser_could_run_is_only_ever_saved(
    hub: RunningHub, content: bytes, name: str, media_type: str
) -> None:
    with hub.visitor() as visitor:
        file = upload(hub, visitor.session["session"], content, name, media_type).json()
    link = requests.get(hub.url + file["url"], timeout=20)
    for shown in (link, hub.request("GET", f"/attachments/{file['id']}")):
        assert shown.content == content
        assert shown.headers["Content-Type"] == "application/octet-stream"
        assert shown.headers["Content-Disposition"].startswith("attachment")
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown.headers["Content-Security-Policy"]


def test_a_file_that_is_too_large_is_refused(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        token = visitor.session["session"]
        exact = upload(hub, token, b"x" * UPLOAD_LIMIT, "a.bin", "application/octet-stream")
        more = upload(hub, token, b"x" * (UPLOAD_LIMIT + 1), "a.bin", "application/octet-stream")
    assert exact.status_code == 201
    assert (more.status_code, more.json()["code"]) == (413, "too_large")


def test_an_upload_needs_a_session_of_this_chat(hub: RunningHub) -> None:
    with hub.visitor("other") as elsewhere:
        for token in ("", "nonsense", elsewhere.session["session"], hub.token):
            assert upload(hub, token, b"x", "a.txt", "text/plain").status_code == 401


def test_an_upload_without_a_file_says_so(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        answer = requests.post(
            f"{hub.url}/chat/website/uploads",
            headers={"Authorization": f"Bearer {visitor.session['session']}"},
            data={"file": "text"},
            timeout=20,
        )
    assert (answer.status_code, answer.json()["field"]) == (422, "file")


def test_a_forged_link_shows_nothing(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        file = upload(hub, visitor.session["session"], b"x", "a.txt", "text/plain").json()
    _, _, token, name = file["url"].split("/")
    other = MediaLinks(hub.url, "another secret").path(file["id"], name)
    # Not the last character: two of its bits mean nothing in base64.
    flipped = token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:]
    for forged in (other, f"/media/{flipped}/{name}", "/media/x/y", f"/media/{file['id']}/a.txt"):
        assert requests.get(hub.url + forged, timeout=20).status_code == 404


def test_a_link_runs_out() -> None:
    links = MediaLinks("https://hub.test", "secret")
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        token = links.path(7).split("/")[2]
        clock.shift(timedelta(seconds=LINK_SECONDS))
        assert links.attachment_id(token) == 7
        clock.shift(timedelta(seconds=2))
        assert links.attachment_id(token) is None


def test_a_link_from_another_channel_makes_the_visitor_that_person_once(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    text = words("by sms")
    sandbox.twilio.customer("+12025550178").texts(text)
    asked = hub.message_with(text)
    made = hub.post(
        f"/conversations/{asked['conversation_id']}/handovers", {"connector": "website"}
    )
    token = made["url"].partition("#resume=")[2]
    assert token
    with hub.visitor(resume=token) as visitor:
        assert visitor.session["resumed"] is True
        assert text in texts(visitor.session["messages"])  # nothing needs repeating
        said = visitor.says(words("here I am"), "c-1")["message"]
    assert (said["conversation_id"], said["contact_id"]) == (
        asked["conversation_id"],
        asked["contact_id"],
    )
    with hub.visitor(resume=token) as stranger:
        assert stranger.session["resumed"] is False
        assert stranger.session["contact"] is None
        assert stranger.says(words("me too"), "c-1")["message"]["contact_id"] != asked["contact_id"]
