"""A command line that starts mpirun itself: what it starts, and how many processes."""

from __future__ import annotations

import re

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


def calls(text: str) -> bool:
    """Whether mpirun is named anywhere in a text."""
    return _CALLED.search(text) is not None


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
