"""`/oauth/callback`: where a provider's page leads an admin back to after a consent."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response as BaseResponse

from hub.accounts.principal import Principal
from hub.errors import HubError, SendError
from hub.inbox.authentication import NotSignedIn
from hub.inbox.problems import status_of
from hub.inbox.services import Hub
from hub.oauth.consents import ConsentAnswer, Consents

PATH = "/oauth/callback"
#: Where the admin began, and now sees the connector's state change.
ADMIN_PAGE = "/#/admin"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><h1>{title}</h1><p>{text}</p>
<p><a href="/#/admin">Back to the connectors</a></p></html>
"""


def blueprint(hub: Hub) -> Blueprint:
    """The route that providers lead back to."""
    pages = Blueprint("consents", __name__)

    @pages.get(PATH)
    def take_answer() -> BaseResponse:
        try:
            owner = owner_of(hub.auth.admin())
            answer = ConsentAnswer.read(request.full_path)
            name = Consents(hub.tokens).end(answer, owner, hub.connectors.oauth_client)
        except NotSignedIn:
            return _page("Not connected", "Sign in to the hub as an admin, then begin anew.", 401)
        except SendError as error:
            return _page("Not connected", error.message, 502)
        except HubError as error:
            return _page("Not connected", error.message, status_of(error))
        hub.connectors.mark_ok(name, "sign-in")
        return _with_headers(redirect(ADMIN_PAGE, 303))

    return pages


def owner_of(principal: Principal) -> str:
    """The one who begins and ends a consent: an agent, or a service account by its token."""
    if principal.agent_id is not None:
        return f"agent:{principal.agent_id}"
    return f"service:{principal.proof}"


def _page(title: str, text: str, status: int) -> BaseResponse:
    return _with_headers(Response(_PAGE.format(title=escape(title), text=escape(text)), status))


def _with_headers(response: BaseResponse) -> BaseResponse:
    # The code of the provider stands in this page's address.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
