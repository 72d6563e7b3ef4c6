"""A job in the CLI v2's words."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from specrun.convert import coerce
from specrun.convert.batchai.cluster import OF_SERVICE, Setup
from specrun.convert.batchai.places import Place
from specrun.convert.batchai.program import Nodes, Program, nodes_of
from specrun.convert.batchai.rewriting import IN_COMMAND, Rewriter
from specrun.convert.batchai.shell import Shell, command, command_and_script
from specrun.convert.batchai.texts import Texts, unwrapped, vault_command
from specrun.convert.batchai.toolkits import program_of
from specrun.convert.credentials import is_secret
from specrun.convert.document import TODO
from specrun.convert.hiding import hide
from specrun.convert.naming import VARIABLE
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing, Secret, is_open

_INSTALLS_MPI = re.compile(r"install\b[^;&|]{0,1000}\b(mpi-default|openmpi|libopenmpi|mpich|intel-?mpi)")
_RESERVED = ("SPECRUN_", "AZUREML_", "OMPI_COMM_WORLD_")
_SET_BY_ENGINE = frozenset(
    ["TF_CONFIG", "MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK", "AZ_BATCH_MASTER_NODE"]
)
_QUEUE = "jobs of a cluster of Azure ML run in the order in which they come"
_DROPPED = {
    "stdOutErrPathPrefix": "what a run prints goes to its logs",
    "schedulingPriority": _QUEUE,
    "priority": _QUEUE,
    "location": "a job runs in its workspace's region",
    **OF_SERVICE,
}
_ISO = re.compile(
    r"P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?:(?P<days>\d+)[. ]\s*(?:days?,\s*)?)?(?P<hours>\d+):(?P<minutes>\d+)(?::(?P<seconds>\d+)(\.\d+)?)?"
)
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def job_of(
    job: Section, rewriter: Rewriter, name: str, image: str | None, setup: Setup
) -> tuple[Fields, Mapping[str, str]]:
    """A job's properties in the CLI v2's words, and the script beside the spec that it may take, by its path.

    Raises Refused.
    """
    found = Fields(job.path)
    nodes = nodes_of(job)
    _inputs(job, rewriter)
    _outputs(job, rewriter, name)
    program = program_of(job, rewriter, nodes)
    preparation = [*setup.lines, *_preparation(job, rewriter, program)]
    _container(job, rewriter.texts, found, image)
    variables = found.inner("environment_variables")
    exports = _variables([*setup.variables, *job.items("environmentVariables")], rewriter, variables)
    secrets = _variables([*setup.secrets, *job.items("secrets")], rewriter, variables, secret=True)
    found.put("distribution", program.distribution)
    _instances(job, program, nodes, found.inner("resources"))
    _timeout(job.inner("constraints"), found)
    for key, why in _DROPPED.items():
        job.drop(key, why)
    exports += [*program.exports, *secrets]
    files = _command(rewriter, found, Shell(program, exports, preparation, frozenset(rewriter.needs)), name)
    rewriter.write_secrets(variables)
    return found, files


def seconds_of(text: str) -> int | None:
    """Seconds of an ISO 8601 duration (PT1H30M) or a clock's (1.02:03:04); None for anything else, and for nothing."""
    match = _ISO.fullmatch(text.strip()) or _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    try:
        parts = {unit: float(amount) for unit, amount in match.groupdict().items() if amount and len(amount) < 10}
    except ValueError:
        return None
    total = round(sum(_SECONDS[unit] * amount for unit, amount in parts.items()))
    return total if 0 < total < 10**9 else None


def _inputs(job: Section, rewriter: Rewriter) -> None:
    """Declare the job's inputs."""
    for item in job.items("inputDirectories"):
        identity, path = rewriter.texts.of(item, "id"), rewriter.texts.of(item, "path")
        if not identity:
            item.ledger.drop(item.path, "an input without an id cannot be used")
            continue
        address = _address(path, rewriter)
        comment = f"inputDirectories: {rewriter.texts.shown(hide(path).text)}" if path else ""
        place = rewriter.places.declare("inputs", identity, address or TODO, comment)
        place.source = item.path
        place.note = f"`{place.expression}`, on the datastore of its mount"
        if address is None:
            what = "it is on no mount that is known: write its path"
            place.missing = Missing(what, f"apply --input {place.name}=PATH")


