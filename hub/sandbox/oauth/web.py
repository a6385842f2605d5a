"""The two addresses of the provider: its consent page, and its token endpoint."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from hub.sandbox.oauth.provider import OAuthProvider, Refusal


def blueprint(provider: OAuthProvider) -> Blueprint:
    """`/oauth/authorize` and `/oauth/token`."""
    web = Blueprint("oauth", __name__, url_prefix="/oauth")

    @web.get("/authorize")
    def authorize() -> BaseResponse:
        try:
            return redirect(provider.consent(request.args))
        except Refusal as refusal:
            return Response(f"{refusal.error_code}: {refusal.text}", 400)

    @web.post("/token")
    def token() -> Response:
        fault = provider.fault()
        if fault is not None:
            return Response(fault[1], fault[0])
        form = request.form.to_dict()
        if request.authorization is not None and request.authorization.type == "basic":
            form["client_id"] = request.authorization.username or ""
            form["client_secret"] = request.authorization.password or ""
        try:
            answer = jsonify(provider.token(form))
        except Refusal as refusal:
            answer = jsonify({"error": refusal.error_code, "error_description": refusal.text})
            answer.status_code = refusal.status
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return web
