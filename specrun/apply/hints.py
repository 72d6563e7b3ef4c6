"""What most likely is to be done about a failure, read from what a role wrote last and how it ended.

Each reader knows one kind of failure and is silent about all others: a hint says what is so, or what may be where
nobody can know.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from posixpath import basename

from specrun.apply.packages import PROGRAMS, package_of
from specrun.spec.wording import size

KILLED = (-9, 137)
"""How a process ends that got SIGKILL, and a shell or container around one, whatever the engine."""


@dataclass(frozen=True)
class Case:
    """A role that failed: its last `lines`, the exception that it `raised` ("": none was seen), its exit `code`
    (negative: a signal; None: nobody says), `why` in the words of whoever ran it, and `look`, which reads what the run
    consisted of.
    """

    lines: Sequence[str]
    raised: str = ""
    code: int | None = None
    why: str = ""
    is_here: bool = False
    """It ran on this machine."""
    look: Callable[[], Mapping[str, object]] = dict

    @cached_property
    def identity(self) -> Mapping[str, object]:
        return self.look()

    @property
    def code_files(self) -> Sequence[str]:
        """The paths of the job's code; none where that was not kept."""
        code = self.identity.get("code")
        return [str(path) for path in code] if isinstance(code, Mapping) else []

    def last(self, pattern: str) -> re.Match[str] | None:
        """Where a pattern was met last."""
        compiled = re.compile(pattern)
        return next((found for line in reversed(self.lines) if (found := compiled.search(line))), None)


def hint_of(case: Case) -> str:
    """A sentence or two; "" where nothing is known."""
    return next((hint for read in _READERS if (hint := read(case))), "")


def _windows_ends(case: Case) -> str:
    r"""`/bin/bash^M: bad interpreter`, `$'\r': command not found`, `env: 'python3\r': No such file`."""
    if case.last(r"(\^M|\r|\\r).{0,3}: (bad interpreter|command not found|No such file or directory)") is None:
        return ""
    return (
        "A script has Windows line ends, which the shell takes for a part of the words: save it with those of Linux "
        "(`dos2unix`), and write `*.sh text eol=lf` into .gitattributes."
    )


def _missing_module(case: Case) -> str:
    found = re.search(r"^(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?", case.raised)
    found = found or (case.last(r"^\S*python[\d.]*\S*: No module named '?([\w.]+)'?$") if case.code == 1 else None)
    if found is None:
        return ""
    name = found[1]
    top = name.partition(".")[0]
    if own := _own_module(case, top):
        return own if name == top else ""
    package = package_of(name)
    if package:
        return _install(case, package)
    if top in sys.stdlib_module_names or name != top or not case.code_files:
        return ""
    return f"Neither the job's code nor its environment has `{top}`{_where(case)}"


def _own_module(case: Case, top: str) -> str:
    """What to do about a module that is in the job's code, where Python does not look."""
    for path in case.code_files:
        start, _, rest = f"/{path}".rpartition(f"/{top}.py")
        if rest or not f"/{path}".endswith(f"/{top}.py"):
            start, found, rest = f"/{path}".partition(f"/{top}/")
            if not found or not rest.endswith(".py"):
                continue
        folder = start.strip("/") or "."
        # Where the command goes elsewhere, a relative path would lead there.
        moves = re.search(r"\b(?:cd|pushd)\s", str(case.identity.get("command")))
        there = (
            "add its folder to PYTHONPATH"
            if moves
            else (f"`environment_variables: {{PYTHONPATH: {folder}}}` in `job` has it look there")
        )
        return f"`{top}` is in the job's code ({path}), where Python does not look by itself: {there}."
    return ""


def _where(case: Case) -> str:
    """Where the package of a module of which nobody here knows the package is to be named."""
    environment = case.identity.get("environment")
    if isinstance(environment, Mapping) and "conda" in environment:
        return ": if a package has it, add that to the conda file of `job.environment`."
    if isinstance(environment, Mapping) and "pip" not in environment:
        return ": if a package has it, the image must have that."
    return ": if a package has it, add that to `job.environment.pip`."


def _install(case: Case, package: str) -> str:
    """Where a package is to be added."""
    environment = case.identity.get("environment")
    if not case.identity:
        return f"The environment that it ran in lacks the package `{package}`."
    if not isinstance(environment, Mapping):
        example = f"`environment: {{pip: [{package}, …]}}`"
        there = ", or install it in the Python that it ran in" if case.is_here else ""
        return f"The job names no `environment`: list all that it imports, as {example} in `job`{there}."
    if "conda" in environment:
        return f"Add `{package}` to the conda file of `job.environment`."
    if "pip" in environment:
        return f"Add `{package}` to `job.environment.pip`."
    return f"The image of `job.environment` lacks the package `{package}`."


def _mlflow(case: Case) -> str:
    """MLflow that cannot write where it was told to: to a workspace, or, once it has given that up, into files."""
    if re.search(r"[Uu]nsupported URI '?azureml:", case.raised):
        return f"To log into the workspace, MLflow needs `azureml-mlflow` beside it. {_install(case, 'azureml-mlflow')}"
    if case.is_here and re.search(r"(?i)^[\w.]*mlflow\w*exception: .*(file ?store|filesystem)", case.raised):
        return (
            "The MLflow of this job no longer writes files. `environment_variables: {MLFLOW_TRACKING_URI: …}` in `job` "
            "says where to log instead; an empty text leaves that to MLflow."
        )
    return ""


def _missing_library(case: Case) -> str:
    if re.search(r"ImportError: lib(GL|gthread-2\.0)\.so[.\d]*: cannot open shared object file", case.raised):
        return "OpenCV looks for a screen's libraries: `opencv-python-headless` in place of `opencv-python` needs none."
    return ""


