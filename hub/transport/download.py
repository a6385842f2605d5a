"""Fetches a URL that a stranger chose, from allowed hosts at public addresses only.

The host of the connector's `api_base` is always allowed. Every other download is https, from a host
that the kind or the admin named, at a public address, and the connection goes to the very address
that was checked. Every redirect is checked again and gets no credentials, wherever it leads. A file
that drips is given up, and a later attempt goes on where it stopped.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import urllib3

from hub.connectors.base import Connector
from hub.connectors.http import CONNECT_SECONDS, HttpCall, HttpResponse, error_for
from hub.errors import ConnectionFailed

MAX_REDIRECTS = 3
#: The longest wait for the next bytes, and how long the rate is measured, in seconds.
READ_SECONDS = 15.0
#: A slower host is given up, in bytes a second.
MIN_RATE = 2048
#: The time for one attempt, in seconds.
TOTAL_SECONDS = 300.0
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)")
CHUNK = 64 * 1024
#: All of IPv6 that is given out to the public; outside of it are fec0::/10 and the like, which
#: `ipaddress` takes for public.
#: Source: https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
#: Documentation and the former 6to4 relays, which `ipaddress` takes for public, too.
#: Source: https://www.iana.org/assignments/iana-ipv6-special-registry/
_SPECIAL = (ipaddress.ip_network("3fff::/20"), ipaddress.ip_network("192.88.99.0/24"))


class Refused(Exception):
    """The hub does not fetch this URL. The text says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The part of a file that an earlier attempt got.

    Args:
        size: in bytes.
        validator: its ETag or date of change, "" where the host gave none.
        total: the size of the whole file, None where the host did not say.
    """

    size: int
    validator: str
    total: int | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is coming. Iterating gives its bytes in chunks, from `start` on.

    Args:
        start: 0, or the size of the part that an earlier attempt got.
        validator, total: as Fetched has them.
    """

    chunks: Iterator[bytes]
    start: int
    validator: str
    total: int | None

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


def download(call: HttpCall, connector: Connector[Any], fetched: Fetched | None = None) -> Download:
    """Fetches a file, or the rest of it where the host supports that.

    Args:
        call: its credentials go to its own address alone, and to no address it leads to.
        fetched: what an earlier attempt got.

    Returns:
        Its bytes, without any content encoding undone. Their iteration raises SendError when they
        stop, come too slowly or take too long.

    Raises:
        Refused: the URL, or a redirect, leads to an address that is not allowed.
        SendError: the host did not answer with the file.
    """
    url = call.url + ("?" + urlencode(list(call.query)) if call.query else "")
    keys = dict(call.headers)
    if call.basic_auth is not None:
        keys |= urllib3.make_headers(basic_auth=":".join(call.basic_auth))
    begin = time.monotonic()
    for _hop in range(MAX_REDIRECTS + 1):
        parts = urlsplit(url)
        response = _get(parts, keys | _headers(fetched), connector)
        if response.status in (301, 302, 303, 307, 308):
            location = response.headers.get("location", "")
            _discard(response)
            # Also on the same host the target may be another service, such as a store of files.
            keys = {}
            url = urlsplit(urljoin(url, location)).geturl()
            continue
        if fetched is not None and not _goes_on(response, fetched):
            fetched = None
            if response.status in (206, 416):  # the rest of another file, or no rest
                _discard(response)
                response = _get(parts, keys | _headers(None), connector)
        if response.status != (200 if fetched is None else 206):
            _discard(response)
            raise error_for(HttpResponse(response.status, dict(response.headers)))
        return Download(
            _chunks(response, begin),
            0 if fetched is None else fetched.size,
            _validator(response),
            _number(response.headers.get("content-length")) if fetched is None else fetched.total,
        )
    raise Refused("The file's address leads from one place to the next without end.")


def _headers(fetched: Fetched | None) -> dict[str, str]:
    headers = {"accept-encoding": "identity"}
    if fetched is not None:
        headers["range"] = f"bytes={fetched.size}-"
        if fetched.validator:
            headers["if-range"] = fetched.validator
    return headers


def _goes_on(response: urllib3.BaseHTTPResponse, fetched: Fetched) -> bool:
    """Whether an answer is the rest of the same file. Source: RFC 9110, 14.4."""
    if response.status != 206:
        return False
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if match is None or int(match[1]) != fetched.size:
        return False
    return bool(fetched.validator) or _number(match[2]) == fetched.total is not None


def _validator(response: urllib3.BaseHTTPResponse) -> str:
    """What `If-Range` takes: a strong ETag, else the date of change."""
    etag = response.headers.get("etag", "")
    return etag if etag.startswith('"') else response.headers.get("last-modified", "")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 16 else None


def _chunks(response: urllib3.BaseHTTPResponse, begin: float) -> Iterator[bytes]:
    window, received = time.monotonic(), 0
    try:
        while chunk := response.read1(CHUNK):
            yield chunk
            received += len(chunk)
            now = time.monotonic()
            if now - begin > TOTAL_SECONDS:
                raise ConnectionFailed("The file took too long.")
            if now - window > READ_SECONDS:
                if received < MIN_RATE * (now - window):
                    raise ConnectionFailed("The file came too slowly.")
                window, received = now, 0
        if response.length_remaining:
            raise ConnectionFailed("The file stopped coming half-way.")
    except urllib3.exceptions.HTTPError as error:
        raise ConnectionFailed("The file stopped coming half-way.") from error
    finally:
        _discard(response)


def _discard(response: urllib3.BaseHTTPResponse) -> None:
    """Closes the connection: what else comes on it is not wanted."""
    response.close()
    response.release_conn()


def _get(
    parts: SplitResult, headers: dict[str, str], connector: Connector[Any]
) -> urllib3.BaseHTTPResponse:
    host = (parts.hostname or "").lower()
    port = _port(parts)
    api = urlsplit(connector.api_base)
    is_api_host = bool(api.hostname) and (host, port) == (api.hostname, _port(api))
    if not is_api_host:
        _check_host(parts, host, connector.media_hosts)
    address = _resolve(host, port, must_be_public=not is_api_host)
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=timeout,
            retries=False,
            server_hostname=host,
            assert_hostname=host,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout, retries=False)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        return pool.request(
            "GET",
            path,
            headers={**headers, "host": parts.netloc.rpartition("@")[2]},
            preload_content=False,
            redirect=False,
        )
    except urllib3.exceptions.HTTPError as error:
        raise ConnectionFailed("The file's host could not be reached.") from error


def _check_host(parts: SplitResult, host: str, allowed: tuple[str, ...]) -> None:
    if parts.scheme != "https":
        raise Refused("Files are fetched over https only.")
    if not any(fnmatchcase(host, pattern.lower()) for pattern in allowed):
        raise Refused(f"{host or 'This host'} is not one that files may be fetched from.")


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise Refused("The file's address has no valid port.") from error


def _resolve(host: str, port: int, *, must_be_public: bool) -> str:
    """One IP address of a host. Raises Refused when any of its addresses is private."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed("The file's host is not known.") from error
    addresses = [str(info[4][0]) for info in infos]
    if must_be_public and not all(is_public(address) for address in addresses):
        raise Refused("The file's address is inside a private network.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is public, also one that an IPv6 address contains."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1]) or _nat64(ip)
        if embedded:
            return is_public(str(embedded))
        if ip not in _IPV6_PUBLIC:
            return False
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
