"""`hub` and `python -m hub`: patches the standard library before anything else is imported."""

from __future__ import annotations

import sys

from hub import runtime

#: Commands that serve many clients at once. The others run one task and need no green threads.
GREEN_COMMANDS = {"serve", "worker"}


def main() -> None:
    if GREEN_COMMANDS & set(sys.argv[1:2]):
        runtime.patch()
    from hub.cli import cli

    cli(prog_name="hub")


if __name__ == "__main__":
    main()
