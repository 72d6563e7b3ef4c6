"""How many processes, and how many of them on each instance."""

from __future__ import annotations

from specrun.convert.batchai.program import Program
from specrun.convert.batchai.section import LooseSection
from specrun.convert.document import TODO, Value
from specrun.convert.report import FieldPath
from specrun.spec.frozen import dataclass

_COUNTS = ("processCount", "numberOfProcesses", "process_count")
_TO = "job.distribution.process_count_per_instance"


@dataclass(frozen=True, slots=True)
class Total:
    """The number of all processes, None where it cannot be read; `path` is None where it is Batch AI's default."""

    path: FieldPath | None
    number: int | None


def processes(settings: LooseSection, nodes: int | None) -> Total:
    """The toolkit's process count: one for each node, where it is left out."""
    count = settings.whole(*_COUNTS)
    if count is None:
        return Total(None, nodes)
    return Total(count.path, count.value if count.value and count.value > 0 else None)


def per_instance(settings: LooseSection, total: Total, nodes: int | None, *, round_up: bool = False) -> Value:
    """Processes on each instance; TODO where they do not fit evenly, unless they may be more."""
    path = total.path or settings.path
    if total.path is None:
        return 1
    if total.number is None or nodes is None:
        settings.ledger.ask(path, _TO, "write how many processes run on each instance")
        return TODO
    if total.number % nodes == 0:
        count = total.number // nodes
        settings.ledger.rewrite(path, _TO, f"{total.number} processes on {nodes} instances: {count} on each")
        return count
    count = -(-total.number // nodes)
    uneven = f"{total.number} processes cannot be spread evenly over {nodes} instances"
    if round_up:
        settings.ledger.ask(path, _TO, f"{uneven}: {count} on each, {count * nodes} in all; is that right?")
        return count
    settings.ledger.ask(path, _TO, f"{uneven}: write how many run on each")
    return TODO


def mpi(settings: LooseSection, line: str, nodes: int | None, exports: tuple[tuple[str, str], ...] = ()) -> Program:
    """A line that the service runs under mpirun."""
    count = per_instance(settings, processes(settings, nodes), nodes)
    return mpi_program(line, count, exports)


def mpi_program(line: str, count: Value, exports: tuple[tuple[str, str], ...] = ()) -> Program:
    """A line under mpirun, with the number of processes on each instance."""
    distribution = {"type": "mpi", "process_count_per_instance": count}
    comments = {"type": "mpirun is run by the service", "process_count_per_instance": "of each instance, not of all"}
    return Program({"": line}, distribution, comments, runtime="mpi", shared=count != 1, exports=exports)


def alone(line: str, nodes: int | None) -> Program:
    """One process: on one instance, or something to decide."""
    if nodes in (1, None):
        return Program({"": line})
    what = f"the job has {nodes} nodes and one process: is one instance enough, or does each run one (distribution)?"
    return Program({"": line}, instances=TODO, instances_comment=what)
