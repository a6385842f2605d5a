"""The files people start from, with the real kinds."""

from pathlib import Path

import pytest

from hub.config import load_config, parse_config
from hub.connectors.base import secrets_of
from hub.errors import ConfigError

ROOT = Path(__file__).parents[2]

EVERYTHING = """\
connectors:
  website:    {kind: webchat, allowed_origins: ["https://shop.example"], identity_secret: "${WIDGET_SECRET}"}
  mail:       {kind: email, address: support@shop.example,
               imap: {host: imap.example, port: 993, username: u, password: "${MAIL_PASSWORD}", tls: ssl},
               smtp: {host: smtp.example, port: 587, username: u, password: "${MAIL_PASSWORD}", tls: starttls},
               webhook_secret: "${MAIL_HOOK_SECRET}", poll_seconds: 60}
  sms:        {kind: sms, provider: twilio, account_sid: "${TWILIO_SID}", auth_token: "${TWILIO_TOKEN}",
               number: "+15005550006", api_base: "https://api.twilio.com"}
  telegram:   {kind: telegram, token: "${TELEGRAM_TOKEN}", mode: polling, secret_token: "${TG_SECRET}",
               api_base: "https://api.telegram.org"}
  messenger:  {kind: messenger, page_id: "1", page_access_token: "${FB_TOKEN}", app_secret: "${FB_SECRET}",
               verify_token: "${FB_VERIFY}", api_base: "https://graph.facebook.com", api_version: v24.0}
teams: {}
hours: {}
routing: []
assignment: {}
replies: {}
sla: {}
"""  # noqa: E501
ENVIRON = {
    "WIDGET_SECRET": "sesame-widget",
    "MAIL_PASSWORD": "sesame-mail",
    "MAIL_HOOK_SECRET": "sesame-mail-hook-0123456789",
    "TWILIO_SID": "AC00000000000000000000000000000001",
    "TWILIO_TOKEN": "sesame-twilio",
    "TELEGRAM_TOKEN": "123456:sesame-telegram",
    "TG_SECRET": "sesame-telegram-hook",
    "FB_TOKEN": "sesame-page",
    "FB_SECRET": "sesame-app",
    "FB_VERIFY": "sesame-verify",
}
KINDS = {
    "website": "webchat",
    "mail": "email",
    "sms": "sms",
    "telegram": "telegram",
    "messenger": "messenger",
}


def test_a_file_with_all_five_channels_loads() -> None:
    config = parse_config(EVERYTHING, ENVIRON)
    assert {name: connector.kind for name, connector in config.connectors.items()} == KINDS
    secrets = {secret for one in config.connectors.values() for secret in secrets_of(one)}
    assert {value for value in ENVIRON.values() if value.startswith("sesame")} <= secrets


def test_no_secret_of_the_five_is_in_a_repr() -> None:
    config = parse_config(EVERYTHING, ENVIRON)
    assert "sesame" not in repr(config)
    assert "sesame" not in str(config.model_dump())


def test_the_example_file_works_at_once() -> None:
    config = load_config(ROOT / "connectors.yaml", {})
    assert {name: connector.kind for name, connector in config.connectors.items()} == KINDS
    assert [name for name, one in config.connectors.items() if one.enabled] == ["website"]


def test_the_example_file_is_right_in_what_is_turned_off_too() -> None:
    load_config(ROOT / "connectors.yaml", {}, thorough=True)


def test_every_channel_of_the_example_can_be_turned_on() -> None:
    text = (ROOT / "connectors.yaml").read_text().replace("enabled: false", "enabled: true")
    config = parse_config(text, ENVIRON)
    assert all(connector.enabled for connector in config.connectors.values())


def test_the_examples_comments_are_right_once_they_are_taken_in() -> None:
    text = (ROOT / "connectors.yaml").read_text()
    head, mark, tail = text.partition("# Everything below may be left out.")
    taken_in = "\n".join(line.removeprefix("# ") for line in tail.splitlines()[1:])
    config = parse_config(f"{head}\n{taken_in}", {})
    assert mark
    assert config.teams and config.hours and config.routing and config.sla


def test_the_real_kinds_say_what_is_wrong_with_them() -> None:
    text = """\
connectors:
  bot: {kind: telegram, tokn: x}
  mail: {kind: email, address: a@shop.example, smtp: {host: h, port: 1, tls: tsl}}
  page: {kind: messenger, page_id: abc, page_access_token: x, app_secret: x, verify_token: x}
  w: {kind: webchat, color: red, allowed_origins: ["*"]}
  w2: {kind: webchat, identity: required}
"""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, {})
    assert str(caught.value).splitlines() == [
        "connectors.yaml:2: connectors.bot.tokn: unknown key, did you mean token?",
        "connectors.yaml:3: connectors.mail.smtp.tls: must be ssl, starttls or none",
        "connectors.yaml:4: connectors.page.page_id: has the wrong form. "
        "The number of the Facebook page",
        "connectors.yaml:5: connectors.w.color: has the wrong form. "
        "The button's and the header's colour, as `#rrggbb`",
        "connectors.yaml:5: connectors.w.allowed_origins[0]: must be an exact origin such as "
        "https://shop.example, without a path and without *",
        "connectors.yaml:6: connectors.w2: identity: required needs identity_secret",
    ]
