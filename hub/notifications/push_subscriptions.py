"""The devices of agents that get pushes. Each is valid as long as the sign-in that added it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, select

from hub.accounts import sign_ins
from hub.errors import Invalid
from hub.store.engine import Transaction, Upsert
from hub.store.models import push_subscriptions

#: The devices of one agent; a further one takes the place of the oldest.
MAX_DEVICES = 10
MAX_ENDPOINT = 2000
_POINT_BYTES = 65
_AUTH_BYTES = 16
#: The names of browsers and systems in a User-Agent, the more special before the general.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A browser's subscription, as its Push API gives it.

    Args:
        endpoint: the address at the push service.
        p256dh, auth: the browser's public key and its secret, base64url.
        proof: the sign-in or token that it is bound to, as `Principal.proof`.
        user_agent: the header of the browser.
        language: in which the device shows what it is told.
    """

    endpoint: str
    p256dh: str
    auth: str
    proof: str
    user_agent: str = ""
    language: str = ""


class Device(NamedTuple):
    """A browser that gets pushes, as its row has it."""

    id: int
    agent_id: int
    endpoint: str
    p256dh: str
    auth: str
    proof: str
    device: str
    language: str
    created_at: datetime


@cache
def _upsert() -> Upsert:
    return Upsert(
        push_subscriptions,
        ["endpoint"],
        update=["agent_id", "p256dh", "auth", "proof", "device", "language"],
        returning=["id"],
    )


def add_subscription(tx: Transaction, agent_id: int, subscription: NewSubscription) -> Device:
    """Adds a device of an agent, or binds it to this agent and sign-in.

    Raises:
        Invalid: the endpoint or a key cannot be one.
    """
    _check(subscription)
    row = tx.execute(
        _upsert(),
        {
            "agent_id": agent_id,
            "endpoint": subscription.endpoint,
            "p256dh": subscription.p256dh,
            "auth": subscription.auth,
            "proof": subscription.proof,
            "device": device_name(subscription.user_agent),
            "language": subscription.language,
            "created_at": tx.now,
        },
    ).one()
    newest_ids = (
        select(push_subscriptions.c.id)
        .where(push_subscriptions.c.agent_id == agent_id)
        .order_by(push_subscriptions.c.id != row.id, push_subscriptions.c.created_at.desc())
        .limit(MAX_DEVICES)
    )
    ids = tx.execute(newest_ids).scalars().all()
    tx.execute(
        delete(push_subscriptions).where(
            push_subscriptions.c.agent_id == agent_id, push_subscriptions.c.id.not_in(ids)
        )
    )
    return Device._make(
        tx.execute(select(push_subscriptions).where(push_subscriptions.c.id == row.id)).one()
    )


def remove_subscription(tx: Transaction, agent_id: int, endpoint: str) -> None:
    """Ends the pushes to a device of an agent."""
    tx.execute(
        delete(push_subscriptions).where(
            push_subscriptions.c.agent_id == agent_id, push_subscriptions.c.endpoint == endpoint
        )
    )


def remove_of_proof(tx: Transaction, proof: str) -> None:
    """Ends the pushes to the device that signs out."""
    tx.execute(delete(push_subscriptions).where(push_subscriptions.c.proof == proof))


def drop(tx: Transaction, subscription_id: int) -> None:
    """Forgets a device whose subscription has ended."""
    tx.execute(delete(push_subscriptions).where(push_subscriptions.c.id == subscription_id))


def valid_subscriptions(connection: Connection, agent_id: int) -> list[Device]:
    """The devices of an agent whose sign-in is still valid, the oldest first."""
    rows = connection.execute(
        select(push_subscriptions)
        .where(push_subscriptions.c.agent_id == agent_id)
        .order_by(push_subscriptions.c.id)
    ).all()
    valid = sign_ins.valid_proofs(connection, {row.proof for row in rows})
    return [Device._make(row) for row in rows if row.proof in valid]


def find_valid(connection: Connection, subscription_id: int) -> Device | None:
    """A device; None where it is gone or its sign-in is over."""
    row = connection.execute(
        select(push_subscriptions).where(push_subscriptions.c.id == subscription_id)
    ).first()
    if row is None or row.proof not in sign_ins.valid_proofs(connection, {row.proof}):
        return None
    return Device._make(row)


def device_name(user_agent: str) -> str:
    """`Firefox on Linux`, from the header of a browser; empty for none that is known."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " on ".join(part for part in (browser, system) if part)


def _check(subscription: NewSubscription) -> None:
    endpoint = subscription.endpoint
    try:
        parts = urlsplit(endpoint)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Invalid("The endpoint is no address.", "endpoint") from None
    if (
        not re.fullmatch(r"https?://[!-~]+", endpoint)
        or len(endpoint) > MAX_ENDPOINT
        or "@" in parts.netloc
        or not has_host
    ):
        raise Invalid("The endpoint is an https address of a push service.", "endpoint")
    point = _bytes_of(subscription.p256dh)
    if len(point) != _POINT_BYTES or not _is_on_curve(point):
        raise Invalid("This is no public key of the curve P-256.", "keys.p256dh")
    if len(_bytes_of(subscription.auth)) != _AUTH_BYTES:
        raise Invalid("The secret has 16 bytes.", "keys.auth")


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _is_on_curve(point: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return True
