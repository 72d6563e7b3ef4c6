"""The files of the code that a command runs."""

# ruff: noqa: PTH117, PTH118
# A load looks at thousands of paths, and os.path joins them ten times as fast.

from __future__ import annotations

import os
from collections.abc import Iterator

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.lines import COMMAND, command_as_written
from specrun.spec.rules.outside import is_refused
from specrun.spec.rules.paths import wrong_script
from specrun.spec.rules.programs import Script, is_program, plain, script_of, unwrapped
from specrun.spec.rules.subject import Subject, text
from specrun.spec.shell_reader import read

_HARMLESS = frozenset(
    ("conda", "date", "echo", "export", "ls", "nvidia-smi", "pip", "pip3", "pwd", "set", "ulimit", "unset", "which")
)
"""What makes no files in the folder where the job runs, and changes to no other."""

_ALIKE = 0.85


def in_command(subject: Subject) -> Iterator[Diagnostic]:
    """A script that a command runs is in the code, where that is certain."""
    folder, command = text(subject.job.get("code")), command_as_written(subject)
    if folder is None or command is None or is_refused(subject.reach.spec, folder):
        return
    if subject.files.kind(os.path.join(subject.folder, folder)) != "folder":
        return
    for script, is_certain in _scripts(command):
        found = wrong_script(subject, folder, script.path, "The command runs inside of the code folder")
        if found is None or not (is_certain or _is_slip(os.path.join(subject.folder, folder, script.path))):
            continue
        place = subject.document.inside(COMMAND, command, script.word.start, len(script.word.text))
        yield codes.diagnostic(*found, COMMAND, place)


def scripts_run(subject: Subject) -> Iterator[str]:
    """The Python scripts of the code that the job runs, where they are there."""
    folder, command, script = (
        text(subject.job.get("code")),
        command_as_written(subject),
        text(subject.job.get("script")),
    )
    if folder is None or is_refused(subject.reach.spec, folder):
        return
    named = [script] if script is not None else []
    named += [one.path for one, _ in _scripts(command) if not one.path.startswith("..")] if command is not None else []
    for path in named:
        found = os.path.join(subject.folder, folder, path)
        if path.endswith(".py") and subject.files.kind(found) == "file":
            yield found


def _is_slip(path: str) -> bool:
    """Whether a missing file has all but the name of one that is there."""
    from specrun.spec.rules.nearby import nearest_existing  # late: as a rule a script is there

    near = nearest_existing(path, "missing-script")
    if near is None or os.path.split(near)[0] != os.path.split(os.path.normpath(path))[0]:
        return False
    from difflib import SequenceMatcher

    return SequenceMatcher(None, os.path.split(near)[1], os.path.split(path)[1]).ratio() > _ALIKE


def _scripts(command: str) -> Iterator[tuple[Script, bool]]:
    """The scripts that a command runs, their paths from the code folder, and whether they must be there before.

    A program may make the script that the next one runs: then only a name that is nearly another's is a mistake.
    """
    folder, is_certain = "", True
    for one in read(command).commands:
        words = unwrapped(one)
        name = plain(words[0]) if words else None
        if one.depth or name is None or one.after in ("||", "&"):
            return
        script = script_of(one)
        if script is not None and not script.module and not os.path.isabs(script.path):
            yield script._replace(path=os.path.normpath(os.path.join(folder, script.path))), is_certain
        if name == "cd":
            target = plain(words[1]) if len(words) == 2 else None
            if target is None or os.path.isabs(target) or target.startswith("-"):
                return
            folder = os.path.join(folder, target)
        elif is_program(one):
            is_certain = False
        elif name not in _HARMLESS or one.writes:
            return
