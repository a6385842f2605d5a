"""What is told to whom, written with its cause and cleared when there is nothing to see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.conversations import assignment
from hub.errors import Invalid
from hub.notifications import mentions, notices, reading
from hub.notifications.settings import Matrix, NotificationSettings, Places, save_settings
from hub.schema.author import Author
from hub.schema.events import Event, SlaWarning
from hub.store.engine import Store
from hub.store.models import agents, notifications
from tests.core.desk import Customer, Desk
from tests.core.notifications.conftest import Unseen, notifications_of, told_to


@pytest.fixture
def liis(desk: Desk) -> Author:
    return desk.hires("Liis")


@pytest.fixture
def customer(desk: Desk) -> Customer:
    return desk.customer("mari", name="Mari")


def assigned_conversation(desk: Desk, customer: Customer, agent: Author) -> str:
    conversation_id = customer.says("Tere").conversation_id
    desk.changes(conversation_id, assignee_id=agent.id)
    return conversation_id


def test_a_message_in_my_conversation_is_told_to_me_alone(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    assigned_conversation(desk, customer, liis)
    customer.says("Kas pood on avatud?")
    assert ("message", "Kas pood on avatud?") in unseen(liis)
    assert unseen(desk.agent) == []
    assert told_to(desk, desk.agent, "notification.created") == []


def test_a_conversation_handed_to_me_rings_before_any_new_message(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    assigned_conversation(desk, customer, liis)
    assert unseen(liis) == [("assigned", "Tere")]
    (event,) = told_to(desk, liis, "notification.created")
    assert event.sound == "chime"
    assert event.browser


def test_a_conversation_that_the_router_gives_me_is_told(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = int(customer.says("Hei").conversation_id)
    outcome = assignment.RoutingOutcome(
        conversation_id,
        None,
        True,
        liis.id,
        columns={"accept_by": None, "rule": "", "accepted_at": None},
        event_fields={"name": assignment.ASSIGNED, "agent_id": str(liis.id), "agent": "Liis"},
    )
    turn = {liis.id or 0: assignment.AgentTurn(None, _now(desk))}
    desk.store.write(lambda tx: assignment.apply_assignments(tx, [outcome], turn))
    assert unseen(liis) == [("assigned", "Hei")]


def _now(desk: Desk):  # type: ignore[no-untyped-def]
    return desk.store.write(lambda tx: tx.now)


def test_what_i_take_myself_is_not_told(desk: Desk, customer: Customer, unseen: Unseen) -> None:
    assigned_conversation(desk, customer, desk.agent)
    assert unseen(desk.agent) == []


def test_a_conversation_taken_from_me_leaves_nothing_to_see(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = assigned_conversation(desk, customer, liis)
    customer.says("Halloo?")
    desk.changes(conversation_id, assignee_id=desk.agent.id)
    assert unseen(liis) == []
    assert told_to(desk, liis, "notification.cleared")[-1].conversation_ids == [conversation_id]


def test_after_a_night_away_there_is_one_notification_of_each_kind_and_none_of_the_resolved(
    desk: Desk, liis: Author, unseen: Unseen
) -> None:
    ids = []
    for name in ("ants", "berta", "carl"):
        customer = desk.customer(name)
        ids.append(assigned_conversation(desk, customer, liis))
        for number in range(4):
            customer.says(f"{name} {number}")
    desk.changes(ids[1], status="resolved")
    messages = [text for kind, text in unseen(liis) if kind == "message"]
    assert messages == ["carl 3", "ants 3"]
    counts = {each.count for each in notifications_of(desk.store, liis) if each.kind == "message"}
    assert counts == {4}


def test_reading_clears_what_was_seen_and_keeps_what_came_later(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = int(assigned_conversation(desk, customer, liis))
    seen = customer.says("esimene")
    later = customer.says("teine")
    desk.store.write(lambda tx: reading.mark_read_by(tx, liis.id, conversation_id, int(seen.id)))
    assert unseen(liis) == [("message", "teine")]
    desk.store.write(lambda tx: reading.mark_read_by(tx, liis.id, conversation_id, int(later.id)))
    assert unseen(liis) == []


def test_the_answer_of_a_colleague_clears_the_message_it_answers(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = assigned_conversation(desk, customer, liis)
    customer.says("Kus mu pakk on?")
    desk.replies(conversation_id, "Homme.")
    assert [kind for kind, _ in unseen(liis)] == ["assigned"]


def test_an_edited_message_changes_its_notification_and_does_not_ring_again(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    assigned_conversation(desk, customer, liis)
    message = customer.says("kell kaks")
    rings = len(told_to(desk, liis, "notification.created"))
    customer.edits(message, "kell kolm")
    assert ("message", "kell kolm") in unseen(liis)
    assert len(told_to(desk, liis, "notification.created")) == rings
    assert told_to(desk, liis, "notification.updated")[-1].notification.text == "kell kolm"


def test_a_message_taken_back_withdraws_its_notification_or_leaves_the_one_before(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    assigned_conversation(desk, customer, liis)
    first, second = customer.says("üks"), customer.says("kaks")
    customer.brings(customer.event("unsent", external_id=second.external_id))
    assert ("message", "üks") in unseen(liis)
    customer.brings(customer.event("unsent", external_id=first.external_id))
    assert [kind for kind, _ in unseen(liis)] == ["assigned"]


def test_a_clock_that_runs_out_is_told_to_the_assignee(
    desk: Desk, customer: Customer, liis: Author
) -> None:
    conversation_id = assigned_conversation(desk, customer, liis)
    conversation = desk.conversation(conversation_id)

    def warn(tx) -> None:  # type: ignore[no-untyped-def]
        due = tx.now + timedelta(minutes=5)
        tx.publish(Event(SlaWarning(conversation=conversation, clock="first_reply", due=due)))

    desk.store.write(warn)
    assert ("sla", "first_reply") in [
        (each.kind, each.clock) for each in notifications_of(desk.store, liis)
    ]


def test_a_failed_transaction_tells_nothing(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = int(assigned_conversation(desk, customer, liis))
    desk.store.write(lambda tx: notices.mark_seen(tx, liis.id or 0, conversation_id))

    def fail(tx) -> None:  # type: ignore[no-untyped-def]
        notices.tell(
            tx, liis.id or 0, notices.Cause("assigned", desk.conversation(conversation_id))
        )
        raise Invalid("No.")

    with pytest.raises(Invalid):
        desk.store.write(fail)
    assert unseen(liis) == []


def test_a_link_moves_what_was_told_to_the_conversation_that_goes_on(
    desk: Desk, liis: Author
) -> None:
    one, other = desk.customer("toomas"), desk.customer("toomas-2")
    kept = assigned_conversation(desk, one, liis)
    merged = other.says("teiselt numbrilt").conversation_id
    desk.changes(merged, assignee_id=liis.id)
    desk.links_up(one, other)
    (survivor,) = {kept, merged} - {
        each for each in (kept, merged) if desk.conversation(each).merged_into
    }
    assert {each.conversation_id for each in notifications_of(desk.store, liis)} == {survivor}


def test_nothing_is_told_to_a_disabled_account(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    assigned_conversation(desk, customer, liis)
    _disable(desk.store, liis)
    customer.says("Kas keegi kuuleb?")
    assert [kind for kind, _ in unseen(liis)] == ["assigned"]


def _disable(store: Store, agent: Author) -> None:
    store.write(
        lambda tx: tx.execute(
            agents.update().where(agents.c.id == agent.id).values(disabled_at=tx.now)
        )
    )


def test_a_kind_without_sound_is_recorded_all_the_same(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    chosen = NotificationSettings(kinds=Matrix(assigned=Places(sound=False, browser=False)))
    desk.store.write(lambda tx: save_settings(tx, liis.id or 0, chosen))
    assigned_conversation(desk, customer, liis)
    (event,) = told_to(desk, liis, "notification.created")
    assert (event.sound, event.browser) == (None, False)
    assert unseen(liis) == [("assigned", "Tere")]


def test_a_silent_connector_makes_no_sound(desk: Desk, customer: Customer, liis: Author) -> None:
    chosen = NotificationSettings(silent_connectors=["toy"])
    desk.store.write(lambda tx: save_settings(tx, liis.id or 0, chosen))
    assigned_conversation(desk, customer, liis)
    (event,) = told_to(desk, liis, "notification.created")
    assert event.sound is None
    assert event.browser


# -- mentions ------------------------------------------------------------------------------------


def test_a_mention_in_a_note_is_told_and_stays_in_the_list_when_more_is_said(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = customer.says("Tere").conversation_id
    desk.sends(conversation_id, "@Liis vaata palun", type="note", mentions=(liis.id,))
    for number in range(3):
        customer.says(f"veel {number}")
    assert unseen(liis) == [("mention", "@Liis vaata palun")]
    desk.changes(conversation_id, status="resolved")
    assert unseen(liis) == []
    with desk.store.read() as connection:
        page = mentions.list_mentions(connection, liis.id or 0, 10, None)
    assert [each.message.text for each in page.items] == ["@Liis vaata palun"]
    assert page.items[0].conversation.id == conversation_id


def test_a_team_mention_reaches_each_member_but_its_author_and_no_disabled_account(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    gone = desk.hires("Gone")
    team_id = _team(desk, "Ladu", [liis, gone, desk.agent])
    _disable(desk.store, gone)
    conversation_id = customer.says("Tere").conversation_id
    note = desk.sends(conversation_id, "@Ladu?", type="note", mention_teams=(team_id,)).message
    assert set(note.mentions) == {str(each.id) for each in (liis, gone, desk.agent)}
    assert unseen(liis) == [("mention", "@Ladu?")]
    assert unseen(desk.agent) == []
    assert unseen(gone) == []
    with desk.store.read() as connection:
        assert mentions.list_mentions(connection, gone.id or 0, 10, None).items == []


def _team(desk: Desk, name: str, members: list[Author]) -> int:
    from sqlalchemy import insert

    from hub.store.models import team_members, teams

    def write(tx) -> int:  # type: ignore[no-untyped-def]
        team_id = tx.execute(
            insert(teams).values(name=name, created_at=tx.now).returning(teams.c.id)
        ).scalar_one()
        tx.execute(
            insert(team_members),
            [{"team_id": team_id, "agent_id": member.id} for member in members],
        )
        return int(team_id)

    return desk.store.write(write)


def test_a_message_to_the_customer_names_no_colleague(
    desk: Desk, customer: Customer, liis: Author
) -> None:
    conversation_id = customer.says("Tere").conversation_id
    with pytest.raises(Invalid):
        desk.sends(conversation_id, "@Liis", mentions=(liis.id,))
    with pytest.raises(Invalid):
        desk.sends(conversation_id, "@Keegi", type="note", mentions=(999_999,))


def test_notifications_nobody_looked_at_are_deleted_after_a_month(
    desk: Desk, customer: Customer, liis: Author
) -> None:
    assigned_conversation(desk, customer, liis)
    old = notifications.update().values(told_at=_now(desk) - timedelta(days=31))
    desk.store.write(lambda tx: tx.execute(old))
    desk.store.write(notices.delete_old)
    assert desk.count(notifications) == 0


def test_the_hubs_own_words_and_notes_are_no_message_for_me(
    desk: Desk, customer: Customer, liis: Author, unseen: Unseen
) -> None:
    conversation_id = assigned_conversation(desk, customer, liis)
    desk.sends(conversation_id, "sisemine", type="note")
    assert [kind for kind, _ in unseen(liis)] == ["assigned"]
