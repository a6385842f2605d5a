"""How long the body of a request may be, by its path."""

from __future__ import annotations

from hub.config import Config
from hub.listener import BodyLimit

MEGABYTE = 1024 * 1024
#: A mail with its files; every other request is far smaller.
WEBHOOK = BodyLimit(40 * MEGABYTE)
#: A message of 100,000 characters, each as JSON may write it.
REQUEST = BodyLimit(MEGABYTE)
#: The form around an uploaded file.
FORM_BYTES = 64 * 1024


def body_limit(path: str, config: Config) -> BodyLimit:
    """The bound on the body of a request.

    Args:
        path: the path of the request's URL.
    """
    if path.startswith("/webhooks/"):
        return WEBHOOK
    if path.endswith("/uploads"):
        return BodyLimit(config.limits.upload_max_bytes + FORM_BYTES, is_read_whole=False)
    return REQUEST
