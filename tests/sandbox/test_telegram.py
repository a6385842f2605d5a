"""The Telegram stand-in, spoken to by python-telegram-bot itself."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import pytest
import requests
import telegram
from flask import Response
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from tests.sandbox.conftest import Listener

Question = Callable[[Bot], Coroutine[Any, Any, Any]]


class Ask(Protocol):
    def __call__(self, question: Question, token: str = "") -> Any: ...


@pytest.fixture
def ask(sandbox: Sandbox) -> Ask:
    def ask(question: Question, token: str = "") -> Any:
        async def run() -> Any:
            base = sandbox.telegram.api_base
            async with Bot(
                token or sandbox.telegram.token,
                base_url=f"{base}/bot",
                base_file_url=f"{base}/file/bot",
            ) as bot:
                return await question(bot)

        return asyncio.run(run())

    return ask


def updates(ask: Ask, offset: int = 0, kinds: list[str] | None = None) -> tuple[Any, ...]:
    return tuple(ask(lambda bot: bot.get_updates(offset=offset, allowed_updates=kinds)))


def test_it_delivers_every_medium_in_shapes_that_python_telegram_bot_reads(
    sandbox: Sandbox, ask: Ask
) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.starts("token-1")
    ann.says("hello 👍")
    ann.sends_photo(caption="wrong size")
    ann.sends_voice(duration=2)
    ann.sends_document(name="form.pdf")
    ann.sends_video(b"video")
    ann.sends_audio(b"audio")
    ann.sends_animation(b"animation")
    ann.sends_video_note(b"round")
    ann.sends_sticker()
    ann.sends_location(59.437, 24.7536)
    ann.shares_contact("+12025550123", is_own_number=True)
    messages = [update.message for update in updates(ask)]
    assert messages[0].text == "/start token-1"
    assert messages[0].entities[0].type == "bot_command"
    assert messages[1].text == "hello 👍"
    assert messages[1].from_user.first_name == "Ann"
    assert messages[2].photo[-1].width == 320 and messages[2].caption == "wrong size"
    assert messages[2].photo[0].width < messages[2].photo[-1].width
    assert messages[3].voice.to_dict()["duration"] == 2
    assert messages[4].document.file_name == "form.pdf"
    assert messages[5].video and messages[6].audio
    assert messages[7].animation and messages[7].document
    assert messages[8].video_note and messages[9].sticker.emoji
    assert messages[10].location.latitude == 59.437
    assert messages[11].contact.user_id == ann.id
    assert not any(update.api_kwargs for update in updates(ask))


def test_it_gives_the_bytes_of_a_file_back(sandbox: Sandbox, ask: Ask) -> None:
    picture = sample_files.photo(seed=2)
    sandbox.telegram.customer("Ann").sends_photo(picture)
    photo = updates(ask)[0].message.photo[-1]

    async def fetch(bot: Bot) -> bytes:
        return bytes(await (await bot.get_file(photo.file_id)).download_as_bytearray())

    assert ask(fetch) == picture


def test_it_refuses_to_hand_out_a_file_over_20_mb(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.telegram.customer("Ann").sends_document(b"x" * (20 * 1024 * 1024 + 1))
    file_id = updates(ask)[0].message.document.file_id
    with pytest.raises(BadRequest, match=r"(?i)file is too big"):
        ask(lambda bot: bot.get_file(file_id))


def test_an_album_is_as_many_updates_with_one_group_id(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.telegram.customer("Ann").album(["a", "b", "c"], caption="all of them")
    came = [update.message for update in updates(ask)]
    assert len(came) == 3 and len({message.media_group_id for message in came}) == 1
    assert [message.caption for message in came] == ["all of them", None, None]


def test_an_offset_confirms_what_is_before_it(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    bubble = ann.says("one")
    ann.says("two")
    first, second = updates(ask)
    assert ann.screen.find(bubble.id).status == "sent"  # type: ignore[union-attr]
    assert updates(ask, offset=second.update_id) == (second,)
    assert ann.screen.find(bubble.id).status == "delivered"  # type: ignore[union-attr]
    assert updates(ask, offset=second.update_id + 1) == ()
    assert first.update_id < second.update_id


def test_a_long_poll_returns_as_soon_as_a_customer_writes(sandbox: Sandbox, ask: Ask) -> None:
    received: list[Any] = []
    began = time.monotonic()
    poll = threading.Thread(
        target=lambda: received.extend(ask(lambda b: b.get_updates(timeout=20)))
    )
    poll.start()
    sandbox.telegram.calls.wait_for(method="getUpdates")
    sandbox.telegram.customer("Ann").says("are you there?")
    poll.join(10)
    assert received[0].message.text == "are you there?" and time.monotonic() - began < 10


def test_a_second_poll_ends_the_first_with_409(sandbox: Sandbox, ask: Ask) -> None:
    problems: list[Exception] = []

    def first() -> None:
        try:
            ask(lambda bot: bot.get_updates(timeout=20))
        except Conflict as error:
            problems.append(error)

    poll = threading.Thread(target=first)
    poll.start()
    sandbox.telegram.calls.wait_for(method="getUpdates")
    ask(lambda bot: bot.get_updates(timeout=0))
    poll.join(10)
    assert len(problems) == 1


def test_reactions_come_only_when_asked_for(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    sent = ask(lambda bot: bot.send_message(ann.id, "hello"))
    ann.reacts(str(sent.message_id), "👍")
    offset = updates(ask)[-1].update_id + 1
    assert updates(ask, offset, ["message", "message_reaction"]) == ()
    ann.reacts(str(sent.message_id), "❤")
    reaction = updates(ask, offset)[0].message_reaction
    assert reaction.new_reaction[0].emoji == "❤" and reaction.old_reaction[0].emoji == "👍"


def test_messages_of_the_bot_are_on_the_phone(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    question = ann.says("hi")
    sent = ask(lambda bot: bot.send_message(ann.id, "How can I help?", reply_to_message_id=None))
    answer = ann.received.wait_for(text="How can I help?")
    assert answer.id == str(sent.message_id) and not answer.mine

    async def send_all_kinds(bot: Bot) -> None:
        await bot.send_photo(ann.id, sample_files.photo(), caption="like this?")
        await bot.send_voice(ann.id, sample_files.voice())
        await bot.send_document(ann.id, sample_files.pdf(), filename="form.pdf")
        await bot.send_location(ann.id, 1.5, 2.5)
        await bot.send_chat_action(ann.id, "typing")
        reply = telegram.ReplyParameters(message_id=int(question.id))
        await bot.send_message(ann.id, "this one", reply_parameters=reply)
        media = [
            InputMediaPhoto(sample_files.photo()),
            InputMediaPhoto(sample_files.photo(), caption="two"),
        ]
        album = await bot.send_media_group(ann.id, media)
        assert len({message.media_group_id for message in album}) == 1

    ask(send_all_kinds)
    photo = ann.received.wait_for(text="like this?")
    assert photo.kind == "photo" and photo.media and photo.media.data == sample_files.photo()
    assert requests.get(photo.media.url, timeout=5).content == sample_files.photo()
    assert ann.received.wait_for(kind="voice").media.media_type.startswith("audio/")  # type: ignore[union-attr]
    assert ann.received.wait_for(kind="file").media.name == "form.pdf"  # type: ignore[union-attr]
    assert ann.received.wait_for(location=(1.5, 2.5))
    assert ann.received.wait_for(text="this one").reply_to == question.id
    assert ann.received.wait_for(text="two").kind == "photo"
    assert "typing" in list(ann.screen.typing)


def test_buttons_edits_and_reactions(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    bubble = ann.says("hi")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    sent = ask(lambda bot: bot.send_message(ann.id, "Was it good?", reply_markup=keyboard))
    ann.presses("Yes")
    query = updates(ask)[-1].callback_query
    assert query.data == "y" and query.message.message_id == sent.message_id

    async def answer(bot: Bot) -> None:
        await bot.answer_callback_query(query.id)
        await bot.edit_message_text("Thanks", ann.id, sent.message_id)
        await bot.set_message_reaction(ann.id, int(bubble.id), "👍")

    ask(answer)
    assert ann.received.wait_for(text="Thanks").edited
    assert ann.screen.find(bubble.id).reaction == "👍"  # type: ignore[union-attr]
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        ask(lambda bot: bot.answer_callback_query(query.id))
    ann.edits(bubble, "hi there")
    assert updates(ask)[-1].edited_message.text == "hi there"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a" * 4097, "(?i)message is too long"),
        ("👍" * 2049, "(?i)message is too long"),
        ("  \n ", "(?i)message text is empty"),
    ],
)
def test_it_refuses_texts_that_telegram_refuses(
    sandbox: Sandbox, ask: Ask, text: str, problem: str
) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    with pytest.raises(BadRequest, match=problem):
        ask(lambda bot: bot.send_message(ann.id, text))
    assert len(ann.received) == 0


def test_it_takes_texts_at_the_limit(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    ask(lambda bot: bot.send_message(ann.id, "👍" * 2048))
    assert ann.received.wait_for(text="👍" * 2048)


def test_it_refuses_media_that_telegram_refuses(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    wide = sample_files.png(2101, 100, lambda x, y: (0, 0, 0))
    for photo, problem in (
        (b"not a picture", "(?i)image_process_failed"),
        (wide, "(?i)photo_invalid_dimensions"),
        ("https://example.com/photo.png", "(?i)failed to get HTTP URL content"),
        ("AgUnknownFileId", "(?i)wrong remote file identifier"),
    ):
        with pytest.raises(BadRequest, match=problem):
            ask(lambda bot, photo=photo: bot.send_photo(ann.id, photo))
    with pytest.raises(BadRequest, match=r"(?i)caption is too long"):
        ask(lambda bot: bot.send_photo(ann.id, sample_files.photo(), caption="a" * 1025))
    with pytest.raises(NetworkError, match="Too Large"):
        ask(lambda bot: bot.send_document(ann.id, b"x" * (50 * 1024 * 1024 + 1)))
    assert len(ann.received) == 0


def test_it_reads_html_and_refuses_tags_it_does_not_know(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    sent = ask(lambda bot: bot.send_message(ann.id, "👍 <b>bold</b> &amp; more", parse_mode="HTML"))
    assert sent.text == "👍 bold & more"
    assert (sent.entities[0].offset, sent.entities[0].length) == (3, 4)
    with pytest.raises(BadRequest, match=r"(?i)can't parse entities"):
        ask(lambda bot: bot.send_message(ann.id, "<div>no</div>", parse_mode="HTML"))


def test_a_person_who_blocked_the_bot_is_told_and_cannot_be_written_to(
    sandbox: Sandbox, ask: Ask
) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    ann.blocks_bot()
    member = updates(ask)[-1].my_chat_member
    assert member.new_chat_member.status == "kicked"
    with pytest.raises(Forbidden, match="blocked by the user"):
        ask(lambda bot: bot.send_message(ann.id, "hello?"))
    ann.unblocks_bot()
    ask(lambda bot: bot.send_message(ann.id, "hello again"))
    assert ann.received.wait_for(text="hello again")


def test_strangers_and_unknown_chats_cannot_be_written_to(sandbox: Sandbox, ask: Ask) -> None:
    stranger = sandbox.telegram.customer("Never wrote")
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        ask(lambda bot: bot.send_message(stranger.id, "hello"))
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        ask(lambda bot: bot.send_message(42, "hello"))


def test_a_group_that_moved_names_its_new_id(sandbox: Sandbox, ask: Ask) -> None:
    ann, group = sandbox.telegram.customer("Ann"), sandbox.telegram.group("Club")
    group.hears(ann, "hi all")
    old = group.chat.id
    new = group.becomes_supergroup()
    assert [u.message.migrate_to_chat_id for u in updates(ask)] == [None, new.id, None]
    with pytest.raises(ChatMigrated) as problem:
        ask(lambda bot: bot.send_message(old, "hello"))
    assert problem.value.new_chat_id == new.id


def test_a_wrong_token_is_refused(sandbox: Sandbox, ask: Ask) -> None:
    wrong = f"{sandbox.telegram.state.bot_id}:another-token-that-looks-well-formed"
    with pytest.raises(InvalidToken):
        ask(lambda bot: bot.get_me(), token=wrong)
    answer = requests.get(f"{sandbox.telegram.api_base}/bot{wrong}/getMe", timeout=5)
    assert (answer.status_code, answer.json()["description"]) == (401, "Unauthorized")
    wrong_file = requests.get(f"{sandbox.telegram.api_base}/file/bot{wrong}/a", timeout=5)
    assert wrong_file.status_code == 401


def test_faults_look_like_telegrams(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")

    def send(text: str) -> Any:
        return ask(lambda bot: bot.send_message(ann.id, text))

    sandbox.telegram.is_throttled(30)
    with pytest.raises(RetryAfter) as throttled:
        send("one")
    assert "30 seconds" in str(throttled.value)
    assert len(updates(ask)) == 1, "throttled sends do not stop polling"
    sandbox.telegram.is_up()
    sandbox.telegram.is_down()
    with pytest.raises(NetworkError, match="Bad Gateway"):
        send("two")
    sandbox.telegram.is_up()
    sandbox.telegram.next_answer(200, "half a jso")
    with pytest.raises(telegram.error.TelegramError):
        send("three")
    assert len(ann.received) == 0
    sandbox.telegram.times_out_after_accepting()
    with pytest.raises(NetworkError):
        send("four")
    assert ann.received.wait_for(text="four")
    send("five")
    assert ann.received.wait_for(text="five")


def test_it_throttles_a_bot_that_writes_too_fast(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")

    async def flood(bot: Bot) -> None:
        for number in range(40):
            await bot.send_message(ann.id, f"{number}")

    with pytest.raises(RetryAfter):
        ask(flood)


def test_a_webhook_gets_updates_in_order_with_the_secret_and_again_until_2xx(
    sandbox: Sandbox, listener: Listener, ask: Ask
) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("before the webhook")
    url = f"{listener.url}/webhooks/telegram"
    listener.answers(500, times=3)
    ask(lambda bot: bot.set_webhook(url, secret_token="secret_1"))
    with pytest.raises(Conflict):
        updates(ask)
    last = ann.says("second")
    sandbox.telegram.wait_until_confirmed()
    heard = listener.heard.wait_for_count(5)
    assert [each.json["message"]["text"] for each in heard] == ["before the webhook"] * 4 + [
        "second"
    ]
    assert all(each.headers["X-Telegram-Bot-Api-Secret-Token"] == "secret_1" for each in heard)
    assert ann.screen.bubbles.wait_for(id=last.id, status="delivered")
    info = ask(lambda bot: bot.get_webhook_info())
    assert info.url == url and "500" in info.last_error_message
    ask(lambda bot: bot.delete_webhook())
    ann.says("third")
    assert updates(ask)[-1].message.text == "third"


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://hub.example.com/hook", ""),
        ("https://hub.example.com:8080/hook", ""),
        ("https://hub.example.com/hook", "no spaces allowed"),
    ],
)
def test_it_refuses_webhooks_that_telegram_refuses(ask: Ask, url: str, secret: str) -> None:
    with pytest.raises(BadRequest):
        ask(lambda bot: bot.set_webhook(url, secret_token=secret))


def test_other_chats_go_on_while_one_is_stuck(
    sandbox: Sandbox, listener: Listener, ask: Ask
) -> None:
    listener.answer = lambda heard: Response("", 500 if "Ann" in str(heard.json) else 200)
    ask(lambda bot: bot.set_webhook(f"{listener.url}/hook"))
    sandbox.telegram.customer("Ann").says("stuck")
    bob = sandbox.telegram.customer("Bob")
    bubble = bob.says("fine")
    assert bob.screen.bubbles.wait_for(id=bubble.id, status="delivered")


def test_it_carries_out_a_method_in_the_webhooks_answer(
    sandbox: Sandbox, listener: Listener, ask: Ask
) -> None:
    ann = sandbox.telegram.customer("Ann")
    order = {"method": "sendMessage", "chat_id": ann.id, "text": "echoed"}
    listener.answer = lambda _: Response(json.dumps(order), mimetype="application/json")
    ask(lambda bot: bot.set_webhook(f"{listener.url}/hook"))
    ann.says("hi")
    assert ann.received.wait_for(text="echoed")


def test_it_describes_the_bot_and_its_customers(sandbox: Sandbox, ask: Ask) -> None:
    ann = sandbox.telegram.customer("Ann")
    ann.says("hi")
    assert ask(lambda bot: bot.get_me()).username == "sandbox_shop_bot"
    assert ask(lambda bot: bot.get_chat(ann.id)).first_name == "Ann"
    face = ask(lambda bot: bot.get_user_profile_photos(ann.id)).photos[0][-1]
    assert (face.width, face.height) == (96, 96)
    assert ask(lambda bot: bot.get_file(face.file_id)).file_path


def test_an_update_can_come_twice(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.telegram.customer("Ann").says("once")
    (first,) = updates(ask)
    assert updates(ask, offset=first.update_id + 1) == ()
    sandbox.telegram.sends_again(first.to_dict())
    (again,) = updates(ask)
    assert again.update_id == first.update_id and again.message.text == "once"
