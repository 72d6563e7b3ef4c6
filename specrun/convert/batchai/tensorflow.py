"""tensorFlowSettings: one process, or parameter servers and workers, each role with its own arguments."""

from __future__ import annotations

from specrun.convert.batchai.processes import alone
from specrun.convert.batchai.program import Program
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.scripts import script_line
from specrun.convert.batchai.secrets import hide
from specrun.convert.batchai.section import LooseSection, shortened
from specrun.convert.document import TODO, Value

_DISTRIBUTED = ("workerCount", "parameterServerCount", "workerCommandLineArgs", "parameterServerCommandLineArgs")


def tensorflow(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """The program of tensorFlowSettings."""
    script = settings.text("pythonScriptFilePath")
    if script is None:
        settings.ledger.ask(settings.path, "job.command", "the file names no script (pythonScriptFilePath)")
    line = script_line(rewriter, settings, script) if script else f"python {TODO}"
    if all(settings.value(name) is None for name in _DISTRIBUTED):
        words = arguments(settings, rewriter, "masterCommandLineArgs", "commandLineArgs")
        return alone(f"{line} {words}".strip(), nodes)
    workers, servers = _count(settings, "workerCount", nodes), _count(settings, "parameterServerCount", 1)
    numbers = [number for number in (workers, servers) if isinstance(number, int)]
    needed = max([nodes or 0, *numbers])
    raised = nodes is not None and needed > nodes
    comments = {
        "worker_count": "workerCount" if settings.at("workerCount") else "one on each node, as Batch AI had it",
        "parameter_server_count": "parameterServerCount"
        if settings.at("parameterServerCount")
        else "one, as Batch AI had it where the file said nothing",
    }
    return Program(
        _roles(settings, rewriter, line, servers),
        {"type": "tensorflow", "parameter_server_count": servers, "worker_count": workers},
        comments,
        runtime="tensorflow",
        shared=servers != 0,
        instances=needed if raised else None,
        instances_comment=f"nodeCount was {nodes}; an instance runs at most one worker, and one parameter server"
        if raised
        else "",
    )


def arguments(settings: LooseSection, rewriter: Rewriter, *names: str) -> str:
    """The arguments that stand under the first of the names; every one of them gets its entry in the report."""
    words = [_rewritten(settings, rewriter, name) for name in names]
    return next((one for one in words if one), "")


def _roles(settings: LooseSection, rewriter: Rewriter, line: str, servers: Value) -> dict[str, str]:
    master = arguments(settings, rewriter, "masterCommandLineArgs", "commandLineArgs")
    worker = arguments(settings, rewriter, "workerCommandLineArgs")
    server = arguments(settings, rewriter, "parameterServerCommandLineArgs")
    worker, master = worker or master, master or worker
    words = {"master": master, "worker": worker}
    if servers != 0:
        words["ps"] = server or worker
    return {role: f"{line} {said}".strip() for role, said in words.items()}


def _rewritten(settings: LooseSection, rewriter: Rewriter, name: str) -> str:
    text = settings.text(name)
    if text is None:
        return ""
    hidden = hide(text.value)
    rewriter.secrets.update(hidden.variables)
    words = rewriter.text(hidden.text, text.path)
    told = ", ".join(hidden.variables)
    if hidden.variables:
        settings.ledger.rewrite(text.path, "job.command", f"a secret is not copied: set {told}")
    elif words == text.value:
        settings.ledger.carry(text.path, "job.command")
    else:
        settings.ledger.rewrite(text.path, "job.command", f"`{shortened(words)}`")
    return words


def _count(settings: LooseSection, name: str, default: int | None) -> Value:
    found = settings.whole(name)
    to = f"job.distribution.{'worker_count' if name == 'workerCount' else 'parameter_server_count'}"
    if found is None:
        if default is None:
            settings.ledger.ask(settings.path, to, f"the file says nothing of {name}: write how many there are")
        return TODO if default is None else default
    if found.value is None or found.value < (1 if name == "workerCount" else 0):
        settings.ledger.ask(found.path, to, "a whole number belongs here")
        return TODO
    settings.ledger.carry(found.path, to)
    return found.value
