"""The job's command: the program's lines, what has to happen before them in the same shell, and the script for both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from specrun.convert.batchai.places import Place
from specrun.convert.batchai.program import Program
from specrun.convert.batchai.texts import OPEN, Texts
from specrun.convert.credentials import variable
from specrun.convert.locations import base_name
from specrun.convert.naming import unique
from specrun.spec.frozen import dataclass

_EXPRESSION = re.compile(rf"\$\{{\{{ (?:inputs|outputs)\.\w+ \}}\}}|{OPEN.pattern}")
_RUN_TIME = re.compile(r"\$\{(AZ_BATCHAI_\w+)\}")
_INDEX = {"pytorch": "$RANK", "mpi": "${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}", "single": "0", "tensorflow": None}
_OF_ROLES = frozenset({"AZ_BATCHAI_TASK_INDEX", "AZ_BATCHAI_PS_HOSTS", "AZ_BATCHAI_WORKER_HOSTS"})
_TEMP = frozenset({"AZ_BATCHAI_JOB_TEMP", "AZ_BATCHAI_JOB_TEMP_DIR"})
_SEVERAL = re.compile(r"[;&|\n]|^\s*(cd|source|\.|export)\s")
_SCRIPTS = re.compile(r"\.(ba)?sh\b")
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
_ONCE = """\
# Once on each instance: the first process does it, the others wait.
prepared="${{TMPDIR:-/tmp}}/batchai-prepared-${{AZUREML_RUN_ID:-$PPID}}"
(
  flock 9
  [ -e "$prepared" ] && exit 0
{}  touch "$prepared"
) 9> "$prepared.lock" || exit
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """`exports` are variables with what they are in the spec's expressions; `preparation` runs before the program.

    `needs` are the run-time variables that stand in any of it.
    """

    program: Program
    exports: Sequence[tuple[str, str]]
    preparation: Sequence[str]
    needs: frozenset[str]

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is run or exported."""
        return (*self.program.lines.values(), *self.preparation, *(value for _, value in self.exports))

    @property
    def calls_scripts(self) -> bool:
        """Whether scripts may read more variables than the command lines show."""
        return any(_SCRIPTS.search(text) for text in self.texts)

    @property
    def used(self) -> set[str]:
        """The expressions in any of it, each as it stands there."""
        return {match[0] for text in self.texts for match in _EXPRESSION.finditer(text)}

    @property
    def has_temp(self) -> bool:
        """Whether there is scratch space to be made."""
        return bool(self.needs & _TEMP) or (bool(self.preparation) and self.calls_scripts)

    @property
    def by_role(self) -> bool:
        """Whether a process has to learn its role before it can start."""
        return self.program.runtime == "tensorflow" and (self.program.has_roles or bool(self.needs & _OF_ROLES))

    @property
    def needs_wrapper(self) -> bool:
        """Whether it takes a script of its own: roles, or processes of one instance that share something."""
        return self.by_role or (self.program.shared and (self.has_temp or bool(self.preparation)))

    @property
    def known(self) -> Mapping[str, str]:
        """The run-time variables that have a counterpart by themselves."""
        index = _INDEX[self.program.runtime]
        host = "tcp://$MASTER_ADDR:$MASTER_PORT"
        found = {
            "AZ_BATCHAI_PYTORCH_INIT_METHOD": host if self.program.runtime == "pytorch" else "env://",
            "AZ_BATCHAI_PYTORCH_BACKEND": self.program.backend or "gloo",
            "AZ_BATCHAI_NUM_GPUS": "$(nvidia-smi -L | wc -l)",
            "AZ_BATCHAI_NUM_GPUS_PER_NODE": "$(nvidia-smi -L | wc -l)",
            "AZ_BATCHAI_JOB_WORK_DIR": "$PWD",
        }
        if index is not None:
            found["AZ_BATCHAI_TASK_INDEX"] = index
        if not self.by_role and self.program.runtime != "tensorflow":
            found |= {"AZ_BATCHAI_PS_HOSTS": "", "AZ_BATCHAI_WORKER_HOSTS": ""}
        return found


def command(shell: Shell, places: Sequence[Place]) -> tuple[str, str]:
    """The command without a script, and what is to be said of it: a folder that no line names may be one that the
    program finds by its variable.
    """
    hidden = [place for place in places if shell.calls_scripts or place.expression not in shell.used]
    known, program = shell.known, shell.program
    lines = [_handed(place) for place in hidden]
    lines += [f"export {name}={_words(value, known)}" for name, value in shell.exports]
    lines += _folders(shell, '"$(mktemp -d)"')
    lines += [f"{_grouped(_replaced(line, known))} || exit" for line in shell.preparation]
    lines.append(_replaced(next(program.lines[role] for role in ("", "worker") if role in program.lines), known))
    return "\n".join(lines), "the script may read these" if hidden else ""


def command_and_script(
    shell: Shell, places: Sequence[Place], texts: Texts, name: str, origin: str
) -> tuple[str, str, str]:
    """The command that runs a script, what is to be said of it, and the script's text."""
    variables = {place.expression: place.variable for place in places}
    lines = [_handed(place) for place in places]
    for mark in sorted(shell.used - variables.keys()):
        match = OPEN.fullmatch(mark)
        if match is not None:
            variables[mark] = unique(variable(texts.name(match[1])), variables.values())
            lines.append(f'export {variables[mark]}="{mark}"')
    what = "gives each role its arguments" if shell.by_role else "prepares each instance once"
    return "\n".join([*lines, f"bash {name}.sh"]), f"{name}.sh {what}", _script(shell, variables, base_name(origin))


