"""The shop at /shop, and at /shop?csp=strict with a policy that trusts only the hub."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request, send_from_directory

from hub.sandbox.base.context import SandboxContext

FOLDER = Path(__file__).parent
SHOES = (
    ("Morning Runner", "89", "#3b6ea5", "Light, grey weather approved"),
    ("Harbour Slip-on", "74", "#2f7d6b", "For decks, docks and kitchens"),
    ("Market Boot", "129", "#8a5a3c", "Waxed, warm, forgiving"),
    ("Two Left Feet", "59", "#a2527f", "Our most returned model"),
)


def blueprint(context: SandboxContext) -> Blueprint:
    web = Blueprint("shop", __name__, template_folder=str(FOLDER))

    @web.get("/shop")
    def shop() -> Response:
        page = render_template("shop.html", hub_url=context.hub_url, shoes=SHOES)
        answer = Response(page)
        if request.args.get("csp") == "strict":
            answer.headers["Content-Security-Policy"] = strict_policy(context.hub_url)
        return answer

    @web.get("/shop/shop.css")
    def style() -> Response:
        return send_from_directory(FOLDER, "shop.css", max_age=0)

    @web.get("/shop/icon.svg")
    def icon() -> Response:
        return send_from_directory(FOLDER, "icon.svg")

    return web


def strict_policy(hub_url: str) -> str:
    """Returns a policy that allows scripts, frames and connections from the hub only."""
    socket = "ws" + hub_url.removeprefix("http") if urlsplit(hub_url).scheme else ""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'self'; img-src 'self'; "
        f"style-src 'self'; script-src {hub_url}; frame-src {hub_url}; "
        f"connect-src {hub_url} {socket}"
    )
