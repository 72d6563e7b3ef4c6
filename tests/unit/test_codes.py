"""One registry of codes: what is reported is in it, what is in it is reported, and every entry shows how."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import specrun
from specrun.cli.main import run
from specrun.engines.local import gpus
from specrun.spec import load as loading
from specrun.spec.codes import CODES, diagnostic
from specrun.spec.diagnostics import Location, Severity
from specrun.spec.entries import GROUPS, Entry, entries

ROOT = Path(__file__).parents[2]
PACKAGE = Path(specrun.__file__).parent
ENTRIES = entries()
SHOWN = [entry for entry in ENTRIES.values() if not entry.test]
RECEIVERS = {"at": "subject", "note": "planning"}
"""Methods of whose name there are others that take no codes, with what those that do are called on."""
TOLD = re.compile(r"(error|warning|note)\[([a-z0-9-]+)\]: ")


def test_summaries_are_short_sentences() -> None:
    assert all(len(code.summary) <= 72 and code.summary.endswith(".") for code in CODES.values())
    assert len({code.summary for code in CODES.values()}) == len(CODES)


def test_a_severity_may_be_given() -> None:
    place = Location("x", 1, 1)
    assert diagnostic("unset-env", "", (), place).severity is Severity.ERROR
    assert diagnostic("unset-env", "", (), place, Severity.NOTE).severity is Severity.NOTE
    assert diagnostic("retired-size", "", (), place).severity is Severity.WARNING


# what the program says


@cache
def trees() -> dict[str, ast.Module]:
    """Each module of the program, by its path in the package."""
    files = {file.relative_to(PACKAGE).as_posix(): file for file in PACKAGE.rglob("*.py")}
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in files.items()}


def functions() -> Iterator[tuple[str, list[str]]]:
    """Every function and class of the program, with the names of its parameters."""
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield node.name, [each.arg for each in node.args.args if each.arg != "self"]
            elif isinstance(node, ast.ClassDef):
                initial = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
                for each in initial:
                    yield node.name, [parameter.arg for parameter in each.args.args if parameter.arg != "self"]
                if not initial:
                    fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
                    yield node.name, [each.id for each in fields if isinstance(each, ast.Name)]


def said() -> Iterator[tuple[str, str]]:
    """Each text that is handed over as a `code`, or returned as one, with the file in which that is done."""
    takers: dict[str, set[int]] = {}
    for name, parameters in functions():
        if "code" in parameters and {"detail", "subject"} & set(parameters):
            takers.setdefault(name, set()).add(parameters.index("code"))
    importers = re.compile(r"convert/(?!to_)")  # they enter what they find in a ledger, without codes
    for file, tree in trees().items():
        for node in ast.walk(tree) if not importers.match(file) else ():
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                receiver = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
                mine = RECEIVERS.get(name, receiver) == receiver
                given = [node.args[at] for at in takers.get(name, ()) if at < len(node.args) and mine]
            elif isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node).startswith("tuple[str, str"):
                pairs = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
                given = [pair.elts[0] for pair in pairs if isinstance(pair, ast.Tuple) and file.startswith("spec/")]
            else:
                continue
            for one in given:
                either = [one.body, one.orelse] if isinstance(one, ast.IfExp) else [one]
                yield from ((file, each.value) for each in either if isinstance(each, ast.Constant))


def texts(file: str) -> frozenset[str]:
    walked = ast.walk(trees()[file])
    return frozenset(each.value for each in walked if isinstance(each, ast.Constant) and isinstance(each.value, str))


def test_what_is_reported_is_registered() -> None:
    found = list(said())
    assert len({code for _, code in found}) > len(CODES) / 2, "this test no longer sees how codes are handed over"
    assert {(file, code) for file, code in found if code not in CODES} == set()


def test_what_is_registered_is_reported() -> None:
    # The one names all codes, the other those that follow from others.
    others = frozenset.union(*map(texts, trees().keys() - {"spec/codes.py", "spec/rules/unknown.py"}))
    assert sorted(CODES.keys() - others) == []


def test_diagnostics_are_made_from_the_registry_alone() -> None:
    made = {
        file
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Diagnostic"
    }
    assert made == {"spec/codes.py"}


# what the entries say


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    assert list(ENTRIES) == list(CODES)
    assert {code.group for code in CODES.values()} == set(GROUPS)
    for group in GROUPS:
        written = re.findall(r"^([a-z0-9-]+):", (PACKAGE / f"spec/entries/{group}.yaml").read_text("utf-8"), re.M)
        assert sorted(written) == sorted(code for code, known in CODES.items() if known.group == group)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.code)
def test_an_entry_says_why_and_shows_how(entry: Entry) -> None:
    assert entry.why.endswith(".")
    assert entry.instead[-1:] in ("", ".", ":")
    if entry.test:
        assert entry.instead
        assert f'"{entry.code}"' in (ROOT / entry.test).read_text(encoding="utf-8"), "its test knows nothing of it"
    else:
        assert entry.wrong
        assert entry.right


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that the examples name, on a machine without GPUs, on one day."""
    outside = "00000000-0000-0000-0000-000000000000"
    files = {
        "src/train.py": "",
        "data/digits.csv": "1,2",
        "docker/Dockerfile": "FROM scratch",
        "conda.yaml": "dependencies: [python=3.11]",
        "config.json": f'{{"workspace_name": "ml-ws", "resource_group": "ml-rg", "subscription_id": "{outside}"}}',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for folder, target in (("linked", "../data/digits.csv"), ("broken", "gone")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "t")
    for name in ("DATA_ROOT", "NOT_SET", "SPECRUN_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(loading, "_today", lambda: "2026-11-23")
    monkeypatch.setattr(gpus, "present", lambda: False)
    return tmp_path


@pytest.mark.parametrize("entry", SHOWN, ids=lambda entry: entry.code)
def test_an_example_is_what_its_entry_says(entry: Entry, beside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(example: str) -> list[tuple[str, str]]:
        (beside / "job.yaml").write_text(entry.whole(example), encoding="utf-8")
        run([*entry.command.split(), "job.yaml"])
        printed = capsys.readouterr()
        found = TOLD.findall(printed.out + printed.err)
        return [one for one in found if one[1] == entry.code or one[1] != "environment-of-machine"]  # which most are

    assert told(entry.wrong) == [(entry.known.severity.value, entry.code)]
    assert told(entry.right) == []


def test_nobody_waits_for_the_entries(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("apiVersion: specrun/v1\nname: digits\njob: {}\n", encoding="utf-8")
    program = (
        "import sys\nfrom specrun.cli.main import run\nassert run(['validate']) == 65\n"
        "assert 'specrun.spec.codes' in sys.modules\nassert 'specrun.spec.entries' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
