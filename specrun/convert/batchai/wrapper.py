"""The script that stands in for what Batch AI did on each node before it started a process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.convert.batchai.program import Program
from specrun.convert.batchai.shell import Shell, folders_for_wrapper, grouped, in_shell, words_in_shell

_ROLE = """\
# Azure ML tells each process who it is in TF_CONFIG; Batch AI did in these variables.
python="$(command -v python || command -v python3)"
roles="$("$python" -c '
import json, os
config = json.loads(os.environ.get("TF_CONFIG") or "{}")
cluster, task = config.get("cluster", {}), config.get("task", {})
chiefs = cluster.get("chief", []) + cluster.get("master", [])
role, index = task.get("type", "worker"), int(task.get("index", 0))
if role == "worker":
    index += len(chiefs)
elif role in ("chief", "master"):
    role = "worker"
print("role=%s" % role)
print("export AZ_BATCHAI_TASK_INDEX=%d" % index)
print("export AZ_BATCHAI_PS_HOSTS=%s" % ",".join(cluster.get("ps", [])))
print("export AZ_BATCHAI_WORKER_HOSTS=%s" % ",".join(chiefs + cluster.get("worker", [])))
')" || exit
eval "$roles"
"""

Variables = Mapping[tuple[str, str], str]


def wrapper(shell: Shell, variables: Variables, origin: str) -> str:
    """The script's text. `variables` are those in which the command hands over each input and output."""
    sections = [
        f"#!/bin/bash\n# Written by `specrun import` from {origin}. Each process of the job runs this script.\n",
        "".join(f"{line}\n" for line in folders_for_wrapper(shell)),
        _ROLE if shell.by_role else "",
        "".join(f"export {name}={words_in_shell(value, variables, shell.known())}\n" for name, value in shell.exports),
        "".join(_preparation(shell, variables)),
        "".join(f"{line}\n" for line in _start(shell, variables)),
    ]
    return "\n".join(section for section in sections if section)


def _preparation(shell: Shell, variables: Variables) -> Iterator[str]:
    if not shell.preparation:
        return
    lines = [in_shell(line, variables, shell.known()) for line in shell.preparation]
    if not shell.program.shared:
        yield "# Before the program starts.\n"
        yield from (f"{grouped(line)} || exit\n" for line in lines)
        return
    yield "# Once on each instance: the first process does it, the others wait.\n"
    yield 'prepared="${TMPDIR:-/tmp}/batchai-prepared-${AZUREML_RUN_ID:-$PPID}"\n(\n  flock 9\n'
    yield '  [ -e "$prepared" ] && exit 0\n'
    yield from (f"  {grouped(line)} || exit\n" for line in lines)
    yield '  touch "$prepared"\n) 9> "$prepared.lock" || exit\n'


def _start(shell: Shell, variables: Variables) -> Iterator[str]:
    program, known = shell.program, shell.known()
    lines = {role: in_shell(line, variables, known) for role, line in program.lines.items()}
    if not program.has_roles:
        yield next(iter(lines.values()))
        return
    yield 'case "$role$AZ_BATCHAI_TASK_INDEX" in'
    for pattern, role in _cases(program):
        yield f"  {pattern})"
        yield f"    exec {lines[role]}"
        yield "    ;;"
    yield '  *)\n    echo "no arguments are known for the role $role" >&2\n    exit 64\n    ;;\nesac'


def _cases(program: Program) -> Iterator[tuple[str, str]]:
    if "ps" in program.lines:
        yield "ps*", "ps"
    if program.lines["master"] != program.lines["worker"]:
        yield "worker0", "master"
    yield "worker*", "worker"
