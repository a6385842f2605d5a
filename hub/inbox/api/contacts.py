"""`/api/v1/contacts` and what links them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from hub.contacts import profiles
from hub.conversations import queries
from hub.errors import Invalid
from hub.identity import links, suggestions
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import (
    Body,
    Id,
    ItemPath,
    ListOf,
    PageQuery,
    answer,
    answer_list,
    answer_page,
)
from hub.inbox.services import current_hub
from hub.outbound import reachability
from hub.schema import resources

TAG = Tag(name="Contacts")
MAX_ATTRIBUTES = 100
#: Every program's JSON keeps a number of this size as it is.
MAX_NUMBER = 2**53


class ContactQuery(PageQuery):
    q: str = Field("", max_length=200)


_Whole = Annotated[int, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
_Fraction = Annotated[float, Field(allow_inf_nan=False)]


class ContactChange(Body):
    name: str | None = Field(None, max_length=profiles.MAX_NAME)
    attributes: dict[str, str | bool | _Whole | _Fraction | None] | None = Field(
        None, max_length=MAX_ATTRIBUTES, description="A null value takes an attribute away."
    )


class NewLink(Body):
    contact_id: Id = Field(description="The contact to merge into this one.")


class Unlinked(resources.Shape):
    link: resources.Link
    contacts: list[resources.Contact]


class Decision(Body):
    decision: suggestions.Decision


class Decided(resources.Shape):
    """What was decided, and the link where it made one."""

    id: resources.Id
    decision: suggestions.Decision
    link: resources.Link | None


api = ApiBlueprint("contacts", __name__, TAG)


@api.get("/contacts", responses={200: ListOf[resources.Contact]})
def list_contacts(query: ContactQuery) -> Response:
    """Contacts, newest first, or those that `q` finds by name, address or attribute."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_page(queries.list_contacts(connection, query.q, query.limit, query.cursor))


@api.get("/contacts/<int:id>", responses={200: resources.Contact})
def get_contact(path: ItemPath) -> Response:
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer(profiles.get_contact(connection, path.id))


@api.patch("/contacts/<int:id>", responses={200: resources.Contact})
def change_contact(path: ItemPath, body: ContactChange) -> Response:
    hub = current_hub()
    hub.auth.principal()
    changes: dict[str, Any] = body.model_dump(exclude_none=True)
    if body.attributes is not None:
        changes["attributes"] = body.attributes
        _check_attributes(body.attributes)
    return answer(hub.store.write(lambda tx: profiles.edit_contact(tx, path.id, **changes)))


@api.get("/contacts/<int:id>/timeline", responses={200: ListOf[resources.Message]})
def timeline(path: ItemPath, query: PageQuery) -> Response:
    """All that was said with this person, on every channel, newest first."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_page(queries.contact_timeline(connection, path.id, query.limit, query.cursor))


@api.get("/contacts/<int:id>/addresses", responses={200: ListOf[resources.ReachableAddress]})
def list_addresses(path: ItemPath) -> Response:
    """Where this person can be reached, until when, and where an answer would go instead."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_list(
            reachability.list_reachable_addresses(
                connection,
                path.id,
                hub.connectors.outbound_channels(),
                hub.config.replies.fallback,
                datetime.now(UTC),
            )
        )


@api.get("/contacts/<int:id>/links", responses={200: ListOf[resources.Link]})
def list_links(path: ItemPath) -> Response:
    """Why these addresses are one person, undone links too."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_list(links.links_of_contact(connection, path.id))


@api.post("/contacts/<int:id>/links", responses={201: resources.Link})
def link(path: ItemPath, body: NewLink) -> Response:
    """Merges another contact into this one. Can be undone."""
    hub = current_hub()
    principal = hub.auth.principal()
    new_link = hub.store.write(
        lambda tx: links.link_contacts(
            tx,
            path.id,
            body.contact_id,
            evidence="agent",
            method="by hand",
            reason=f"{principal.name} said that these are one person.",
            by=principal.name,
        )
    )
    return answer(new_link, 201)


@api.delete("/links/<int:id>", responses={200: Unlinked})
def unlink(path: ItemPath) -> Response:
    """Takes a merge back: everything returns to whom it belonged to."""
    hub = current_hub()
    principal = hub.auth.principal()
    undone, contacts = hub.store.write(
        lambda tx: links.unlink_contacts(tx, path.id, by=principal.name)
    )
    return answer(Unlinked(link=undone, contacts=contacts))


@api.get("/contacts/<int:id>/suggestions", responses={200: ListOf[resources.Suggestion]})
def list_suggestions(path: ItemPath) -> Response:
    """Who else this may be, with the reason. Only verified evidence links on its own."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_list(suggestions.suggestions_of_contact(connection, path.id))


@api.post("/suggestions/<int:id>", responses={200: Decided})
def decide(path: ItemPath, body: Decision) -> Response:
    """Makes one person of the two, or keeps them two and does not suggest it again."""
    hub = current_hub()
    principal = hub.auth.principal()
    new_link = hub.store.write(
        lambda tx: suggestions.decide_suggestion(tx, path.id, body.decision, principal.author)
    )
    return answer(Decided(id=path.id, decision=body.decision, link=new_link))


def _check_attributes(attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if not 0 < len(name) <= 64 or (isinstance(value, str) and len(value) > 2000):
            raise Invalid(
                "An attribute's name has 1 to 64 characters, its value at most 2000.", "attributes"
            )
