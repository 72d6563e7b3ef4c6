from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.plan.changes import Plan
from specrun.plan.graph import Graph
from specrun.plan.kinds.run import Follow
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.saved import PlanStale, PlanUnreadable, Saved, read_saved, restore, save
from tests.engine_double import Double, change_of, graph_for, plan_for, read_specs, write_spec

TEXT = """\
name: job
compute:
  {name: gpu, size: STANDARD_DS3_V2, max_instances: 2,
   ssh_settings: {admin_username: me, admin_password: '${{ secrets.SPECRUN_CANARY }}'}}
datastores:
  s:
    type: azure_blob
    account_name: abc
    container_name: def
    credentials: {account_key: '${{ secrets.SPECRUN_CANARY }}'}
data: {d: {path: data, datastore: s, prune: true}}
job:
  code: src
  command: cat ${{ inputs.d }}
  inputs: {d: {data: d}}
  environment_variables: {KEY: '${{ secrets.SPECRUN_CANARY }}'}
"""
CALL = {"files": ["job.yaml"], "engine": None, "variables": {}, "inputs": {}, "environment": None}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, Path]:
    """A plan with everything in it, of a spec that was named relative to the folder it lies in."""
    monkeypatch.setenv("SPECRUN_CANARY", "canary-0451")
    write_spec(tmp_path, TEXT, data__a="1", data__b="2", src__x_py="pass")
    monkeypatch.chdir(tmp_path)
    engine = Double()
    properties = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 1}
    engine.there["compute/gpu"] = Observed(Status.READY, properties, owner="job")
    old = {"a": StoredFile(1, "x", "job"), "z": StoredFile(1, "x", "job"), "y": StoredFile(1, "x", sha256="ab")}
    engine.there["data/s/d"] = Observed(Status.READY, files=old)
    older = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING)
    engine.all_runs.append(older)
    engine.identities[older.name] = {"command": "old"}
    plan = plan_for(engine, read_specs(Path("job.yaml")), tmp_path / "home", allow_replace=True, cancel_previous=True)
    assert change_of(plan, "run/job").differences
    assert change_of(plan, "run/job").cancel == (older,)
    assert change_of(plan, "compute/gpu").fields
    return plan, tmp_path / "plan.json"


def reread(path: str = "job.yaml") -> Graph:
    return graph_for(read_specs(Path(path)), Path("home"))


def saved_at(file: Path) -> Saved:
    saved = read_saved(str(file))
    assert saved is not None
    return saved


def test_it_comes_back_as_it_was(made: tuple[Plan, Path]) -> None:
    plan, file = made
    save(plan, CALL, file)
    saved = saved_at(file)
    assert saved.call == CALL
    back = restore(saved, reread())
    assert (back.spec_digests, back.places) == (plan.spec_digests, plan.places)
    assert [place.title for place in back.places] == ["a double"]
    for before, after in zip(plan.changes, back.changes, strict=True):
        assert after == before, before.key


def test_it_may_be_applied_from_another_folder(made: tuple[Plan, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    plan, file = made
    save(plan, CALL, file)
    (file.parent / "elsewhere").mkdir()
    monkeypatch.chdir(file.parent / "elsewhere")
    assert restore(saved_at(file), reread(str(file.parent / "job.yaml"))).fingerprints == plan.fingerprints


def test_it_is_text_that_people_can_compare(made: tuple[Plan, Path]) -> None:
    plan, file = made
    save(plan, CALL, file)
    assert file.read_text() == json.dumps(json.loads(file.read_text()), indent=1) + "\n"


def test_a_plan_of_a_later_format_is_told(made: tuple[Plan, Path]) -> None:
    plan, file = made
    save(plan, CALL, file)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 2}))
    with pytest.raises(PlanUnreadable) as raised:
        read_saved(str(file))
    assert str(raised.value) == f"{file} is a plan of format 2, and this specrun reads 1"


def test_it_holds_no_secret(made: tuple[Plan, Path]) -> None:
    plan, file = made
    save(plan, CALL, file)
    assert "canary-0451" not in file.read_text()
    assert "SPECRUN_CANARY" in file.read_text()


def test_other_specs_make_it_stale(made: tuple[Plan, Path]) -> None:
    plan, file = made
    save(plan, CALL, file)
    spec = file.parent / "job.yaml"
    spec.write_text(spec.read_text() + "# only a comment\n")
    restore(saved_at(file), reread())
    spec.write_text(spec.read_text().replace("max_instances: 2", "max_instances: 3"))
    with pytest.raises(PlanStale, match=r"job\.yaml"):
        restore(saved_at(file), reread())


def test_a_spec_more_makes_it_stale(made: tuple[Plan, Path]) -> None:
    plan, file = made
    save(plan, CALL, file)
    more = write_spec(file.parent, "name: more\njob: {command: ls}\n", "more.yaml")
    with pytest.raises(PlanStale):
        restore(saved_at(file), graph_for(read_specs(Path("job.yaml"), more), Path("home")))


