"""Command lines in which Batch AI's variables are replaced by the spec's expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from specrun.convert.batchai.places import Place, Places
from specrun.convert.batchai.texts import OPEN, Texts
from specrun.convert.document import TODO
from specrun.convert.hiding import hide
from specrun.convert.purposes import NEAR, Purpose, purpose_of
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Secret

_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>AZ_BATCH\w*)\}|(?P<plain>AZ_BATCH\w*))(?P<rest>(?:/[^\s\"'`$;|&<>()*?\[\]{},:=\\]*)?)"
)
_SCRIPT = re.compile(r"\$\{?AZ_BATCHAI_\w+\}?/[^\s\"';|&<>()]*\.(?:py|sh|bash|pl|r|R|lua|jl|cntk|prototxt|ipynb)\b")
_ROOTS = {"AZ_BATCHAI_JOB_MOUNT_ROOT": "job", "AZ_BATCHAI_MOUNT_ROOT": "cluster"}
_PLACES = ("AZ_BATCHAI_INPUT_", "AZ_BATCHAI_OUTPUT_")

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

IN_COMMAND = "job.command"


@dataclass(slots=True)
class Rewriter:
    """Rewrites one job's texts; `needs` are the run-time variables that are left in them.

    `told` are the fields of the job's file that its command is made of, `open` those in which something is not known,
    and `secrets` the variables that stand for credentials in it, each with the field that has the credential.
    """

    places: Places
    texts: Texts
    needs: set[str] = field(default_factory=set)
    secrets: dict[str, list[FieldPath]] = field(default_factory=dict)
    told: list[FieldPath] = field(default_factory=list)
    open: list[FieldPath] = field(default_factory=list)

    def field(self, section: Section, name: str, before: str = "") -> str:
        """What a field says, as a part of the command, behind what is `before` it; "" where it says nothing."""
        text = self.texts.of(section, name, to=IN_COMMAND)
        return self.line(section, section.at(name), text, before=before) if text else ""

    def line(self, section: Section, source: FieldPath, text: str, *, before: str = "", hint: str = "") -> str:
        """A text of a field, with `${{ … }}` for folders; run-time variables become `${NAME}`.

        `before` is what stands before it where it is used, and `hint` what an input is called for a folder below a
        mount that is not known yet.
        """
        hidden, origins = hide(text), [source]
        if section.ledger is self.places.ledger:
            (self.open if OPEN.search(text) else self.told).append(source)
        else:
            note = "each run does it before it starts; better: an image that has it"
            section.ledger.rewrite(source, IN_COMMAND, note)
            source, origins = (), []  # it stands in another file than the job's
        for name in hidden.variables:
            self.secrets.setdefault(name, []).extend(origins)
        return self._rewritten(hidden.text, source, before, hint)

    def location(self, text: str) -> str | None:
        """Where a path that begins with a variable lies; None for any other path."""
        match = _VARIABLE.match(text)
        if match is None or match.end() != len(text):
            return None
        return self._location(match["braced"] or match["plain"], match["rest"].strip("/"))

    def place_script(self, text: str) -> str:
        """The first script below one of Batch AI's folders that a line names, whose folder --code stands for; or ""."""
        match = _SCRIPT.search(text)
        location = self.location(match[0]) if match and self.places.code else None
        if location is not None:
            head = location.rpartition("/")[0]
            self.places.script_folder = f"{head}/" if head.endswith("/paths") else head
        return match[0] if match else ""

    def ask_for_code(self, section: Section, source: FieldPath, words: str) -> None:
        """Say of a script that it is read from where it is mounted, if --code does not bring it along."""
        if "${{ inputs." in words and not self.places.script_folder:
            what = f"`{self.texts.shown(words)}`: the script is read from where it is mounted; or bring its folder"
            what += " along as the job's code"
            section.ledger.ask(source, IN_COMMAND, what, "--code DIR")

    def write_secrets(self, variables: Fields) -> None:
        """Environment variables for the credentials that stood in the command."""
        for name, origins in sorted(self.secrets.items()):
            variables.put(name, Secret(name), *origins)

    def _rewritten(self, text: str, source: FieldPath, before: str, hint: str) -> str:
        parts: list[str] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            start = max(0, match.start() - NEAR)
            near = f"{'' if start else before}{text[start : match.start()]}"
            rest, tail = _cut(match["rest"], text[match.end() : match.end() + 1])
            after = text[match.end() : match.end() + NEAR]
            path = re.split("[\\s\"']", f"{match['rest']}{after}")[0]
            purpose = Purpose.READ if hint else purpose_of(near, path, after)
            variable = match["braced"] or match["plain"]
            parts += [text[end : match.start()], self._one(variable, rest, source, purpose, hint), tail]
            end = match.end()
        return "".join([*parts, text[end:]])

    def _location(self, variable: str, rest: str) -> str | None:
        if variable.startswith(_PLACES):
            place = self._declared(variable)
            return "/".join(part for part in (place.location.rstrip("/"), rest) if part)
        root = _ROOTS.get(variable)
        found = self.places.mount(root, rest) if root else None
        return found[0].address(found[1]) if found else None

    def _declared(self, variable: str) -> Place:
        kind = "inputs" if variable.startswith(_PLACES[0]) else "outputs"
        return self.places.named(kind, variable.split("_", 3)[3])

    def _one(self, variable: str, rest: str, source: FieldPath, purpose: Purpose, hint: str) -> str:
        if variable.startswith(_PLACES) and variable not in _PLACES:
            return self._in_declared(variable, rest, source, purpose)
        if variable in _ROOTS:
            return self._mounted(variable, rest, source, purpose, hint)
        if variable == "AZ_BATCHAI_SHARED_JOB_TEMP":
            return f"{self._shared().expression}{rest}"
        if variable.startswith("AZ_BATCHAI_PREV_OUTPUT_"):
            place = self.places.named("inputs", f"prev_{variable.removeprefix('AZ_BATCHAI_PREV_OUTPUT_')}")
            return f"{place.expression}{rest}"
        if variable in RUN_TIME:
            self.needs.add(variable)
            return f"${{{variable}}}{rest}"
        what = f"Azure ML has nothing that stands for ${variable}: write what the job means by it"
        self.places.ledger.ask(source, IN_COMMAND, what)
        return f"${{{variable}}}{rest}"

    def _in_declared(self, variable: str, rest: str, source: FieldPath, purpose: Purpose) -> str:
        place = self._declared(variable)
        if place.kind == "outputs":
            return f"{place.expression}{rest}"
        location = self._location(variable, rest.strip("/")) or ""
        local = self.places.in_code(location)
        if local:
            return local
        if purpose is not Purpose.WRITE:
            return f"{place.expression}{rest}"
        if location.startswith("azureml://"):
            return self._output(location, f"${variable}{rest}")
        what = f"the job writes to {self.texts.shown(rest) or 'it'}, and an input is only read: name an output instead"
        self.places.ledger.ask(source, f"job.inputs.{place.name}", what)
        return f"{place.expression}{rest}"

    def _mounted(self, variable: str, rest: str, source: FieldPath, purpose: Purpose, hint: str) -> str:
        location = self._location(variable, rest.strip("/"))
        if location is None:
            what = f"Azure ML has no folder with all mounts, which ${variable} was: name the folder that is meant"
            self.places.ledger.ask(source, IN_COMMAND, what)
            return f"{TODO}{rest}"
        comment = f"${variable}{self.texts.named(rest.rstrip('/'))}"
        if purpose is not Purpose.WRITE and (local := self.places.in_code(location)):
            return local
        if purpose in (Purpose.WRITE, Purpose.MODEL) or (
            purpose is Purpose.OPEN and self.places.below("outputs", location)
        ):
            return self._output(location, comment)
        known = self.places.below("inputs", location)
        place, inside = self.places.folder("inputs", location, hint, comment)
        if purpose is Purpose.OPEN and known is None:
            what = f"nothing tells whether the job writes to `{comment}`, which Batch AI let it: it is only read here"
            self.places.ledger.ask(source, f"job.inputs.{place.name}", f"{what}; if it does, make it an output")
        return f"{place.expression}/{inside}" if inside else place.expression

    def _output(self, location: str, comment: str) -> str:
        place, inside = self.places.folder("outputs", location, "", comment)
        return f"{place.expression}/{inside}" if inside else place.expression

    def _shared(self) -> Place:
        known = self.places.known("outputs", "shared_job_temp")
        comment = "scratch space that all instances share ($AZ_BATCHAI_SHARED_JOB_TEMP)"
        return known or self.places.declare("outputs", "shared_job_temp", None, comment)


def _cut(rest: str, following: str) -> tuple[str, str]:
    """What of a path is known, and what the shell adds to (behind the last slash, where a pattern follows)."""
    if following and following in "$*?[{`":
        at = rest.rfind("/")
        return (rest[:at], rest[at:]) if at >= 0 else (rest, "")
    return (rest.rstrip("/"), "/" if rest.endswith("/") else "")
