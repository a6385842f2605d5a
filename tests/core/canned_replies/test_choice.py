"""Which version of a canned reply is offered, and in which order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.canned_replies import choice
from hub.schema import resources

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
_ids = itertools.count(1)


def reply(shortcut: str = "refund", **fields: Any) -> resources.CannedReply:
    values: dict[str, Any] = {
        "id": str(next(_ids)),
        "shortcut": shortcut,
        "title": shortcut,
        "text": "",
        "scope": "all",
        "team": None,
        "language": "",
        "kinds": [],
        "attachments": [],
        "owner": "Mari",
        "is_from_file": False,
        "may_change": True,
        "used": 0,
        "last_used_at": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return resources.CannedReply(**(values | fields))


def texts(replies: list[resources.CannedReply]) -> set[str]:
    return {one.text for one in replies}


VERSIONS = [
    reply(text="any"),
    reply(text="et", language="et"),
    reply(text="pt-BR", language="pt-BR"),
    reply(text="pt", language="pt"),
    reply(text="et sms", language="et", kinds=["sms"]),
    reply(text="sms", kinds=["sms", "telegram"]),
]


def test_the_customers_language_comes_before_all_languages() -> None:
    assert texts(choice.versions_for(VERSIONS, "et", "email")) == {"et"}
    assert texts(choice.versions_for(VERSIONS, "pt-br", "email")) == {"pt-BR"}
    assert texts(choice.versions_for(VERSIONS, "pt-PT", "email")) == {"pt-BR", "pt"}
    assert texts(choice.versions_for(VERSIONS, "fa", "email")) == {"any"}
    assert texts(choice.versions_for(VERSIONS, "", "email")) == {"any"}


def test_a_version_for_the_channel_comes_before_one_for_all() -> None:
    assert texts(choice.versions_for(VERSIONS, "et", "sms")) == {"et sms"}
    assert texts(choice.versions_for(VERSIONS, "fa", "telegram")) == {"sms"}


def test_a_reply_of_another_language_alone_is_offered_and_one_for_another_channel_is_not() -> None:
    only = [reply(text="et", language="et"), reply("short", text="sms", kinds=["sms"])]
    assert texts(choice.versions_for(only, "pl", "email")) == {"et"}
    assert texts(choice.versions_for(only, "pl", None)) == {"et"}


def test_the_versions_of_two_owners_are_not_versions_of_one() -> None:
    both = [reply(text="ours"), reply(text="mine", scope="own", language="et")]
    assert texts(choice.versions_for(both, "fa", "email")) == {"ours", "mine"}


def test_the_most_used_comes_first_and_then_the_last_used() -> None:
    replies = [
        reply("a", used=1, last_used_at=NOW),
        reply("b", used=4, last_used_at=NOW - timedelta(days=9)),
        reply("c", used=4, last_used_at=NOW),
        reply("d"),
    ]
    assert [one.shortcut for one in choice.search(replies, "")] == ["c", "b", "a", "d"]


def test_words_are_found_in_every_script_in_shortcut_title_and_text() -> None:
    replies = [
        reply("tagasta", title="Tagastus Õuele", text="Saadame raha tagasi", used=50),
        reply("raha", title="Raha", text="..."),
        reply("zwrot", title="Zażółć zwrot", text="Pieniądze wracają"),
        reply("بازگشت", title="بازگشت کالا", text="سفارش ۱۲۳ برمی‌گردد"),
    ]

    def found(text: str) -> list[str]:
        return [one.shortcut for one in choice.search(replies, text)]

    assert found("raha") == ["raha", "tagasta"]
    assert found("/RAHA") == ["raha", "tagasta"]
    assert found("ouele raha") == ["tagasta"]
    assert found("zazolc") == ["zwrot"]
    assert found("pieniadze") == ["zwrot"]
    assert found("123") == ["بازگشت"]
    assert found("بازگشت") == ["بازگشت"]
    assert found("nothing like it") == []
