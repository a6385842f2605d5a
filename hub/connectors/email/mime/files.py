"""Where the bytes of a file are in its mail, so that a file needs no reading of the mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SOURCE = re.compile(r"part:(\d{1,12})-(\d{1,12}):([a-z0-9-]{0,40})")
_ENCODING = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Place:
    """The offsets of a part's body in its mail, and its transfer encoding."""

    start: int
    end: int
    encoding: str

    def as_source(self) -> str:
        """The place as the source of an attachment: `part:START-END:ENCODING`."""
        encoding = self.encoding if _ENCODING.fullmatch(self.encoding) else ""
        return f"part:{self.start}-{self.end}:{encoding}"

    @classmethod
    def parse(cls, source: str) -> Place | None:
        """The place in a source; None where it names a file by its number."""
        match = _SOURCE.fullmatch(source)
        if match is None:
            return None
        return cls(int(match.group(1)), int(match.group(2)), match.group(3))
