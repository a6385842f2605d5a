"""Meta's JSON for a page, in Meta's own names.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events,
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WrapValidator

from hub.connectors.lenient_shapes import Items, LenientShape, or_default

Mid = Annotated[str, Field(min_length=1, max_length=200)]


class Shape(BaseModel):
    # Ids are strings that look like numbers, and sometimes come as such.
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)


class Lenient(LenientShape):
    """A part of an event. An optional field that cannot be read leaves the others as they are."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


# -- webhooks --------------------------------------------------------------------------------------


class Envelope(Shape):
    """Many entries of many events; each is read for itself, so that a bad one harms no other."""

    object: str
    entry: list[Any] = []


class Entry(Shape):
    id: str = ""
    time: Any = None
    messaging: list[Any] | None = None
    standby: list[Any] | None = None


class Party(Shape):
    id: str = Field(min_length=1, max_length=64)


class QuickReply(Lenient):
    payload: str = ""


class StoryOfOurs(Lenient):
    id: str = ""
    url: str = ""


class ReplyTo(Lenient):
    mid: str = ""
    story: StoryOfOurs | None = None


class Advertisement(Lenient):
    ad_title: str = ""
    post_id: str = ""
    product_id: str = ""


class ProductReference(Lenient):
    id: str = ""


class Referral(Lenient):
    """`ref` is the parameter of the m.me link, or the one that an advertisement has."""

    ref: str | None = None
    source: str | None = None
    ad_id: str = ""
    ads_context_data: Advertisement | None = None
    product: ProductReference | None = None
    referer_uri: str = ""


class Coordinates(Lenient):
    lat: float = Field(ge=-90, le=90)
    long: float = Field(ge=-180, le=180)


class TemplateButton(Lenient):
    title: str = ""
    url: str = ""


class TemplateElement(Lenient):
    """A card of a template, or a product."""

    id: str = ""
    retailer_id: str = ""
    title: str = ""
    subtitle: str = ""
    url: str = ""
    quantity: str = ""
    price: str = ""
    buttons: Items[TemplateButton] = []


class Product(Lenient):
    elements: Items[TemplateElement] = []


class ReceiptSummary(Lenient):
    total_cost: str = ""


class Payload(Lenient):
    url: str | None = None
    title: str | None = None
    sticker_id: str | None = None
    coordinates: Coordinates | None = None
    text: str = ""
    elements: Items[TemplateElement] = []
    buttons: Items[TemplateButton] = []
    product: Product | None = None
    order_number: str = ""
    currency: str = ""
    summary: ReceiptSummary | None = None


class Enclosure(Lenient):
    """An attachment. `payload` may be null or missing in a share (`fallback`)."""

    type: str
    title: str | None = None
    url: str | None = None
    payload: Payload | None = None


class OrderedProduct(Lenient):
    name: str = ""
    retailer_id: str = ""
    unit_price: str = ""
    currency: str = ""
    quantity: str = ""


class Order(Lenient):
    products: Items[OrderedProduct] = []
    note: str = ""


class Message(Lenient):
    mid: Mid
    order: Order | None = None
    text: str | None = None
    attachments: list[Any] | None = None
    quick_reply: QuickReply | None = None
    reply_to: ReplyTo | None = None
    referral: Referral | None = None
    is_echo: bool = False
    is_deleted: bool = False
    app_id: str | None = None
    metadata: str | None = None


class MessageEdit(Lenient):
    mid: Mid
    text: str = ""
    num_edit: str = Field("", max_length=10)


class Postback(Lenient):
    """A press on a button. `mid` is missing before v11."""

    mid: Annotated[str, Field(max_length=200)] | None = None
    title: str | None = None
    payload: str | None = None
    referral: Referral | None = None


class Reaction(Lenient):
    mid: Mid
    action: str
    reaction: str | None = None
    emoji: str | None = None


class Delivery(Lenient):
    """Our messages up to `watermark`, in milliseconds, have arrived. `mids` may be missing."""

    watermark: int
    mids: list[str] | None = None


class Read(Shape):
    watermark: int


class OptIn(Lenient):
    ref: str | None = None


class FollowUp(Lenient):
    payload: str = ""


class FeedbackAnswer(Lenient):
    """An answer on a form: a number or a choice, and words about it."""

    title: str = ""
    payload: str = ""
    follow_up: FollowUp | None = None


class FeedbackScreen(Lenient):
    questions: dict[str, FeedbackAnswer] = {}


class Feedback(Lenient):
    feedback_screens: Items[FeedbackScreen] = []


class Event(Shape):
    """One of the parts below the first three is set, and is the event.

    These are not read leniently: without its part, an event would be of no kind.
    """

    sender: Party | None = None
    recipient: Party | None = None
    timestamp: Annotated[int | None, WrapValidator(or_default(None))] = None
    message: Message | None = None
    message_edit: MessageEdit | None = None
    postback: Postback | None = None
    reaction: Reaction | None = None
    delivery: Delivery | None = None
    read: Read | None = None
    referral: Referral | None = None
    optin: OptIn | None = None
    messaging_feedback: Feedback | None = None


# -- the Graph API -----------------------------------------------------------------------------


class Sent(Shape):
    """`message_id` is missing where a sender action was asked for."""

    recipient_id: str = ""
    message_id: str = ""


class Page(Shape):
    id: str
    name: str = ""


class Success(Shape):
    success: bool


class Person(Shape):
    id: str
    first_name: str = ""
    last_name: str = ""
    profile_pic: str = ""


class SubscribedApp(Shape):
    subscribed_fields: list[str] = []


class SubscribedApps(Shape):
    data: list[SubscribedApp]


class GraphError(Shape):
    """`{"message", "type", "code", "error_subcode"?, "is_transient"?, "fbtrace_id"}`"""

    message: str = ""
    code: int
    error_subcode: int | None = None
    is_transient: bool = False


class ErrorBody(Shape):
    error: GraphError
