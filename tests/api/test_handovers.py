"""Invitations over the API: their shape, their end, their limits, and what is counted."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.schema.tokens import new_token
from tests.api.test_metrics import metric
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers

WEB = """\
connectors:
  website: {kind: webchat}
  second: {kind: webchat}
replies:
  handover: {expires: 90m, welcome: {en: "Just go on."}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub of its own, with two chats and a file that says more of invitations."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with RunningHub(folder, WEB) as hub:
        yield hub


def words(text: str) -> str:
    return f"{text} {uuid.uuid4().hex[:8]}"


def asked(hub: RunningHub) -> str:
    """The conversation of a visitor who said something."""
    with hub.visitor() as visitor:
        said = visitor.says(words("hello"), uuid.uuid4().hex)
    found = said["message"]["conversation_id"]
    assert isinstance(found, str)
    return found


def seconds_left(expires_at: str) -> float:
    return (datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds()


def test_it_lasts_as_long_as_the_file_says(shop: RunningHub) -> None:
    made = shop.post(f"/conversations/{asked(shop)}/handovers", {"connector": "second"})
    assert 85 * 60 < seconds_left(made["expires_at"]) <= 90 * 60


def test_without_a_word_it_lasts_a_day(hub: RunningHub) -> None:
    made = hub.post(f"/conversations/{asked(hub)}/handovers", {"connector": "telegram"})
    assert 23 * 3600 < seconds_left(made["expires_at"]) <= 24 * 3600
    assert re.fullmatch(r"[2-9A-Z]{8}", made["code"])
    assert len(made["url"].rpartition("=")[2]) == 22


def test_who_follows_it_to_another_chat_is_welcomed_there_in_the_words_of_the_file(
    shop: RunningHub,
) -> None:
    thread = asked(shop)
    made = shop.post(f"/conversations/{thread}/handovers", {"connector": "second"})
    assert made["url"].startswith(f"{shop.url}/chat/second#resume=")
    token = made["url"].partition("#resume=")[2]
    with shop.visitor("second", resume=token) as page:
        eventually(lambda: "Just go on." in str(page.heard), expected="the welcome")
    (record,) = shop.get(f"/conversations/{thread}/handovers")["items"]
    assert record["redeemed_at"] is not None
    welcome = shop.messages(thread)[-1]
    assert (welcome["author"]["type"], welcome["connector"]) == ("system", "second")


@pytest.mark.parametrize("how", ["guessed", "spoiled", "replayed", "elsewhere", "malformed"])
def test_a_token_that_is_no_good_shows_and_joins_nothing(shop: RunningHub, how: str) -> None:
    thread = asked(shop)
    theirs = shop.get(f"/conversations/{thread}")["contact"]["id"]
    target = "website" if how == "elsewhere" else "second"
    made = shop.post(f"/conversations/{thread}/handovers", {"connector": target})
    token = made["url"].partition("#resume=")[2]
    if how == "replayed":
        with shop.visitor("second", resume=token) as first:
            assert first.session["contact"]["id"] == theirs
    brought = {
        "guessed": new_token(),
        "spoiled": ("A" if token[0] != "A" else "B") + token[1:],
        "malformed": token + "'; --",
    }.get(how, token)
    with shop.visitor("second", resume=brought) as stranger:
        assert stranger.session["contact"] is None
        assert stranger.session["messages"] == []
        said = stranger.says(words("who am I?"), "c-1")["message"]
    assert said["contact_id"] != theirs
    assert said["conversation_id"] != thread


def test_there_is_an_end_to_making_them(shop: RunningHub) -> None:
    thread = asked(shop)
    for _ in range(20):
        shop.post(f"/conversations/{thread}/handovers", {"connector": "second"})
    answer = shop.request(
        "POST", f"/conversations/{thread}/handovers", json={"connector": "second"}
    )
    assert (answer.status_code, answer.json()["code"]) == (429, "limit_exceeded")
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


def test_what_cannot_be_is_refused(shop: RunningHub) -> None:
    thread = asked(shop)
    shop.post(f"/conversations/{thread}/handovers", {"connector": "nowhere"}, 422)
    shop.post("/conversations/999999/handovers", {"connector": "second"}, 404)
    assert shop.request("GET", "/conversations/999999/handovers").status_code == 404


def test_refusals_are_counted_and_logged_without_what_was_brought(shop: RunningHub) -> None:
    before = metric(shop, "hub_handovers_total", connector="second", outcome="unknown")
    token = new_token()
    shop.visitor("second", resume=token).close()
    after = metric(shop, "hub_handovers_total", connector="second", outcome="unknown")
    assert after == before + 1
    log = shop.log.read_text()
    assert "handover.refused" in log and token not in log


# -- what is counted -------------------------------------------------------------------------------


def test_a_switch_is_counted_and_reported(shop: RunningHub) -> None:
    since = datetime.now(UTC).isoformat()
    before = metric(shop, "hub_channel_switches_total", **{"from": "website", "to": "second"})
    thread = asked(shop)
    made = shop.post(f"/conversations/{thread}/handovers", {"connector": "second"})
    shop.visitor("second", resume=made["url"].partition("#resume=")[2]).close()
    after = metric(shop, "hub_channel_switches_total", **{"from": "website", "to": "second"})
    assert after == before + 1
    assert metric(shop, "hub_channel_switches_recognised_total", by="handover") >= 1
    assert metric(shop, "hub_switch_recognition_seconds_count") >= 1
    report = shop.get("/reports/switches", since=since)
    assert report["switches"] == report["recognised"] == 1
    assert report["median_seconds"] == report["slow_seconds"] == 0
    assert report["ways"] == [{"from": "website", "to": "second", "count": 1}]
    assert report["handovers"]["made"] == report["handovers"]["redeemed"] == 1


def test_a_merge_that_is_undone_is_reported(shop: RunningHub) -> None:
    since = datetime.now(UTC).isoformat()
    one, other = (shop.get(f"/conversations/{asked(shop)}")["contact"]["id"] for _ in range(2))
    link = shop.post(f"/contacts/{one}/links", {"contact_id": other})
    assert shop.get("/reports/switches", since=since)["merges_undone"] == 0
    assert shop.request("DELETE", f"/links/{link['id']}").status_code == 200
    assert shop.get("/reports/switches", since=since)["merges_undone"] == 1


def test_nothing_to_report_is_nothing(shop: RunningHub) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    report = shop.get("/reports/switches", since=tomorrow)
    assert (report["switches"], report["median_seconds"], report["ways"]) == (0, None, [])
    answer = shop.request("GET", "/reports/switches", params={"since": "yesterday"})
    assert answer.status_code == 422
    answer = shop.request("GET", "/reports/switches", headers={"Authorization": ""})
    assert answer.status_code == 401
