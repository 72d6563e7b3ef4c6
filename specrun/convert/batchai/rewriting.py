"""Command lines in which Batch AI's variables are replaced by the spec's expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specrun.convert.batchai.job_folders import JobFolder, JobFolders
from specrun.convert.document import TODO
from specrun.convert.report import FieldPath

_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>AZ_BATCH\w*)\}|(?P<plain>AZ_BATCH\w*))(?P<rest>(?:/[^\s\"'`$;|&<>()*?\[\]{},:=\\]*)?)"
)
_WRITES = re.compile(
    r"(?i)([-_\w]*(out|save|export|summar|result|tensorboard|snapshot|(^|[-_])log)[-_\w]*|-o"
    r"|[-_\w]*(checkpoint|ckpt|model)[-_]?dir)[=\s]\s*[\"']?$"
)
_INTO = re.compile(r"(>>?|\b(tee|mkdir)(\s+-\w+)*)\s*[\"']?$")
_NEAR = 200
"""Characters before a path in which the option stands that it belongs to."""
_ROOTS = {"AZ_BATCHAI_JOB_MOUNT_ROOT": "job", "AZ_BATCHAI_MOUNT_ROOT": "cluster"}

RUN_TIME = frozenset(
    f"AZ_BATCHAI_{name}"
    for name in (
        "TASK_INDEX",
        "PS_HOSTS",
        "WORKER_HOSTS",
        "NUM_GPUS",
        "NUM_GPUS_PER_NODE",
        "JOB_TEMP",
        "JOB_TEMP_DIR",
        "STDOUTERR_DIR",
        "PYTORCH_INIT_METHOD",
        "PYTORCH_BACKEND",
        "JOB_WORK_DIR",
    )
)
"""What is known only where the job runs; everything else is."""


@dataclass(slots=True)
class Rewriter:
    """Rewrites one job's texts; `needs` are the run-time variables that are left in them, and
    `secrets` those that stand for credentials.
    """

    places: JobFolders
    needs: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)

    def text(self, text: str, source: FieldPath, name: str = "") -> str:
        """The text with `${{ … }}` for folders; run-time variables become `${NAME}`.

        `name` is what an input for a folder below a mount is called, where it is new.
        """
        text = text.replace("${{", "$ {{")  # a spec's expressions are none of Batch AI's
        parts: list[str] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            before = text[max(0, match.start() - _NEAR) : match.start()]
            writes = bool(_WRITES.search(before) or _INTO.search(before))
            rest, tail = _cut(match["rest"], text[match.end() : match.end() + 1])
            variable = match["braced"] or match["plain"]
            parts += [text[end : match.start()], self._one(variable, rest, source, writes, name), tail]
            end = match.end()
        return "".join([*parts, text[end:]])

    def location(self, text: str) -> str | None:
        """Where a path that begins with a variable lies; None for any other path."""
        match = _VARIABLE.match(text)
        if match is None or match.end() != len(text):
            return None
        return self._location(match["braced"] or match["plain"], match["rest"].strip("/"))

    def _location(self, variable: str, rest: str) -> str | None:
        kind = "inputs" if variable.startswith("AZ_BATCHAI_INPUT_") else "outputs"
        if variable.startswith(("AZ_BATCHAI_INPUT_", "AZ_BATCHAI_OUTPUT_")):
            place = self.places.named(kind, variable.split("_", 3)[3])
            return "/".join(part for part in (place.location.rstrip("/"), rest) if part)
        root = _ROOTS.get(variable)
        found = self.places.mount(root, rest) if root else None
        return found[0].address(found[1]) if found else None

    def _one(self, variable: str, rest: str, source: FieldPath, writes: bool, name: str) -> str:
        if variable.startswith(("AZ_BATCHAI_INPUT_", "AZ_BATCHAI_OUTPUT_")) and variable.split("_", 3)[3]:
            kind = "inputs" if variable.startswith("AZ_BATCHAI_INPUT_") else "outputs"
            place = self.places.named(kind, variable.split("_", 3)[3])
            local = self._in_code(self._location(variable, rest.strip("/"))) if kind == "inputs" else None
            return local or f"{place.expression}{rest}"
        if variable in _ROOTS:
            return self._mounted(variable, rest, source, writes, name)
        if variable == "AZ_BATCHAI_SHARED_JOB_TEMP":
            return f"{self._shared().expression}{rest}"
        if variable.startswith("AZ_BATCHAI_PREV_OUTPUT_"):
            place = self.places.named("inputs", f"prev_{variable.removeprefix('AZ_BATCHAI_PREV_OUTPUT_')}")
            return f"{place.expression}{rest}"
        if variable in RUN_TIME:
            self.needs.add(variable)
            return f"${{{variable}}}{rest}"
        what = f"Azure ML has nothing that stands for ${variable}: write what the job means by it"
        self.places.ledger.ask(source, "job.command", what)
        return f"${{{variable}}}{rest}"

    def _mounted(self, variable: str, rest: str, source: FieldPath, writes: bool, name: str) -> str:
        location = self._location(variable, rest.strip("/"))
        if location is None:
            what = f"Azure ML has no folder with all mounts, which ${variable} was: name the folder that is meant"
            self.places.ledger.ask(source, "job.command", what)
            return f"{TODO}{rest}"
        local = self._in_code(location)
        if local and not writes:
            return local
        kind = "outputs" if writes else "inputs"
        place, inside = self.places.folder(kind, location, name, f"${variable}{rest.rstrip('/')}")
        return f"{place.expression}/{inside}" if inside else place.expression

    def _in_code(self, location: str | None) -> str | None:
        return self.places.in_code(location) if location else None

    def _shared(self) -> JobFolder:
        known = self.places.known("outputs", "shared_job_temp")
        comment = "scratch space that all instances share ($AZ_BATCHAI_SHARED_JOB_TEMP)"
        return known or self.places.declare("outputs", "shared_job_temp", None, comment, None)


def _cut(rest: str, following: str) -> tuple[str, str]:
    """What of a path is known, and what the shell adds to (behind the last slash, where a pattern follows)."""
    if following and following in "$*?[{`":
        at = rest.rfind("/")
        return (rest[:at], rest[at:]) if at >= 0 else (rest, "")
    return (rest.rstrip("/"), "/" if rest.endswith("/") else "")


def script_folder(location: str) -> str:
    """The folder of a script's location."""
    head = location.rpartition("/")[0]
    return f"{head}/" if head.endswith("/paths") else head
