"""`POST /api/v1/undo/{id}` over the wire; what it does is in tests/core/undo."""

from __future__ import annotations

import pytest

from tests.harness import RunningHub

pytestmark = pytest.mark.servers


def test_what_was_never_changed_cannot_be_undone(hub: RunningHub) -> None:
    answer = hub.request("POST", "/undo/4711")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