def _handed(place: Place) -> str:
    return f"export {place.variable}={place.expression}"


def _script(shell: Shell, variables: Mapping[str, str], origin: str) -> str:
    known = shell.known
    folders = [*_folders(shell, '"${TMPDIR:-/tmp}/batchai-${AZUREML_RUN_ID:-$PPID}"')]
    folders += ['mkdir -p "$AZ_BATCHAI_JOB_TEMP"'] if shell.has_temp else []
    exports = [f"export {name}={_in_script(_escaped(value), variables, known, True)}" for name, value in shell.exports]
    sections = [
        f"#!/bin/bash\n# Written by `specrun import` from {origin}. Each process of the job runs this script.\n",
        "".join(f"{line}\n" for line in folders),
        _ROLE if shell.by_role else "",
        "".join(f"{line}\n" for line in exports),
        _preparation(shell, variables),
        "".join(f"{line}\n" for line in _start(shell, variables)),
    ]
    return "\n".join(section for section in sections if section)


def _preparation(shell: Shell, variables: Mapping[str, str]) -> str:
    lines = [f"{_grouped(_in_script(line, variables, shell.known))} || exit\n" for line in shell.preparation]
    if not lines:
        return ""
    if not shell.program.shared:
        return f"# Before the program starts.\n{''.join(lines)}"
    return _ONCE.format("".join(f"  {line}" for line in lines))


def _start(shell: Shell, variables: Mapping[str, str]) -> Iterator[str]:
    program = shell.program
    lines = {role: _in_script(line, variables, shell.known) for role, line in program.lines.items()}
    if not program.has_roles:
        yield next(iter(lines.values()))
        return
    patterns = {"ps*": "ps", "worker0": "master", "worker*": "worker"}
    yield 'case "$role$AZ_BATCHAI_TASK_INDEX" in'
    for pattern, role in patterns.items():
        if role in lines and (role != "master" or lines["master"] != lines["worker"]):
            yield f"  {pattern})\n    exec {lines[role]}\n    ;;"
    yield '  *)\n    echo "no arguments are known for the role $role" >&2\n    exit 64\n    ;;\nesac'


def _in_script(text: str, variables: Mapping[str, str], known: Mapping[str, str], quoted: bool = False) -> str:
    """A line of a script: expressions are variables there, quoted as what stands around them asks.

    What is open is put in as it is, and bash splits it, as it does where it stands in a command.
    """
    parts: list[str] = []
    end, quote = 0, ""
    text = _replaced(f'"{text}"' if quoted else text, known)
    for match in _EXPRESSION.finditer(text):
        before = text[end : match.start()]
        quote = _quote_after(before, quote)
        name = f"${{{variables[match[0]]}}}"
        parts += [before, name if quote or OPEN.match(match[0]) else f'"{name}"']
        end = match.end()
    return "".join([*parts, text[end:]])


def _folders(shell: Shell, temp: str) -> Iterator[str]:
    if shell.has_temp:
        yield f"export AZ_BATCHAI_JOB_TEMP={temp}"
        yield 'export AZ_BATCHAI_JOB_TEMP_DIR="$AZ_BATCHAI_JOB_TEMP"'
    if "AZ_BATCHAI_STDOUTERR_DIR" in shell.needs:
        yield 'export AZ_BATCHAI_STDOUTERR_DIR="$PWD/logs"'
        yield 'mkdir -p "$AZ_BATCHAI_STDOUTERR_DIR"'


def _replaced(text: str, known: Mapping[str, str]) -> str:
    return _RUN_TIME.sub(lambda match: known.get(match[1], match[0]), text)


def _words(value: str, known: Mapping[str, str]) -> str:
    """A variable's value on a command's line: its expressions stand outside of the quotes."""
    parts: list[str] = []
    end = 0
    for match in _EXPRESSION.finditer(value):
        mark = match[0] if not OPEN.match(match[0]) else f'"{match[0]}"'
        parts += [_quoted(value[end : match.start()], known), mark]
        end = match.end()
    return "".join([*parts, _quoted(value[end:], known)]) or '""'


def _quoted(text: str, known: Mapping[str, str]) -> str:
    if not text or re.fullmatch(r"[\w/.:=@%+,-]+", text):
        return text
    return f'"{_replaced(_escaped(text), known)}"'


def _escaped(text: str) -> str:
    return re.sub(r'["`\\]', r"\\\g<0>", text)


def _grouped(line: str) -> str:
    return f"( {line.strip()} )" if _SEVERAL.search(line) else line.strip()


def _quote_after(text: str, quote: str) -> str:
    """Which quote is open after a piece of bash that began inside of `quote` ("": outside of any)."""
    characters = iter(text)
    for character in characters:
        if character == "\\" and quote != "'":
            next(characters, None)
        elif character in ("'", '"') and quote in ("", character):
            quote = "" if quote else character
    return quote