def _outputs(job: Section, rewriter: Rewriter, name: str) -> None:
    """Declare the job's outputs; each has a folder of the spec's name, where Batch AI had one of the job's."""
    for item in job.items("outputDirectories"):
        identity, prefix, suffix = (rewriter.texts.of(item, key) for key in ("id", "pathPrefix", "pathSuffix"))
        if not identity:
            item.ledger.drop(item.path, "an output without an id cannot be used")
            continue
        address = _address(prefix, rewriter)
        path = "/".join(part for part in ((address or "").rstrip("/"), name, suffix.strip("/")) if part)
        comment = rewriter.texts.shown(hide(f"{prefix} {suffix}".strip()).text)
        known = path if address and ".." not in path else None
        place = rewriter.places.declare("outputs", identity, known, f"outputDirectories: {comment}")
        place.source = item.path
        place.note = f"`{place.expression}`: Batch AI had a folder for each job below the prefix; here it is `{name}`"
        place.note += ", for all runs"
        if known is None:
            what = "it is on no mount that is known, so it is kept with the run; or write where it goes (path)"
            item.ledger.ask(item.path, f"job.outputs.{place.name}", what, "--mount REL=DATASTORE[:PATH]")
        item.drop("type", "a kind of output, of which Azure ML has only one")
        item.drop("createNew", "a folder is made when it is missing")


def _address(path: str, rewriter: Rewriter) -> str | None:
    """Where a directory lies, where it is on a mount."""
    location = rewriter.location(path.rstrip("/"))
    return location if location and location.startswith("azureml://") else None


def _preparation(job: Section, rewriter: Rewriter, program: Program) -> list[str]:
    """The line before the program. The service starts mpirun, in the image, before anything that the job prepares."""
    section = job.inner("jobPreparation")
    text = rewriter.texts.of(section, "commandLine", to=IN_COMMAND)
    if not text:
        return []
    line = rewriter.line(section, section.at("commandLine"), unwrapped(text))
    if program.runtime == "mpi" and _INSTALLS_MPI.search(line):
        what = "it installs MPI, which the image must have already: the service runs mpirun before it"
        job.ledger.ask(section.path, "job.environment.image", what, "--image IMAGE")
    return [line]


def _container(job: Section, texts: Texts, found: Fields, image: str | None) -> None:
    """`environment` and the size of shared memory."""
    settings = job.inner("containerSettings")
    registry = settings.inner("imageSourceRegistry")
    named, server = texts.of(registry, "image"), texts.of(registry, "serverUrl")
    host = re.sub(r"^https?://", "", server).split("/")[0]
    environment = found.inner("environment")
    if image is not None and image.startswith("azureml:"):
        found.put("environment", image, comment="--image")
    elif image is not None:
        environment.put("image", image, comment="--image")
    elif named:
        prefix = "" if not host or "docker.io" in host or named.startswith(host) else f"{host}/"
        note = "with its registry" if prefix else ""
        comment = "containerSettings.imageSourceRegistry.image"
        value = texts.opened(f"{prefix}{named}")
        environment.put("image", value, *registry.origins("image"), note=note, comment=comment)
        registry.rewrite("serverUrl", ("job", "environment", "image"), "the image's name says it")
    else:
        what = "the job ran on the node's own system: name an image that has what the script needs"
        comment = "Batch AI ran the job on the nodes' own system"
        environment.put("image", Missing(what, "--image IMAGE"), *registry.origins("image"), comment=comment)
    if image is not None:
        registry.drop("image", "--image comes in its place")
        registry.drop("serverUrl", "--image comes in its place")
    if registry.get("credentials") is not None:
        what = "a private registry: give the workspace a connection to it, or its identity the right to pull"
        registry.ledger.ask(registry.at("credentials"), "job.environment.image", what)
        registry.draft.comment(("job", "environment"), f"{what}; its login is not copied")
    size = settings.known("shmSize")
    if size is not None:
        written = coerce.word(size)
        plain = None if written is None else f"{written}b" if written.isdecimal() else written.lower()
        found.inner("resources").put("shm_size", plain or size, *settings.origins("shmSize"))


