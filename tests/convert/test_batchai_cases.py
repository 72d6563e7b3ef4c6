"""Each file in tests/cases/import/batchai is imported; a .yaml of the same name is what must be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specrun.convert.batchai import (
    BatchaiOptions,
    folder_imports,
    import_batchai,
    import_cluster,
    kind_of,
)
from specrun.convert.report import Verdict
from specrun.convert.sources import Source, read_json
from tests.convert.imports import mistakes, unspoken

FOLDER = Path(__file__).parents[1] / "cases" / "import" / "batchai"
FILES = sorted(FOLDER.glob("*.json"))
CLUSTER = read_json(str(FOLDER / "cluster-whole.json"))


def source_of(path: Path) -> Source:
    """The file under its bare name, as it is written in specs."""
    return Source(path.name, "", json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("code", [None, "src"])
@pytest.mark.parametrize("cluster", [None, CLUSTER], ids=["", "cluster"])
def test_every_field_is_in_the_report_and_the_spec_is_valid(
    path: Path, code: str | None, cluster: Source | None, tmp_path: Path
) -> None:
    source = source_of(path)
    options = BatchaiOptions(code=code, cluster=cluster)
    imported = (import_cluster if kind_of(source) == "cluster" else import_batchai)(source, options)
    assert unspoken(source, imported) == []
    assert mistakes(imported, tmp_path) == []
    for entry in imported.report.entries:
        assert entry.note or entry.verdict is Verdict.CARRIED, entry
    said = [imported.draft.text(), *imported.files.values(), *(entry.note for entry in imported.report.entries)]
    assert not [text for text in said if "NOTFORCOPY" in text], "a secret was copied"


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.with_suffix(".yaml").exists()], ids=lambda path: path.stem
)
def test_what_is_written(path: Path) -> None:
    source = source_of(path)
    imported = (import_cluster if kind_of(source) == "cluster" else import_batchai)(source, BatchaiOptions())
    assert imported.draft.text() == path.with_suffix(".yaml").read_text(encoding="utf-8")


def test_all_files_as_a_folder(tmp_path: Path) -> None:
    found = [one() for one in folder_imports([source_of(path) for path in FILES], BatchaiOptions())]
    assert len({imported.name for imported in found}) == len(FILES)
    for imported in found:
        assert mistakes(imported, tmp_path) == []


def test_one_refused_file_leaves_the_others() -> None:
    good, bad = source_of(FOLDER / "pytorch-mpi.json"), Source("bad.json", "", {"nodeCount": 1})
    first, second = folder_imports([good, bad], BatchaiOptions())
    assert first().name == "pytorch-mpi"
    with pytest.raises(Exception, match="without a toolkit"):
        second()
