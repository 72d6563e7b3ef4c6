"""What a run that was only to read has written: its mounted inputs are links, and root may write to any file.

The next plan tells of what the spec has put there itself. Of the rest, such as another run's output, nothing tells but
a look at the end of the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LISTED = 3


def written_inputs(rundir: Path, since: float) -> str:
    """In words, which files behind a run's mounted inputs were written to since a moment (Unix seconds); "" for none.

    What the run may write, as one of its outputs, does not count.
    """
    found = [path.relative_to(rundir / "inputs").as_posix() for path in _written(rundir, since)]
    if not found:
        return ""
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return f"what it was to read was written to in the meantime: {', '.join(sorted(found)[:LISTED])}{more}"


def _written(rundir: Path, since: float) -> Iterator[Path]:
    outputs = rundir / "outputs"
    own = [f"{os.path.realpath(path)}/" for path in outputs.iterdir()] if outputs.is_dir() else []
    for parent, _, names in os.walk(rundir / "inputs"):
        for name in names:
            path = Path(parent, name)
            try:
                if not path.is_symlink() or path.stat().st_mtime <= since:
                    continue
            except OSError:
                continue  # gone, which the next plan or the next run sees
            if not any(os.path.realpath(path).startswith(folder) for folder in own):
                yield path
