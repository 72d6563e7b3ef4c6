"""Writes docs/diagnostics.md, every code with its entry, from specrun/spec/codes.py and specrun/spec/entries.

`--check` only says (exit 1) whether the file is what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from pages import deliver

from specrun.spec.entries import GROUPS, Entry, entries

PAGE = Path(__file__).resolve().parent / "diagnostics.md"
INTRODUCTION = """\
# What specrun reports

<!-- Written by docs/generate_diagnostics.py from specrun/spec/codes.py and specrun/spec/entries: change those. -->

```text
job.yaml:5:15: error[unknown-key]: There is no such key.
    5 |   resources: {node_count: 2}
      |               ^^^^^^^^^^
  `node_count` is what SDK v1 and Batch AI call `instance_count`: write `instance_count: 2`.
```

A place, a severity, a code and what the code stands for, then why it is so here, and what to write instead. An *error*
stops everything, a *warning* is probably a mistake, a *note* is worth knowing. Codes stay as they are from version to
version; words may get better. `specrun explain CODE` prints what stands here of one code, `specrun explain` lists all.

The examples are parts of a spec: above each belong `apiVersion: specrun/v1` and a `name`. Beside it are the folders
`src`, with `train.py`, `data` and `docker`, with a Dockerfile, and the files `conda.yaml` and `config.json`.
"""


def page() -> str:
    """What docs/diagnostics.md should be."""
    parts = [INTRODUCTION]
    by_group = groupby(entries().values(), lambda entry: entry.known.group)
    sections = {group: list(members) for group, members in by_group}
    parts += [_contents(group, members) for group, members in sections.items()]
    for group, members in sections.items():
        parts.append(f"\n## {GROUPS[group]}\n")
        parts += [line for entry in members for line in _entry(entry)]
    return "\n".join(parts).rstrip() + "\n"


def _contents(group: str, members: list[Entry]) -> str:
    codes = ", ".join(f"[{entry.code}](#{entry.code})" for entry in members)
    return f"- **{GROUPS[group]}**: {codes}"


def _entry(entry: Entry) -> Iterator[str]:
    yield f"### {entry.code}\n"
    yield f"*{entry.known.severity.value}*: **{entry.known.summary}** {entry.why}\n"
    if entry.wrong:
        yield f"With `specrun {entry.command}`:\n" if entry.command != "validate" else "For example:\n"
        yield f"```yaml\n{entry.wrong}```\n"
    yield f"Instead: {entry.instead}\n" if entry.instead else "Instead:\n"
    if entry.right:
        yield f"```yaml\n{entry.right}```\n"


def main(arguments: list[str]) -> int:
    """Writes or checks the page."""
    return deliver(PAGE, page(), __file__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
