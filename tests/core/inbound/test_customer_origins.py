"""Where customers came from: at their next message, also when it was told before; no secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import select, update

from hub.schema.tokens import new_code, new_token
from hub.store.models import addresses, journal
from hub.types import MessageOrigin
from tests.core.desk import Customer, Desk
from tests.core.steps import says_hello

Way = Literal["started", "referral"]
AD = MessageOrigin("ad", "Winter boots, half price", "ad-9", "https://shop.example/boots")


def shown(desk: Desk, customer: Customer) -> list[str | None]:
    """The references of the origins of a customer's messages, oldest first."""
    thread = desk.timeline(customer.id)
    messages = sorted((m for m in thread if m.type == "message"), key=lambda m: int(m.id))
    return [None if message.origin is None else message.origin.ref for message in messages]


def reasons(desk: Desk) -> list[str]:
    with desk.store.read() as connection:
        return list(connection.execute(select(journal.c.error)).scalars())


@pytest.mark.parametrize("way", ["started", "referral"])
def test_an_origin_that_is_told_first_is_at_the_next_message_alone(
    way: Way, desk: Desk, anna: Customer
) -> None:
    anna.brings(anna.event(way, origin=AD))
    first = anna.says("How much are they?")
    anna.says("In size 41")
    assert first.origin is not None
    assert first.origin.model_dump() == {
        "kind": "ad",
        "title": "Winter boots, half price",
        "ref": "ad-9",
        "url": "https://shop.example/boots",
    }
    assert shown(desk, anna) == ["ad-9", None]


def test_an_origin_of_somebody_known_is_at_their_next_message(desk: Desk, anna: Customer) -> None:
    says_hello(anna)
    anna.brings(anna.event("referral", origin=AD))
    anna.says("And these?")
    assert shown(desk, anna) == [None, "ad-9"]


def test_the_last_of_several_origins_counts(desk: Desk, anna: Customer) -> None:
    anna.brings(anna.event("started", origin=MessageOrigin("start", ref="spring")))
    anna.brings(anna.event("referral", origin=AD))
    anna.says("Hello")
    assert shown(desk, anna) == ["ad-9"]


def test_the_origin_of_a_message_itself_goes_before_and_the_other_is_not_lost(
    desk: Desk, anna: Customer
) -> None:
    anna.brings(anna.event("started", origin=MessageOrigin("start", ref="spring")))
    anna.says("Lovely!", origin=MessageOrigin("story", ref="s-1"))
    anna.says("And how much is it?")
    assert shown(desk, anna) == ["s-1", "spring"]


def test_an_origin_is_of_one_customer_and_one_connector(desk: Desk, anna: Customer) -> None:
    anna.brings(anna.event("started", origin=AD))
    boris = desk.customer("boris")
    boris.says("Hello")
    elsewhere = desk.customer("anna", "other")
    elsewhere.says("Hello by another bot")
    anna.says("Hello")
    assert shown(desk, boris) == [None]
    assert shown(desk, anna) == [None, "ad-9"]


@pytest.mark.parametrize(("hours", "is_noted"), [(23, True), (25, False)])
def test_an_origin_is_kept_for_a_day(
    hours: int, is_noted: bool, desk: Desk, anna: Customer
) -> None:
    anna.brings(anna.event("started", origin=AD))
    at = datetime.now(UTC) - timedelta(hours=hours)

    def write(tx: Any) -> None:
        kept = tx.execute(select(addresses.c.origin)).scalar_one()
        tx.execute(update(addresses).values(origin={**kept, "at": at.isoformat()}))

    desk.store.write(write)
    anna.says("Hello")
    assert shown(desk, anna) == ["ad-9" if is_noted else None]
    assert desk.count(addresses, addresses.c.origin.is_not(None)) == 0


def test_a_repeated_message_takes_no_origin_away(desk: Desk, anna: Customer) -> None:
    hello = anna.message("Hello")
    anna.brings(hello)
    anna.brings(anna.event("referral", origin=AD))
    anna.brings(hello)
    anna.says("And these?")
    assert shown(desk, anna) == [None, "ad-9"]


def test_until_then_the_journal_says_what_is_waited_for(desk: Desk, anna: Customer) -> None:
    anna.brings(anna.event("started", origin=AD))
    (reason,) = reasons(desk)
    assert "next message" in (reason or "")


# -- handovers -------------------------------------------------------------------------------------


def test_a_link_of_a_handover_is_no_origin(desk: Desk, anna: Customer) -> None:
    invitation = desk.invites(says_hello(anna))
    elsewhere = desk.customer("anna-two", "other")
    for kind in ("link", "start"):
        elsewhere.brings(
            elsewhere.event(
                "referral",
                handover_token=invitation.token,
                origin=MessageOrigin(kind, ref=invitation.token),  # type: ignore[arg-type]
            )
        )
    message = elsewhere.says("Here I am")
    assert message.origin is None
    assert desk.conversation(message.conversation_id).id == desk.only_conversation().id


@pytest.mark.parametrize("what", ["unknown", "used", "of another connector", "code"])
def test_a_token_that_is_refused_is_not_shown_either(what: str, desk: Desk, anna: Customer) -> None:
    conversation_id = says_hello(anna)
    stranger = desk.customer("stranger", "other")
    token = new_token()
    if what != "unknown":
        invitation = desk.invites(
            conversation_id, "askable" if what == "of another connector" else "other"
        )
        token = invitation.code if what == "code" else invitation.token
    if what in ("used", "code"):
        friend = desk.customer("friend", "other")
        friend.brings(friend.event("referral", handover_token=token))
    for origin in (MessageOrigin("link", ref=token), MessageOrigin("start", ref=token)):
        stranger.says("Hello", handover_token=token, origin=origin)
    assert shown(desk, stranger) == [None, None]


def test_an_ad_that_brings_a_token_is_shown_without_it(desk: Desk, anna: Customer) -> None:
    token = desk.invites(says_hello(anna)).token
    elsewhere = desk.customer("anna-two", "other")
    url = f"https://m.example/shop?ref={token}"
    message = elsewhere.says(
        "Hi", handover_token=token, origin=MessageOrigin("ad", "Boots", token, url)
    )
    assert message.origin is not None
    assert (message.origin.title, message.origin.ref, message.origin.url) == ("Boots", "", "")
    assert token not in message.model_dump_json()


def test_a_campaign_that_looks_like_a_code_is_an_origin(desk: Desk, anna: Customer) -> None:
    name = new_code()
    anna.brings(anna.event("started", handover_token=name, origin=MessageOrigin("start", ref=name)))
    anna.says("Hello")
    assert shown(desk, anna) == [name]
