"""Somebody who wants another customer's thread: each try is refused, written down, and in vain."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import time
import uuid
from typing import Any

import jwt
import pytest
import requests

from hub.sandbox import Sandbox
from hub.schema.tokens import digest, new_code, new_token
from tests.api.signing import SECRETS, hashed, refusal, signed
from tests.api.test_visitors import everything_heard, texts, upload, words
from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.servers

OURS = "mx.shop.example"


class Log:
    """What the hub writes down from here on."""

    def __init__(self, hub: RunningHub) -> None:
        self._path = hub.log
        self._begin = hub.log.stat().st_size

    @property
    def text(self) -> str:
        with self._path.open() as file:
            file.seek(self._begin)
            return file.read()

    def tells(self, *what: str) -> None:
        """Waits for a line with all these words."""
        eventually(
            lambda: any(all(one in line for one in what) for line in self.text.splitlines()),
            expected=f"a line with {what}",
        )


@pytest.fixture
def log(hub: RunningHub) -> Log:
    return Log(hub)


def number() -> str:
    return f"+1202556{uuid.uuid4().int % 10_000:04}"


@pytest.fixture
def victim(hub: RunningHub, sandbox: Sandbox) -> dict[str, Any]:
    """A message that somebody sent by SMS and nobody else is to read."""
    text = words("the victim's words")
    sandbox.twilio.customer(number()).texts(text)
    return hub.message_with(text)


def invitation(hub: RunningHub, message: dict[str, Any], connector: str) -> tuple[str, str]:
    """The token and the code of a handover from this message's conversation."""
    made = hub.post(
        f"/conversations/{message['conversation_id']}/handovers", {"connector": connector}
    )
    url = made["url"]
    token = url.partition("#resume=")[2] or url.partition("?start=")[2]
    if url.startswith("mailto:"):
        token = url.partition("+")[2].partition("@")[0]
    return token, made["code"]


def known_to(screen: Screen) -> str:
    """All that a page has heard, and all that it gets when it asks."""
    return everything_heard(screen) + json.dumps(
        [screen.ask("history"), screen.ask("sync", after="0")], ensure_ascii=False
    )


def is_in_vain(hub: RunningHub, victim: dict[str, Any], screen: Screen) -> None:
    """This page is somebody of its own, and learns nothing of the victim."""
    said = screen.says(words("who am I"), f"c-{uuid.uuid4().hex}")["message"]
    assert said["contact_id"] != victim["contact_id"]
    assert said["conversation_id"] != victim["conversation_id"]
    assert victim["text"] not in known_to(screen)
    assert victim["address"] not in known_to(screen)


# -- tokens and codes --------------------------------------------------------------------------


def test_a_guessed_token_opens_nothing(hub: RunningHub, victim: dict[str, Any], log: Log) -> None:
    token, _ = invitation(hub, victim, "shop")
    flipped = ("A" if token[0] != "A" else "B") + token[1:]
    for guess in (new_token(), flipped, token[:-1], token.swapcase(), "", "x" * 200):
        with hub.visitor("shop", resume=guess) as page:
            assert page.session["resumed"] is False
            assert (page.session["contact"], page.session["messages"]) == (None, [])
            is_in_vain(hub, victim, page)
    log.tells("handover.refused", "shop", "unknown")
    assert token not in log.text


def test_a_token_is_good_once_and_stolen_afterwards_it_is_worth_nothing(
    hub: RunningHub, victim: dict[str, Any], log: Log
) -> None:
    token, code = invitation(hub, victim, "shop")
    with hub.visitor("shop", resume=token) as owner:
        assert owner.session["resumed"] is True
        assert victim["text"] in texts(owner.session["messages"])
    for secret in (token, code):
        with hub.visitor("shop", resume=secret) as thief:
            assert thief.session["resumed"] is False
            is_in_vain(hub, victim, thief)
    log.tells("handover.refused", "shop", "used")


def test_a_token_that_has_run_out_opens_nothing(
    hub: RunningHub, victim: dict[str, Any], log: Log
) -> None:
    token, _ = invitation(hub, victim, "shop")
    with sqlite3.connect(hub.folder / "data" / "hub.db", timeout=10) as connection:
        connection.execute(
            "UPDATE handover SET expires_at = created_at WHERE token_digest = ?", (digest(token),)
        )
    with hub.visitor("shop", resume=token) as late:
        assert late.session["resumed"] is False
        is_in_vain(hub, victim, late)
    log.tells("handover.refused", "shop", "expired")