def _no_program(case: Case) -> str:
    found = case.last(r"^\S*sh: (?:line )?\d+: (\S+): (?:command )?not found$") if case.code in (127, None) else None
    if found is None:
        return ""
    name = found[1]
    if name.startswith("-"):
        return (
            f"A line of the command begins with `{name}`, as a command of its own: end the line before it with `\\`, "
            "or write `command: >-`, which joins lines."
        )
    if name in case.code_files:
        return f"`{name}` is in the job's code, where no shell looks by itself: write `bash {name}`, or `./{name}`."
    return _install(case, PROGRAMS[name]) if name in PROGRAMS else ""


def _not_executable(case: Case) -> str:
    found = case.last(r"^\S*sh: (?:line )?\d+: (\S+): Permission denied$") if case.code == 126 else None
    if found is None:
        return ""
    name = found[1].removeprefix("./")
    if name not in case.code_files:
        return ""
    ways = f"`chmod +x {name}` (with git: `git update-index --chmod=+x`), or call it with `bash`"
    return f"`{name}` is not executable: {ways}."


def _gpu_memory(case: Case) -> str:
    if re.search(r"CUDA out of memory|OOM when allocating tensor|CUDA error: out of memory", case.raised):
        return "The GPU's memory is full: a smaller batch, mixed precision, or a size with larger GPUs."
    return ""


def _shared_memory(case: Case) -> str:
    pattern = r"killed by signal: Bus error|unable to (?:allocate|open) shared memory|No space left on device.*torch_"
    if re.search(pattern, case.raised) is None and case.last(r"killed by signal: Bus error") is None:
        return ""
    ways = "fewer or no workers of the data loader (`num_workers`)"
    return f"Shared memory (/dev/shm) is full: {ways}" + (
        "." if case.is_here else ", or a larger `resources.shm_size`."
    )


def _killed(case: Case) -> str:
    pattern = r"exitcode *: *-9\b|Signal 9 \(SIGKILL\)|killed by signal: Killed|\b\d+ Killed\b +\S"
    if case.code not in KILLED and not (case.code != 0 and case.last(pattern)):
        return ""
    ways = "a smaller batch, fewer workers of the data loader, less data in memory at once"
    if case.is_here:
        known = "of memory" in case.why
        head = "Memory was short" if known else "A process that nobody ended by hand was most likely out of memory"
        return f"{head} ({_memory()}): {ways}."
    return f"The machine may have run out of memory: {ways}, fewer processes per instance, or a larger `size`."


def _memory() -> str:
    """What this machine has; what a container has is less, and what it is given is told by its limit."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError):
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return f"this machine has {size(min(found))}"


def _main_memory(case: Case) -> str:
    if re.match(r"MemoryError\b|(?:numpy\.)?(?:[\w.]+\.)?_ArrayMemoryError\b|std::bad_alloc", case.raised):
        return "Memory is full: less data at once, a smaller batch, or a machine with more."
    return ""


def _disk(case: Case) -> str:
    if "[Errno 28]" not in case.raised and "No space left on device" not in case.raised:
        return ""
    where = "this machine's disk" if case.is_here else "the disk of the node"
    return f"Something is full, most likely {where}: fewer checkpoints, or delete older ones while the job runs."


def _read_only(case: Case) -> str:
    if re.search(r"\[Errno (?:13|30)\] [^']*'[^']*/(?:inputs/|INPUT_)", case.raised):
        written = "`outputs: {NAME: {}}` in `job`, `${{ outputs.NAME }}` in its command"
        return f"Inputs are only read: write to an output ({written})."
    return ""


def _port(case: Case) -> str:
    if not re.search(r"Address already in use|EADDRINUSE|errno: ?98", case.raised):
        return ""
    return (
        "Another process has the port: roles on one machine share its ports. Take that of MASTER_PORT or TF_CONFIG, "
        "which is free, or 0."
    )


def _variable(case: Case) -> str:
    """A variable of the environment, by the frame of `os` above the error."""
    found = re.match(r"KeyError: '([A-Za-z_]\w*)'$", case.raised)
    if found is None or case.last(r'File "(?:<frozen os>|[^"]*/os\.py)", line \d+, in __getitem__') is None:
        return ""
    name = found[1]
    return (
        f"The job has no variable {name}: of yours it gets those in `environment_variables`, such as "
        f"`{name}: ${{{{ secrets.{name} }}}}` for one that is secret here."
    )


def _no_file(case: Case) -> str:
    """A file with a relative path, which is looked for in the code."""
    found = re.match(r"FileNotFoundError: \[Errno 2\] [^']*: '([^'/][^']*)'$", case.raised)
    found = found or (
        case.last(r"can't open file '[^']*?/(?:code|wd)/([^']+)': \[Errno 2\]") if case.code == 2 else None
    )
    files = case.code_files
    if found is None or not files:
        return ""
    path = found[1].removeprefix("./")
    if path in files or any(file.startswith(f"{path.rstrip('/')}/") for file in files):
        return ""
    alike = next((file for file in files if basename(file) == basename(path)), None)
    if alike is not None:
        return f"The command runs in the job's code folder, which has no {path}, but {alike}."
    return (
        f"The command runs in a copy of the job's code folder, which has no {path}: all else that a job reads is to be "
        "one of its `inputs`."
    )


_READERS: tuple[Callable[[Case], str], ...] = (
    _windows_ends,
    _missing_module,
    _missing_library,
    _mlflow,
    _gpu_memory,
    _shared_memory,
    _main_memory,
    _disk,
    _read_only,
    _port,
    _variable,
    _no_file,
    _no_program,
    _not_executable,
    _killed,
)
