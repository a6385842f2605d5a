"""`/api/v1/agents/me/push-subscriptions`: the devices that are told when the page is closed."""

from __future__ import annotations

from datetime import datetime

from flask import Response, request
from flask_openapi3 import Tag
from pydantic import Field

from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.api.notifications import own_agent_id
from hub.inbox.responses import Body, answer
from hub.inbox.services import current_hub
from hub.notifications import push_subscriptions
from hub.notifications.push_subscriptions import MAX_ENDPOINT, NewSubscription
from hub.schema.resources import Id, Shape

TAG = Tag(name="Push")


class SubscriptionKeys(Body):
    p256dh: str = Field(max_length=120)
    auth: str = Field(max_length=40)


class SubscriptionBody(Body):
    """A browser's subscription, as `PushSubscription.toJSON` gives it."""

    endpoint: str = Field(max_length=MAX_ENDPOINT)
    keys: SubscriptionKeys
    language: str = Field("", max_length=35, description="In which the device shows it.")


class SubscriptionEnd(Body):
    endpoint: str = Field(max_length=MAX_ENDPOINT)
    keys: SubscriptionKeys | None = None


class PushDevice(Shape):
    id: Id
    device: str
    created_at: datetime


class PushDevices(Shape):
    """My devices. `public_key` is what a browser names as `applicationServerKey`."""

    public_key: str
    items: list[PushDevice]
    next: str | None = None


api = ApiBlueprint("push", __name__, TAG)


@api.get("/agents/me/push-subscriptions", responses={200: PushDevices})
def list_devices() -> Response:
    """My devices that get pushes, and the key to subscribe with."""
    hub = current_hub()
    agent_id = own_agent_id()
    with hub.store.read() as connection:
        rows = push_subscriptions.valid_subscriptions(connection, agent_id)
    return answer(PushDevices(public_key=hub.vapid.public, items=[_device(row) for row in rows]))


@api.post("/agents/me/push-subscriptions", responses={201: PushDevice})
def add_device(body: SubscriptionBody) -> Response:
    """Lets this device get pushes until I sign out on it."""
    hub = current_hub()
    agent_id = own_agent_id()
    subscription = NewSubscription(
        endpoint=body.endpoint,
        p256dh=body.keys.p256dh,
        auth=body.keys.auth,
        proof=hub.auth.principal().proof,
        user_agent=request.headers.get("User-Agent", ""),
        language=body.language,
    )
    device = hub.store.write(
        lambda tx: push_subscriptions.add_subscription(tx, agent_id, subscription)
    )
    return answer(_device(device), 201)


@api.delete("/agents/me/push-subscriptions", responses={204: None})
def remove_device(body: SubscriptionEnd) -> Response:
    """Ends the pushes to a device of mine; 204 also where there were none."""
    hub = current_hub()
    agent_id = own_agent_id()
    hub.store.write(lambda tx: push_subscriptions.remove_subscription(tx, agent_id, body.endpoint))
    return Response(status=204)


def _device(device: push_subscriptions.Device) -> PushDevice:
    return PushDevice(id=device.id, device=device.device, created_at=device.created_at)
