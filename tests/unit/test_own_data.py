"""A spec's own data comes before its run, and is what the run reads, however an input names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.plan.observed import Observed, Status, StoredFile
from specrun.plan.resources import Place
from specrun.spec.datastore_paths import DatastorePath, parse
from tests.engine_double import Double, addresses, change_of, graph_for, key, plan_for, read_specs, write_spec

HERE = "azureml://datastores/workspaceblobstore/paths"
LONG = "azureml://subscriptions/S/resourcegroups/G/workspaces/W/datastores/workspaceblobstore/paths"
PLACE = Place("double", "s/g/w", "a workspace")
SPEC = """\
name: job
data: {{photos: {{path: photos, target: shop/photos}}}}
job:
  command: ls ${{{{ inputs.photos }}}}
  inputs: {{photos: {entry}}}
"""
FILES = {"photos__a_jpg": "1", "photos__old__b_jpg": "2"}
TARGET = "data/default/shop/photos"


def specs(folder: Path, entry: str) -> Any:
    return read_specs(write_spec(folder, SPEC.format(entry=entry), **FILES))


def identity(folder: Path, entry: str, **double: Any) -> Any:
    plan = plan_for(Double(place=PLACE, **double), specs(folder, entry), folder / "home")
    return change_of(plan, "run/job").submission.identity["inputs"]["photos"]


@pytest.mark.parametrize(
    "path", [f"{HERE}/shop/photos", f"{HERE}/shop", f"{HERE}/", f"{HERE}/shop/photos/old/", "azureml:other:1"]
)
def test_the_data_is_there_before_the_run_whatever_the_input_says(tmp_path: Path, path: str) -> None:
    for entry in (f"{{path: '{path}'}}", "3"):
        graph = addresses(graph_for(specs(tmp_path, entry), tmp_path / "home"))
        assert key(TARGET) in graph["run/job"].needs


def test_data_that_no_input_reads_is_not_in_the_fingerprint(tmp_path: Path) -> None:
    plan = plan_for(Double(), specs(tmp_path, "3"), tmp_path / "home")
    submission = change_of(plan, "run/job").submission
    assert submission.identity["inputs"] == {"photos": {"value": 3}}
    assert submission.reads == ()


@pytest.mark.parametrize("address", ["/shop/photos", "/shop/photos/"])
@pytest.mark.parametrize("start", [HERE, LONG, HERE.replace("blob", "BLOB")])
def test_a_path_at_its_own_data_is_that_data(tmp_path: Path, start: str, address: str) -> None:
    named = identity(tmp_path, "{data: photos}")
    assert identity(tmp_path, f"{{path: '{start}{address}'}}") == named
    assert set(named["files"]) == {"a.jpg", "old/b.jpg"}
    assert named["data"] == "photos"


def test_a_path_below_its_own_data_is_a_part_of_it(tmp_path: Path) -> None:
    whole = identity(tmp_path, "{data: photos}")
    part = identity(tmp_path, f"{{path: '{HERE}/shop/photos/old'}}")
    assert part == {"data": "photos", "files": {"b.jpg": whole["files"]["old/b.jpg"]}}
    one = identity(tmp_path, f"{{path: '{HERE}/shop/photos/old/b.jpg', type: uri_file}}")
    assert one == {**part, "type": "uri_file"}


def test_a_path_around_its_own_data_is_that_and_the_rest_as_observed(tmp_path: Path) -> None:
    whole = identity(tmp_path, "{data: photos}")
    for path, below in ((f"{HERE}/shop", "photos"), (f"{HERE}/", "shop/photos")):
        found = identity(tmp_path, f"{{path: '{path}'}}", digests={path: "the rest"})
        assert found == {
            "path": path,
            "content": "the rest",
            "files": {f"{below}/{name}": entry for name, entry in whole["files"].items()},
        }


def test_what_lies_elsewhere_is_as_observed(tmp_path: Path) -> None:
    elsewhere = LONG.replace("workspaces/W", "workspaces/OTHER")
    for path in (f"{HERE}/shop/photos2", f"{elsewhere}/shop/photos", "azureml://datastores/other/paths/shop/photos"):
        assert identity(tmp_path, f"{{path: '{path}'}}", digests={path: "d"}) == {"path": path, "content": "d"}


def test_the_default_datastore_is_the_one_that_the_place_has(tmp_path: Path) -> None:
    path = "azureml://datastores/mine/paths/shop/photos"
    assert "files" not in identity(tmp_path, f"{{path: '{path}'}}")
    assert "files" in identity(tmp_path, f"{{path: '{path}'}}", default_datastore="mine")
    assert "files" not in identity(tmp_path, f"{{path: '{HERE}/shop/photos'}}", default_datastore="mine")


def test_the_run_that_reads_it_by_path_keeps_it_from_being_changed(tmp_path: Path) -> None:
    engine = Double()
    plan = plan_for(engine, specs(tmp_path, f"{{path: '{HERE}/shop'}}"), tmp_path / "home")
    assert change_of(plan, "run/job").submission.reads == (TARGET,)


def test_extra_files_below_the_part_that_is_read_count(tmp_path: Path) -> None:
    there = {TARGET: Observed(Status.READY, files={"old/c.jpg": StoredFile(1, "c"), "d.jpg": StoredFile(1, "d")})}
    double = {"there": there, "shows_extra": True}
    part = identity(tmp_path, f"{{path: '{HERE}/shop/photos/old'}}", **double)
    assert part["extra"] != identity(tmp_path, "{data: photos}", **double)["extra"]
    assert "extra" not in identity(tmp_path, f"{{path: '{HERE}/shop/photos/new'}}", **double)


def test_extra_files_in_what_a_path_is_around_count(tmp_path: Path) -> None:
    there = {TARGET: Observed(Status.READY, files={"c.jpg": StoredFile(1, "c")})}
    entry = f"{{path: '{HERE}/shop'}}"
    found = identity(tmp_path, entry, there=there, shows_extra=True)
    assert found["extra"] not in ("", identity(tmp_path, "{data: photos}", there=there, shows_extra=True)["extra"])
    assert found == {**identity(tmp_path, entry), "extra": found["extra"]}


def test_what_is_fetched_is_known_before_it_is_here(tmp_path: Path) -> None:
    path, sha256 = f"{HERE}/shop", "0a" * 32
    text = (
        "name: job\n"
        f"data: {{photos: {{path: 'https://example.org/a.zip', sha256: {sha256}, target: shop/photos}}}}\n"
        f"job: {{command: 'ls ${{{{ inputs.all }}}}', inputs: {{all: {{path: '{path}'}}}}}}\n"
    )
    (spec,) = read_specs(write_spec(tmp_path, text))
    found = change_of(plan_for(Double(), [spec], tmp_path / "home"), "run/job").submission.identity["inputs"]["all"]
    assert found == {"path": path, "files": {"photos/a.zip": [sha256, False]}}


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("azureml://datastores/a/paths/b/c/", DatastorePath("a", "b/c")),
        ("azureml://datastores/a/paths/", DatastorePath("a", "")),
        ("azureml://datastores/a/paths", DatastorePath("a", "")),
        ("azureml://datastores/a/paths/.", DatastorePath("a", "")),
        ("azureml://datastores/a/paths/./b", DatastorePath("a", "b")),
        (
            "azureml://subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/W"
            "/datastores/a/paths/b",
            DatastorePath("a", "b", "s/g/w"),
        ),
        ("azureml://registries/a/data/b", None),
        ("azureml:a:1", None),
        ("https://datastores/a/paths/b", None),
    ],
)
def test_addresses(uri: str, path: DatastorePath | None) -> None:
    assert parse(uri) == path
