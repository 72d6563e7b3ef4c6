"""customToolkitSettings and customMpiSettings: a command line of the user's own."""

from __future__ import annotations

import re

from specrun.convert.batchai.mpirun import Launch, calls, launch_of, launches
from specrun.convert.batchai.processes import mpi, mpi_program, processes
from specrun.convert.batchai.program import Program
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.scripts import find_script, place_script, tell_about_script
from specrun.convert.batchai.secrets import hide
from specrun.convert.batchai.section import LooseSection, Text
from specrun.convert.document import TODO, Value

_BASH = re.compile(
    r"\s*(?:/bin/)?(?:ba)?sh\s+-l?c\s+(?:'(?P<single>[^']*)'|\"(?P<double>[^\"\\`$]*(?:\$(?![({])[^\"\\`$]*)*)\")\s*"
)


def custom(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """A line that ran on the first node only: alone, or it started the others itself."""
    text = _command(settings)
    if text is None:
        return Program({"": TODO}, instances=None)
    line = unwrapped(text.value)
    if launches(line):
        return _launched(settings, rewriter, Text(text.path, line), nodes)
    words = _line(settings, rewriter, Text(text.path, line))
    count = settings.whole("processCount", "numberOfProcesses")
    if count is not None:
        settings.ledger.drop(count.path, "a custom toolkit started its processes itself")
    if nodes in (1, None):
        return Program({"": words})
    why = f"Batch AI ran the command on the first of {nodes} nodes only"
    also = ", and it starts mpirun" if calls(line) else ""
    what = f"{why}{also}: write what each process runs, and a distribution (mpi, pytorch); or one instance"
    return Program({"": words}, instances=TODO, instances_comment=what)


def custom_mpi(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """A line that Batch AI ran under mpirun."""
    text = _command(settings)
    if text is None:
        return mpi(settings, TODO, nodes)
    line = unwrapped(text.value)
    if launches(line):
        return _launched(settings, rewriter, Text(text.path, line), nodes)
    return mpi(settings, _line(settings, rewriter, Text(text.path, line)), nodes)


def unwrapped(line: str) -> str:
    """What `bash -c '…'` runs: bash runs the job's command anyway."""
    match = _BASH.fullmatch(line)
    return (match["single"] or match["double"] or line).strip() if match else line


def _launched(settings: LooseSection, rewriter: Rewriter, text: Text, nodes: int | None) -> Program:
    """A line that starts mpirun: what it starts, under the service's own mpirun."""
    launch = launch_of(text.value)
    count = _count(settings, launch, nodes, text)
    line = _line(settings, rewriter, Text(text.path, launch.command))
    exports = tuple((name, rewriter.text(value.strip("\"'"), text.path)) for name, value in launch.exports)
    settings.ledger.rewrite(
        text.path, "job.distribution", f"the service runs mpirun: `{hide(launch.stripped).text}` is left out"
    )
    if launch.unknown:
        options = ", ".join(launch.unknown)
        settings.ledger.ask(text.path, "job.command", f"options of mpirun that could not be carried over: {options}")
    if launch.followed:
        what = "after mpirun come other commands: now every process would run them; write which may"
        settings.ledger.ask(text.path, "job.command", what)
    return mpi_program(line, count, exports)


def _count(settings: LooseSection, launch: Launch, nodes: int | None, text: Text) -> Value:
    to = "job.distribution.process_count_per_instance"
    if launch.per_node.isdigit() and int(launch.per_node[:9]):
        return int(launch.per_node[:9])
    given = processes(settings, nodes)
    total = int(launch.total[:9]) if launch.total.isdigit() else None if launch.total else given.number
    if given.path:
        settings.ledger.rewrite(given.path, to, "for each instance")
    if total and nodes and total % nodes == 0:
        return total // nodes
    uneven = f"{total} processes on {nodes} instances do not fit evenly" if total and nodes else "the number is open"
    settings.ledger.ask(text.path, to, f"{uneven}: write how many run on each instance")
    return TODO


def _command(settings: LooseSection) -> Text | None:
    text, more = settings.text("commandLine"), settings.text("commandLineArgs")
    if text is None:
        if more:
            settings.ledger.ask(more.path, "job.command", "arguments without a command line: write the command")
        settings.ledger.ask(settings.path, "job.command", "the file has no command line: write it")
        return None
    if more:
        settings.ledger.rewrite(more.path, "job.command", "behind the command line")
        return Text(text.path, f"{text.value} {more.value}")
    return text


def _line(settings: LooseSection, rewriter: Rewriter, text: Text) -> str:
    script = find_script(text.value)
    place_script(rewriter, script)
    hidden = hide(text.value)
    rewriter.secrets.update(hidden.variables)
    shown = rewriter.text(script, text.path, "scripts")
    words = rewriter.text(hidden.text, text.path)
    if hidden.variables:
        settings.ledger.rewrite(text.path, "job.command", f"a secret is not copied: set {', '.join(hidden.variables)}")
    if script or not hidden.variables:
        tell_about_script(rewriter, text.path, script or text.value, shown if script else words)
    return words
