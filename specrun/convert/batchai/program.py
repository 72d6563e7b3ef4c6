"""What a job runs, whatever the toolkit: a line for each role, and how many processes, on how many instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.convert import coerce
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing, is_open
from specrun.spec.frozen import dataclass

_COUNTS = ("processCount", "numberOfProcesses", "process_count")
_ON_EACH = "process_count_per_instance"


@dataclass(frozen=True, slots=True)
class Nodes:
    """A job's nodes: `value` as it goes to the spec, and the number, None where it is not known."""

    value: object
    number: int | None


@dataclass(frozen=True, slots=True)
class Program:
    """`lines` by role (master, worker, ps; "" where all processes run the same).

    `runtime` says where a process learns its number: tensorflow, pytorch, mpi or single. `shared` is whether several
    processes may run on one instance. `exports` are variables that the line itself set. `instances` is a number or
    Missing where it is not the job's node count, for the reason `why`.
    """

    lines: Mapping[str, str]
    distribution: Fields = field(default_factory=Fields)
    runtime: str = "single"
    shared: bool = False
    exports: tuple[tuple[str, str], ...] = ()
    instances: int | Missing | None = None
    why: str = ""
    backend: str = ""

    @property
    def has_roles(self) -> bool:
        """Whether roles run different lines."""
        return len(set(self.lines.values())) > 1


def nodes_of(job: Section) -> Nodes:
    """The nodes of a job's nodeCount."""
    value = job.known("nodeCount")
    number = None if is_open(value) else coerce.count(value)
    return Nodes(value if number is None else number, number)


def alone(line: str, nodes: Nodes) -> Program:
    """One process: on one instance, or something to decide."""
    if nodes.number in (1, None):
        return Program({"": line})
    what = f"the job has {nodes.number} nodes and one process: is one instance enough, or does each run one"
    return Program({"": line}, instances=Missing(f"{what} (distribution)?"))


def mpi(settings: Section, line: str, nodes: Nodes) -> Program:
    """A line that the service runs under mpirun."""
    return mpi_program(line, counted(settings, nodes))


def mpi_program(line: str, count: Fields, exports: tuple[tuple[str, str], ...] = ()) -> Program:
    """A line under mpirun, with the number of processes on each instance."""
    count.put("type", "mpi", comment="mpirun is run by the service")
    return Program({"": line}, count, "mpi", shared(count), exports)


def shared(count: Fields) -> bool:
    """Whether several processes may run on one instance."""
    return count[_ON_EACH] != 1


def total_of(settings: Section, nodes: Nodes) -> int | None:
    """The number of all processes: one for each node, where it is left out; None where it is not known."""
    value = settings.get(*_COUNTS)
    return nodes.number if value is None else coerce.count(value)


def on_each(count: object, settings: Section, note: str = "", doubt: str = "", line: FieldPath = ()) -> Fields:
    """A distribution with so many processes on each instance: of the toolkit's process count, or of a command line."""
    found, origins = Fields(settings.path), settings.origins(settings.first(*_COUNTS)) or ((line,) if line else ())
    found.put(_ON_EACH, count, *origins, note=note, comment="of each instance, not of all", doubt=doubt)
    return found


def counted(settings: Section, nodes: Nodes, *, round_up: bool = False) -> Fields:
    """Processes on each instance; asked for where they do not fit evenly, unless they may be more."""
    value = settings.known(settings.first(*_COUNTS))
    total = None if is_open(value) else coerce.count(value)
    if value is None or (is_open(value) and value == nodes.value):
        return on_each(1, settings)
    if nodes.number == 1 and is_open(value):
        return on_each(value, settings)
    if total is None or nodes.number is None:
        return on_each(Missing("write how many processes run on each instance"), settings)
    each = -(-total // nodes.number)
    if total % nodes.number == 0:
        return on_each(each, settings, f"{total} processes on {nodes.number} instances: {each} on each")
    uneven = f"{total} processes cannot be spread evenly over {nodes.number} instances"
    if round_up:
        doubt = f"{uneven}: {each} on each, {each * nodes.number} in all; is that right?"
        return on_each(each, settings, doubt=doubt)
    return on_each(Missing(f"{uneven}: write how many run on each"), settings)


def tell_single(settings: Section) -> None:
    """The report's entry for a process count of one."""
    settings.rewrite(settings.first(*_COUNTS), ("job",), "one process: no distribution")


def drop_count(settings: Section, why: str) -> None:
    """The report's entry for a process count that says nothing here."""
    for name in _COUNTS:
        settings.drop(name, why)
