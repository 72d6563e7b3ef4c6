"""Of every case of an import: nothing is wrong with its spec that its report does not ask for, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from specrun.apply.imported import agreed
from specrun.apply.validation import validated
from specrun.convert.azureml import import_azureml
from specrun.convert.batchai import BatchaiOptions, folder_imports
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Entry, Report, dotted
from specrun.convert.runconfig import import_runconfig
from specrun.convert.scripts import import_script
from specrun.convert.sources import read_json, read_script, read_yaml
from specrun.spec.diagnostics import Diagnostic, Severity

CASES = Path(__file__).parents[1] / "cases" / "import"


def azureml(file: Path, options: ImportOptions) -> list[Imported]:
    files = sorted(file.glob("*.yml")) if file.is_dir() else [file]
    return import_azureml([read_yaml(str(one)) for one in files], options)


def batchai(file: Path, options: ImportOptions) -> list[Imported]:
    return [work() for work in folder_imports([read_json(str(file))], BatchaiOptions())]


def runconfig(file: Path, options: ImportOptions) -> list[Imported]:
    return [import_runconfig(read_yaml(str(file)), options)]


def script(file: Path, options: ImportOptions) -> list[Imported]:
    text = read_script(str(file)).text
    found = import_script(file.name.removesuffix(".txt"), text, options)
    return found if isinstance(found, list) else [found]


def cases() -> Iterator[object]:
    together = [one for one in (CASES / "azureml").iterdir() if one.is_dir()]
    for importer, files in (
        (azureml, [*(CASES / "azureml").glob("*.yml"), *together]),
        (batchai, (CASES / "batchai").glob("*.json")),
        (runconfig, [*CASES.glob("runconfig/*/*.json"), *CASES.glob("runconfig/*/.azureml/*.runconfig")]),
        (script, (CASES / "scripts").glob("*.txt")),
    ):
        for file in sorted(files):
            yield pytest.param(importer, file, id=f"{importer.__name__}-{file.name}")


@pytest.mark.parametrize(("importer", "file"), list(cases()))
def test_what_is_wrong_is_asked_for(
    importer: Callable[[Path, ImportOptions], list[Imported]], file: Path, tmp_path: Path
) -> None:
    imported = importer(file, ImportOptions(folder=tmp_path))
    texts = {str(tmp_path / f"{one.name}.yaml"): one.draft.text() for one in imported}
    for place, text in texts.items():
        Path(place).write_text(text, encoding="utf-8")
    for one in imported:
        for name, text in one.files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")

    for place, one in zip(texts, agreed(imported, texts), strict=True):
        found = validated(files=[place], engine="azureml").diagnostics
        untold = [d for d in found if d.severity is Severity.ERROR and not is_told(one.report, d)]
        assert [(d.code, d.path, d.detail) for d in untold] == []
        asked = [(entry.to, entry.note) for entry in one.report.todos if "is still open" in entry.note]
        assert len(asked) == len(set(asked))


def is_told(report: Report, found: Diagnostic) -> bool:
    return any(_is_about(entry, found) for entry in report.todos)


def _is_about(entry: Entry, found: Diagnostic) -> bool:
    to = dotted(found.path) or "workspace"
    variable = found.path[1] if found.path[:1] == ("vars",) else None
    near = any(
        one == other or one.startswith((f"{other}.", f"{other}[")) for one, other in ((to, entry.to), (entry.to, to))
    )
    return bool(entry.to and near) or (variable is not None and f"--var {variable}=" in entry.flag)
