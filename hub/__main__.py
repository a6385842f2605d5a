"""`hub` and `python -m hub`: patches the standard library before anything else is imported."""

from __future__ import annotations

import sys

from hub import runtime

#: Commands that serve; the others are quick and need no cooperation.
GREEN = {"serve", "worker"}


def main() -> None:
    if GREEN & set(sys.argv[1:2]):
        runtime.patch()
    from hub.cli import cli

    cli(prog_name="hub")


if __name__ == "__main__":
    main()
