"""A live chat of another package is a page, like the hub's own web chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub.app import App
from hub.config import load_config
from hub.connector_kit import (
    Capabilities,
    ConnectorConfig,
    IdentityRefused,
    InboundEvent,
    InboundMessage,
    OutboundMessage,
    PageConnector,
    PageLook,
    PageMessage,
    SendReceipt,
    Site,
    TextUnit,
    WebhookRejected,
    WebhookRequest,
)
from hub.connectors import registry
from hub.settings import Settings

CONFIG = """\
connectors:
  concierge: {kind: livechat}
"""
SITE = "https://hotel.example"


class LiveChat(PageConnector[ConnectorConfig, str, str]):
    """The live chat of another package, which takes what the base gives it."""

    kind = "livechat"
    title = "Live chat"
    scheme = "livechat"
    Config = ConnectorConfig
    capabilities = Capabilities(text_limit=500, text_unit=TextUnit.CHARACTERS)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        return (SITE,)

    @property
    def look(self) -> PageLook:
        return PageLook(title="Concierge", departments=("Rooms",))

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        message = PageMessage.model_validate_json(request.body)
        address = self.address(message.visitor)
        return [InboundMessage(key=message.client_id, address=address, raw=request.body)]

    def compose(self, message: OutboundMessage) -> Sequence[str]:
        return [message.id]

    def transmit(self, call: str) -> str:
        return call

    def accept(self, call: str, response: str) -> SendReceipt:
        return SendReceipt(response)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of the live chat beside the hub's own kinds."""
    package = EntryPoint("livechat", f"{__name__}:LiveChat", registry.GROUP)
    kinds = EntryPoints((*entry_points(group=registry.GROUP), package))
    monkeypatch.setattr(registry, "entry_points", lambda group: kinds)
    caches = (registry.kinds, registry.kind, registry.has_pages)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def client(installed: None, tmp_path: Path) -> Iterator[FlaskClient]:
    file = tmp_path / "connectors.yaml"
    file.write_text(CONFIG)
    settings = Settings.load(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/hub.db")
    app = App(settings, lambda: load_config(file, {}))
    yield app.flask.test_client()
    app.stop()


def test_the_hub_serves_the_page_of_another_packages_live_chat(client: FlaskClient) -> None:
    page = client.get("/chat/concierge")
    assert page.status_code == 200
    assert f"frame-ancestors 'self' {SITE}" in page.headers["Content-Security-Policy"]
    config = client.get("/chat/concierge/config", headers={"Origin": SITE}).get_json()
    assert (config["title"], config["departments"]) == ("Concierge", ["Rooms"])


def test_a_site_that_the_live_chat_does_not_list_is_refused(client: FlaskClient) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    assert client.get("/chat/concierge/config", headers=headers).status_code == 403


def test_a_kind_has_pages_if_its_connector_is_a_page(installed: None) -> None:
    kinds = ("livechat", "webchat", "sms", "not_installed", None)
    assert [registry.has_pages(kind) for kind in kinds] == [True, True, False, False, False]


def test_a_page_takes_no_webhook_and_no_identity_unless_it_says_so() -> None:
    chat = LiveChat("concierge", ConnectorConfig(kind="livechat"), Site("https://hub.example"))
    with pytest.raises(WebhookRejected):
        chat.verify(WebhookRequest("POST", "https://hub.example/webhooks/concierge", b"{}"))
    with pytest.raises(IdentityRefused):
        chat.identify("a.b.c", datetime.now(UTC))
    assert not chat.identity_required
    assert chat.address("v1").scope == "concierge"
