"""Where the bytes of a file are in its mail, so that a file needs no reading of the mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Files within files: a signed mail in a mail, and a file of Outlook in that.
MAX_STEPS = 8

_STEP = r"\d{1,12}-\d{1,12}:[a-z0-9-]{0,40}"
_SOURCE = re.compile(rf"part:({_STEP}(?:/{_STEP}){{0,{MAX_STEPS - 1}}})")
_ENCODING = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Place:
    """The offsets of a part's body, and its transfer encoding.

    Args:
        outer: where the bytes are that `start` and `end` count; None where it is the mail.
    """

    start: int
    end: int
    encoding: str
    outer: Place | None = None

    def as_source(self) -> str:
        """The place as the source of an attachment: `part:START-END:ENCODING/...`."""
        return "part:" + "/".join(place.step() for place in self.path())

    def path(self) -> list[Place]:
        """The places from the mail down to this one."""
        return [*(self.outer.path() if self.outer else ()), self]

    def step(self) -> str:
        encoding = self.encoding if _ENCODING.fullmatch(self.encoding) else ""
        return f"{self.start}-{self.end}:{encoding}"

    @classmethod
    def parse(cls, source: str) -> Place | None:
        """The place in a source; None where it names a file by its number."""
        match = _SOURCE.fullmatch(source)
        place: Place | None = None
        for step in match.group(1).split("/") if match else ():
            offsets, _, encoding = step.partition(":")
            start, _, end = offsets.partition("-")
            place = cls(int(start), int(end), encoding, place)
        return place
