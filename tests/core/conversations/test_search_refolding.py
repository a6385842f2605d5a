"""The index of an older database is converted while the hub runs, and never breaks."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, text

from hub.contacts import profiles
from hub.conversations import search_refolding
from hub.conversations.search_refolding import SearchRefolding
from hub.schema import search_index
from hub.schema.former_folding import former_fold
from hub.store.models import contacts, messages, search_refolds
from tests.core.desk import Customer, Desk


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_refolding, "BATCH", 2)


def becomes_old(desk: Desk) -> None:
    """Indexes everything as it was indexed before, and notes it as the migration does."""

    def work(tx: Any) -> None:
        newest = {"message_search": 0, "contact_search": 0}
        for row in tx.execute(
            select(messages).where(messages.c.type != "event").order_by(messages.c.id)
        ).all():
            value = f"{row.subject} {row.text}"
            newest["message_search"] = row.id
            _reindex(tx, "message_search", row.id, value)
        for row in tx.execute(select(contacts).order_by(contacts.c.id)).all():
            paths = profiles.address_paths(tx, row.id)
            newest["contact_search"] = row.id
            value = profiles.search_text(row.name, paths, row.attributes)
            _reindex(tx, "contact_search", row.id, value)
        tx.execute(
            insert(search_refolds),
            [{"name": name, "below": id_} for name, id_ in newest.items() if id_],
        )

    desk.store.write(work)


def _reindex(tx: Any, table: str, row: int, value: str) -> None:
    search_index._reindex(tx.connection, table, row, search_index.fold(value), former_fold(value))


def found(desk: Desk, query: str) -> list[int]:
    with desk.store.read() as connection:
        return search_index.find_messages(connection, query, None, 50)


def found_contacts(desk: Desk, query: str) -> list[int]:
    with desk.store.read() as connection:
        return search_index.find_contacts(connection, query, None, 50)


def is_sound(desk: Desk) -> bool:
    """Whether SQLite finds nothing wrong with its indexes."""
    if not desk.store.is_sqlite:
        return True

    def check(tx: Any) -> bool:
        for table in ("message_search", "contact_search"):
            tx.connection.execute(text(f"INSERT INTO {table}({table}) VALUES ('integrity-check')"))
        return True

    return desk.store.write(check)


def test_old_messages_and_contacts_are_found_by_their_plain_words_after_it(
    desk: Desk, anna: Customer
) -> None:
    said = [anna.says(f"Ħamrun number {number}") for number in range(5)]
    þora = desk.customer("thora", name="Þóra Sigurðardóttir")
    þora.says("Góðan daginn")
    becomes_old(desk)
    assert found(desk, "hamrun") == []
    assert found_contacts(desk, "thora sigurdardottir") == []
    SearchRefolding(desk.store).run()
    assert found(desk, "hamrun") == [int(one.id) for one in reversed(said)]
    assert found_contacts(desk, "thora sigurdardottir") == [þora.record]
    assert desk.count(search_refolds) == 0
    assert is_sound(desk)


def test_what_comes_and_changes_meanwhile_is_found_too(desk: Desk, anna: Customer) -> None:
    first = anna.says("Ħamrun one")
    second = anna.says("Ħamrun two")
    third = anna.says("Ħamrun three")
    becomes_old(desk)
    anna.edits(first, "Ŧuovla one")
    later = anna.says("Ħamrun four")
    assert found(desk, "hamrun") == [int(later.id)]
    desk.store.write(search_refolding.refold_messages)
    assert found(desk, "hamrun") == [int(later.id), int(third.id), int(second.id)]
    anna.edits(third, "Ŧuovla three")
    SearchRefolding(desk.store).run()
    assert found(desk, "hamrun") == [int(later.id), int(second.id)]
    assert found(desk, "tuovla") == [int(third.id), int(first.id)]
    assert is_sound(desk)


def test_a_contact_that_is_renamed_meanwhile_is_found_by_the_new_name_alone(desk: Desk) -> None:
    þora = desk.customer("somebody", name="Þóra")
    þora.says("Góðan daginn")
    becomes_old(desk)
    desk.store.write(lambda tx: profiles.edit_contact(tx, þora.record, name="Þórdís"))
    SearchRefolding(desk.store).run()
    assert found_contacts(desk, "thordis") == [þora.record]
    assert found_contacts(desk, "þora") == []
    assert is_sound(desk)


def test_an_interrupted_conversion_goes_on_where_it_was(desk: Desk, anna: Customer) -> None:
    for number in range(5):
        anna.says(f"Ħamrun number {number}")
    becomes_old(desk)
    remaining = desk.store.write(search_refolding.refold_messages)
    assert remaining > 0
    assert len(found(desk, "hamrun")) == 2
    SearchRefolding(desk.store).run()
    assert len(found(desk, "hamrun")) == 5


def test_a_new_database_has_nothing_to_convert(desk: Desk, anna: Customer) -> None:
    anna.says("Ħamrun")
    assert desk.count(search_refolds) == 0
    assert len(found(desk, "hamrun")) == 1
