"""What is wrong with the hub as a whole: told once at each change, and while it lasts."""

from __future__ import annotations

import pytest

from hub.notices import Notices


@pytest.fixture
def notices() -> Notices:
    return Notices()


def test_a_change_is_told_once(notices: Notices) -> None:
    told: list[list[str]] = []
    notices.on_change(lambda: told.append([*notices.codes]))
    for holds in (False, True, True, False, False):
        notices.set("redis_away", holds)
    assert told == [["redis_away"], []]


def test_notices_stand_in_the_order_of_their_importance(notices: Notices) -> None:
    notices.set("proxy_untrusted", True)
    notices.set("disk_full", True)
    assert notices.codes == ["disk_full", "proxy_untrusted"]