def test_a_token_of_one_connector_opens_nothing_at_another(
    hub: RunningHub, victim: dict[str, Any], log: Log
) -> None:
    token, _ = invitation(hub, victim, "shop")
    for_telegram, _ = invitation(hub, victim, "telegram")
    with hub.visitor("blog", resume=token) as page:
        assert page.session["resumed"] is False
        is_in_vain(hub, victim, page)
    with hub.visitor("shop", resume=for_telegram) as page:
        assert page.session["resumed"] is False
        is_in_vain(hub, victim, page)
    log.tells("handover.refused", "blog", "elsewhere")
    with hub.visitor("shop", resume=token) as owner:
        assert owner.session["resumed"] is True, "a wrong door uses nothing up"


def test_guessing_codes_ends_before_the_right_one(
    hub: RunningHub, sandbox: Sandbox, log: Log
) -> None:
    secret = words("the victim's words on the page")
    with hub.visitor("shop") as owner:
        message = owner.says(secret, "c-1")["message"]
    _, code = invitation(hub, message, "sms")
    thief = sandbox.twilio.customer(number())
    for _ in range(5):
        thief.texts(f"{words('my code is')} {new_code()}")
    last = words("now the right one")
    log.tells("handover.refused", "sms", "unknown")
    eventually(lambda: log.text.count("handover.refused") >= 5, expected="five refusals")
    thief.texts(f"{last} {code}")
    arrived = hub.message_with(f"{last} {code}")
    assert arrived["contact_id"] != message["contact_id"]
    log.tells("handover.refused", "sms", "too_many")
    assert code not in log.text


def test_new_pages_do_not_help_with_guessing(tmp_path: Any) -> None:
    config = "connectors:\n  website: {kind: webchat}\nlimits: {sessions_per_minute: 6}\n"
    with RunningHub(tmp_path, config) as fresh:
        results = []
        for _ in range(3):
            with fresh.visitor(resume=new_token()) as page:
                results.append(page.session["resumed"])
        assert results == [False] * 3
        assert refusal(fresh, "website", resume=new_token()) == "limit_exceeded"


# -- mail --------------------------------------------------------------------------------------


def mail_comes(
    hub: RunningHub, text: str, *, sender: str, to: str = "letters@shop.example", above: str = ""
) -> dict[str, Any]:
    """A mail handed in as our receiving server does; `above` are the header fields on top."""
    raw = (
        f"{above}From: {sender}\r\nTo: {to}\r\nSubject: Hi\r\n"
        f"Message-ID: <{uuid.uuid4().hex}@example.net>\r\n\r\n{text}\r\n"
    )
    answer = requests.post(
        f"{hub.url}/webhooks/letters",
        data=raw.encode(),
        headers={"Content-Type": "message/rfc822", "Authorization": "Bearer letters-secret"},
        timeout=20,
    )
    assert answer.status_code == 200
    return hub.message_with(text)


def passed(sender: str, by: str = OURS) -> str:
    domain = sender.partition("@")[2]
    return f"Authentication-Results: {by}; dmarc=pass header.from={domain}\r\n"


