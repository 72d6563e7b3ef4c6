"""What pip or uv said when an environment could not be built: which requirements are at fault, why, what to write.

As pip 21 to 25 and uv 0.1 to 0.13 say it. What nobody has foreseen is told in the installer's own last words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from specrun.engines.local.installers.case import Case, Refusal, case_of, last_words
from specrun.engines.local.installers.sources import denied, network, nowhere, repository, unbuilt
from specrun.engines.local.installers.versions import absent, conflict, other_python
from specrun.engines.local.python import WAY_OUT
from specrun.spec.requirements import read_line


def refusal(said: Sequence[str], requirements: Sequence[str], constraints: Sequence[str], python: str) -> Refusal:
    """What came of an installation that failed. `python` is the version that the environment is for, as `3.11`."""
    case = case_of(said, requirements, constraints, python)
    found = (read(case) for read in _READERS)
    return next(filter(None, found), None) or Refusal(
        f"The installer says: `{last_words(said).rstrip('.')}`. To run without it, {WAY_OUT}."
    )


def _no_venv(case: Case) -> Refusal | None:
    if "ensurepip is not available" not in case.text and "No module named ensurepip" not in case.text:
        return None
    package = re.search(r"apt(?:-get)? install (python[\d.]*-venv)", case.text)
    why = "The Python that runs specrun cannot make virtual environments, since it has no `ensurepip`."
    mend = f"Install that (Debian, Ubuntu: `apt install {package[1] if package else 'python3-venv'}`), or install uv."
    return Refusal(f"{why} {mend}")


def _full(case: Case) -> Refusal | None:
    if "No space left on device" not in case.text:
        return None
    mend = "Make room, or set SPECRUN_HOME, and TMPDIR for what is unpacked on the way, to folders on another disk."
    return Refusal(f"The disk is full. {mend}")


def _hash(case: Case) -> Refusal | None:
    found = re.search(r"Hash mismatch for `([^`]+)`", case.text) or re.search(
        r"DO NOT MATCH THE HASHES.*? someone may have tampered with them\. (\S+) from", case.text
    )
    if found is None:
        return _hash_missing(case)
    computed = re.search(r"(?:Computed: (?:sha\d+:)?|Got )(\w+)", case.text)
    why = f"What the index has of `{found[1]}` is another file than its hash says."
    kept = f" `--hash=sha256:{computed[1]}`" if computed is not None else " the new hash"
    mend = f"If you have changed the version, write{kept}; else somebody has changed the file: do not use it."
    return Refusal(f"{why} {mend}", case.named(found[1]))


def _hash_missing(case: Case) -> Refusal | None:
    if "--require-hashes mode" not in case.text:
        return None
    asked = enumerate(map(read_line, case.lines[: case.constraints]))
    without = [index for index, line in asked if line.requirement and not line.value("--hash")]
    why = "Where one requirement has a `--hash`, each needs one, and a version with `==`: what they need, too."
    mend = "`pip-compile --generate-hashes` writes all of them, and so does `uv pip compile --generate-hashes`."
    return Refusal(f"{why} {mend}", tuple(without))


_READERS: tuple[Callable[[Case], Refusal | None], ...] = (
    *(_no_venv, _full, _hash),
    *(repository, denied, nowhere, network),
    *(other_python, absent, conflict),
    unbuilt,
)
