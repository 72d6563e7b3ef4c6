"""Each toolkit of Batch AI, as a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specrun.convert.batchai.custom import custom, custom_mpi
from specrun.convert.batchai.processes import alone, mpi, per_instance, processes
from specrun.convert.batchai.program import Program
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.scripts import place_script, script_line, tell_about_script
from specrun.convert.batchai.section import LooseSection
from specrun.convert.batchai.tensorflow import arguments, tensorflow
from specrun.convert.document import TODO, Value
from specrun.convert.kinds import TOOLKITS
from specrun.convert.sources import Refused

_ARGUMENTS = ("commandLineArgs", "masterCommandLineArgs", "args")


def program_of(job: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """What the job runs on `nodes` instances. Raises Refused for a job with no toolkit, or with two."""
    given = [name for name in TOOLKITS if job.value(name) is not None]
    if len(given) > 1:
        raise Refused(job.ledger.file, f"it has two toolkits, {given[0]} and {given[1]}: which one is the job's?")
    if not given:
        raise Refused(job.ledger.file, "it is a job without a toolkit, such as tensorFlowSettings: it runs nothing")
    return _READERS[given[0]](job.section(given[0]), rewriter, nodes)


def pytorch(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """Of pyTorchSettings: one process for each of processCount, which finds the others over an address."""
    line = _script(settings, rewriter)
    backend = settings.text("communicationBackend")
    name = backend.value.lower() if backend else ""
    if name == "mpi":
        settings.ledger.rewrite(backend.path, "job.distribution.type", "`mpi`") if backend else None
        return mpi(settings, line, nodes)
    total = processes(settings, nodes)
    if backend:
        what = "the script chooses it: torch.distributed.init_process_group; tcp is called gloo today"
        settings.ledger.rewrite(backend.path, "", what)
    single = total.number == 1 and nodes == 1 and not backend
    if single and not rewriter.needs & {"AZ_BATCHAI_PYTORCH_INIT_METHOD", "AZ_BATCHAI_TASK_INDEX"}:
        if total.path:
            settings.ledger.rewrite(total.path, "job", "one process: no distribution")
        return Program({"": line})
    count = per_instance(settings, total, nodes, round_up=True)
    return Program(
        {"": line},
        {"type": "pytorch", "process_count_per_instance": count},
        {"process_count_per_instance": "processCount, for each instance"},
        runtime="pytorch",
        shared=count != 1,
        backend=name or "gloo",
    )


def under_mpi(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """Of horovodSettings and chainerSettings: the script, under mpirun."""
    return mpi(settings, _script(settings, rewriter), nodes)


def cntk(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """Of cntkSettings: a Python script or a BrainScript file, under mpirun when there are several processes."""
    return _maybe_mpi(settings, _configured(settings, rewriter, "cntk configFile="), nodes)


def caffe(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """Of caffeSettings: a Python script or a solver."""
    return _maybe_mpi(settings, _configured(settings, rewriter, "caffe train --solver="), nodes)


def caffe2(settings: LooseSection, rewriter: Rewriter, nodes: int | None) -> Program:
    """Of caffe2Settings: a script on each instance; they meet in a folder."""
    line = _script(settings, rewriter)
    if nodes == 1:
        return Program({"": line})
    distribution: dict[str, Value] = {"type": "mpi", "process_count_per_instance": 1}
    return Program({"": line}, distribution, {"type": "one process on each instance, as Caffe2 had it"}, runtime="mpi")


def _maybe_mpi(settings: LooseSection, line: str, nodes: int | None) -> Program:
    total = processes(settings, nodes)
    if total.number != 1:
        return mpi(settings, line, nodes)
    if total.path:
        settings.ledger.rewrite(total.path, "job", "one process: no distribution")
    return alone(line, nodes)


def _script(settings: LooseSection, rewriter: Rewriter) -> str:
    script = settings.text("pythonScriptFilePath")
    if script is None:
        settings.ledger.ask(settings.path, "job.command", "the file names no script (pythonScriptFilePath)")
        return f"python {TODO}"
    line = script_line(rewriter, settings, script)
    return f"{line} {arguments(settings, rewriter, *_ARGUMENTS)}".strip()


def _configured(settings: LooseSection, rewriter: Rewriter, program: str) -> str:
    """A Python script's line, or the program's with its configuration file."""
    configuration = settings.text("configFilePath")
    language = settings.text("languageType")
    if language:
        settings.ledger.rewrite(language.path, "job.command", "the command says it")
    if configuration is None or settings.text("pythonScriptFilePath") is not None:
        return _script(settings, rewriter)
    place_script(rewriter, configuration.value)
    words = rewriter.text(configuration.value, configuration.path, "config")
    tell_about_script(rewriter, configuration.path, configuration.value, words)
    return f"{program}{words} {arguments(settings, rewriter, *_ARGUMENTS)}".strip()


_READERS: Mapping[str, Callable[[LooseSection, Rewriter, int | None], Program]] = {
    "tensorFlowSettings": tensorflow,
    "pyTorchSettings": pytorch,
    "horovodSettings": under_mpi,
    "chainerSettings": under_mpi,
    "customMpiSettings": custom_mpi,
    "cntkSettings": cntk,
    "caffeSettings": caffe,
    "caffe2Settings": caffe2,
    "customToolkitSettings": custom,
}
