"""The default limits, on a hub of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import socketio

from tests.harness import RunningHub, Screen

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    config = "connectors:\n  website: {kind: webchat}\n"
    with RunningHub(tmp_path_factory.mktemp("limits"), config) as hub:
        yield hub


def test_a_visitor_may_send_ten_at_once_and_then_one_every_two_seconds(
    fresh: RunningHub,
) -> None:
    with fresh.visitor() as visitor, fresh.visitor() as another:
        answers = [visitor.says(f"message {n}", f"c-{n}") for n in range(14)]
        taken = [one["ok"] for one in answers]
        assert taken[:10] == [True] * 10
        assert taken.count(True) <= 12  # the sending itself takes time
        refused = next(one for one in answers if not one["ok"])
        assert refused["code"] == "limit_exceeded"
        assert visitor.says("message 0", "c-0")["ok"], "a repeated message is no new one"
        assert another.says("somebody else", "c-1")["ok"]


def test_ten_tries_to_sign_in_a_minute(fresh: RunningHub) -> None:
    def tries(email: str) -> requests.Response:
        body = {"email": email, "password": "guess"}
        return requests.post(f"{fresh.url}/api/v1/session", json=body, timeout=20)

    statuses = [tries(f"somebody{n}@example.com").status_code for n in range(10)]
    assert statuses == [401] * 10
    last = tries("another@example.com")
    assert last.status_code == 429
    assert last.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(last.headers["Retry-After"]) <= 60


def test_sixty_new_sessions_a_minute_from_one_address(fresh: RunningHub) -> None:
    client = socketio.Client(reconnection=False)
    opened = 0
    try:
        for _ in range(75):
            screen = Screen(fresh.url, "/visitor", {"connector": "website"})
            opened += 1
            screen.close()
    except socketio.exceptions.ConnectionError:
        pass
    finally:
        client.disconnect()
    assert 50 <= opened < 75
