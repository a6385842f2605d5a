"""The sections of `connectors.yaml` beside the connectors, key by key.

The descriptions are what an editor shows and what `docs/configuration.md` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from hub.config import default_texts
from hub.config.values import Duration, Email, Language, OriginKinds, Texts, check_placeholders

Priority = Literal["low", "normal", "high", "urgent"]
Kind = str


class Section(BaseModel):
    """What all of them share: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Team(Section):
    """A group of agents."""

    members: tuple[Email, ...] = Field(
        (), description="The agents' sign-in addresses.", examples=[["agent1@example.com"]]
    )
    hours: str | None = Field(
        None, description="When the team is there, a name under `hours`; always, when left out."
    )
    overflow: str | None = Field(
        None, description="The team that takes over when nobody here accepts."
    )


class OriginWhen(Section):
    """The conditions on where a customer came from. Every one that is named must hold."""

    kind: OriginKinds = Field(
        (), description="`ad`, `link`, `story`, `post`, `product` or `start` (a bot's link)."
    )
    title: Texts = Field(
        (),
        description="The title of the ad or the post; `*` stands for anything.",
        examples=[["*winter sale*"]],
    )
    ref: Texts = Field(
        (),
        description="The word that your link or ad has, or the provider's id of the post; `*` as "
        "for `title`.",
        examples=[["spring*"]],
    )
    url: Texts = Field((), description="The address of the post or the page; `*` as for `title`.")


class When(Section):
    """The conditions of a rule. Every one that is named must hold; in a list, any one of it."""

    connector: Texts = Field((), description="The name of the connector it came by.")
    kind: Texts = Field((), description="The kind of channel it came by.")
    page: Texts = Field(
        (),
        description="The page the visitor is on; `*` stands for anything.",
        examples=["*/pricing*"],
    )
    referrer: Texts = Field((), description="Where the visitor came from; `*` as for `page`.")
    language: Texts = Field(
        (), description="The language the customer writes.", examples=[["ar", "fa"]]
    )
    words: Texts = Field(  # vague-name: a key of connectors.yaml
        (),
        description="Words or phrases in the message, whatever their case.",
        examples=[["refund", "wrong size"]],
    )
    labels: Texts = Field((), description="Labels the conversation has.")
    department: Texts = Field((), description="What the visitor chose before the chat.")
    contact: Mapping[str, Texts] = Field(
        default={}, description="Attributes of the contact.", examples=[{"plan": "gold"}]
    )
    origin: OriginWhen | None = Field(
        None,
        description="Where the customer came from, as far as the channel tells: an ad, a link, a "
        "story, a post, a product; `{}` for any of these.",
        examples=[{"kind": "ad", "title": "*boots*"}],
    )
    hours: str | None = Field(
        None, description="Holds while these hours are open, a name under `hours`."
    )
    outside_hours: str | None = Field(
        None, description="Holds while these hours are closed, a name under `hours`."
    )


class Rule(Section):
    """One line of the routing table. The first rule that matches decides."""

    name: str = Field("", description="What the rule is called where decisions are explained.")
    when: When = Field(When(), description="The conditions; without any the rule always matches.")
    team: str | None = Field(None, description="The team that gets the conversation.")
    skills: tuple[str, ...] = Field((), description="Skills an agent needs for it.")
    labels: tuple[str, ...] = Field((), description="Labels to put on the conversation.")
    priority: Priority | None = Field(None, description="The conversation's priority.")
    sla: str | None = Field(None, description="The policy that holds, a name under `sla`.")


class Capacity(Section):
    """How much one agent can hold at once."""

    default: Annotated[float, Field(gt=0, le=1000)] = Field(
        8, description="How much an agent holds whose own capacity is not set."
    )
    weights: Mapping[Kind, Annotated[float, Field(ge=0, le=1000)]] = Field(
        default={"webchat": 1, "messenger": 1, "telegram": 1, "sms": 1, "email": 0.5},
        description="What one customer counts for, by kind of channel; 1 for kinds not named.",
    )


class Assignment(Section):
    """How a conversation finds its agent."""

    strategy: Literal["least_loaded", "round_robin", "manual"] = Field(
        "least_loaded",
        description="Who of those who are free gets it; `manual` leaves it to be taken.",
    )
    sticky: Duration = Field(
        timedelta(days=7), description="For how long a customer comes back to the agent they know."
    )
    sticky_wait: Duration = Field(
        timedelta(seconds=60), description="How long to wait for that agent before going on."
    )
    capacity: Capacity = Field(Capacity(), description="How much one agent can hold at once.")
    accept_within: Duration = Field(
        timedelta(seconds=90),
        description="An agent who does not look or answer in this time loses it to the next.",
    )
    accept_attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        3, description="After this many such losses the overflow team gets it, with an alarm."
    )
    offline_grace: Duration = Field(
        timedelta(seconds=30), description="How long a lost connection still counts as online."
    )
    relax_skills_after: Duration = Field(
        timedelta(minutes=2),
        description="After this wait, agents without the skills are asked too.",
    )
    answered_when_offline: Literal["wait", "move"] = Field(
        "wait",
        description="What an answered conversation does when its agent goes offline.",
    )
    order: tuple[Literal["priority", "sla", "waiting"], ...] = Field(
        ("priority", "sla", "waiting"), description="What the queue is ordered by, first to last."
    )


