"""The job's command: the program's line, and what has to happen before it in the same shell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from specrun.convert.batchai.program import Program
from specrun.spec.frozen import dataclass

_EXPRESSION = re.compile(r"\$\{\{ (inputs|outputs)\.(\w+) \}\}")
_RUN_TIME = re.compile(r"\$\{(AZ_BATCHAI_\w+)\}")
_INDEX = {"pytorch": "$RANK", "mpi": "${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}", "single": "0", "tensorflow": None}
_OF_ROLES = frozenset({"AZ_BATCHAI_TASK_INDEX", "AZ_BATCHAI_PS_HOSTS", "AZ_BATCHAI_WORKER_HOSTS"})
_TEMP = frozenset({"AZ_BATCHAI_JOB_TEMP", "AZ_BATCHAI_JOB_TEMP_DIR"})
_SEVERAL = re.compile(r"[;&|\n]|^\s*(cd|source|\.|export)\s")


@dataclass(frozen=True, slots=True)
class Shell:
    """`exports` are variables with what they are in the spec's expressions; `preparation` runs before the program.

    `needs` are the run-time variables that stand in any of it, and `calls_scripts` says that scripts may read more.
    """

    program: Program
    exports: tuple[tuple[str, str], ...]
    preparation: tuple[str, ...]
    needs: frozenset[str]
    calls_scripts: bool = False

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


def command(shell: Shell) -> str:
    """The command without a wrapper."""
    known = shell.known()
    lines = [f"export {name}={_words(value, known)}" for name, value in shell.exports]
    lines += list(_folders(shell, '"$(mktemp -d)"'))
    lines += [f"{_grouped(_replaced(line, known))} || exit" for line in shell.preparation]
    lines.append(_replaced(shell.program.lines[""] if "" in shell.program.lines else _only(shell.program), known))
    return "\n".join(lines)


def folders_for_wrapper(shell: Shell) -> Iterator[str]:
    """Scratch space that all processes on an instance share, and the folder for logs."""
    yield from _folders(shell, '"${TMPDIR:-/tmp}/batchai-${AZUREML_RUN_ID:-$PPID}"')
    if shell.has_temp:
        yield 'mkdir -p "$AZ_BATCHAI_JOB_TEMP"'


def in_shell(text: str, variables: Mapping[tuple[str, str], str], known: Mapping[str, str]) -> str:
    """A line of a wrapper: expressions are variables there, quoted as what stands around them asks."""
    parts: list[str] = []
    end, quote = 0, ""
    text = _replaced(text, known)
    for match in _EXPRESSION.finditer(text):
        before = text[end : match.start()]
        quote = _quote_after(before, quote)
        name = f"${{{variables[match[1], match[2]]}}}"
        parts += [before, name if quote else f'"{name}"']
        end = match.end()
    return "".join([*parts, text[end:]])


def expressions(text: str) -> set[tuple[str, str]]:
    """The inputs and outputs that a text names."""
    return {(match[1], match[2]) for match in _EXPRESSION.finditer(text)}


def words_in_shell(value: str, variables: Mapping[tuple[str, str], str], known: Mapping[str, str]) -> str:
    """A variable's value in a wrapper."""
    return in_shell(f'"{_escaped(value)}"', variables, known)


def grouped(line: str) -> str:
    """The line in a shell of its own, where it is more than one plain command."""
    return _grouped(line)


def _only(program: Program) -> str:
    return program.lines.get("worker") or next(iter(program.lines.values()))


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
        parts += [_quoted(value[end : match.start()], known), match[0]]
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
