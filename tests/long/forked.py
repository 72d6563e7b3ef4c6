"""What a fork of a pytest process does for the mutation tests: put a mutant into the code in memory, and run tests."""

from __future__ import annotations

import ast
import contextlib
import inspect
import math
import os
import pickle
import resource
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.long.mutants import Function, Mutant, mutated

MOST_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True)
class Called:
    """One test as the code is: whether it passed, how long it took, and which functions (file, name) it called."""

    item: pytest.Item
    passed: bool
    seconds: float
    functions: frozenset[tuple[str, str]]


def forked(work: Callable[[], bool], seconds: float) -> int:
    """Begin some work in a fork, which an alarm ends for good after so many seconds; the fork's id."""
    pid = os.fork()
    if pid:
        return pid
    status = 2
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job would not have
        signal.alarm(math.ceil(seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nowhere, number)
        status = 0 if work() else 1
    finally:
        os._exit(status)


def ended() -> tuple[int, bool]:
    """The id of a fork that has ended, and whether its work was a success; what it has started is killed."""
    pid, status = os.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return pid, status == 0


def called_by_each(items: Sequence[pytest.Item], root: Path) -> list[Called]:
    """Run all tests as the code is, in a fork of their own: what they leave in memory would hide mutants."""
    reading, writing = os.pipe()

    def work() -> bool:
        results = []
        for item, following in _in_turn(items):
            begun = time.perf_counter()
            passed, called = _watched(lambda i=item, f=following: _passed(i, f), f"{root / 'specrun'}{os.sep}")
            results.append((passed, time.perf_counter() - begun, frozenset(_named(called, root))))
        with os.fdopen(writing, "wb") as answer:
            pickle.dump(results, answer)
        return True

    pid = forked(work, 3600)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    _, status = os.waitpid(pid, 0)
    if status:
        raise ChildProcessError(f"the tests as they are ended with {os.waitstatus_to_exitcode(status)}")
    results = pickle.loads(told)
    return [Called(item, *result) for item, result in zip(items, results, strict=True)]


def _watched(work: Callable[[], bool], package: str) -> tuple[bool, set[tuple[str, int]]]:
    """What the work answers, and file and first line of each function of the package that ran meanwhile."""
    called = set()

    def hook(frame: types.FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(package):
            called.add((code.co_filename, code.co_firstlineno))

    threading.setprofile(hook)
    sys.setprofile(hook)
    try:
        passed = work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return passed, called.copy()  # threads that the test has left go on adding to it


def _named(called: Iterable[tuple[str, int]], root: Path) -> Iterator[tuple[str, str]]:
    for file, line in called:
        name = _names_of_lines(file).get(line)
        if name is not None:
            yield Path(file).relative_to(root).as_posix(), name


@cache
def _names_of_lines(file: str) -> dict[int, str]:
    return dict(_lines_of_functions(ast.parse(Path(file).read_text(encoding="utf-8"))))


def _lines_of_functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[int, str]]:
    """Every line of a file that is in a function, and that function's name (the outermost of nested ones)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield from ((line, f"{prefix}{node.name}") for line in range(first, (node.end_lineno or first) + 1))
        else:
            yield from _lines_of_functions(node, f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix)


def passes(mutant: Mutant, root: Path, items: Sequence[pytest.Item]) -> bool:
    """Whether all the tests pass with the mutant in the code."""
    put_in(mutant, root)
    return all(_passed(item, following) for item, following in _in_turn(items))


def _in_turn(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Each with the one after it, which says to pytest which fixtures may stay."""
    return zip(items, [*items[1:], None], strict=True)


def _passed(item: pytest.Item, following: pytest.Item | None) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def put_in(mutant: Mutant, root: Path) -> None:
    """Make the mutant's module, as it is in memory, what it would be with the mutant in its text."""
    file = root / mutant.path
    tree = mutated(file, mutant.number)
    module = sys.modules[mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")]
    new: dict[str, Any] = {"__name__": module.__name__, "__package__": module.__package__, "__file__": str(file)}
    exec(compile(tree, str(file), "exec"), new)
    if mutant.function:
        there, wrong = vars(module)[mutant.function.split(".")[0]], new[mutant.function.split(".")[0]]
        for part in mutant.function.split(".")[1:]:
            there, wrong = vars(there)[part], vars(wrong)[part]
        there, wrong = _bare(there), _bare(wrong)
        there.__code__, there.__defaults__, there.__kwdefaults__ = (
            wrong.__code__,
            wrong.__defaults__,
            wrong.__kwdefaults__,
        )
    elif isinstance(vars(module)[mutant.name], type):
        _class(vars(module)[mutant.name], new[mutant.name])
    else:
        for name in (mutant.name, *_made_of(tree, mutant.name)):
            there = vars(module)[name]
            for other in list(sys.modules.values()):
                if getattr(other, "__name__", "").startswith("specrun") and vars(other).get(name) is there:
                    setattr(other, name, new[name])


def _bare(function: Any) -> Any:
    """The function itself, without what decorators have put around it."""
    while not isinstance(function, types.FunctionType):
        function = next(
            getattr(function, name)
            for name in ("fget", "__func__", "func", "__wrapped__")
            if getattr(function, name, None)
        )
    return _bare(function.__wrapped__) if hasattr(function, "__wrapped__") else function


def _class(there: type, wrong: type) -> None:
    """What stands in the body of a class besides functions: members, defaults, attributes."""
    if issubclass(there, Enum):
        for member in there:
            if member.name in wrong.__members__:  # type: ignore[attr-defined]
                member._value_ = wrong[member.name].value  # type: ignore[index]
        return
    for name in ("__init__", "__new__", "__repr__", "__eq__"):
        made = inspect.unwrap(vars(there).get(name, _class))
        if made.__code__.co_filename[0] == "<":  # by dataclass or NamedTuple
            setattr(there, name, vars(wrong)[name])
    for name, value in vars(wrong).items():
        if (
            not name.startswith("__")
            and not callable(value)
            and not isinstance(value, types.MemberDescriptorType | property)
        ):
            setattr(there, name, value)


def _made_of(tree: ast.Module, name: str) -> Iterator[str]:
    """Other globals of the module whose value is made with that one."""
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} if value is not None else set()
        if isinstance(targets[0], ast.Name) and name in names and targets[0].id != name:
            yield targets[0].id
