"""A saved plan is shown as the plan was, from nothing but its contents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from specrun.plan import saved
from specrun.plan.changes import Action, Plan
from specrun.plan.comparison import differences
from specrun.plan.kinds.data import Upload
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.portable import seen_from
from specrun.plan.saved import contents
from specrun.plan.shown import Shown, shown
from specrun.plan.shown_again import shown_again
from specrun.spec.load import load
from specrun.spec.masking import mask
from specrun.spec.repository import repository_of
from specrun.spec.schema import schema_text
from specrun.spec.visible import json_text
from specrun.views.data import plan_data
from specrun.views.diagnostics import findings_text
from specrun.views.markdown import plan_markdown
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from tests.convert.strategies import furnish
from tests.convert.strategies import specs as any_specs
from tests.edited import values_of, with_value
from tests.engine_double import Double, carry_out, plan_for, read_specs, write_spec

EXAMPLES = Path(__file__).parents[2] / "specs/examples"
TEXT = """\
name: job
compute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 4, tags: {team: vision, password: hunter2}}
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
  outputs: {m: {path: azureml://datastores/s/paths/model}}
  environment: {image: base, conda_file: conda.yml}
  distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}
  resources: {instance_count: 3}
"""
FILES = {"data__a": "1", "data__b": "22", "src__x_py": "pass", "conda_yml": "dependencies: []\n"}
OLDER = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING)
STORED = {name: StoredFile(1, "x", Maker("job")) for name in ("a", "z")} | {"y": StoredFile(1, "x", sha256="ab")}
valid = Draft202012Validator(json.loads(schema_text(saved.SCHEMA)))


def content_of(plan: Plan, **call: object) -> dict[str, Any]:
    """The contents as they come from a file."""
    names = ("files", "var_files", "only", "exclude", "adopt")
    request = {**dict.fromkeys(("engine", "target", "environment")), **{name: [] for name in names}, "variables": {}}
    here = str(Path.cwd())
    request |= {"inputs": {}, "rerun": False, "cancel_previous": False, **call}
    content: dict[str, Any] = json.loads(json.dumps(contents(plan, request, repository_of(here) or here, mask)))
    assert list(valid.iter_errors(content)) == []
    return content


def views(plan: Plan | Shown) -> list[str]:
    """All that is printed of a plan, as the streams leave it."""
    texts = [plan_text(plan, Paint(False), width) for width in (80, 120)]
    return [mask(text) for text in (*texts, json_text(plan_data(plan), 2), plan_markdown(plan))]


def check(plan: Plan, absolute: str = "") -> None:
    """Both are shown alike; but for a spec that was named by an `absolute` path, which no saved plan has."""
    again = shown_again(content_of(plan))
    for one, other in zip(views(again), views(plan), strict=True):
        expected = other.replace(absolute, seen_from(str(Path.cwd()), absolute)) if absolute else other
        assert one.splitlines() == expected.splitlines()
    assert again.notes == list(plan.notes)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    """Something to do of every kind, for the spec that lies in the working folder."""
    monkeypatch.setenv("SPECRUN_CANARY", "canary-0451")
    write_spec(tmp_path, TEXT, **FILES)
    monkeypatch.chdir(tmp_path)
    engine = Double()
    properties = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 1}
    engine.there["compute/gpu"] = Observed(Status.READY, properties, maker=Maker("job"))
    engine.there["data/s/d"] = Observed(Status.READY, files=STORED)
    engine.all_runs.append(OLDER)
    engine.identities[OLDER.name] = {"command": "old"}
    return engine


def planned(engine: Double, *files: str, **options: object) -> Plan:
    chosen = {"allow_replace": True, "cancel_previous": True, **options}
    specs = read_specs(*map(Path, files or ["job.yaml"]))
    return plan_for(engine, specs, Path("home").absolute(), **chosen)


def test_a_plan_with_something_of_every_kind(engine: Double) -> None:
    plan = planned(engine)
    assert {change.action for change in plan.changes} == {*Action} - {Action.NO_OP, Action.DELETE}
    check(plan)
    check(replace(plan, left_out="left out by --only kind:run: 1 compute", targets={engine.place: ("prod", "dev")}))
    assert "prod, dev" in views(shown_again(content_of(replace(plan, targets={engine.place: ("prod", "dev")}))))[0]
    assert "canary" not in json.dumps(content_of(plan))
    assert "hunter2" not in json.dumps(content_of(plan))


def test_a_plan_with_nothing_to_do_and_one_that_follows(engine: Double) -> None:
    plan = planned(engine)
    carry_out(engine, plan, Path("home").absolute())
    check(planned(engine, cancel_previous=False))
    engine.all_runs = [replace(run, status=RunStatus.RUNNING) for run in engine.all_runs]
    check(planned(engine, cancel_previous=False))
    lost = planned(engine)
    (name,) = (change.submission.name for change in lost.changes if change.fingerprint)  # type: ignore[attr-defined]
    engine.all_runs = [Run(name, "job", lost.fingerprints["job"], 1, RunStatus.LOST, loss=Loss.PREEMPTED)]
    again = planned(engine)
    assert "finds m as the attempt before left it" in plan_text(again, Paint(False))
    check(again)


def test_a_run_that_is_adopted_and_a_source_that_is_not_here(tmp_path: Path, engine: Double) -> None:
    digest = planned(engine).fingerprints["job"]
    Path("job.yaml").rename("other.yaml")
    Path("other.yaml").write_text(Path("other.yaml").read_text().replace("name: job", "name: other"))
    engine.all_runs = [Run(f"job-{digest[:10]}", "job", digest, 1, RunStatus.SUCCEEDED)]
    check(planned(engine, "other.yaml", adopt=("job",)))
    text = "name: n\ndata: {d: {path: data, source: optional}}\njob: {command: cat, inputs: {d: {data: d}}}\n"
    write_spec(tmp_path, text, "absent.yaml")
    plan = planned(engine, "absent.yaml")
    carry_out(engine, plan, Path("home").absolute())
    Path("data").rename("moved")
    absent = planned(engine, "absent.yaml")
    assert any(isinstance(change, Upload) and change.resource.absent for change in absent.changes)
    check(absent)


@pytest.mark.parametrize("example", sorted(file.relative_to(EXAMPLES) for file in EXAMPLES.glob("*/*.yaml")), ids=str)
def test_the_examples(tmp_path: Path, example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    specs = load([str(example)]).specs
    if specs:  # but for bases, and what has to have a target
        check(plan_for(Double(), specs, tmp_path))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_spec_on_any_place(tmp_path: Path, data: st.DataObject) -> None:
    furnish(tmp_path)
    spec = data.draw(any_specs(tmp_path))
    first = plan_for(Double(), [spec], tmp_path / "home")
    engine = Double()
    for change in first.changes:
        status = data.draw(st.sampled_from([Status.READY, Status.MISSING, Status.DELETING]))
        wanted = dict(shown(replace(first, changes=(change,))).changes[0].wanted)
        other = data.draw(st.sampled_from(["", *wanted]))
        seen = {**wanted, other: "other"} if other else wanted
        engine.there[change.key.address] = Observed(
            status, seen if status is Status.READY else {}, maker=Maker(spec.name)
        )
    plan = plan_for(engine, [spec], tmp_path / "home", allow_replace=True)
    if not plan.unplanned:
        check(replace(plan, refusals=(), problems=()), str(spec.file))


def test_a_note_has_no_path_of_this_machine(engine: Double) -> None:
    here = Path.cwd()
    plan = planned(engine)
    note = plan.changes[0].resource.origin.diagnostic("altered-data", f"{here}/data/a is another, and {here}/data/b.")
    content = content_of(replace(plan, notes=(note,)))
    assert str(here) not in json.dumps(content)
    assert shown_again(content).notes[0].detail == "data/a is another, and data/b."


# a file that somebody has edited

EVIL = "\n  - compute/gpu\x1b[2K\u202e::set-env name=x::y ##[error]"


KEPT = {"action", "status", "key", "severity", "code", "kind", "fingerprint", "call"}
"""What the schema has a list or a pattern for."""


def test_whatever_text_is_put_in_acts_on_nothing(engine: Double) -> None:
    plan = planned(engine)
    note = plan.changes[0].resource.origin.diagnostic("begins-anew", "detail")
    edited = content_of(replace(plan, notes=(note,), targets={engine.place: ("prod",)}))
    for path, value in values_of(edited):
        if isinstance(value, str) and not KEPT & set(path):
            edited = with_value(edited, path, f"{value}{EVIL}")
    assert list(valid.iter_errors(edited)) == []
    again = shown_again(edited)
    for text in (*views(again), "\n".join(findings_text(again.notes, Paint(False), 80))):
        assert not {"\x1b", "\u202e"} & set(text)
        assert "\n  - compute/gpu" not in text
        assert "##[" not in text


SHOWN: tuple[tuple[object, ...], ...] = (
    *(("changes", 0, name) for name in ("wanted", "managed", "name", "fields")),
    *(("changes", -1, "submission", name) for name in ("processes", "finds", "attempt", "code")),
    ("places", 0, "targets"),
    ("left_out",),
)


@pytest.mark.parametrize("path", SHOWN, ids=str)
def test_what_is_shown_is_compared(engine: Double, path: tuple[Any, ...]) -> None:
    found: Any = (content := content_of(planned(engine)))
    for step in path:
        found = found[step]
    others: Mapping[type, Any] = {dict: {"count": 1}, list: [], str: "else", bool: not found, int: 7}
    other = ["else"] if found == [] else others[type(found)]
    assert differences(with_value(content, path, other), content)


HIDING: dict[str, Callable[[dict[str, Any]], None]] = {
    "an upload as what is there": lambda data: data.update(
        action="no-op",
        here=False,
        reason="the target has every file",
        before={**data["before"], "files": {**data["before"]["files"], "ghost": {"size": 1, "md5": "", "owner": ""}}},
    ),
    "what would be removed": lambda data: data["transfer"].update(prune=[]),
    "what is sent": lambda data: data["transfer"].update(new=data["transfer"]["new"][1:]),
}


@pytest.mark.parametrize("hidden", HIDING)
def test_what_would_be_done_is_not_hidden(engine: Double, hidden: str) -> None:
    now = content_of(planned(engine))
    edited = json.loads(json.dumps(now))
    HIDING[hidden](next(item for item in edited["changes"] if item["key"].startswith("data/")))
    assert differences(edited, now)
