"""What pip is to install, for other programs: nothing in it is secret, and no file of this machine is named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specrun.convert.document import TODO
from specrun.plan.kinds.environment import PipLines, pip_lines
from specrun.spec.masking import mask_addresses
from specrun.spec.model import Environment
from specrun.spec.reading import read_text
from specrun.spec.requirements import names_files, with_secrets


def pip_for_others(environment: Environment) -> tuple[str, ...]:
    """The lines of a pip list; TODO where a secret or a password stands. Raises OSError.

    What is written is for others to see: lines of files outside of the repository are left out.
    """
    lines = pip_lines(environment) or PipLines()
    return tuple(_without_secrets(line) for line in lines.requirements if line not in lines.hidden)


def notes_on_pip(environment: Environment) -> Iterator[str]:
    """What is left for a person to do about it. Raises OSError."""
    lines = pip_lines(environment) or PipLines()
    if any(_without_secrets(line) != line for line in lines.requirements):
        yield f"{TODO}: a user or password of a package index, which is not copied"
    if lines.hidden:
        yield "left out: lines of files outside of the repository"
    if constraints := [line for line in lines.constraints if line not in lines.hidden]:
        yield f"left out, constraints: {', '.join(constraints)}"
    if environment.conda_file is not None and names_files(read_text(environment.conda_file.absolute)):
        yield f"{environment.conda_file.written} names files, which do not travel: put their lines in their place"


def _without_secrets(line: str) -> str:
    return re.sub(r"\*+(?=:?@)", TODO, mask_addresses(with_secrets(line, lambda _: TODO)))
