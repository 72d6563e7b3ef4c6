"""customToolkitSettings and customMpiSettings: a command line of the user's own, which may start mpirun itself."""

from __future__ import annotations

import re

from specrun.convert.batchai.program import Nodes, Program, drop_count, mpi, mpi_program, on_each, total_of
from specrun.convert.batchai.rewriting import IN_COMMAND, Rewriter
from specrun.convert.batchai.texts import unwrapped
from specrun.convert.document import TODO
from specrun.convert.hiding import hide
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing
from specrun.spec.frozen import dataclass

_LAUNCHER = re.compile(r"(?<![\w./$-])(?:/[\w./-]*/)?(?:mpirun|mpiexec(?:\.hydra)?)(?=\s)")
_WORD = re.compile(r"\s*((?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\$\([^)]*\)|\\.|[^\s\"'\\;&|])+)")
_AFTER = re.compile(r"(?:;|&&|\|\||\n)\s*\S")
_CALLED = re.compile(r"(?:^|[\s;&|/])(?:mpirun|mpiexec)\b")

_TOTAL = {"-n", "-np", "--n", "--np", "-c"}
_PER_NODE = {"-ppn", "--ppn", "-perhost", "--perhost", "-npernode", "--npernode", "-grr", "-N"}
_WITHOUT_VALUE = """
--allow-run-as-root -allow-run-as-root --oversubscribe -oversubscribe --nooversubscribe -nooversubscribe
-genvall -envall -envnone -genvnone --tag-output -tag-output -v -V --verbose -verbose -q --quiet -l -d
-prepend-rank -print-rank-map --display-map -display-map --display-allocation -display-allocation
--report-bindings -report-bindings --bynode -bynode --byslot -byslot --bind-to-core --bind-to-none -bind-to-none
-ordered-output -cleanup -tv -check_mpi -pernode --pernode -rr -IB -RDMA -TCP -ib -psm
"""
_WITH_VALUE = """
-hostfile --hostfile -machinefile --machinefile -f -host -H --host -hosts --hosts -x -envlist -genvlist
-bind-to --bind-to -map-by --map-by -rank-by --rank-by -wdir --wdir -wd --wd -rmk -launcher -iface -bootstrap
-tune --tune --prefix -prefix -output-filename --output-filename -timeout --timeout -localhost -path -binding
-launcher-exec -bootstrap-exec -configfile -outfile-pattern -errfile-pattern -s -stdin --stdin
"""
_NONE, _ONE = frozenset(_WITHOUT_VALUE.split()), frozenset(_WITH_VALUE.split())
_SETS = ("-genv", "-env", "--env")
_TWO = {"-mca", "--mca", "-gmca", "--gmca", "-genv", "-env", "--env"}


@dataclass(frozen=True, slots=True)
class Launch:
    """`command` is the line without its launcher. `total` and `per_node` are counts as written; "" where they are not.

    `exports` are the variables that the launcher set. `unknown` are its options that are not known, and `followed`
    says that other commands come after it.
    """

    command: str
    total: str
    per_node: str
    exports: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    followed: bool
    stripped: str