FORGERIES = {
    "nothing was checked": "",
    "another server's name": passed("x@example.org", by="mx.attacker.example"),
    "an inner field below our own": (
        f"Authentication-Results: {OURS}; dmarc=fail header.from=example.org\r\n"
        + passed("x@example.org")
    ),
    "a pass for another domain": passed("x@attacker.example"),
    "our name in a comment": (
        f"Authentication-Results: mx.attacker.example ({OURS});\r\n"
        " dmarc=pass header.from=example.org\r\n"
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_sender_with_a_stolen_token_is_nobody_we_know(
    hub: RunningHub, victim: dict[str, Any], log: Log, forgery: str
) -> None:
    token, code = invitation(hub, victim, "letters")
    sender = f"victim-{uuid.uuid4().hex[:8]}@example.org"
    came = mail_comes(
        hub,
        f"{words('let me in')} {code}",
        sender=sender,
        to=f"letters+{token}@shop.example",
        above=FORGERIES[forgery],
    )
    assert came["contact_id"] != victim["contact_id"]
    assert came["conversation_id"] != victim["conversation_id"]
    log.tells("handover.refused", "letters", "unauthenticated")
    assert token not in log.text
    good = mail_comes(
        hub,
        words("it is really me"),
        sender=f"owner-{uuid.uuid4().hex[:8]}@example.org",
        to=f"letters+{token}@shop.example",
        above=passed("x@example.org"),
    )
    assert good["contact_id"] == victim["contact_id"], "the forger has not used the link up"


def test_a_forged_from_gets_no_page_into_the_thread_of_the_real_sender(hub: RunningHub) -> None:
    sender, secret = f"real-{uuid.uuid4().hex[:8]}@example.org", words("a secret by mail")
    real = mail_comes(hub, secret, sender=sender, above=passed(sender))
    forged = mail_comes(hub, words("pretended"), sender=sender)
    token, _ = invitation(hub, forged, "shop")
    addresses = hub.get(f"/contacts/{real['contact_id']}/addresses")["items"]
    assert [one["evidence"] for one in addresses if one["kind"] == "email"] == ["verified"]
    with hub.visitor("shop") as page:
        page.ask("prechat.submit", name="Real", email=sender)
        is_in_vain(hub, real, page)
    assert token


# -- sessions ----------------------------------------------------------------------------------


def test_the_session_of_another_visitor_cannot_be_guessed_or_carried_elsewhere(
    hub: RunningHub,
) -> None:
    with hub.visitor("shop", identity=signed(f"victim-{uuid.uuid4().hex}")) as owner:
        secret = owner.says(words("the victim's words"), "c-1")["message"]
        token = owner.session["session"]
    name = secret["address"].partition(":")[2]
    for guess in (name, token[:-1], token.lower(), token + "=", digest(token), "0" * 32):
        with hub.visitor("shop", session=guess) as page:
            assert page.session["session"] not in (guess, token)
            is_in_vain(hub, secret, page)
    for elsewhere in ("blog", "other", "website"):
        with hub.visitor(elsewhere, session=token) as page:
            assert page.session["session"] != token
            is_in_vain(hub, secret, page)


def test_a_page_cannot_ask_for_another_ones_messages_by_their_ids(
    hub: RunningHub, victim: dict[str, Any]
) -> None:
    with hub.visitor("shop") as page:
        page.says(words("hello"), "c-1")
        for asked in (
            page.ask("history", before=victim["id"]),
            page.ask("history", before=str(int(victim["id"]) + 1)),
            page.ask("sync", after=str(int(victim["id"]) - 1)),
            page.ask("history", contact_id=victim["contact_id"]),
            page.ask("sync", after="0", address=victim["address"]),
            page.ask("handover.request", connector="sms", conversation_id="1"),
        ):
            assert victim["text"] not in json.dumps(asked)
        assert page.ask("read", message_id=victim["id"]) == {"ok": True}
        is_in_vain(hub, victim, page)


# -- what is only said -------------------------------------------------------------------------


def test_a_typed_address_shows_nothing_also_after_an_agent_believed_it(
    hub: RunningHub, victim: dict[str, Any], sandbox: Sandbox
) -> None:
    phone = victim["address"].partition(":")[2]
    with hub.visitor("shop") as impostor:
        impostor.ask("prechat.submit", name="Victim", phone=phone)
        said = impostor.says(words("it is me"), "c-1")["message"]
        hub.patch(f"/contacts/{victim['contact_id']}", {"name": "Violet Victim"})
        hub.post(f"/contacts/{victim['contact_id']}/links", {"contact_id": said["contact_id"]})
        later = words("later by sms")
        sandbox.twilio.customer(phone).texts(later)
        hub.message_with(later)
        answer = hub.reply(victim["conversation_id"], words("answer by sms"), connector="sms")
        own = words("still only mine")
        impostor.says(own, "c-2")
        impostor.wait_for("message.created", lambda e: e["message"]["text"] == own)
        known = known_to(impostor)
        token = impostor.session["session"]
    with hub.visitor("shop", session=token) as again:
        known += known_to(again)
    for secret in (victim["text"], later, answer["text"], phone, "Violet"):
        assert secret not in known


def test_an_invitation_asked_for_by_an_impostor_opens_only_their_own_words(
    hub: RunningHub, victim: dict[str, Any]
) -> None:
    with hub.visitor("shop") as impostor:
        own = words("it is me")
        said = impostor.says(own, "c-1")["message"]
        hub.post(f"/contacts/{victim['contact_id']}/links", {"contact_id": said["contact_id"]})
        made = impostor.ask("handover.request", connector="shop")
        assert made["ok"], made
    by_agent, _ = invitation(hub, said, "shop")
    for token in (made["url"].partition("#resume=")[2], by_agent):
        with hub.visitor("shop", resume=token) as page:
            assert page.session["resumed"] is True
            assert own in texts(page.session["messages"])
            assert victim["text"] not in known_to(page)


def test_an_accepted_suggestion_shows_nothing(hub: RunningHub, victim: dict[str, Any]) -> None:
    phone = victim["address"].partition(":")[2]
    with hub.visitor("shop") as impostor:
        impostor.ask("prechat.submit", name="Victim", phone=phone)
        said = impostor.says(words("it is me"), "c-1")["message"]

        def suggested() -> list[dict[str, Any]]:
            found = hub.get(f"/contacts/{said['contact_id']}/suggestions")["items"]
            return [one for one in found if one["contact"]["id"] == victim["contact_id"]]

        [suggestion] = eventually(suggested, expected="the suggestion")
        hub.post(f"/suggestions/{suggestion['id']}", {"decision": "accept"}, status=200)
        joined = hub.get(f"/contacts/{said['contact_id']}")["id"]
        assert joined == hub.get(f"/contacts/{victim['contact_id']}")["id"]
        assert victim["text"] not in known_to(impostor)


# -- signed identities -------------------------------------------------------------------------


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forged(header: dict[str, Any], claims: dict[str, Any], key: bytes = b"") -> str:
    body = f"{segment(header)}.{segment(claims)}"
    mac = hmac.new(key, body.encode(), hashlib.sha256).digest() if key else b""
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def forgeries(sub: str) -> dict[str, tuple[str, str]]:
    """What an attacker signs as, and the code that refuses it."""
    claims = {"sub": sub, "exp": int(time.time()) + 600}
    secret = SECRETS["shop"].encode()
    long = secret.ljust(64, b"\0")
    good = signed(sub)
    return {
        "no algorithm": (forged({"alg": "none"}, claims), "identity_algorithm"),
        "no algorithm, in capitals": (forged({"alg": "NONE"}, claims), "identity_algorithm"),
        "no algorithm at all": (forged({"typ": "JWT"}, claims, secret), "identity_algorithm"),
        "another algorithm, the right key": (
            jwt.encode(claims, long, "HS512"),
            "identity_algorithm",
        ),
        "a public key's algorithm over the secret": (
            forged({"alg": "RS256"}, claims, secret),
            "identity_algorithm",
        ),
        "an empty key": (forged({"alg": "HS256"}, claims, b"\0"), "identity_signature"),
        "a wrong key": (forged({"alg": "HS256"}, claims, b"guess"), "identity_signature"),
        "a key that the token brings": (
            forged({"alg": "HS256", "jwk": {"kty": "oct", "k": "Z3Vlc3M"}}, claims, b"guess"),
            "identity_signature",
        ),
        "another chat's key": (signed(sub, "blog"), "identity_signature"),
        "no signature": (good.rpartition(".")[0] + ".", "identity_signature"),
        "another person under the same signature": (
            ".".join([good.split(".")[0], segment({**claims, "sub": "x"}), good.split(".")[2]]),
            "identity_signature",
        ),
        "it has run out": (signed(sub, expires_in=-120), "identity_expired"),
        "it never runs out": (forged({"alg": "HS256"}, {"sub": sub}, secret), "identity_malformed"),
        "it names nobody": (
            forged({"alg": "HS256"}, {"exp": claims["exp"]}, secret),
            "identity_malformed",
        ),
        "a number that is no time": (
            forged({"alg": "HS256"}, {**claims, "exp": "never"}, secret),
            "identity_malformed",
        ),
        "too long": (signed(sub, name="x" * 9000), "identity_too_long"),
        "a name that is too long": (signed(sub, name="x" * 500), "identity_malformed"),
        "no token": ("nonsense", "identity_malformed"),
    }


@pytest.mark.parametrize("which", list(forgeries("x")))
def test_a_forged_identity_is_refused_and_shows_nothing(
    hub: RunningHub, log: Log, which: str
) -> None:
    sub = f"victim-{uuid.uuid4().hex}"
    with hub.visitor("shop", identity=signed(sub)) as owner:
        secret = owner.says(words("the victim's words"), "c-1")["message"]
    token, code = forgeries(sub)[which]
    assert refusal(hub, "shop", identity=token) == code
    with hub.visitor("shop") as page:
        answer = page.ask("identify", token=token)
        assert (answer["ok"], answer["code"]) == (False, code)
        assert answer["message"]
        is_in_vain(hub, secret, page)
    log.tells("identity.refused", "shop", code)
    assert token not in log.text
    assert sub not in log.text


def test_a_hash_of_another_id_or_another_secret_is_refused(hub: RunningHub, log: Log) -> None:
    sub = f"victim-{uuid.uuid4().hex}"
    with hub.visitor("shop", identity=signed(sub)) as owner:
        secret = owner.says(words("the victim's words"), "c-1")["message"]
    for wrong in (hashed("somebody"), hashed(sub, "blog"), "0" * 64, "", "é" * 64):
        assert refusal(hub, "shop", identity={"id": sub, "user_hash": wrong}) == (
            "identity_signature"
        )
        with hub.visitor("shop") as page:
            assert page.ask("identify", id=sub, user_hash=wrong)["code"] == "identity_signature"
            is_in_vain(hub, secret, page)
    log.tells("identity.refused", "shop", "identity_signature")


def test_where_nothing_can_be_checked_nothing_is_believed(hub: RunningHub) -> None:
    assert refusal(hub, "other", identity=signed("x")) == "identity_not_configured"
    unsigned = forged({"alg": "HS256"}, {"sub": "x", "exp": int(time.time()) + 600}, b"\0")
    with hub.visitor("other") as page:
        assert page.ask("identify", token=unsigned)["code"] == "identity_not_configured"
        empty = hmac.new(b"", b"x", hashlib.sha256).hexdigest()
        answer = page.ask("identify", id="x", user_hash=empty)
        assert answer["code"] == "identity_not_configured"


def test_a_chat_for_signed_in_customers_lets_nobody_else_in(hub: RunningHub) -> None:
    assert refusal(hub, "locked") == "identity_required"
    assert refusal(hub, "locked", session="x" * 32) == "identity_required"
    assert refusal(hub, "locked", resume=new_token()) == "identity_required"
    assert refusal(hub, "locked", identity=signed("x", "shop")) == "identity_signature"
    assert refusal(hub, "locked", identity=None) == "identity_required"


# -- files -------------------------------------------------------------------------------------


def test_a_file_of_another_visitor_cannot_be_had(hub: RunningHub, log: Log) -> None:
    with hub.visitor("shop") as owner:
        mine = {"name": "a.txt", "content": b"the victim's file", "media_type": "text/plain"}
        answer = requests.post(
            f"{hub.url}/chat/shop/uploads",
            files={"file": (mine["name"], mine["content"], mine["media_type"])},
            headers={"Authorization": f"Bearer {owner.session['session']}"},
            timeout=20,
        )
        file = answer.json()
        secret = owner.says("", "c-1", attachments=[file["id"]])["message"]
        [shown] = secret["attachments"]
        assert requests.get(hub.url + shown["url"], timeout=20).content == mine["content"]
        assert shown["url"].split("/")[2] not in log.text
    with hub.visitor("shop") as thief:
        session = thief.session["session"]
        taken = thief.says("mine now", "c-1", attachments=[file["id"]])
        assert (taken["ok"], taken["code"]) == (False, "invalid")
        assert file["url"] not in known_to(thief)
    own = upload(hub, session, b"x", "a.txt", "text/plain")
    assert own.status_code == 401, "a session of one chat uploads nothing to another"
    for address in (
        f"/api/v1/attachments/{file['id']}",
        f"/api/v1/messages/{secret['id']}/original",
    ):
        for headers in ({}, {"Authorization": f"Bearer {session}"}):
            answer = requests.get(hub.url + address, headers=headers, timeout=20)
            assert answer.status_code == 401
            assert mine["content"] not in answer.content
    for guess in (file["id"], f"/media/{file['id']}/a.txt", f"/media/{session}/a.txt"):
        assert requests.get(f"{hub.url}/media/{guess}/a.txt", timeout=20).status_code == 404
