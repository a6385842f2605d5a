"""Telegram's JSON in Telegram's own names: what it sends, and its answers.

The library's own objects demand every field that its Bot API promises. A server of one's own may be
older, Telegram's may be newer, and one missing field would then lose a customer's words. So what
comes in is read here, the optional fields singly.

Source: https://core.telegram.org/bots/api
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.connectors.lenient_shapes import Items, LenientShape
from hub.types import Profile

#: Telegram's ids have up to 52 bits; a database column holds 63.
Id = Annotated[int, Field(gt=-(2**63), lt=2**63)]


class Shape(LenientShape):
    # Strict: a number where a text belongs is odd, and shown nowhere as if it were one.
    model_config = ConfigDict(frozen=True, extra="allow", strict=True, populate_by_name=True)


# -- people and chats ------------------------------------------------------------------------------


class User(Shape):
    id: Id
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def profile(self) -> Profile:
        return Profile(
            name=self.full_name or self.username,
            locale=self.language_code,
            attributes={"username": self.username} if self.username else {},
        )


class Chat(Shape):
    id: Id
    type: str
    title: str = ""
    username: str = ""
    first_name: str = ""

    @property
    def name(self) -> str:
        return self.title or self.first_name or "a chat"


# -- the parts of a message ------------------------------------------------------------------------


class Entity(Shape):
    """A part of a text, counted in UTF-16 units."""

    type: str
    offset: Id
    length: Id
    url: str = ""


class File(Shape):
    """Any file. Each of its kinds leaves some of these fields out."""

    file_id: str = Field(min_length=1)
    file_name: str = ""
    mime_type: str = ""
    file_size: Id | None = None
    width: Id = 0
    height: Id = 0


class Sticker(File):
    emoji: str = ""
    is_animated: bool = False
    is_video: bool = False


class Dice(Shape):
    emoji: str = ""
    value: Id


class PollOption(Shape):
    text: str


class Poll(Shape):
    question: str
    options: Items[PollOption] = []


class ChecklistTask(Shape):
    text: str
    id: Id = 0
    completion_date: Id = 0


class Checklist(Shape):
    title: str = ""
    tasks: Items[ChecklistTask] = []


class ChecklistMessage(Shape):
    checklist: Checklist | None = None


class TasksDone(Shape):
    """Tasks that the customer ticked, by their numbers in a list that may be left out."""

    checklist_message: ChecklistMessage | None = None
    marked_as_done_task_ids: Items[Id] = []
    marked_as_not_done_task_ids: Items[Id] = []


class TasksAdded(Shape):
    tasks: Items[ChecklistTask] = []


class Point(Shape):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Venue(Shape):
    location: Point
    title: str = ""
    address: str = ""


class Contact(Shape):
    phone_number: str = ""
    first_name: str = ""
    last_name: str = ""
    user_id: Id | None = None
    vcard: str = ""


class Invoice(Shape):
    title: str = ""
    description: str = ""
    currency: str = ""
    total_amount: Id = 0


class Payment(Shape):
    """A payment that was made, or given back: `total_amount` in the smallest unit."""

    currency: str
    total_amount: Id
    invoice_payload: str = ""


class WebAppData(Shape):
    data: str
    button_text: str = ""


class Game(Shape):
    title: str = ""
    description: str = ""


class Story(Shape):
    chat: Chat
    id: Id


class GivenGift(Shape):
    star_count: Id = 0


class Gift(Shape):
    gift: GivenGift | None = None
    text: str = ""


class PaidMedium(Shape):
    """A picture or a video that was paid for; a `preview` has neither."""

    photo: Items[File] = []
    video: File | None = None


class PaidMedia(Shape):
    star_count: Id = 0
    paid_media: Items[PaidMedium] = []


class Quote(Shape):
    text: str


class ForwardOrigin(Shape):
    sender_user: User | None = None
    sender_user_name: str = ""
    sender_chat: Chat | None = None
    chat: Chat | None = None
    message_id: Id | None = None


class Content(Shape):
    """What a message shows."""

    text: str = ""
    entities: Items[Entity] = []
    caption: str = ""
    caption_entities: Items[Entity] = []
    photo: Items[File] = []
    animation: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    voice: File | None = None
    document: File | None = None
    sticker: Sticker | None = None
    dice: Dice | None = None
    poll: Poll | None = None
    checklist: Checklist | None = None
    location: Point | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    invoice: Invoice | None = None
    successful_payment: Payment | None = None
    refunded_payment: Payment | None = None
    web_app_data: WebAppData | None = None
    game: Game | None = None
    story: Story | None = None
    gift: Gift | None = None
    paid_media: PaidMedia | None = None
    checklist_tasks_done: TasksDone | None = None
    checklist_tasks_added: TasksAdded | None = None


class Answered(Content):
    """The message that a message answers, in the same chat."""

    message_id: Id


class ExternalReply(Content):
    """The message of another chat that a message answers. Its text is not in it."""

    origin: ForwardOrigin | None = None
    chat: Chat | None = None
    message_id: Id | None = None


class Message(Content):
    message_id: Id
    chat: Chat
    from_user: User | None = Field(None, alias="from")
    date: Id = 0
    edit_date: Id = 0
    message_thread_id: Id | None = None
    migrate_to_chat_id: Id | None = None
    media_group_id: str = ""
    reply_to_message: Answered | None = None
    external_reply: ExternalReply | None = None
    reply_to_story: Story | None = None
    quote: Quote | None = None
    forward_origin: ForwardOrigin | None = None


# -- other events ----------------------------------------------------------------------------------


class PressedMessage(Shape):
    chat: Chat
    message_id: Id
    message_thread_id: Id | None = None


class CallbackQuery(Shape):
    from_user: User = Field(alias="from")
    id: str = ""
    message: PressedMessage | None = None
    data: str = ""


class Reaction(Shape):
    type: str = ""
    emoji: str = ""


class ReactionChange(Shape):
    chat: Chat
    message_id: Id
    user: User | None = None
    date: Id = 0
    new_reaction: list[Reaction]


class Member(Shape):
    status: str


class MembershipChange(Shape):
    chat: Chat
    new_chat_member: Member
    from_user: User | None = Field(None, alias="from")
    date: Id = 0


def time_of(seconds: int) -> datetime | None:
    """A time of Telegram, seconds since 1970, in UTC; None where it gives none."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


# -- answers ---------------------------------------------------------------------------------------


class Answer(BaseModel):
    """The form of every answer to a method that was carried out."""

    ok: Literal[True]
    result: Any


class Parameters(BaseModel):
    """https://core.telegram.org/bots/api#responseparameters"""

    migrate_to_chat_id: int | None = None
    retry_after: int | None = Field(None, ge=0)


class ErrorBody(BaseModel):
    """The body of an answer that is not 2xx.

    `{"ok": false, "error_code": 403, "description": "Forbidden: ...", "parameters": {...}?}`
    """

    description: str = ""
    parameters: Parameters = Parameters()