def custom(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """A line that ran on the first node only: alone, or it started the others itself."""
    line = _command(settings, rewriter)
    if launches(line):
        return _launched(settings, rewriter, line, nodes)
    words = _line(settings, rewriter, line)
    drop_count(settings, "a custom toolkit started its processes itself")
    if nodes.number == 1 or nodes.value is None:
        return Program({"": words})
    count = nodes.number or "several"
    also = ", and it starts mpirun" if _CALLED.search(line) else ""
    what = f"Batch AI ran the command on the first of {count} nodes only{also}: write what each process runs, and a"
    return Program({"": words}, instances=Missing(f"{what} distribution (mpi, pytorch); or one instance"))


def custom_mpi(settings: Section, rewriter: Rewriter, nodes: Nodes) -> Program:
    """A line that Batch AI ran under mpirun."""
    line = _command(settings, rewriter)
    if launches(line):
        return _launched(settings, rewriter, line, nodes)
    return mpi(settings, _line(settings, rewriter, line), nodes)


def _launched(settings: Section, rewriter: Rewriter, text: str, nodes: Nodes) -> Program:
    """A line that starts mpirun: what it starts, under the service's own mpirun."""
    launch, path = launch_of(text), _path(settings)
    count = _count(settings, launch, nodes, path)
    line = _line(settings, rewriter, launch.command)
    exports = tuple(
        (name, rewriter.line(settings, path, value.strip("\"'"), before=f"{name}=")) for name, value in launch.exports
    )
    left_out = rewriter.texts.shown(hide(launch.stripped).text)
    settings.ledger.rewrite(path, "job.distribution", f"the service runs mpirun: `{left_out}` is left out")
    if launch.unknown:
        options = ", ".join(launch.unknown)
        settings.ledger.ask(path, IN_COMMAND, f"options of mpirun that could not be carried over: {options}")
    if launch.followed:
        what = "after mpirun come other commands: now every process would run them; write which may"
        settings.ledger.ask(path, IN_COMMAND, what)
    return mpi_program(line, count, exports)


def _count(settings: Section, launch: Launch, nodes: Nodes, path: FieldPath) -> Fields:
    each = _number(launch.per_node)
    total = _number(launch.total) if launch.total or each else total_of(settings, nodes)
    if total and nodes.number and total % nodes.number == 0:
        each = total // nodes.number if each in (None, total // nodes.number) else None
    elif launch.total:
        each = None
    if each:
        return on_each(each, settings, "for each instance")
    uneven = f"{total} processes on {nodes.number} instances do not fit evenly"
    what = uneven if total and nodes.number else "the number is open"
    return on_each(Missing(f"{what}: write how many run on each instance"), settings, line=path)


def _number(written: str) -> int | None:
    return int(written) if written.isdecimal() and len(written) < 10 else None


def _path(settings: Section) -> FieldPath:
    """Where the command line stands, or would."""
    return next(iter(settings.origins("commandLine")), settings.path)


def _command(settings: Section, rewriter: Rewriter) -> str:
    text = rewriter.texts.of(settings, "commandLine", to=IN_COMMAND)
    more = rewriter.texts.of(settings, "commandLineArgs", to=IN_COMMAND)
    if text and more:
        rewriter.told.append(settings.at("commandLineArgs"))
    elif not text:
        settings.ledger.ask(_path(settings), IN_COMMAND, "the file has no command line: write it")
    return unwrapped(f"{text} {more}".strip() if text else f"{TODO} {more}".strip())


def _line(settings: Section, rewriter: Rewriter, text: str) -> str:
    script, path = rewriter.place_script(text), _path(settings)
    if script:
        rewriter.line(settings, path, script, hint="scripts")
    words = rewriter.line(settings, path, text)
    if script:
        rewriter.ask_for_code(settings, path, words)
    return words


def launches(command: str) -> bool:
    """Whether a command line starts mpirun."""
    return _LAUNCHER.search(command) is not None and _quote_before(command) == ""


def launch_of(command: str) -> Launch:
    """The command line without the mpirun that it starts; `launches` must be true of it."""
    match = _LAUNCHER.search(command)
    assert match is not None
    at = match.end()
    counts = {"total": "", "per": ""}
    exports: list[tuple[str, str]] = []
    unknown: list[str] = []
    while (word := _WORD.match(command, at)) is not None and word[1].startswith("-"):
        at = word.end()
        flag, equals, value = word[1].partition("=")
        flag = flag if equals and flag.startswith("--") else word[1]
        values = [value] if equals and flag.startswith("--") else []
        expected = 2 if flag in _TWO else 1 if flag in _ONE | _TOTAL | _PER_NODE else 0
        while len(values) < expected and (one := _WORD.match(command, at)) is not None:
            values.append(one[1])
            at = one.end()
            if flag in _SETS and "=" in one[1]:
                break
        _take(flag, values, counts, exports, unknown)
    program = command[at:].strip()
    return Launch(
        f"{command[: match.start()]}{program}",
        counts["total"],
        counts["per"],
        tuple(exports),
        tuple(unknown),
        _AFTER.search(_without_quotes(program).rstrip()) is not None,
        " ".join(command[match.start() : at].split()),
    )


def _take(
    flag: str, values: list[str], counts: dict[str, str], exports: list[tuple[str, str]], unknown: list[str]
) -> None:
    if flag in _TOTAL and values:
        counts["total"] = values[0]
    elif flag in _PER_NODE and values:
        counts["per"] = values[0]
    elif flag in ("-pernode", "--pernode"):
        counts["per"] = "1"
    elif flag in ("-x", *_SETS) and values and "=" in values[0]:
        name, _, value = values[0].partition("=")
        exports.append((name, value))
    elif flag in _SETS and len(values) == 2:
        exports.append((values[0], values[1]))
    elif flag in ("-wdir", "--wdir", "-wd", "--wd") or flag not in _NONE | _ONE | _TWO | _TOTAL | _PER_NODE:
        unknown.append(flag)


def _quote_before(command: str) -> str:
    """The quote that is open where the launcher stands."""
    match = _LAUNCHER.search(command)
    quote = ""
    for character in command[: match.start() if match else 0]:
        if character in "'\"" and quote in ("", character):
            quote = "" if quote else character
    return quote


def _without_quotes(text: str) -> str:
    return re.sub(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", "", text)