def _by_language(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


def _placeholders(*names: str) -> Any:
    def check(by_language: Mapping[str, str]) -> Mapping[str, str]:
        for text in by_language.values():
            check_placeholders(text, names)
        return by_language

    return AfterValidator(check)


_Translated = Annotated[
    Mapping[Language, Annotated[str, Field(max_length=2000)]],
    BeforeValidator(_by_language),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        }
    ),
]


class HandoverReplies(Section):
    """Invitations to go on with a thread on another channel."""

    expires: Duration = Field(
        timedelta(hours=24), description="How long an invitation can be followed."
    )
    welcome: Annotated[_Translated, _placeholders()] = Field(
        default=default_texts.WELCOME,
        description="Said on the new channel to who followed one; nothing with `{}`.",
    )
    offer: Texts = Field(
        (),
        description="The connectors that the hub itself offers, once in a conversation, to who "
        "waits long where an answer may come too late: on a page, or where a reply window closes.",
    )
    offer_after: Duration = Field(
        timedelta(minutes=2),
        description="How long somebody waits in the queue, or is gone from the page, before that "
        "is offered.",
    )
    offer_text: Annotated[_Translated, _placeholders("links")] = Field(
        default=default_texts.OFFER,
        description="What is said then. `{links}` are the links, a line each.",
    )


class Fallback(Section):
    """Where an answer goes when its own channel cannot carry it."""

    enabled: bool = Field(True, description="`false` leaves such answers for the agent to decide.")
    after: Duration = Field(
        timedelta(minutes=5),
        description="How long a visitor is gone before unread answers follow to another channel.",
    )
    kinds: tuple[Kind, ...] = Field(
        ("email", "telegram", "sms", "messenger"),
        description="The kinds of channel to try, in this order; only verified addresses are.",
    )


class Replies(Section):
    """What the hub says on its own, by language; a plain text stands for English."""

    greeting: Annotated[_Translated, _placeholders("name")] = Field(
        default={},
        description="Said when a conversation starts; nothing when left out. `{name}` "
        "is the customer's name.",
    )
    queued: Annotated[_Translated, _placeholders("position", "wait")] = Field(
        default=default_texts.QUEUED,
        description="Said to who must wait. `{position}` in the queue, `{wait}` to expect.",
    )
    offline: Annotated[_Translated, _placeholders("opens", "fallback")] = Field(
        default=default_texts.OFFLINE,
        description="Said outside hours. `{opens}` is when somebody is back, `{fallback}` the "
        "channel an answer takes when the customer is gone.",
    )
    handover: HandoverReplies = Field(
        HandoverReplies(), description="Invitations to go on with a thread on another channel."
    )
    fallback: Fallback = Field(
        Fallback(), description="Where an answer goes when its own channel cannot carry it."
    )


class Policy(Section):
    """Times to keep. One called `default` holds wherever no rule names another."""

    first_reply: Duration | None = Field(None, description="Until the first answer.")
    next_reply: Duration | None = Field(None, description="Until each later answer.")
    resolve: Duration | None = Field(None, description="Until the conversation is resolved.")
    within: str | None = Field(
        None, description="The clocks run within these hours, a name under `hours`."
    )


class AgentEntry(Section):
    """One agent. What is given here goes before what was set on the screen."""

    name: str | None = Field(None, description="The name customers see.")
    role: Literal["agent", "admin"] | None = Field(None, description="What the agent may do.")
    teams: tuple[str, ...] | None = Field(None, description="The teams the agent belongs to.")
    skills: tuple[str, ...] | None = Field(None, description="What rules may ask for.")
    languages: tuple[Language, ...] | None = Field(None, description="Languages the agent writes.")
    capacity: Annotated[float, Field(ge=0, le=1000)] | None = Field(
        None, description="How much the agent holds at once."
    )


_Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Limits(Section):
    """Bounds on what the outside may ask of this hub."""

    visitor_messages_per_minute: _Count = Field(
        30, description="Messages a web chat visitor may send in a minute, after the burst."
    )
    visitor_messages_burst: _Count = Field(
        10, description="Messages a visitor may send at once before that counts."
    )
    sessions_per_minute: _Count = Field(
        60, description="New web chat sessions a minute from one IP address."
    )
    sign_in_tries_per_minute: _Count = Field(
        10, description="Tries to sign in a minute from one IP address."
    )
    upload_max_bytes: Annotated[int, Field(ge=1024, le=2**31)] = Field(
        25 * 1024 * 1024, description="The largest file that is taken, in bytes."
    )
    upload_bytes_per_session: Annotated[int, Field(ge=1024, le=2**40)] = Field(
        200 * 1024 * 1024,
        description="Bytes that one web chat session may upload in a day; one IP address five "
        "times as many.",
    )
