"""The widget for customers whom the site has signed in."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import jwt
import pytest
from playwright.sync_api import expect

from hub.sandbox.demo_config import IDENTITY_SECRET
from tests.browser.screens import Desk, Visitor, conversation_of
from tests.harness import RunningHub

pytestmark = pytest.mark.browser


def token(sub: str, *, expires_in: float = 600, secret: str = IDENTITY_SECRET) -> str:
    claims = {"sub": sub, "exp": time.time() + expires_in, "name": sub}
    return jwt.encode(claims, secret.encode().ljust(32, b"\0"), "HS256")


def unique_identity(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def is_signed_in(visitor: Visitor, identity: str) -> Visitor:
    visitor.visits_shop()
    expect(visitor.page.get_by_role("button", name="Open chat")).to_be_visible()
    visitor.page.evaluate("token => window.hub('identify', token)", identity)
    return visitor


def test_a_customer_finds_the_thread_on_another_device(
    hub: RunningHub, desk: Desk, new_visitor: Callable[..., Visitor]
) -> None:
    mari = unique_identity("mari")
    phone, laptop = new_visitor(), new_visitor()
    is_signed_in(phone, token(mari)).opens_widget().says("asked on the phone")
    is_signed_in(laptop, token(mari)).opens_widget()
    expect(laptop.message("asked on the phone")).to_be_visible()
    desk.opens(conversation_of(hub, "asked on the phone"))
    desk.says("answered once")
    for device in (phone, laptop):
        expect(device.message("answered once")).to_have_count(1)


def test_the_next_customer_at_the_same_computer_sees_nothing_of_the_one_before(
    visitor: Visitor,
) -> None:
    first, second = token(unique_identity("first")), token(unique_identity("second"))
    is_signed_in(visitor, first).opens_widget().says("a secret of the first")
    assert conversation_of(visitor.hub, "a secret of the first")  # else it would never be said
    # The site says that somebody else is here, and forgot to say that the first had left.
    visitor.page.evaluate("token => window.hub('identify', token)", second)
    expect(visitor.message("a secret of the first")).to_have_count(0)
    visitor.says("a question of the second")
    is_signed_in(visitor, second).opens_widget()
    expect(visitor.message("a question of the second")).to_be_visible()
    expect(visitor.message("a secret of the first")).to_have_count(0)
    visitor.page.evaluate("window.hub('reset')")
    expect(visitor.message("a question of the second")).to_have_count(0)
    is_signed_in(visitor, first).opens_widget()
    expect(visitor.message("a secret of the first")).to_be_visible()


def test_a_token_that_is_no_good_leaves_a_chat_that_works(visitor: Visitor) -> None:
    is_signed_in(visitor, token("x", secret="another secret")).opens_widget()
    visitor.says("still a visitor")
    expect(visitor.message("still a visitor")).to_be_visible()
