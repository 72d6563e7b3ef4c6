"""`python -m benchmarks [NAME]... [--short] [--json FILE]`: measure, print the table.

Exit 1 when a target was missed, or when a row could not be measured although all that it needs is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.applying import hashing, nothing_to_do
from benchmarks.chains import chains
from benchmarks.cloud import cloud
from benchmarks.history import history
from benchmarks.importing import imports
from benchmarks.many import many
from benchmarks.measure import LeftOut, WentWrong
from benchmarks.painting import ui_paint
from benchmarks.printing import logs
from benchmarks.reading_logs import ui_logs
from benchmarks.repositories import repositories
from benchmarks.running import overhead
from benchmarks.sweeps import sweeps
from benchmarks.table import Missing, Row, data, table
from benchmarks.uploads import uploads
from benchmarks.validating import mistakes, start, validate
from benchmarks.viewing import ui_start
from benchmarks.workplace import Workplace, workplace

BENCHMARKS: Mapping[str, Callable[[Workplace], Iterator[Row]]] = {
    "validate": validate,
    "mistakes": mistakes,
    "start": start,
    "nothing-to-do": nothing_to_do,
    "hashing": hashing,
    "overhead": overhead,
    "sweeps": sweeps,
    "chains": chains,
    "logs": logs,
    "uploads": uploads,
    "cloud": cloud,
    "history": history,
    "many": many,
    "imports": imports,
    "repositories": repositories,
    "ui-start": ui_start,
    "ui-logs": ui_logs,
    "ui-paint": ui_paint,
}


def main() -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure specrun against its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--short", action="store_true", help="each row once, of little: to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here, too")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    machine = _machine()
    print(f"{', '.join(f'{name} {value}' for name, value in machine.items())}", file=sys.stderr)
    rows: list[Row | Missing] = []
    try:
        rows.extend(_measure(arguments.names or list(BENCHMARKS), short=arguments.short))
    finally:  # what was measured is told, whatever comes after it
        print(table(rows))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(data(rows, machine), indent=1) + "\n", encoding="utf-8")
    return int(any(row.failed if isinstance(row, Missing) else row.met is False for row in rows))


def _measure(names: list[str], *, short: bool) -> Iterator[Row | Missing]:
    with tempfile.TemporaryDirectory(prefix="specrun-benchmarks-") as folder:
        place = workplace(Path(folder))
        place = replace(place, short=True) if short else place
        for name in dict.fromkeys(names):
            print(f"{name} …", file=sys.stderr)
            try:
                for row in BENCHMARKS[name](place):
                    yield replace(row, target="", met=None) if short else row
            except LeftOut as reason:
                print(f"left out: {reason}", file=sys.stderr)
                yield Missing(name, str(reason), failed=False)
            except (WentWrong, OSError, subprocess.SubprocessError) as problem:
                print(f"error: {problem}", file=sys.stderr)
                yield Missing(name, str(problem), failed=True)


def _machine() -> dict[str, object]:
    """What figures depend on. A load of more than 1 before the start: somebody else is measured, too."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2)}


if __name__ == "__main__":
    sys.exit(main())
