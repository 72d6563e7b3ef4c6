"""Each toolkit of Batch AI, as a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specrun.convert import coerce
from specrun.convert.batchai.custom import custom, custom_mpi
from specrun.convert.batchai.program import (
    Nodes,
    Program,
    alone,
    counted,
    mpi,
    mpi_program,
    on_each,
    shared,
    tell_single,
    total_of,
)
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.document import TODO
from specrun.convert.section import Fields, Section
from specrun.convert.sources import Refused
from specrun.convert.unknown import Missing

_ARGUMENTS = ("commandLineArgs", "masterCommandLineArgs", "args")
_BEFORE = "python script.py "
_DISTRIBUTED = ("workerCount", "parameterServerCount", "workerCommandLineArgs", "parameterServerCommandLineArgs")


def program_of(job: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """What the job runs on its nodes. Raises Refused for a job with no toolkit, or with two."""
    given = [name for name in _READERS if job.values.get(job.key(name)) is not None]
    if len(given) > 1:
        raise Refused(job.ledger.file, f"it has two toolkits, {given[0]} and {given[1]}: which one is the job's?")
    if not given:
        raise Refused(job.ledger.file, "it is a job without a toolkit, such as tensorFlowSettings: it runs nothing")
    return _READERS[given[0]](job.inner(given[0]), rewriter, nodes)


def tensorflow(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """Of tensorFlowSettings: one process, or parameter servers and workers, each role with its own arguments."""
    line = _script(settings, rewriter)
    if all(settings.get(name) is None for name in _DISTRIBUTED):
        return alone(f"{line} {_arguments(settings, rewriter)}".strip(), nodes)
    distribution = Fields(settings.path)
    distribution.put("type", "tensorflow")
    said = {"parameter_server_count": ("parameterServerCount", 1), "worker_count": ("workerCount", nodes.value)}
    for ours, (theirs, default) in said.items():
        value: object = settings.known(theirs)
        comment = theirs
        if value is None:
            value, comment = default, "one, as Batch AI had it for each " + ("job" if default == 1 else "node")
        if value is None:
            value = Missing(f"the file says nothing of {theirs}: write how many there are")
        distribution.put(ours, value, *settings.origins(theirs), comment=comment)
    workers, servers = (coerce.whole(distribution[ours]) for ours in ("worker_count", "parameter_server_count"))
    if workers == 0:
        distribution.put("worker_count", Missing("a whole number belongs here"), *settings.origins("workerCount"))
    needed = max(nodes.number or 0, workers or 0, servers or 0)
    raised = nodes.number is not None and needed > nodes.number
    why = f"nodeCount was {nodes.number}; an instance runs at most one worker, and one parameter server"
    return Program(
        _roles(settings, rewriter, line, servers != 0),
        distribution,
        "tensorflow",
        shared=servers != 0,
        instances=needed if raised else None,
        why=why if raised else "",
    )


def pytorch(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """Of pyTorchSettings: one process for each of processCount, which finds the others over an address."""
    line = _with_arguments(settings, rewriter)
    backend = (coerce.word(settings.get("communicationBackend")) or "").lower()
    if backend == "mpi":
        settings.rewrite("communicationBackend", ("job", "distribution", "type"), "`mpi`")
        return mpi(settings, line, nodes)
    what = "the script chooses it: torch.distributed.init_process_group; tcp is called gloo today"
    settings.rewrite("communicationBackend", ("job",), what)
    single = total_of(settings, nodes) == nodes.number == 1 and settings.get("communicationBackend") is None
    if single and not rewriter.needs & {"AZ_BATCHAI_PYTORCH_INIT_METHOD", "AZ_BATCHAI_TASK_INDEX"}:
        tell_single(settings)
        return Program({"": line})
    count = counted(settings, nodes, round_up=True)
    count.put("type", "pytorch")
    return Program({"": line}, count, "pytorch", shared=shared(count), backend=backend or "gloo")


def _under_mpi(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """Of horovodSettings and chainerSettings: the script, under mpirun."""
    return mpi(settings, _with_arguments(settings, rewriter), nodes)


def _cntk(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """Of cntkSettings: a Python script or a BrainScript file, under mpirun when there are several processes."""
    return _maybe_mpi(settings, _configured(settings, rewriter, "cntk configFile="), nodes)


def _caffe(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """Of caffeSettings: a Python script or a solver."""
    return _maybe_mpi(settings, _configured(settings, rewriter, "caffe train --solver="), nodes)


def _caffe2(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """Of caffe2Settings: a script on each instance; they meet in a folder."""
    line = _with_arguments(settings, rewriter)
    return Program({"": line}) if nodes.number == 1 else mpi_program(line, on_each(1, settings))


def _maybe_mpi(settings: Section, line: str, nodes: Nodes) -> Program:
    if total_of(settings, nodes) != 1:
        return mpi(settings, line, nodes)
    tell_single(settings)
    return alone(line, nodes)


def _script(settings: Section, rewriter: Rewriter) -> str:
    """`python SCRIPT`, with a word in the report on where the script is."""
    name = "pythonScriptFilePath"
    written = rewriter.texts.of(settings, name, to="job.command")
    if not written:
        settings.ledger.ask(settings.path, "job.command", f"the file names no script ({name})")
        return f"python {TODO}"
    found = rewriter.place_script(written)
    words = rewriter.line(settings, settings.at(name), written, hint="scripts")
    if found:
        rewriter.ask_for_code(settings, settings.at(name), words)
    return f"{rewriter.field(settings, 'pythonInterpreterPath') or 'python'} {words}"


def _with_arguments(settings: Section, rewriter: Rewriter) -> str:
    return f"{_script(settings, rewriter)} {_arguments(settings, rewriter)}".strip()


def _arguments(settings: Section, rewriter: Rewriter) -> str:
    """The arguments that stand under the first of their names; every one of them gets its entry in the report."""
    words = [rewriter.field(settings, name, _BEFORE) for name in _ARGUMENTS]
    return next(filter(None, words), "")


def _roles(settings: Section, rewriter: Rewriter, line: str, has_servers: bool) -> dict[str, str]:
    master = _arguments(settings, rewriter)
    worker = rewriter.field(settings, "workerCommandLineArgs", _BEFORE)
    server = rewriter.field(settings, "parameterServerCommandLineArgs", _BEFORE)
    worker, master = worker or master, master or worker
    words = {"master": master, "worker": worker} | ({"ps": server or worker} if has_servers else {})
    return {role: f"{line} {said}".strip() for role, said in words.items()}


def _configured(settings: Section, rewriter: Rewriter, program: str) -> str:
    """A Python script's line, or the program's with its configuration file."""
    name = "configFilePath"
    settings.rewrite("languageType", ("job", "command"), "the command says it")
    configuration = rewriter.texts.of(settings, name, to="job.command")
    if not configuration or settings.get("pythonScriptFilePath") is not None:
        return _with_arguments(settings, rewriter)
    found = rewriter.place_script(configuration)
    words = rewriter.line(settings, settings.at(name), configuration, hint="config")
    if found:
        rewriter.ask_for_code(settings, settings.at(name), words)
    return f"{program}{words} {_arguments(settings, rewriter)}".strip()


_READERS: Mapping[str, Callable[[Section, Rewriter, Nodes], Program]] = {
    "tensorFlowSettings": tensorflow,
    "pyTorchSettings": pytorch,
    "horovodSettings": _under_mpi,
    "customMpiSettings": custom_mpi,
    "chainerSettings": _under_mpi,
    "cntkSettings": _cntk,
    "caffeSettings": _caffe,
    "caffe2Settings": _caffe2,
    "customToolkitSettings": custom,
}
