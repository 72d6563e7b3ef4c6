"""The values that a command line may have: names from specs, also unfinished ones, runs of this machine, files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from specrun.cli.completing import Candidate, Typed
from specrun.spec.source import STDIN, read

_SPECS = (".yaml", ".yml")
_PLANS = (".plan", ".json")
TRIALS = "trials"
"""The folder beside that of runs in which trials are noted."""
_MANY = 50
"""Specs that are read."""
_WITHIN: Mapping[str, str] = {"inputs": "job", "search_space": "sweep"}
"""Sections that are part of another one."""
_ABOUT_RUNS = ("status", "logs", "outputs", "cancel", "runs", "diff", "checkout")
_ABOUT_MODELS = ("models", "export endpoint")
_WITH_KINDS = ("plan", "apply", "destroy", "drift", "graph")
_IMPORTED: Mapping[str, tuple[str, ...]] = {
    "import": (".json", ".yml", ".yaml", ".runconfig", ".py", ".ipynb", ".sh", ".azcli"),
    "import batchai": (".json",),
    "import runconfig": (".runconfig", ".yml", ".yaml", ".json"),
    "import azureml": (".yml", ".yaml", ".json"),
    "import script": (".py", ".ipynb"),
    "import azcli": (".sh", ".bash", ".azcli"),
}


def of_argument(typed: Typed, last: str) -> Iterator[Candidate]:
    """What may stand for FILE, or for whatever else a verb takes."""
    if typed.verb == "explain":
        from specrun.spec.codes import CODES

        yield from (Candidate(code, about.summary) for code, about in CODES.items())
    elif typed.verb in ("completion", "schema"):
        words = ("bash", "zsh", "fish") if typed.verb == "completion" else ("spec", "repository", "prices")
        yield from map(Candidate, () if typed.files else words)
    elif typed.verb == "import live":
        yield from (Candidate(f"{kind}/", open=True) for kind in ("compute", "datastore"))
    elif typed.verb == "init":
        yield from files(last, ())
    elif typed.verb != "doctor":
        if typed.verb in _ABOUT_MODELS:
            yield from models(typed, last)
        if typed.verb in _ABOUT_RUNS:
            yield from runs(typed, last)
        endings = _IMPORTED.get(typed.verb) or (_SPECS + _PLANS if typed.verb in ("apply", "show") else _SPECS)
        yield from files(last, endings)


def of_option(typed: Typed, option: str, last: str) -> Iterator[Candidate]:
    """What may stand for the value of an option."""
    by_option: Mapping[str, Callable[[], Iterator[Candidate]]] = {
        "--engine": engines,
        "--target": lambda: (Candidate(name) for name in _keys(typed, "targets")),
        "--var": lambda: _pairs(typed, "vars", last),
        "--input": lambda: _pairs(typed, "inputs", last),
        "--run": lambda: runs(typed, last),
        "--columns": lambda: columns(typed, last),
        "--sort": lambda: columns(typed, last),
        "--filter": lambda: columns(typed, last),
        "--logs": lambda: (Candidate(name) for name in _names(typed)),
        "--adopt": lambda: runs(typed, last),
        "--role": lambda: roles(typed),
        "--environment": lambda: iter([Candidate("current", "The Python that runs specrun."), *files(last, None)]),
        "--var-file": lambda: files(last, _SPECS),
        "--only": lambda: selectors(typed, last),
        "--exclude": lambda: selectors(typed, last),
        "--check": lambda: files(last, None),
        "--from": lambda: files(last, (".json",)),
        "--size": sizes,
        "--fetch": lambda: files(last, ()),
        "--out-dir": lambda: files(last, ()),
        "--code": lambda: files(last, ()),
        "--scoring": lambda: files(last, (".py",)),
    }
    takes_files = ("--out", "--allow-outside", "--cluster", "--workspace")
    if option in by_option:
        yield from by_option[option]()
    elif option in takes_files:
        yield from files(last, None)


def engines() -> Iterator[Candidate]:
    """The engines."""
    from specrun.engines.facts import ENGINES

    about = {"local": "This machine.", "azureml": "Azure ML, SDK v2.", "azureml-v1": "Azure ML, SDK v1."}
    return (Candidate(name, about.get(name, "")) for name in ENGINES)


def sizes() -> Iterator[Candidate]:
    """The sizes that the table has one by one."""
    from specrun.spec.sizes import table

    return (Candidate(f"STANDARD_{name}", series.name) for name, (series, _) in table().items())


def files(last: str, endings: Sequence[str] | None) -> Iterator[Candidate]:
    """Folders, and files with one of these endings; all files for None."""
    folder, slash, begun = last.rpartition("/")
    where = os.path.expanduser(f"{folder}{slash}") or "."  # noqa: PTH111
    with os.scandir(where) as found:
        entries = sorted((one for one in found if one.name.startswith(begun)), key=lambda one: one.name)
    for one in entries:
        if one.name.startswith(".") and not begun.startswith("."):
            continue
        if one.is_dir():
            yield Candidate(f"{folder}{slash}{one.name}/", open=True)
        elif endings is None or one.name.endswith(tuple(endings)):
            yield Candidate(f"{folder}{slash}{one.name}")


def runs(typed: Typed, last: str = "") -> Iterator[Candidate]:
    """The runs of this repository on this machine, newest first: of the FILEs, where there are some. Trials, of which
    there may be a thousand, are there once their fingerprint has begun.
    """
    names = [f"{name}-" for name in _names(typed)] if typed.files else [""]
    trials = _trials(typed)
    for name in _runs(typed):
        if any(name.startswith(one) for one in names or [""]) and (name not in trials or len(last) > len(name) - 10):
            yield Candidate(name, "trial" if name in trials else "run")


def models(typed: Typed, last: str) -> Iterator[Candidate]:
    """The models of this repository on this machine; of one that is named, its versions."""
    folder = _runs_folder(typed).parent / "models"
    name, colon, _ = last.partition(":")
    if colon:
        numbers = sorted((int(one) for one in os.listdir(folder / name) if one.isdecimal()), reverse=True)  # noqa: PTH208
        yield from (Candidate(f"{name}:{number}") for number in numbers)
    elif not any(":" in one or "." not in one for one in typed.files):
        yield from (Candidate(one, "model") for one in sorted(os.listdir(folder) if folder.is_dir() else ()))  # noqa: PTH208


def _runs(typed: Typed) -> list[str]:
    with os.scandir(_runs_folder(typed)) as found:
        aged = sorted(((one.stat().st_mtime, one.name) for one in found), reverse=True)
    return [name for _, name in aged]


def _trials(typed: Typed) -> frozenset[str]:
    """The names of the trials of sweeps."""
    try:
        return frozenset(os.listdir(_runs_folder(typed).parent / TRIALS))  # noqa: PTH208
    except OSError:
        return frozenset()


def _runs_folder(typed: Typed) -> Path:
    from specrun.plan.home import home_of

    beside = next((os.path.dirname(file) for file in typed.files if os.path.isfile(file)), "")  # noqa: PTH113, PTH120
    return home_of(Path(beside or os.curdir)) / "runs"


def roles(typed: Typed) -> Iterator[Candidate]:
    """The roles of the run that is named, or of the newest, and what is common to several of them."""
    there = _runs(typed)
    named = [name for name in (*typed.values.get("--run", ()), *typed.files) if name in there]
    chosen = (named or [one.text for one in runs(typed)])[:1]
    for name in chosen:
        logs = os.listdir(_runs_folder(typed) / name / "logs")  # noqa: PTH208
        parts = sorted(one.removesuffix(".txt").rpartition("-") for one in logs if one.endswith(".txt"))
        yield from (Candidate(role, f"all of {role}") for role in dict.fromkeys(role for role, _, _ in parts))
        yield from (Candidate(f"{role}/{number}") for role, _, number in parts)


def columns(typed: Typed, last: str) -> Iterator[Candidate]:
    """Names of columns behind a comma, a blank or a `-`: the fields of a run, and the variables of the specs."""
    from specrun.plan.run_facts import FIELDS

    begun = last[: max(last.rfind(sign) for sign in ", ") + 1]
    begun += "-" if last[len(begun) :].startswith("-") else ""
    names = {**dict.fromkeys(_keys(typed, "vars"), "variable"), **dict.fromkeys(FIELDS, "of the run")}
    names |= dict.fromkeys(_keys(typed, "search_space"), "of trials")
    yield from (Candidate(f"{begun}{name}", about, open=True) for name, about in names.items())


def selectors(typed: Typed, last: str) -> Iterator[Candidate]:
    """What --only and --exclude take."""
    if typed.verb == "outputs":
        return
    by, colon, value = last.partition(":")
    if not colon:
        words = {"name:": "by name", "folder:": "by folder", "tag:": "by tag"}
        words |= {"kind:": "of a plan"} if typed.verb in _WITH_KINDS else {}
        yield from (Candidate(word, about, open=True) for word, about in words.items())
        yield from (Candidate(name, "spec") for name in _names(typed))
    elif by == "kind":
        from specrun.plan.resources import KIND_NAMES

        yield from (Candidate(f"kind:{name}") for name in KIND_NAMES)
    elif by == "name":
        yield from (Candidate(f"name:{name}") for name in _names(typed))
    elif by == "folder":
        yield from (one._replace(text=f"folder:{one.text}") for one in files(value, ()))
    elif by == "tag":
        for values in _specs(typed):
            tags = values.get("tags") or _mapping(values, "job").get("tags")
            yield from (
                Candidate(f"tag:{key}={text}") for key, text in (tags if isinstance(tags, dict) else {}).items()
            )


def _pairs(typed: Typed, section: str, last: str) -> Iterator[Candidate]:
    """NAME= of each name, and behind `input=` what paths there are, behind `var=` what the spec says."""
    name, equals, value = last.partition("=")
    if not equals:
        yield from (Candidate(f"{key}=", about, open=True) for key, about in _keys(typed, section).items())
    elif section == "inputs":
        yield from (one._replace(text=f"{name}={one.text}") for one in files(value, None))
    elif (about := _keys(typed, section).get(name)) is not None:
        yield Candidate(f"{name}={about}", "as the spec says")


def _names(typed: Typed) -> list[str]:
    return list(dict.fromkeys(str(one["name"]) for one in _specs(typed) if isinstance(one.get("name"), str)))


def _keys(typed: Typed, section: str) -> dict[str, str]:
    """The names in a section of the specs and their bases, each with its value as a text."""
    found: dict[str, str] = {}
    for values in _specs(typed):
        for layer in (values, *_mapping(values, "targets").values()):
            if isinstance(layer, dict):
                inside = _mapping(layer, _WITHIN[section]) if section in _WITHIN else layer
                within = _mapping(inside, section)
                for key, value in within.items():
                    found.setdefault(str(key), str(value) if isinstance(value, (str, int, float)) else "")
    return found


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _specs(typed: Typed) -> Iterator[Mapping[str, Any]]:
    """The values of the specs that are meant, and of their bases."""
    seen: set[str] = set()
    for file in islice(_files(typed), _MANY):
        yield from _layers(file, seen)


def _files(typed: Typed) -> Iterator[str]:
    named = [file for file in typed.files if file != STDIN and os.path.exists(file)]  # noqa: PTH110
    for file in named:
        if os.path.isdir(file):  # noqa: PTH112
            yield from (one.text for one in files(f"{file.rstrip('/')}/", _SPECS) if not one.open)
        else:
            yield file
    if not named:
        from specrun.spec.named import listed, own_repository, own_spec

        own = own_spec()
        yield from [own] if own else listed(own_repository()).files


def _layers(file: str, seen: set[str], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if file in seen or depth > 8:
        return
    seen.add(file)
    document, _ = read(file)
    values = document.values if document is not None else _unfinished(file)
    if not isinstance(values, dict):
        return
    yield values
    bases = values.get("extends")
    for base in [bases] if isinstance(bases, str) else bases if isinstance(bases, list) else ():
        yield from _layers(os.path.join(os.path.dirname(file), str(base)), seen, depth + 1)  # noqa: PTH118, PTH120


def _unfinished(file: str) -> Mapping[str, Any]:
    """What can be told of a file that is no YAML yet: names that stand in blocks, line by line."""
    with open(file, encoding="utf-8", errors="replace") as opened:  # noqa: PTH123
        lines = opened.read(1_000_000).splitlines()
    found: dict[str, dict[str, Any]] = {}
    name = next((match[1] for line in lines if (match := re.match(r"name:\s*[\"']?([\w.-]+)", line))), None)
    for section in ("vars", "targets", "inputs", "search_space"):
        for number, line in enumerate(lines):
            if head := re.match(rf"( *){section}:\s*(?:#.*)?$", line):
                below = (re.match(r"( *)([\w.-]+):\s*(.*)$", one) for one in lines[number + 1 :])
                own = ""
                for entry in below:
                    if entry is not None and len(entry[1]) <= len(head[1]):
                        break
                    if entry is not None and entry[1] == (own := own or entry[1]):
                        found.setdefault(section, {})[entry[2]] = entry[3]
    within = {above: {section: found.pop(section, {})} for section, above in _WITHIN.items()}
    return {**found, **within, **({"name": name} if name else {})}
