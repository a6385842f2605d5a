"""Measures what reading a mail costs: `python -m tests.hostile.mail_cost SIZE FAMILY...`.

Each mail is read in a fork of a process that has imported everything, so that processor time and
peak memory are those of the mail alone. Prints one line of JSON for each mail.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from typing import Any

from hub.connectors.email import reading_task
from tests.hostile.mail_families import FAMILIES

REQUEST = json.dumps(
    {"do": "read", "address": "support@shop.example", "authserv_id": "mx.shop.example"}
).encode()
#: A fork that takes this long has failed; its cost says so.
GIVE_UP_SECONDS = 60


def cost(mail: bytes) -> dict[str, Any]:
    """Processor time in seconds, peak memory in bytes over that of the process, the stages."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writable)
        with os.fdopen(readable) as answers:
            text = answers.read()
        os.waitpid(pid, 0)
        return json.loads(text) if text else {"seconds": GIVE_UP_SECONDS, "memory": 0, "stages": 0}
    signal.setitimer(signal.ITIMER_PROF, GIVE_UP_SECONDS)
    before, began = _peak(), time.process_time()
    try:
        stages = sum(1 for _ in reading_task.run(REQUEST + b"\n" + mail))
        seconds = time.process_time() - began
        result = {"seconds": seconds, "memory": _peak() - before, "stages": stages}
        os.write(writable, json.dumps(result).encode())
    finally:
        os._exit(0)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(size: int, names: list[str]) -> None:
    reading_task.prepare()
    cost(FAMILIES["parts"](1_000))
    for name in names or FAMILIES:
        for times in (1, 2, 4, 8):
            mail = FAMILIES[name](size * times)
            print(
                json.dumps({"name": name, "times": times, "bytes": len(mail), **cost(mail)}),
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
