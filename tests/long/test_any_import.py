"""No file makes an importer fail: it is imported, or refused, with a reason and in a bounded time.

What is imported is told whole, valid or told why not, and never has a credential in it.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from specrun.cli.exit_codes import DONE, INVALID_SPEC
from specrun.cli.main import run
from specrun.convert.report import leaves
from specrun.convert.sources import read_json, read_yaml
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.load import check
from tests.long.limits import ACTS, SECONDS, TookTooLong, limited
from tests.long.mangling import PLAIN, Way, mangled, other_expression, other_json, other_value, with_value
from tests.searching import Search

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases"
SPECS = Path("specs")
PARTS = range(4)
"""In which a search is done: by several workers."""

MARK = "n0tT0BeC0piedN0tT0BeC0pied"
CREDENTIALS = (
    f"https://trees.blob.core.windows.net/leaves?sv=2024-01-01&sig={MARK}",
    f"DefaultEndpointsProtocol=https;AccountName=trees;AccountKey={MARK}==;EndpointSuffix=core.windows.net",
    f"https://me:{MARK}@example.com/leaves.git",
    f"Server=db;Password={MARK};Database=leaves",
)
"""Put in anywhere, each is known by what it looks like."""

NOT_HERE = ("missing-", "unset-", "not-a-folder", "not-a-file", "script-outside-code", "needs-workspace")
"""Codes about files, variables and a workspace that a test does not have."""


class Kind(NamedTuple):
    """What one importer is given: the ends of files' names, the ways in which they are made wrong, and the files.

    `verb` "": the file is looked at, and goes to the importer of its kind.
    """

    verb: str
    ending: str
    ways: tuple[Way, ...]
    files: list[bytes]


def _files(*patterns: str) -> list[bytes]:
    return [file.read_bytes() for pattern in patterns for file in sorted(CASES.glob(pattern))]


YAML = (*PLAIN, other_value, other_value)
JSON = (*PLAIN, other_json, other_json, other_json)
PYTHON = (*PLAIN, *[other_expression] * 5)
SHELL = [
    b"#!/bin/bash\naz ml folder attach -w trees -g team\n"
    b"az ml run submit-script -c train -e leaves --source-directory src train.py --steps 3\n",
    b"for rate in 0.1 0.2; do\n  az ml run submit-script -c .azureml/gpu.runconfig -e leaves --async \\\n"
    b'    fit.py --rate $rate --name "a b" > run.json\ndone\n',
    b"cd project\naz ml run submit-hyperdrive --hyperdrive-configuration-name hd.yml -c train \\\n"
    b"    -e leaves train.py --steps 3\n",
]
AZUREML = _files("import/azureml/**/*.yml", "migrate/cli-v2/*.yml")
RUNCONFIG = _files("import/runconfig/**/*.runconfig", "import/runconfig/**/*.json", "migrate/runconfig/**/*.runconfig")
BATCHAI = _files("import/batchai/*.json", "migrate/batchai/*.json")
SCRIPTS = _files("import/scripts/*.py.txt", "migrate/script/*.py")
PIPELINES = _files("import/pipeline/*.yml")
BUILT = _files("import/script-pipelines/*.py.txt")
BESIDE = ("import/script-pipelines/components", "import/pipeline")
"""What pipelines name."""
NOTEBOOKS = _files("import/scripts/*.ipynb.txt")
KINDS = [
    Kind("azureml", ".yml", YAML, AZUREML),
    Kind("runconfig", ".runconfig", YAML, RUNCONFIG),
    Kind("batchai", ".json", JSON, BATCHAI),
    Kind("script", ".py", PYTHON, SCRIPTS),
    Kind("azureml", ".yml", YAML, PIPELINES),
    Kind("script", ".py", PYTHON, BUILT),
    Kind("script", ".ipynb", (*PLAIN, other_json, other_json), NOTEBOOKS),
    Kind("", ".yml", YAML, [*AZUREML, *PIPELINES, *RUNCONFIG]),
    Kind("", ".json", JSON, [*BATCHAI, *RUNCONFIG]),
    Kind("", ".py", PYTHON, [*SCRIPTS, *BUILT, *NOTEBOOKS]),
    Kind("", ".sh", PLAIN, SHELL),
]


def check_answer(verb: str, file: str, source: bytes = b"") -> int:
    """Import a file as the command line does; the status. Nothing is silent, and nothing shown is obeyed.

    No credential of the `source` is copied.
    """
    shutil.rmtree(SPECS, ignore_errors=True)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        words = ["import", *([verb] if verb else []), file, "--out-dir", str(SPECS), "--output", "json"]
        status = run(words)
    shown = out.getvalue() + err.getvalue()
    assert "Traceback" not in shown, shown
    assert status in (DONE, INVALID_SPEC), shown
    assert shown.strip()
    assert not ACTS.search(shown), ascii(shown)
    assert MARK not in shown, shown
    for path in _written():
        assert MARK not in path.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")
    if status == DONE and any(_written()):  # a workspace's file alone makes no spec
        report = json.loads(out.getvalue())
        assert _unspoken(file, report) == []
        for spec in SPECS.glob("*.yaml"):
            assert _unexplained(spec, report) == [], spec.read_text(encoding="utf-8")
    return status


def _written() -> Iterator[Path]:
    return (path for path in SPECS.rglob("*") if path.is_file())


def _unspoken(file: str, report: Sequence[Mapping[str, Any]]) -> list[tuple[str | int, ...]]:
    """The leaves of a file that its report does not have."""
    if file.endswith((".py", ".ipynb", ".sh")):
        return []
    values = (read_json if file.endswith(".json") else read_yaml)(file).values
    told = {tuple(entry["path"]) for entry in report if entry["file"] == file}
    told -= {()} if values and isinstance(values, (dict, list)) else set()
    hidden = [path for path in told if any("*" in str(step) for step in path)]
    return [
        path
        for path in leaves(values)
        if not any(path[:end] in told for end in range(len(path) + 1)) and not any(_hides(one, path) for one in hidden)
    ]


def _hides(told: Sequence[str | int], path: Sequence[str | int]) -> bool:
    """Whether a path with asterisks is that of a leaf, or above it."""
    steps = zip(told, path, strict=False)
    return len(told) <= len(path) and all(one == other or "*" in str(one) for one, other in steps)


def _unexplained(spec: Path, report: Sequence[Mapping[str, Any]]) -> list[Diagnostic]:
    """The mistakes of a written spec of which neither a TODO in it nor the report says anything."""
    asked = [entry["to"] for entry in report if entry["verdict"] == "needs you"]
    return [
        found
        for found in check([str(spec)], engine="azureml")
        if found.severity is Severity.ERROR
        and found.code != "open-todo"
        and not found.code.startswith(NOT_HERE)
        and not any(_covers(to, found.path) for to in asked)
    ]


def _covers(to: str, path: Sequence[str | int]) -> bool:
    """Whether what is asked for in the report is the place of a mistake, a part of it, or around it."""
    mine = ".".join(map(str, path))
    theirs = to.replace("[", ".").replace("]", "")
    return bool(theirs) and (f"{mine}.".startswith(f"{theirs}.") or f"{theirs}.".startswith(f"{mine}."))


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in BESIDE:
        files = CASES / folder
        target = tmp_path / files.name if files.name == "components" else tmp_path
        shutil.copytree(files, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.spec.yaml"))


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.verb}{kind.ending}")
def test_any_file_gets_an_answer(kind: Kind, part: int, search: Search) -> None:
    if part and not search.whole:
        return
    assert kind.files
    random = search.random
    file = Path(f"any{kind.ending}")
    for data in kind.files:
        file.write_bytes(data)
        check_answer(kind.verb, str(file))  # and all is imported that takes time once
    for _ in range(search.rounds(sample=40, whole=1_000_000 // (len(KINDS) * len(PARTS)))):
        data = _drawn(kind, random)
        file.write_bytes(data)
        try:
            with limited(SECONDS if search.whole else 10 * SECONDS):
                check_answer(kind.verb, str(file))
        except (Exception, TookTooLong):
            print(f"the file: {data!r}")
            raise


def _drawn(kind: Kind, random: Random) -> bytes:
    """A file with something made wrong, with a credential put in anywhere, or both."""
    data = random.choice(kind.files)
    if random.randrange(4):
        data = mangled(data, random, kind.files, kind.ways)
    if not random.randrange(3) and MARK.encode() not in data:
        data = with_value(data, kind.ending, random.choice(CREDENTIALS), random)
    return data