@pytest.mark.parametrize(
    "text", ["", "name: x\n", "[]", "{", "{}", '{"changes": []}', '{"spec_digests": {}}', "{a: b}", "\0", '{"\xff']
)
def test_what_is_no_plan_is_left_to_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_bytes(text.encode("latin-1"))
    assert read_saved(str(tmp_path / "x")) is None
    assert read_saved(str(tmp_path / "absent")) is None
    assert read_saved("a\0b") is None


@pytest.mark.parametrize(
    "damage",
    [
        {"call": None},
        {"call": {"files": []}},
        {"spec_digests": []},
    ],
)
def test_a_damaged_plan_says_so_when_it_is_read(made: tuple[Plan, Path], damage: dict[str, object]) -> None:
    plan, file = made
    save(plan, CALL, file)
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    with pytest.raises(PlanUnreadable, match=str(file)):
        read_saved(str(file))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "compute/other"),
        ("action", "explode"),
        ("transfer", 7),
        ("fields", [{"x": 1}]),
        ("submission", {"name": 1}),
        ("surplus", 1),
    ],
)
def test_a_damaged_change_says_so_before_anything_is_done(made: tuple[Plan, Path], field: str, value: object) -> None:
    plan, file = made
    save(plan, CALL, file)
    content = json.loads(file.read_text())
    content["changes"][0][field] = value
    file.write_text(json.dumps(content))
    with pytest.raises(PlanUnreadable, match="damaged"):
        restore(saved_at(file), reread())


@pytest.mark.parametrize("damage", [{"place": 1}, {"key": "compute/other"}])
def test_changes_that_the_specs_do_not_declare_are_named(made: tuple[Plan, Path], damage: dict[str, object]) -> None:
    plan, file = made
    save(plan, CALL, file)
    content = json.loads(file.read_text())
    first, second = (change | damage for change in content["changes"][:2])
    second["key"] = "compute/second"
    file.write_text(json.dumps(content | {"changes": [first, second, *content["changes"][2:]]}))
    with pytest.raises(PlanUnreadable, match=f"do not declare {first['key']}, compute/second: plan again"):
        restore(saved_at(file), reread())


BUILT = """\
name: built
job:
  command: ls
  environment: {image: base, conda_file: conda.yml}
---
name: image
job:
  command: ls
  environment: {build: {path: image}}
"""


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A saved plan of specs whose environments are made of files."""
    conda, image = BUILT.split("---\n")
    files = {"conda_yml": "dependencies: []\n", "image__Dockerfile": "FROM base\n", "image__lib__setup_sh": "true\n"}
    specs = [write_spec(tmp_path, conda, "conda.yaml", **files), write_spec(tmp_path, image, "image.yaml")]
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "plan.json"
    save(plan_for(Double(), read_specs(*specs), tmp_path / "home"), CALL, file)
    return file


def restored(file: Path) -> Plan:
    specs = read_specs(file.parent / "conda.yaml", file.parent / "image.yaml")
    return restore(saved_at(file), graph_for(specs, Path("home")))


def test_the_content_of_environments_is_read_again(built: Path) -> None:
    conda, image = (
        change_of(restored(built), f"run/{name}").submission.environment.files for name in ("built", "image")
    )
    assert [file.path for file in conda] == ["conda.yml"]
    assert [file.path for file in image] == ["Dockerfile", "lib/setup.sh"]


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        ("conda.yml", lambda file: file.write_text("dependencies: [six]\n"), "changed since the plan was made"),
        ("image/Dockerfile", lambda file: file.write_text("FROM another\n"), "changed since the plan was made"),
        ("image/lib/setup.sh", lambda file: file.unlink(), "cannot be read any more"),
        ("image/lib/more.sh", lambda file: file.write_text("false\n"), "is new since the plan was made"),
    ],
)
def test_another_environment_makes_it_stale(built: Path, name: str, edit: Callable[[Path], object], words: str) -> None:
    """And not damaged: the file that somebody edited is named."""
    edit(built.parent / name)
    with pytest.raises(PlanStale, match=f"{re.escape(name)} .*{words}"):
        restored(built)


def test_a_run_that_is_followed_comes_back(made: tuple[Plan, Path]) -> None:
    _, file = made
    engine = Double()
    specs = read_specs(Path("job.yaml"))
    submission = change_of(plan_for(engine, specs, file.parent / "home"), "run/job").submission
    engine.all_runs = [Run(submission.name, "job", submission.fingerprint, 1, RunStatus.RUNNING)]
    plan = plan_for(engine, specs, file.parent / "home")
    assert isinstance(change_of(plan, "run/job"), Follow)
    save(plan, CALL, file)
    assert restore(saved_at(file), reread()).changes == plan.changes
