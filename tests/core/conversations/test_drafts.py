"""Drafts on the server: two screens of an agent never overwrite each other's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hub.conversations import attachments, drafts
from hub.conversations.draft_values import DraftContent, DraftKey
from hub.conversations.drafts import DraftChanged
from hub.errors import Conflict, NotFound
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.events import DraftUpdated
from hub.store.models import attachments as attachment_rows
from hub.types import Medium
from tests.core.desk import Desk, at_once


def key(desk: Desk, conversation_id: str, type: str = "reply", agent: Author | None = None) -> Any:
    author = agent or desk.agent
    assert author.id is not None
    return DraftKey(author.id, int(conversation_id), type)


def saves(
    desk: Desk, place: DraftKey, text: str, version: int | None = None, **content: Any
) -> resources.Draft:
    return desk.store.write(
        lambda tx: drafts.save_draft(tx, place, DraftContent(text=text, **content), version)
    )


def reads(desk: Desk, place: DraftKey) -> resources.Draft:
    with desk.store.read() as connection:
        return drafts.get_draft(connection, place)


def listed(desk: Desk, agent: Author | None = None) -> list[str]:
    author = agent or desk.agent
    assert author.id is not None
    with desk.store.read() as connection:
        return [draft.text for draft in drafts.list_drafts(connection, author.id, 50, None).items]


def uploads(desk: Desk, name: str, agent: Author | None = None) -> int:
    author = agent or desk.agent
    row = desk.store.write(
        lambda tx: attachments.add_upload(
            tx,
            uploader=f"agent:{author.id}",
            medium=Medium.FILE,
            name=name,
            media_type="text/plain",
            size=3,
            key=f"key of {name}",
        )
    )
    return int(row.id)


@pytest.fixture
def conversation_id(desk: Desk) -> str:
    return desk.customer("anna").says("Is the lamp back?").conversation_id


def test_a_draft_comes_back_as_it_was_saved(desk: Desk, conversation_id: str) -> None:
    file = uploads(desk, "receipt.txt")
    place = key(desk, conversation_id)
    saved = saves(
        desk,
        place,
        "It is, since",
        0,
        connector="other",
        attachment_ids=(file,),
        subject="Lamp",
        cc=("bo@shop.example",),
        bcc=("chief@shop.example",),
        format="markdown",
        mentions=("1",),
        reply_to=1,
    )
    assert reads(desk, place) == saved
    assert (saved.version, saved.text, saved.connector) == (1, "It is, since", "other")
    assert [item.id for item in saved.attachments] == [str(file)]
    assert (saved.cc, saved.bcc, saved.reply_to) == (
        ["bo@shop.example"],
        ["chief@shop.example"],
        "1",
    )


def test_a_draft_that_was_never_saved_is_empty_and_of_version_0(
    desk: Desk, conversation_id: str
) -> None:
    found = reads(desk, key(desk, conversation_id))
    assert (found.text, found.version, found.attachments) == ("", 0, [])
    with pytest.raises(NotFound):
        reads(desk, DraftKey(1, 999, "reply"))


@pytest.mark.parametrize("version", [None, 0, 1, 7])
def test_a_save_of_another_version_is_refused_with_the_present_draft(
    desk: Desk, conversation_id: str, version: int | None
) -> None:
    place = key(desk, conversation_id)
    saves(desk, place, "one screen", 0)
    saves(desk, place, "one screen, more", 1)
    with pytest.raises(DraftChanged) as refused:
        saves(desk, place, "other screen", version)
    present = refused.value.members["draft"]
    assert (present["text"], present["version"]) == ("one screen, more", 2)
    assert reads(desk, place).text == "one screen, more"


def test_of_two_screens_that_save_at_once_one_is_refused(desk: Desk, conversation_id: str) -> None:
    place = key(desk, conversation_id)
    for version in range(5):

        def save(text: str, version: int = version) -> str:
            try:
                return saves(desk, place, text, version).text
            except DraftChanged:
                return ""

        kept = at_once(lambda: save("left"), lambda: save("right"))
        assert kept.count("") == 1
        assert reads(desk, place).text == "".join(kept)


def test_a_note_a_reply_and_another_agents_draft_are_apart(
    desk: Desk, conversation_id: str
) -> None:
    zoe = desk.hires("Zoe")
    saves(desk, key(desk, conversation_id), "To Anna")
    saves(desk, key(desk, conversation_id, "note"), "She is angry")
    saves(desk, key(desk, conversation_id, agent=zoe), "Zoe's own")
    assert reads(desk, key(desk, conversation_id)).text == "To Anna"
    assert reads(desk, key(desk, conversation_id, "note")).text == "She is angry"
    assert listed(desk, zoe) == ["Zoe's own"]


def test_a_change_of_a_draft_is_told_to_its_agent_alone(desk: Desk, conversation_id: str) -> None:
    saves(desk, key(desk, conversation_id), "Hel")
    (event,) = [event for event in desk.events if isinstance(event.payload, DraftUpdated)]
    assert isinstance(event.payload, DraftUpdated)
    assert (event.agent_id, event.address) == (desk.agent.id, None)
    assert event.payload.conversation_id == conversation_id
    assert event.payload.draft.text == "Hel"


# -- sending ---------------------------------------------------------------------------------------


def test_sending_clears_the_draft_and_a_late_save_does_not_revive_it(
    desk: Desk, conversation_id: str
) -> None:
    place = key(desk, conversation_id)
    saves(desk, place, "It is bac", 0)
    desk.replies(conversation_id, "It is back.", draft_version=1)
    assert (reads(desk, place).text, listed(desk)) == ("", [])
    with pytest.raises(DraftChanged):
        saves(desk, place, "It is back", 1)
    assert reads(desk, place).text == ""


def test_a_first_save_that_comes_after_the_send_does_not_revive_it(
    desk: Desk, conversation_id: str
) -> None:
    desk.replies(conversation_id, "Short.", draft_version=0)
    with pytest.raises(DraftChanged):
        saves(desk, key(desk, conversation_id), "Shor", 0)


def test_a_save_of_the_sent_words_that_overtook_the_send_is_cleared_too(
    desk: Desk, conversation_id: str
) -> None:
    place = key(desk, conversation_id)
    saves(desk, place, "It is", 0)
    saves(desk, place, "It is back", 1)
    desk.replies(conversation_id, "It is back today.", draft_version=1)
    assert reads(desk, place).text == ""


def test_words_typed_since_stay(desk: Desk, conversation_id: str) -> None:
    place = key(desk, conversation_id)
    saves(desk, place, "First answer", 0)
    saves(desk, place, "A second thought", 1)
    desk.replies(conversation_id, "First answer", draft_version=1)
    assert reads(desk, place).text == "A second thought"


def test_sending_a_reply_leaves_the_note_and_other_agents_drafts(
    desk: Desk, conversation_id: str
) -> None:
    zoe = desk.hires("Zoe")
    saves(desk, key(desk, conversation_id, "note"), "It is back.", 0)
    saves(desk, key(desk, conversation_id, agent=zoe), "It is back.", 0)
    desk.replies(conversation_id, "It is back.", draft_version=0)
    assert reads(desk, key(desk, conversation_id, "note")).text == "It is back."
    assert listed(desk, zoe) == ["It is back."]


def test_discarding_what_another_screen_changed_is_refused(
    desk: Desk, conversation_id: str
) -> None:
    place = key(desk, conversation_id)
    saves(desk, place, "one", 0)
    saves(desk, place, "one and two", 1)
    with pytest.raises(DraftChanged):
        desk.store.write(lambda tx: drafts.discard_draft(tx, place, 1))
    desk.store.write(lambda tx: drafts.discard_draft(tx, place, 2))
    with pytest.raises(DraftChanged):
        saves(desk, place, "one and two and", 2)
    assert listed(desk) == []


# -- files -----------------------------------------------------------------------------------------


def deletes_unused(desk: Desk, days: float) -> list[str]:
    with time_machine.travel(timedelta(days=days), tick=True):
        return desk.store.write(attachments.delete_unused_uploads)


def test_files_outlive_the_next_save_and_days_without_one(desk: Desk, conversation_id: str) -> None:
    place = key(desk, conversation_id)
    kept, dropped = uploads(desk, "kept.txt"), uploads(desk, "dropped.txt")
    saves(desk, place, "See", 0, attachment_ids=(kept, dropped))
    saves(desk, place, "See here", 1, attachment_ids=(kept,))
    assert deletes_unused(desk, 5) == ["key of dropped.txt"]
    assert [file.name for file in reads(desk, place).attachments] == ["kept.txt"]
    desk.store.write(lambda tx: drafts.discard_draft(tx, place, None))
    assert deletes_unused(desk, 5) == ["key of kept.txt"]
    assert desk.count(attachment_rows) == 0


def test_a_file_of_another_agent_or_of_a_message_is_no_file_of_a_draft(
    desk: Desk, conversation_id: str
) -> None:
    theirs = uploads(desk, "theirs.txt", desk.hires("Zoe"))
    sent = uploads(desk, "sent.txt")
    desk.replies(conversation_id, "Here", attachment_ids=(sent,))
    for file in (theirs, sent, 999):
        with pytest.raises(Conflict):
            saves(desk, key(desk, conversation_id), "See", 0, attachment_ids=(file,))


# -- new messages, limits, retention ---------------------------------------------------------------


def test_two_new_messages_are_two_drafts(desk: Desk) -> None:
    agent_id = desk.agent.id
    assert agent_id is not None
    first, second = (
        desk.store.write(
            lambda tx, text=text: drafts.save_new_message(  # type: ignore[misc]
                tx, agent_id, DraftContent(text=text, address=f"{text}@shop.example")
            )
        )
        for text in ("one", "two")
    )
    assert listed(desk) == ["two", "one"]
    changed = desk.store.write(
        lambda tx: drafts.save_new_message(
            tx, agent_id, DraftContent(text="ONE"), draft_id=int(first.id or 0), version=1
        )
    )
    assert (changed.version, listed(desk)) == (2, ["ONE", "two"])
    desk.store.write(lambda tx: drafts.discard_new_message(tx, agent_id, int(second.id or 0)))
    assert listed(desk) == ["ONE"]
    other = desk.hires("Zoe").id
    assert other is not None
    with pytest.raises(NotFound):
        desk.store.write(lambda tx: drafts.discard_new_message(tx, other, int(first.id or 0)))


def test_an_agent_has_a_bounded_number_of_drafts(
    desk: Desk, conversation_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 2)
    saves(desk, key(desk, conversation_id), "one", 0)
    saves(desk, key(desk, conversation_id, "note"), "two", 0)
    third = desk.customer("bo").says("Hi").conversation_id
    with pytest.raises(Conflict, match="drafts"):
        saves(desk, key(desk, third), "three", 0)
    saves(desk, key(desk, conversation_id), "one more word", 1)


def test_drafts_that_were_left_alone_are_deleted(desk: Desk, conversation_id: str) -> None:
    saves(desk, key(desk, conversation_id), "words", 0)
    saves(desk, key(desk, conversation_id, "note"), "sent", 0)
    desk.replies(conversation_id, "sent", type="note", draft_version=1)

    def deletes(days: float) -> int:
        with time_machine.travel(timedelta(days=days), tick=True):
            return desk.store.write(drafts.delete_old_drafts)

    assert (deletes(1), deletes(8), deletes(89), deletes(91)) == (0, 1, 0, 1)
