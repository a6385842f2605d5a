"""Handovers: which tokens and codes are redeemed, when, where, and how often."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from hub.errors import LimitExceeded, NotFound
from hub.handover import creation, redemption
from hub.handover.redemption import RefusedHandover
from hub.inbound.channel import ReceiveResult
from hub.schema.tokens import CODE_ALPHABET, codes_in, is_token, new_code, new_token
from hub.store.engine import Store
from hub.store.models import handover_refusals
from hub.store.models import handovers as table
from tests.core.desk import Customer, Desk, at_once


@pytest.fixture
def sqlite_desk(sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    """A desk for tests in which the database makes no difference."""
    made = Desk(sqlite_store, tmp_path)
    yield made
    made.close()


@pytest.fixture
def there(desk: Desk) -> Customer:
    """A customer on the other channel who never wrote."""
    return desk.customer("there", "other")


def brings(customer: Customer, text: str, **fields: object) -> ReceiveResult:
    return customer.brings(customer.message(text, **fields))


def as_people_type_it(code: str) -> list[str]:
    return [
        code,
        code.lower(),
        f"{code[:4]}-{code[4:]}",
        f"{code[:4]} {code[4:]}",
        f"{code[:2]} {code[2:4]} {code[4:6]} {code[6:]}",
        " ".join(code),
        f"Hello, my code is {code[:4]}-{code[4:]}. Where is my order?",
        f"we sent {code[:4]} {code[4:]}, thanks",
        f"({code})!",
    ]


# -- codes -----------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(CODE_ALPHABET), min_size=8, max_size=8).map("".join))
@example("AB23CD45")
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    is_mixed = any(c.isdigit() for c in code) and any(c.isalpha() for c in code)
    for text in as_people_type_it(code):
        assert (code in codes_in(text)) is is_mixed, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Where is my order 20418?",
        "AB23CD45X",
        "XAB23CD45",
        "AB23  CD45",
        "AB23\nCD45",
        "O0I1L234",
    ],
)
def test_other_words_are_no_codes(text: str) -> None:
    assert codes_in(text) == []


def test_only_the_first_codes_of_a_text_are_looked_up() -> None:
    assert len(codes_in(" and ".join(new_code() for _ in range(50)))) == 3


@given(st.text(max_size=200))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert all(len(code) == 8 for code in codes_in(text))


def test_a_campaign_in_a_link_is_no_token() -> None:
    assert is_token(new_token())
    assert not is_token("summer-sale") and redemption.secrets_in("summer-sale") == []


# -- redeeming -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", range(9))
def test_a_code_anywhere_in_a_message_is_redeemed(sqlite_desk: Desk, form: int) -> None:
    desk = sqlite_desk
    anna, there = desk.customer("anna"), desk.customer("there", "other")
    said = anna.says("Hello")
    code = desk.invites(said.conversation_id).code
    answer = there.says(as_people_type_it(code)[form])
    assert answer.conversation_id == said.conversation_id
    assert there.contact == anna.contact


def test_of_ten_customers_with_one_token_at_once_one_redeems_it(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = desk.invites(said.conversation_id).token
    others = [desk.customer(f"somebody {n}", "other") for n in range(10)]
    at_once(*[lambda one=one: one.starts(handover_token=token) for one in others])  # type: ignore[misc]
    assert [one.contact == anna.contact for one in others].count(True) == 1
    told = [
        one for one in desk.events_in(said.conversation_id) if one["name"] == "handover.redeemed"
    ]
    assert len(told) == 1


def test_one_event_that_comes_ten_times_redeems_once(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    event_ = there.event("started", handover_token=desk.invites(said.conversation_id).token)
    received = at_once(*[lambda: there.brings(event_)] * 10)
    assert [one.is_new for one in received].count(True) == 1
    assert there.contact == anna.contact


def test_a_used_code_is_refused_for_another_customer(
    desk: Desk, anna: Customer, boris: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    there.starts(handover_token=made.token)
    thief = desk.customer("thief", "other")
    assert brings(thief, f"code {made.code}").handover == RefusedHandover("used")
    assert thief.contact != anna.contact


def test_following_the_same_link_again_is_no_refusal(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    for _ in range(3):
        there.starts(handover_token=made.token)
    assert there.contact == anna.contact
    assert desk.count(handover_refusals) == 0


def test_an_expired_code_is_refused(desk: Desk, anna: Customer, there: Customer) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    desk.store.write(lambda tx: tx.execute(update(table).values(expires_at=tx.now)).rowcount)
    assert brings(there, made.code).handover == RefusedHandover("expired")
    assert there.contact != anna.contact


def test_a_handover_expires_after_the_time_it_was_created_with(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    expires = timedelta(minutes=3)
    made = desk.store.write(
        lambda tx: creation.create_handover(
            tx, int(said.conversation_id), "other", "Kadri", expires
        )
    )
    with desk.store.read() as connection:
        row = connection.execute(select(table)).one()
    assert row.expires_at - row.created_at == expires
    assert made.expires_at == row.expires_at


def test_a_code_for_another_connector_is_refused_and_stays_good(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id, "other")
    elsewhere = desk.customer("elsewhere", "askable")
    assert brings(elsewhere, made.code).handover == RefusedHandover("elsewhere")
    there.says(made.code)
    assert there.contact == anna.contact != elsewhere.contact


def test_a_message_with_an_unauthenticated_sender_redeems_nothing(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    """Such a message is also a mail that forwards the one with the link."""
    made = desk.invites(anna.says("Hello").conversation_id)
    got = brings(there, f"Fwd: code {made.code}", handover_token=made.token, authenticated=False)
    assert got.handover == RefusedHandover("unauthenticated")
    assert there.contact != anna.contact
    assert brings(there, made.code).handover is not None  # it was not used up
    assert there.contact == anna.contact


def test_an_automatic_message_that_quotes_the_code_redeems_nothing(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    assert brings(there, f"I am away. > {made.code}", automatic=True).handover is None
    there.says("Me")
    assert there.contact != anna.contact


def test_a_code_is_redeemed_when_the_token_beside_it_is_spoiled(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    spoiled = ("a" if made.token[0] != "a" else "b") + made.token[1:]
    there.says(f"Code: {made.code}", handover_token=spoiled)
    assert there.contact == anna.contact


def test_redeeming_as_the_same_person_is_only_an_event(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    there.starts(handover_token=desk.invites(said.conversation_id).token)
    there.starts(handover_token=desk.invites(said.conversation_id).token)
    told = [
        one for one in desk.events_in(said.conversation_id) if one["name"] == "handover.redeemed"
    ]
    assert [one["linked"] for one in told] == [True, False]
    assert desk.names().count("contact.linked") == 1


# -- guessing --------------------------------------------------------------------------------------


def test_after_five_refusals_the_codes_of_an_address_wait_and_its_links_do_not(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    for _ in range(5):
        assert brings(there, new_code()).handover == RefusedHandover("unknown")
    assert brings(there, made.code).handover == RefusedHandover("too_many")
    assert there.contact != anna.contact
    somebody_else = desk.customer("somebody else", "other")
    somebody_else.says(made.code)
    assert somebody_else.contact == anna.contact
    another = desk.invites(anna.says("Hello").conversation_id)
    there.brings(there.event("started", handover_token=another.token))
    assert there.contact == anna.contact


def test_the_wait_doubles_with_each_refusal_up_to_an_hour() -> None:
    waits = [redemption.wait_after(refusals).total_seconds() for refusals in range(30)]
    assert waits[:8] == [0, 0, 0, 0, 0, 30, 60, 120]
    assert waits == sorted(waits)
    assert waits[-1] == 3600


def test_a_customer_who_mistyped_five_times_is_heard_half_a_minute_later(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    for _ in range(5):
        there.says(new_code())
    assert brings(there, made.code).handover == RefusedHandover("too_many")
    past = update(handover_refusals).values(
        created_at=anna.says("still here").created_at - redemption.FIRST_WAIT
    )
    desk.store.write(lambda tx: tx.execute(past).rowcount)
    there.says(made.code)
    assert there.contact == anna.contact


def test_codes_of_an_address_are_looked_up_again_after_a_while(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    made = desk.invites(anna.says("Hello").conversation_id)
    for _ in range(5):
        there.says(new_code())
    past = update(handover_refusals).values(
        created_at=redemption.REFUSALS_COUNTED_FOR * -1 + anna.says("still here").created_at
    )
    desk.store.write(lambda tx: tx.execute(past).rowcount)
    there.says(made.code)
    assert there.contact == anna.contact


def test_a_connector_under_attack_takes_links_and_the_first_code_of_each_address(
    desk: Desk, anna: Customer, there: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redemption, "MAX_REFUSALS_OF_CONNECTOR", 3)
    made = desk.invites(anna.says("Hello").conversation_id)
    for n in range(3):
        desk.customer(f"guesser {n}", "other").says(new_code())
    guesser = desk.customer("guesser 0", "other")
    guesser._numbers = itertools.count(100)
    assert brings(guesser, made.code).handover == RefusedHandover("too_many")
    there.says(made.code)
    assert there.contact == anna.contact
    link = desk.invites(anna.says("Hello").conversation_id)
    guesser.starts(handover_token=link.token)
    assert guesser.contact == anna.contact


def test_creating_handovers_has_a_limit(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    for _ in range(creation.MAX_CREATED):
        desk.invites(said.conversation_id)
    with pytest.raises(LimitExceeded) as caught:
        desk.invites(said.conversation_id)
    assert timedelta(0) < caught.value.retry_after <= creation.CREATED_WITHIN


def test_no_handover_is_created_for_an_unknown_conversation(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.invites("4711")


# -- what stays and what is told -------------------------------------------------------------------


def test_events_of_handovers_have_no_token_and_no_code(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    made = desk.invites(said.conversation_id)
    there.starts(handover_token=made.token)
    told = desk.events_in(said.conversation_id)
    created = next(one for one in told if one["name"] == "handover.created")
    assert (created["by"], created["connector"]) == ("Kadri", "other")
    redeemed = next(one for one in told if one["name"] == "handover.redeemed")
    assert (redeemed["connector"], redeemed["address"]) == ("other", str(there.address))
    assert made.token not in str(told) and made.code not in str(told)


def test_a_handover_changes_nothing_in_the_conversation(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Where is my order?")
    desk.changes(said.conversation_id, assignee_id=desk.agent.id, labels=["vip"], priority="high")
    before = desk.conversation(said.conversation_id)
    there.starts(handover_token=desk.invites(said.conversation_id).token)
    after = desk.conversation(said.conversation_id)
    for name in (
        "status",
        "assignee",
        "labels",
        "priority",
        "waiting_since",
        "unread_count",
        "sla",
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert before.waiting_since == said.created_at or before.waiting_since is not None


def test_a_message_that_is_only_the_code_needs_no_answer(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    desk.replies(said.conversation_id, "Good day")
    code = desk.invites(said.conversation_id).code
    there.says(f"Code: {code[:4]} {code[4:]}")
    shown = desk.conversation(said.conversation_id)
    assert (shown.waiting_since, shown.unread_count) == (None, 0)
    there.says("And my order?")
    assert desk.conversation(said.conversation_id).unread_count == 1


def test_a_code_with_a_question_needs_an_answer(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    desk.replies(said.conversation_id, "Good day")
    there.says(f"{desk.invites(said.conversation_id).code} where is my order?")
    shown = desk.conversation(said.conversation_id)
    assert shown.waiting_since is not None and shown.unread_count == 1


def test_redeeming_takes_as_many_statements_in_a_long_timeline(sqlite_desk: Desk) -> None:
    """Counted in statements, which a busy machine does not change."""
    desk = sqlite_desk

    def cost(name: str, messages: int) -> int:
        anna, there = desk.customer(name), desk.customer(f"{name} there", "other")
        said = anna.says("Hello")
        for number in range(messages):
            anna.says(f"and {number}")
        token = desk.invites(said.conversation_id).token
        seen: list[str] = []
        engine = desk.store.engine

        def count(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(engine, "before_cursor_execute", count)
        try:
            there.starts(handover_token=token)
        finally:
            event.remove(engine, "before_cursor_execute", count)
        assert there.contact == anna.contact
        return len(seen)

    assert cost("short", 1) == cost("long", 120)
