"""How much a visitor may upload in a day, by session and by address."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import requests

from tests.harness import RunningHub, Screen

pytestmark = pytest.mark.servers

QUOTA = 20_000
_ADDRESSES = count(1)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    config = (
        "connectors:\n  website: {kind: webchat}\n"
        f"limits: {{upload_bytes_per_session: {QUOTA}, sessions_per_minute: 10000}}\n"
    )
    folder = tmp_path_factory.mktemp("uploads")
    with RunningHub(folder, config, HUB_TRUSTED_PROXIES="1") as hub:
        yield hub


@pytest.fixture
def address() -> str:
    return f"203.0.113.{next(_ADDRESSES)}"


def uploads(hub: RunningHub, visitor: Screen, size: int, address: str) -> requests.Response:
    return requests.post(
        f"{hub.url}/chat/website/uploads",
        files={"file": ("a.txt", b"x" * size)},
        headers={
            "Authorization": f"Bearer {visitor.session['session']}",
            "X-Forwarded-For": address,
        },
        timeout=20,
    )


def test_a_session_uploads_up_to_its_quota_and_another_one_has_its_own(
    fresh: RunningHub, address: str
) -> None:
    with fresh.visitor() as visitor, fresh.visitor() as another:
        assert uploads(fresh, visitor, QUOTA // 2, address).status_code == 201
        refused = uploads(fresh, visitor, QUOTA // 2, address)
        assert (refused.status_code, refused.json()["code"]) == (429, "limit_exceeded")
        assert int(refused.headers["Retry-After"]) > 0
        assert uploads(fresh, visitor, 100, address).status_code == 201
        assert uploads(fresh, another, QUOTA // 2, address).status_code == 201


def test_an_address_that_opens_many_sessions_has_the_quota_of_five(
    fresh: RunningHub, address: str
) -> None:
    statuses = []
    for _ in range(8):
        with fresh.visitor() as visitor:
            statuses.append(uploads(fresh, visitor, QUOTA * 3 // 4, address).status_code)
    assert statuses == [201] * 6 + [429] * 2


def test_a_body_without_a_length_counts_as_the_largest(fresh: RunningHub, address: str) -> None:
    with fresh.visitor() as visitor:
        answer = requests.post(
            f"{fresh.url}/chat/website/uploads",
            data=(part for part in [b"x"] * 3),
            headers={
                "Authorization": f"Bearer {visitor.session['session']}",
                "Content-Type": "multipart/form-data; boundary=b",
                "X-Forwarded-For": address,
            },
            timeout=20,
        )
    assert answer.status_code == 429
