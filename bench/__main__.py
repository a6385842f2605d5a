"""`make bench`: measures, prints a table, writes JSON; `--readme` writes the pages' tables too.

Exit 1 when a goal is missed, so that a claim cannot quietly become untrue.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import (
    backlog,
    crash,
    footprint,
    growth,
    idle_sockets,
    inbound,
    latency,
    mail,
    merging,
    postgres,
    report,
    router,
)

RESULTS = Path(__file__).parent / "results"
PARTS = {
    "footprint": footprint.run,
    "inbound": inbound.run,
    "postgres": postgres.run,
    "latency": latency.run,
    "sockets": idle_sockets.run,
    "growth": growth.run,
    "merge": merging.run,
    "mail": mail.run,
    "router": router.run,
    "backlog": backlog.run,
    "crash": crash.run,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m bench", description="Measures this machine.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"all of them when left out: {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--readme",
        action="store_true",
        help="write the tables into docs/benchmarks.md and README.md too; needs all parts",
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    if options.readme and options.parts:
        parser.error("the README quotes all parts")

    results: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": report.machine()}
    for name in options.parts or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
            results[name] = PARTS[name](Path(folder))
    rows = report.table(results)
    text = report.render(rows, results)
    print(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(results, indent=2) + "\n")
    if options.readme:
        report.write_pages(rows, results)
    return 0 if all(row[3] != "missed" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