def _variables(
    sections: Sequence[Section], rewriter: Rewriter, found: Fields, *, secret: bool = False
) -> list[tuple[str, str]]:
    """Environment variables: in the spec, or (given back) those that only the shell can fill in."""
    exports: list[tuple[str, str]] = []
    for item in sections:
        name, raw = coerce.word(item.get("name")) or "", item.known("value", prose=True)
        text = rewriter.texts.closed(raw)
        value = text or ""
        origins = [item.path] if item.ledger is rewriter.places.ledger else []
        if is_open(item.get("name")):
            what = "the name of an environment variable is not known here: write it, with its value"
            item.ledger.ask(item.path, "job.environment_variables", what)
        elif not VARIABLE.fullmatch(name):
            item.ledger.drop(item.path, "it is no name of an environment variable")
        elif name in _SET_BY_ENGINE or name.startswith(_RESERVED):
            item.ledger.drop(item.path, "every process gets its own from the engine")
        elif secret or item.get("valueSecretReference") is not None or is_secret(name, value):
            found.put(name, Secret(name), *origins, note=vault_command(item.inner("valueSecretReference")))
            _tell_other(item, origins, "each job has it")
        elif "$" in value:
            exports.append((name, rewriter.line(item, item.path, value, before=f"{name}=")))
        else:
            found.put(name, rewriter.texts.opened(value) if text is not None or raw is None else raw, *origins)
            _tell_other(item, origins, "each job has it")
    return exports


def _tell_other(item: Section, origins: Sequence[object], note: str) -> None:
    """A variable of another file than the job's."""
    if not origins:
        item.ledger.rewrite(item.path, "job.environment_variables", note)


def _instances(job: Section, program: Program, nodes: Nodes, resources: Fields) -> None:
    value: object = nodes.value if program.instances is None else program.instances
    value = Missing("write how many instances the job takes (nodeCount)") if value is None else value
    comment = program.why or (value.what if isinstance(value, Missing) and nodes.value is not None else "nodeCount")
    resources.put("instance_count", value, *job.origins("nodeCount"), note=program.why, comment=comment)


def _timeout(constraints: Section, found: Fields) -> None:
    value = constraints.known("maxWallClockTime")
    if value is None:
        return
    seconds = value if is_open(value) else seconds_of(coerce.word(value) or "")
    missing = Missing("write the seconds after which the run is ended")
    origins = constraints.origins("maxWallClockTime")
    comment = "maxWallClockTime, in seconds"
    found.inner("limits").put("timeout", missing if seconds is None else seconds, *origins, comment=comment)


def _command(rewriter: Rewriter, found: Fields, shell: Shell, name: str) -> Mapping[str, str]:
    """Put command, code, inputs and outputs; the files beside the spec, by path."""
    places, code = rewriter.places, rewriter.places.code
    by_code = [place for place in places.found if places.is_code(place) and place.expression not in shell.used]
    left: list[Place] = [place for place in places.found if place not in by_code]
    origins = [place.source for place in by_code if place.source is not None]
    files: dict[str, str] = {}
    if shell.needs_wrapper:
        code = code or f"{name}-code"
        origin = places.ledger.file
        text, comment, script = command_and_script(shell, left, rewriter.texts, name, origin)
        files[posixpath.normpath(posixpath.join(code, f"{name}.sh"))] = script
    else:
        text, comment = command(shell, left)
    if code:
        note = "what lies there comes with the code, by --code" if origins else ""
        found.put("code", code, *origins, note=note, comment="--code" if places.code else "")
    note = f"in {name}.sh, which the command runs" if files else "a part of the command"
    told = dict.fromkeys([*rewriter.open, *rewriter.told])
    found.put("command", rewriter.texts.opened(text), *told, note=note, comment=comment)
    places.write(found, left)
    return files
