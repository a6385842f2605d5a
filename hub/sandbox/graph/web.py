"""The Graph API's URLs under /graph/<version>.

Sources: https://developers.facebook.com/docs/graph-api/guides/error-handling,
https://developers.facebook.com/docs/graph-api/guides/secure-requests (appsecret_proof)
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from hub.sandbox.base.screen import Media
from hub.sandbox.graph.checks import GraphError
from hub.sandbox.graph.provider import Call, Graph, error
from hub.sandbox.graph.webhooks import FIELDS

Json = dict[str, Any]
VERSION = re.compile(r"v\d+\.\d+")
STRUCTURES = ("recipient", "message", "payload")


def blueprint(graph: Graph) -> Blueprint:
    web = Blueprint("graph", __name__, url_prefix="/graph")
    api = _Api(graph)
    web.add_url_rule("/<version>/<node>", "node", api.guarded(api.node), methods=["GET"])
    for edge, view, methods in (
        ("messages", api.messages, ["POST"]),
        ("message_attachments", api.attachments, ["POST"]),
        ("subscribed_apps", api.subscribed_apps, ["GET", "POST", "DELETE"]),
    ):
        web.add_url_rule(f"/<version>/<node>/{edge}", edge, api.guarded(view), methods=methods)
    return web


class _Api:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def guarded(self, view: Callable[[str, Json], Json]) -> Callable[..., Response]:
        def guard(version: str, node: str) -> Response:
            try:
                if not VERSION.fullmatch(version):
                    raise GraphError(2500, f"Unknown path components: /{version}")
                values = _values()
                self._authorise(values)
                self._graph.calls.append(Call(request.method, request.path, values))
                sending = view == self.messages
                fault = self._graph.fault_before(sending=sending)
                if fault is not None:
                    return fault
                answer = _json(view(node, values))
                if sending:
                    self._graph.fault_after()
                return answer
            except GraphError as problem:
                return error(problem)

        return guard

    # -- edges ------------------------------------------------------------------------------

    def messages(self, node: str, values: Json) -> Json:
        self._must_be_page(node)
        return self._graph.send(values, self._upload())

    def attachments(self, node: str, values: Json) -> Json:
        self._must_be_page(node)
        return self._graph.upload(values.get("message") or {}, self._upload())

    def subscribed_apps(self, node: str, values: Json) -> Json:
        self._must_be_page(node)
        webhooks = self._graph.webhooks
        if request.method == "GET":
            app = {"id": str(self._graph.app_id), "subscribed_fields": sorted(webhooks.fields)}
            return {"data": [app] if webhooks.fields else []}
        if request.method == "DELETE":
            webhooks.fields = frozenset()
            return {"success": True}
        subscribed = values.get("subscribed_fields", "")
        names = frozenset(
            subscribed if isinstance(subscribed, list) else str(subscribed).split(",")
        )
        unknown = names - FIELDS
        if unknown:
            raise GraphError(
                100,
                f"(#100) Param subscribed_fields[0] must be one of: {', '.join(sorted(FIELDS))}",
            )
        webhooks.fields = names
        return {"success": True}

    def node(self, node: str, values: Json) -> Json:
        profile: Json | None
        if node in ("me", self._graph.page_id):
            profile = {"id": self._graph.page_id, "name": "Sandbox Shoes"}
        else:
            profile = self._graph.profile(node)
        if profile is None:
            raise GraphError(
                100,
                f"Unsupported get request. Object with ID '{node}' does not exist, cannot be "
                "loaded due to missing permissions, or does not support this operation",
                33,
                kind="GraphMethodException",
            )
        wanted = str(values.get("fields", "")).split(",") if values.get("fields") else ["name"]
        unknown = [name for name in wanted if name not in profile and name not in OPTIONAL]
        if unknown:
            raise GraphError(
                100, f"(#100) Tried accessing nonexisting field ({unknown[0]}) on node type (User)"
            )
        return {name: profile[name] for name in {*wanted, "id"} if name in profile}

    # -- parts ------------------------------------------------------------------------------

    def _authorise(self, values: Json) -> None:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer if scheme.lower() == "bearer" else str(values.pop("access_token", ""))
        values.pop("access_token", None)
        if not token:
            raise GraphError(
                104, "An access token is required to request this resource.", status=401
            )
        if not hmac.compare_digest(token.encode(), self._graph.page_access_token.encode()):
            raise GraphError(190, "Invalid OAuth access token.", status=401)
        proof = str(values.pop("appsecret_proof", ""))
        if not proof:
            if self._graph.requires_proof:
                raise GraphError(
                    100,
                    "API calls from the server require an appsecret_proof argument",
                    kind="GraphMethodException",
                )
            return
        if not hmac.compare_digest(proof.encode(), self._graph.proof(token).encode()):
            raise GraphError(
                100,
                "Invalid appsecret_proof provided in the API argument",
                kind="GraphMethodException",
            )

    def _must_be_page(self, node: str) -> None:
        if node not in ("me", self._graph.page_id):
            raise GraphError(
                100,
                f"Unsupported post request. Object with ID '{node}' does not exist",
                33,
                kind="GraphMethodException",
            )

    def _upload(self) -> Media | None:
        part = request.files.get("filedata")
        if part is None:
            return None
        media_type = part.mimetype or "application/octet-stream"
        return self._graph.cdn.put(part.read(), media_type, part.filename or "file")


# Fields a profile may lack without the request being wrong.
OPTIONAL = ("locale", "timezone", "gender", "picture", "category", "about")


def _values() -> Json:
    values: Json = {**request.args, **request.form}
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise GraphError(100, "(#100) The request body is not a JSON object")
        values.update(body)
    for name in STRUCTURES:
        if isinstance(values.get(name), str):
            try:
                values[name] = json.loads(values[name])
            except ValueError:
                raise GraphError(100, f"(#100) Param {name} must be valid JSON") from None
    return values


def _json(body: Json) -> Response:
    return Response(json.dumps(body), mimetype="application/json")
