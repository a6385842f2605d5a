"""The connectors.yaml that points every channel at a sandbox. All secrets are made up."""

from __future__ import annotations

from dataclasses import dataclass

from hub.sandbox.graph import provider as graph
from hub.sandbox.mail import provider as mail
from hub.sandbox.mail.formats import MX
from hub.sandbox.telegram import provider as telegram
from hub.sandbox.twilio import provider as twilio

IDENTITY_SECRET = "sandbox-widget-identity-secret"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A sandbox's URL, and its two mail ports on the same host."""

    url: str
    smtp_port: int
    imap_port: int


def demo_connectors(endpoints: Endpoints) -> str:
    """Returns the YAML text for all five connectors, under the names the documentation uses.

    Args:
        endpoints: `sandbox.endpoints`, or those that a sandbox process will be started with.
    """
    port = endpoints.url.rpartition(":")[2]
    # The stand-ins write their own URL with the number, and media are fetched only from the
    # host that api_base names; a browser may open the pages by either name.
    base = f"http://127.0.0.1:{port}"
    mail_login = f'username: {mail.ADDRESS}, password: "{mail.PASSWORD}", tls: none'
    return f"""\
connectors:
  website:
    kind: webchat
    allowed_origins: ["{base}", "http://localhost:{port}"]
    identity_secret: "{IDENTITY_SECRET}"
  mail:
    kind: email
    address: {mail.ADDRESS}
    authserv_id: {MX}
    imap: {{host: 127.0.0.1, port: {endpoints.imap_port}, {mail_login}}}
    smtp: {{host: 127.0.0.1, port: {endpoints.smtp_port}, {mail_login}}}
    webhook_secret: "{mail.WEBHOOK_SECRET}"
    poll_seconds: 1
  sms:
    kind: sms
    provider: twilio
    account_sid: "{twilio.ACCOUNT}"
    auth_token: "{twilio.AUTH_TOKEN}"
    number: "{twilio.NUMBER}"
    api_base: "{base}/twilio"
  telegram:
    kind: telegram
    token: "{telegram.TOKEN}"
    mode: polling
    secret_token: "sandbox-telegram-secret"
    api_base: "{base}/telegram"
  messenger:
    kind: messenger
    page_id: "{graph.PAGE_ID}"
    page_access_token: "{graph.PAGE_TOKEN}"
    app_secret: "{graph.APP_SECRET}"
    verify_token: "{graph.VERIFY_TOKEN}"
    api_base: "{base}/graph"
    api_version: v24.0
"""
