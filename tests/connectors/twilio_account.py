"""A made-up account at Twilio, and how it signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from hub.connectors.base import Site
from hub.testing import PUBLIC_URL

ACCOUNT = "AC" + "a" * 32
NUMBER = "+12028831111"
SITE = Site(PUBLIC_URL)


def signature_of(token: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """Written from Twilio's description, so that its library is checked against a second one."""
    values = {name: sorted({v for n, v in form if n == name}) for name, _ in form}
    text = url + "".join(name + value for name in sorted(values) for value in values[name])
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
