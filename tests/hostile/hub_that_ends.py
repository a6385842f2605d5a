"""`python -m tests.hostile.hub_that_ends ...`: the command `hub`, whose process ends at one mail.

It ends, without a word, as soon as it begins to read a mail with the words of `DEADLY`.
"""

from __future__ import annotations

import os

DEADLY = b"the mail that ends the hub"


def main() -> None:
    from hub.processes.pool import Pool

    run = Pool.run

    def ending(pool: Pool, request: bytes) -> object:
        if DEADLY in request:
            os._exit(9)
        return run(pool, request)

    Pool.run = ending  # type: ignore[method-assign, assignment]
    from hub.__main__ import main as hub

    hub()


if __name__ == "__main__":
    main()
