"""`drift` on this machine: what was changed by hand is seen, with who says what, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specrun.cli.main import run
from tests.cli.conftest import Command, Said

BASE = """\
apiVersion: specrun/v1
abstract: true
compute:
  name: gpu-cluster
  size: STANDARD_NC4AS_T4_V3
  max_instances: 4
  tags: {team: vision, a.b: dotted}
"""
SPEC = """\
apiVersion: specrun/v1
name: first
extends: base.yaml
compute: {description: of vision}
datastores:
  training: {type: azure_blob, account_name: mlstore, container_name: training}
data:
  digits: {path: data}
  rows: {path: data/a.csv, target: sets/rows, prune: true}
"""
SECOND = "apiVersion: specrun/v1\nname: second\ncompute: {name: gpu-cluster, idle_time_before_scale_down: 300}\n"
STATE = Path(".specrun")
CLUSTER = STATE / "resources/compute/gpu-cluster.json"
STORES = STATE / "datastores/default"


@pytest.fixture
def applied(tmp_path: Path, bare: None) -> Path:
    for name, text in {"base.yaml": BASE, "job.yaml": SPEC, "second.yaml": SECOND}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / ".git").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n")
    (tmp_path / "data" / "b.csv").write_text("b\n")
    assert run(["apply", "--yes", "job.yaml", "second.yaml"]) == 0
    return tmp_path


def cluster(**fields: object) -> None:
    content = json.loads(CLUSTER.read_text())
    content["properties"] |= fields
    CLUSTER.write_text(json.dumps(content))


def write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)


def drifted(said: Said, ends: int = 3) -> dict[str, dict[str, Any]]:
    """What differs, by address and path."""
    assert said.code == ends, said
    found = {}
    for one in json.loads(said.out)["resource_drift"]:
        found |= {f"{one['address']} {each['path']}".strip(): each for each in one["differences"]}
    return found


def digest() -> str:
    """Of all files and folders below, with what they hold and their modes and times."""
    found = []
    for parent, _, names in os.walk("."):
        for path in (Path(parent), *(Path(parent, name) for name in names)):
            seen = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found.append((str(path), seen.st_mode, seen.st_mtime_ns, content))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def test_what_was_applied_has_none(applied: Path, specrun: Command) -> None:
    said = specrun("drift", "job.yaml", "second.yaml")
    assert (said.code, said.out) == (0, "No drift: 4 as declared.\n")
    comment = specrun("drift", "-o", "markdown").out
    assert comment.splitlines()[1] == "### specrun drift: none: 4 as declared · this machine (local)"
    assert specrun("drift", "second.yaml").code == 0


def test_each_field_is_told_with_who_says_what(applied: Path, specrun: Command) -> None:
    cluster(
        size="STANDARD_DS2_V2",
        max_instances=8,
        tags={"team": "audio", "other": "x"},
        description="mine",
        idle_time_before_scale_down=60,
    )
    found = drifted(specrun("drift", "-o", "json", "job.yaml", "second.yaml"))
    told = {
        path.partition(" ")[2]: (
            one["declared"],
            one["found"],
            f"{one['location']['file']}:{one['location']['line']}",
            one["location"]["layer"],
        )
        for path, one in found.items()
    }
    assert told == {
        "size": ("STANDARD_NC4AS_T4_V3", "STANDARD_DS2_V2", "base.yaml:5", "base"),
        "max_instances": (4, 8, "base.yaml:6", "base"),
        "tags.team": ("vision", "audio", "base.yaml:7", "base"),
        "tags.a.b": ("dotted", None, "base.yaml:7", "base"),
        "description": ("of vision", "mine", "job.yaml:4", "file"),
        "idle_time_before_scale_down": (300, 60, "second.yaml:3", "file"),
    }
    text = specrun("drift", "job.yaml", "second.yaml").out
    assert "        declared  4  base.yaml:6:3 (base)\n        there     8\n" in text
    assert "Drift: 1 of 4 resources is not as declared (6 fields); 3 as declared." in text


def test_a_field_of_several_specs_says_so(applied: Path, specrun: Command) -> None:
    (applied / "third.yaml").write_text(SECOND.replace("second", "third"))
    cluster(idle_time_before_scale_down=60)
    text = specrun("drift", "job.yaml", "second.yaml", "third.yaml").out
    assert "declared  300  second.yaml:3:30, and by 1 spec more" in text


def test_what_is_gone_is_told_as_a_whole(applied: Path, specrun: Command) -> None:
    CLUSTER.unlink()
    (STATE / "resources/datastore/training.json").unlink()
    for file in (STORES / "digits").iterdir():
        file.unlink()
    said = specrun("drift", "-o", "json")
    found = drifted(said)
    assert {path: one["kind"] for path, one in found.items()} == dict.fromkeys(
        ("compute/gpu-cluster", "datastore/training", "data/default/digits"), "missing"
    )
    assert all(one["change"]["after"] is None for one in json.loads(said.out)["resource_drift"])
    assert "- data/default/digits  missing: the target is empty, and 2 files should be there" in specrun("drift").out


def test_files_count_by_their_content_and_extra_ones_where_they_would_be_pruned(
    applied: Path, specrun: Command
) -> None:
    write(STORES / "digits/a.csv", "x\n")  # of the same size
    (STORES / "digits/b.csv").unlink()
    write(STORES / "digits/new.csv", "n")
    write(STORES / "sets/rows/new.csv", "n")
    said = specrun("drift", "-o", "json")
    found = drifted(said)
    assert {path: one["kind"] for path, one in found.items()} == {
        "data/default/digits b.csv": "missing",
        "data/default/digits a.csv": "changed",
        "data/default/sets/rows new.csv": "extra",
    }
    assert found["data/default/sets/rows new.csv"]["reason"] == "put there by somebody else: apply leaves it"
    data = json.loads(said.out)
    assert data["summary"]["extra_files"] == 1
    assert [one["extra"][0]["path"] for one in data["resources"] if "extra" in one] == ["new.csv"]
    for path, text in {"digits/a.csv": "a\n", "digits/b.csv": "b\n"}.items():
        write(STORES / path, text)
    (STORES / "sets/rows/new.csv").unlink()
    said = specrun("drift")
    assert (said.code, "1 extra" in said.out, "Not counted: 1 extra file" in said.out) == (0, True, True)


def test_what_is_ignored_does_not_count_and_is_counted(applied: Path, specrun: Command) -> None:
    cluster(max_instances=8, tags={})
    write(STORES / "digits/a.csv", "x\n")
    (STORES / "sets/rows/a.csv").unlink()
    ignore = ["compute/gpu-cluster.max_instances", "tags.*", "data/default/digits/*", "data/*/rows"]
    said = specrun("drift", *(word for one in ignore for word in ("--ignore", one)))
    assert (said.code, said.err) == (0, "using job.yaml\n" if "using" in said.err else "")
    assert "No drift: 3 as declared, 1 ignored.\nIgnored: 3 fields, 1 file.\n" in said.out
    found = drifted(specrun("drift", "-o", "json", *(word for one in ignore[1:] for word in ("--ignore", one))))
    assert list(found) == ["compute/gpu-cluster max_instances"]


def test_an_ignore_that_fits_nothing_is_told(applied: Path, specrun: Command) -> None:
    said = specrun("drift", "--ignore", "tgs.team", "--ignore", "data/default/digits/not-yet", "--ignore", "size")
    assert said.code == 0
    assert "note: --ignore tgs.team fits nothing that is compared: did you mean tags.team?" in said.err
    assert said.err.count("fits nothing") == 1
    assert specrun("drift", "--ignore", " ").code == 64


def test_nothing_is_written_anywhere(applied: Path, specrun: Command) -> None:
    (STORES / "digits/a.csv").chmod(0o600)
    write(applied / "data" / "b.csv", "another\n")
    os.utime("data/b.csv", (1, 1))  # so that its hash would be kept
    before = digest()
    assert specrun("drift").code == 3
    assert digest() == before


def test_without_a_state_folder_none_is_made(tmp_path: Path, applied: Path, specrun: Command) -> None:
    subprocess.run(["rm", "-r", str(STATE)], check=True)
    assert specrun("drift").code == 3
    assert not STATE.exists()


def test_a_source_that_is_not_here_is_compared_by_its_list(applied: Path, specrun: Command) -> None:
    text = SPEC.replace("digits: {path: data}", "digits: {path: data, source: optional}")
    (applied / "job.yaml").write_text(text.replace("  rows: {path: data/a.csv, target: sets/rows, prune: true}\n", ""))
    (applied / "data").rename(applied / "elsewhere")
    assert specrun("drift").code == 0
    write(STORES / "digits/a.csv", "x\n")
    (STORES / "digits/b.csv").unlink()
    found = drifted(specrun("drift", "-o", "json"))
    assert {path: one["kind"] for path, one in found.items()} == {
        "data/default/digits b.csv": "missing",
        "data/default/digits a.csv": "changed",
    }
    for record in (STATE / "resources/data").iterdir():
        content = json.loads(record.read_text())
        del content["source"]
        record.write_text(json.dumps(content))
    said = specrun("drift")
    assert (said.code, "not compared: its source is not here, and the list" in " ".join(said.out.split())) == (0, True)
    (STORES / "digits/a.csv").unlink()
    assert drifted(specrun("drift", "-o", "json"))["data/default/digits"]["kind"] == "missing"


def test_what_cannot_be_looked_at_hides_nothing_else(applied: Path, specrun: Command) -> None:
    cluster(max_instances=8)
    (STATE / "resources/datastore/training.json").write_text("{")
    said = specrun("drift")
    assert said.code == 1
    assert "max_instances" in said.out
    assert "? datastore/training  not looked at\n" in said.out
    assert "1 could not be looked at" in said.out
    assert "training.json is damaged" in " ".join(said.err.split())
    data = json.loads(specrun("drift", "-o", "json").out)
    assert (data["drift"], data["complete"], data["summary"]["unseen"]) == (True, False, 1)
    assert specrun("drift", "--ignore", "datastore/*").code == 3


def test_a_source_that_cannot_be_read_makes_it_1(applied: Path, specrun: Command, monkeypatch: Any) -> None:
    def unreadable(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "data/a.csv")

    monkeypatch.setattr("specrun.plan.kinds.data.hash_files", unreadable)
    CLUSTER.unlink()
    said = specrun("drift")
    assert (said.code, "- compute/gpu-cluster" in said.out, "unreadable-data" in said.err) == (1, True, True)


@pytest.mark.parametrize(
    ("arguments", "compared"),
    [
        (("--only", "kind:data"), 2),
        (("--exclude", "kind:data"), 2),
        (("--only", "second", "job.yaml", "second.yaml"), 1),
    ],
)
def test_some_of_it(applied: Path, specrun: Command, arguments: tuple[str, ...], compared: int) -> None:
    data = json.loads(specrun("drift", "-o", "json", *arguments).out)
    assert data["summary"]["resources"] == compared


def test_runs_and_environments_do_not_drift(applied: Path, specrun: Command) -> None:
    job = "apiVersion: specrun/v1\nname: run\njob: {command: exit 1, environment: {pip: [no-such-package]}}\n"
    (applied / "job.yaml").write_text(job)
    said = specrun("drift")
    assert (said.code, said.out) == (0, "No drift: there is nothing to compare.\n")


def test_an_invalid_spec_is_65(applied: Path, specrun: Command) -> None:
    (applied / "job.yaml").write_text(SPEC + "nonsense: 1\n")
    said = specrun("drift", "-o", "json")
    data = json.loads(said.out)
    assert (said.code, data["exit_code"], data["complete"], data["resource_drift"]) == (65, 65, False, [])


def test_markdown_names_what_differs_in_a_table(applied: Path, specrun: Command) -> None:
    cluster(max_instances=8, description="a|b `c`")
    write(STORES / "digits/a.csv", "x\n")
    out = specrun("drift", "-o", "markdown").out
    assert "| `compute/gpu-cluster` | `max_instances` changed | `4` | `8` | `base.yaml:6:3 (base)` |" in out
    assert out.startswith("<!-- specrun drift -->\n### specrun drift: 2 of 4 resources")
    assert "MD5 `60b725f1…`" in out


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_the_terminal(
    applied: Path, specrun: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    cluster(description="long " * 60, tags={"team": "x" * 200})
    write(STORES / f"digits/{'very-long-name-' * 3}.csv", "x\n")
    lines = specrun("drift").out.splitlines()
    assert max(map(len, lines)) <= width, [line for line in lines if len(line) > width]
