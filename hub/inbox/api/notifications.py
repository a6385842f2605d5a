"""`/api/v1/notifications`, `/mentions`, `/agents/me/notifications` and devices that get pushes."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from hub.errors import Forbidden
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import Body, ItemPath, ListOf, PageQuery, answer, answer_page
from hub.inbox.services import current_hub
from hub.notifications import mentions, notices, push_states, push_subscriptions, settings
from hub.notifications.settings import Matrix, NotificationSettings, QuietHours, Sound
from hub.schema import resources
from hub.schema.events import Event, NotificationTest
from hub.store.engine import Transaction

TAG = Tag(name="Notifications")


class SettingsChange(Body):
    """What is left out stays as it is."""

    kinds: Matrix | None = None
    sound: Sound | None = None
    quiet_hours: QuietHours | None = None
    muted_until: resources.Moment | None = None
    hide_text: bool | None = None
    silent_connectors: list[str] | None = Field(None, max_length=100)


class SettingsShape(NotificationSettings, resources.Shape):
    """What an agent chose to be told, where, and when not."""


api = ApiBlueprint("notifications", __name__, TAG)


def own_agent_id() -> int:
    """The id of the agent who asks. Raises Forbidden for a service account."""
    agent_id = current_hub().auth.principal().agent_id
    if agent_id is None:
        raise Forbidden("A service account is told nothing: sign in as an agent.")
    return agent_id


@api.get("/notifications", responses={200: ListOf[resources.Notification]})
def list_notifications(query: PageQuery) -> Response:
    """What I have not seen yet, the latest first."""
    hub = current_hub()
    agent_id = own_agent_id()
    with hub.store.read() as connection:
        return answer_page(
            notices.list_notifications(connection, agent_id, query.limit, query.cursor)
        )


@api.delete("/conversations/<int:id>/notifications", responses={204: None})
def see_notifications(path: ItemPath) -> Response:
    """Clears what I was told of a conversation, on all my screens and devices."""
    hub = current_hub()
    agent_id = own_agent_id()
    hub.store.write(lambda tx: notices.mark_seen(tx, agent_id, path.id))
    return Response(status=204)


@api.get("/mentions", responses={200: ListOf[mentions.Mention]})
def list_mentions(query: PageQuery) -> Response:
    """The notes that name me, the latest first."""
    hub = current_hub()
    agent_id = own_agent_id()
    with hub.store.read() as connection:
        return answer_page(mentions.list_mentions(connection, agent_id, query.limit, query.cursor))


@api.get("/agents/me/notifications", responses={200: SettingsShape})
def get_settings() -> Response:
    """What I am told, where, and when not."""
    hub = current_hub()
    agent_id = own_agent_id()
    with hub.store.read() as connection:
        return _answer(settings.read_settings(connection, agent_id))


@api.put("/agents/me/notifications", responses={200: SettingsShape})
def put_settings(body: SettingsChange) -> Response:
    """Changes what I am told. Null quiet hours or mute end them."""
    hub = current_hub()
    agent_id = own_agent_id()
    may_be_null = {"quiet_hours", "muted_until"}
    changes = {
        name: getattr(body, name)
        for name in body.model_fields_set
        if name in may_be_null or getattr(body, name) is not None
    }

    def change(tx: Transaction) -> NotificationSettings:
        chosen = settings.read_settings(tx.connection, agent_id).model_copy(update=changes)
        settings.save_settings(tx, agent_id, chosen)
        return chosen

    return _answer(hub.store.write(change))


@api.post("/agents/me/notifications/test", responses={204: None})
def send_test() -> Response:
    """Lets my screens and devices show a notification, whatever the hour."""
    hub = current_hub()
    agent_id = own_agent_id()

    def write(tx: Transaction) -> None:
        sound = settings.read_settings(tx.connection, agent_id).sound
        tx.publish(Event(NotificationTest(sound=sound), agent_id=agent_id))
        devices = push_subscriptions.valid_subscriptions(tx.connection, agent_id)
        push_states.mark_due(tx, [device.id for device in devices], push_states.TEST)

    hub.store.write(write)
    return Response(status=204)


def _answer(chosen: NotificationSettings) -> Response:
    return answer(SettingsShape.model_construct(**dict(chosen)))
