"""Reads the head of an HTTP/1.1 request: request line and fields, nothing that is ambiguous.

Two programs that read one request in two ways let a client smuggle a second request past the first
program. So whatever RFC 9112 lets a server repair is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

#: More fields than this are no browser's and no provider's.
MAX_FIELDS = 200

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")
_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_AUTHORITY = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)
_ODD_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")

#: Fields that mean one thing, so that a second one makes the request ambiguous.
_SINGLE = ("content-length", "content-type", "host", "transfer-encoding")


class BadRequest(Exception):
    """A request that is refused before it reaches the application.

    Args:
        status: the status line's number and reason.
        detail: a sentence for the client.
    """

    def __init__(self, detail: str, status: str = "400 Bad Request") -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """The head of one request.

    Args:
        target: path and query as they came.
        fields: names in lower case, with their values in the order they came.
        length: bytes of the body; None when it comes in chunks.
    """

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]
    length: int | None
    wants_close: bool
    expects_continue: bool

    def environ(self) -> dict[str, str]:
        """The variables of the request itself, by the names of PEP 3333."""
        path, _, query = self.target.partition("?")
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "RAW_URI": self.target,
            "REQUEST_URI": self.target,
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.version,
        }
        for name, value in self.fields:
            # `a-b` and `a_b` would be one variable, and a proxy may have checked only the first.
            if "_" in name:
                continue
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            if key in environ:
                environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
            else:
                environ[key] = value
        return environ


def has_odd_line_end(data: bytes) -> bool:
    """Whether a CR or LF stands alone. The last byte may be the CR of a pair still under way."""
    return _ODD_LINE_END.search(data[:-1] if data.endswith(b"\r") else data) is not None


def parse_head(data: bytes) -> Head:
    """Reads a request's head.

    Args:
        data: the bytes before the empty line that ends the head, without that line.

    Raises:
        BadRequest: the head is not exactly of the form of RFC 9112, or is ambiguous.

    Source: https://www.rfc-editor.org/rfc/rfc9112
    """
    if has_odd_line_end(data):
        raise BadRequest("Lines end with CR LF.")
    request_line, *lines = data.split(b"\r\n")
    method, target, version = _request_line(request_line)
    if len(lines) > MAX_FIELDS:
        raise BadRequest("There are too many header fields.", "431 Too Many Header Fields")
    fields = tuple(map(_field, lines))
    single: dict[str, str] = {}
    for name, value in fields:
        if name in _SINGLE:
            if name in single:
                raise BadRequest(f"There are two {name} fields.")
            single[name] = value
    if "host" not in single and version == "HTTP/1.1":
        raise BadRequest("The host field is missing.")
    by_name = dict(fields)
    connection = by_name.get("connection", "").lower()
    return Head(
        method=method,
        target=target,
        version=version,
        fields=fields,
        length=_length(single, version),
        wants_close=version == "HTTP/1.0" or "close" in connection.replace(" ", "").split(","),
        expects_continue=_expects_continue(by_name.get("expect", ""), version),
    )


def _request_line(line: bytes) -> tuple[str, str, str]:
    parts = line.split(b" ")
    if len(parts) != 3:
        raise BadRequest("The request line is not of its form.")
    method, target, version = parts
    if _VERSION.fullmatch(version) is None:
        raise BadRequest("The request line is not of its form.")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadRequest("Speak HTTP/1.1.", "505 HTTP Version Not Supported")
    if _TOKEN.fullmatch(method) is None or _TARGET.fullmatch(target) is None:
        raise BadRequest("The request line is not of its form.")
    absolute = _AUTHORITY.match(target)
    if absolute is not None:
        target = target[absolute.end() :]
        if not target.startswith(b"/"):
            target = b"/" + target
    if not target.startswith(b"/") and (method, target) != (b"OPTIONS", b"*"):
        raise BadRequest("The request's target is not a path.")
    return method.decode("ascii"), target.decode("latin-1"), version.decode("ascii")


def _field(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon or _TOKEN.fullmatch(name) is None:
        # This includes a space before the colon, and a line that continues the one before it.
        raise BadRequest("A header field is not of its form.")
    if _CONTROL.search(value) is not None:
        raise BadRequest("A header field has a control character.")
    return name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")


def _length(fields: dict[str, str], version: str) -> int | None:
    """The length of the body; None for chunks. Raises BadRequest when it is ambiguous."""
    length = fields.get("content-length")
    encoding = fields.get("transfer-encoding")
    if encoding is not None:
        if length is not None:
            raise BadRequest("Content-Length and Transfer-Encoding exclude each other.")
        if encoding.lower() != "chunked" or version == "HTTP/1.0":
            raise BadRequest("The only transfer encoding is chunked, in HTTP/1.1.")
        return None
    if length is None:
        return 0
    if _LENGTH.fullmatch(length) is None:
        raise BadRequest("The content length is not a number.")
    return int(length)


def _expects_continue(value: str, version: str) -> bool:
    if not value or version == "HTTP/1.0":
        return False
    if value.lower() != "100-continue":
        raise BadRequest("Nothing but 100-continue is expected.", "417 Expectation Failed")
    return True
