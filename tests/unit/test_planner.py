from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.plan import planning
from specrun.plan.changes import Action, Plan
from specrun.plan.hashes import content_digest
from specrun.plan.makers import Maker
from specrun.plan.observed import Loss, Observed, Run, RunStatus, Status, StoredFile
from specrun.spec import tree
from specrun.spec.diagnostics import Severity
from specrun.views.data import plan_data
from specrun.views.plan_text import summary
from tests.engine_double import Double, change_of, plan_for, read_specs, write_spec

CLUSTER = "name: job\ncompute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}\n"
JOB = f"{CLUSTER}job: {{code: src, command: python train.py}}\n"
DATA = """\
name: job
data: {d: {path: data, target: digits}}
job: {command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
KEY = "data/default/digits"


def plan_text(folder: Path, engine: Double, text: str, **options: object) -> Plan:
    path = write_spec(folder, text, src__train_py="pass\n", data__a_csv="1\n")
    return plan_for(engine, read_specs(path), folder / "home", **options)


def cluster(owner: str = "job", **properties: object) -> Observed:
    return Observed(
        Status.READY, {"name": "gpu", "size": "STANDARD_DS3_V2", "max_instances": 2} | properties, maker=Maker(owner)
    )


def codes(plan: Plan) -> tuple[list[str], list[str]]:
    return [found.code for found in plan.refusals], [found.code for found in plan.problems]


def running(**fields: object) -> Run:
    run = Run("other-0123456789", "other", "0123456789", 1, RunStatus.RUNNING)
    return replace(run, **fields)  # type: ignore[arg-type]


def test_each_action_has_a_sign() -> None:
    assert {action.value: action.sign for action in Action} == {
        "no-op": " ",
        "create": "+",
        "update": "~",
        "replace": "±",
        "delete": "-",
        "submit": "▶",
    }


def test_from_nothing(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, Double(), JOB)
    assert [(c.key.address, c.action) for c in plan.changes] == [
        ("compute/gpu", Action.CREATE),
        ("run/job", Action.SUBMIT),
    ]
    submission = change_of(plan, "run/job").submission
    assert submission.name == f"job-{plan.fingerprints['job'][:10]}"
    assert plan.fingerprints == {"job": submission.fingerprint}
    assert [file.path for file in submission.code] == ["train.py"]
    assert codes(plan) == ([], [])


def test_as_declared_needs_nothing(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, Double(there={"compute/gpu": cluster(size="standard_ds3_v2", idle=5)}), CLUSTER)
    assert plan.pending == ()


def test_in_place_and_replacing(tmp_path: Path) -> None:
    update = plan_text(tmp_path, Double(there={"compute/gpu": cluster(max_instances=8)}), CLUSTER)
    change = change_of(update, "compute/gpu")
    assert (change.action, change.reason) == (Action.UPDATE, "max_instances changed")
    engine = Double(there={"compute/gpu": cluster(size="STANDARD_NC6", max_instances=8)})
    replaced = plan_text(tmp_path, engine, CLUSTER, allow_replace=True)
    change = change_of(replaced, "compute/gpu")
    assert (change.action, change.reason) == (Action.REPLACE, "size cannot change in place")
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ("size", "STANDARD_NC6", "STANDARD_DS3_V2"),
        ("max_instances", 8, 2),
    ]
    assert codes(replaced) == ([], [])


@pytest.mark.parametrize(
    ("owner", "runs", "options", "code"),
    [
        ("job", [], {}, "replace"),
        ("", [], {"allow_replace": True}, "not-ours"),
        ("job", [running(compute="gpu")], {"allow_replace": True}, "in-use"),
        ("job", [running(compute="another")], {"allow_replace": True}, None),
        ("job", [running(compute="gpu", status=RunStatus.FAILED)], {"allow_replace": True}, None),
    ],
)
def test_replacing_is_refused(
    tmp_path: Path, owner: str, runs: list[Run], options: dict[str, object], code: str | None
) -> None:
    engine = Double(there={"compute/gpu": cluster(owner, size="STANDARD_NC6")}, all_runs=runs)
    plan = plan_text(tmp_path, engine, CLUSTER, **options)
    assert codes(plan) == ([code] if code else [], [])
    assert all(str(found.location).endswith("job.yaml:3:1") for found in plan.refusals)


def test_what_cannot_be_replaced_at_all_is_a_problem(tmp_path: Path) -> None:
    engine = Double(there={"compute/gpu": cluster(size="STANDARD_NC6")}, capabilities={})
    assert codes(plan_text(tmp_path, engine, CLUSTER, allow_replace=True)) == ([], ["unchangeable"])


@pytest.mark.parametrize(
    ("status", "action", "problems"),
    [
        (Status.CREATING, Action.NO_OP, []),
        (Status.DELETING, Action.CREATE, []),
        (Status.FAILED, Action.NO_OP, ["failed-resource"]),
    ],
)
def test_unsettled_and_failed(tmp_path: Path, status: Status, action: Action, problems: list[str]) -> None:
    engine = Double(there={"compute/gpu": replace(cluster(), status=status)})
    plan = plan_text(tmp_path, engine, CLUSTER)
    assert (plan.changes[0].action, codes(plan)[1]) == (action, problems)


@pytest.mark.parametrize("text", [CLUSTER, "name: job\ncompute: gpu\njob: {command: ls}\n"], ids=["declared", "named"])
def test_what_nobody_looked_at_is_not_said_to_be_as_declared(tmp_path: Path, text: str) -> None:
    unseen = Observed(Status.UNSEEN, reason="this machine stands for it")
    plan = plan_text(tmp_path, Double(there={"compute/gpu": unseen}), text)
    change = change_of(plan, "compute/gpu")
    assert (change.action, change.reason) == (Action.NO_OP, "not looked at: this machine stands for it")
    assert codes(plan) == ([], [])
    (data,) = (one for one in plan_data(plan)["resource_changes"] if one["address"] == "compute/gpu")  # type: ignore[attr-defined]
    assert data["change"]["before"] is None


def test_named_resources_must_exist(tmp_path: Path) -> None:
    ids = "resource_group: rg, subscription_id: 12345678-1234-1234-1234-123456789abc"
    text = f"name: n\nworkspace: {{name: wsp, {ids}}}\ncompute: gpu\njob: {{command: ls}}\n"
    plan = plan_text(tmp_path, Double(), text)
    assert codes(plan) == ([], ["missing-resource", "missing-resource"])
    assert ["create: true" in found.detail for found in plan.problems] == [True, False]
    here = Double(there={"workspace/wsp": Observed(Status.READY), "compute/gpu": Observed(Status.READY)})
    assert codes(plan_text(tmp_path, here, text)) == ([], [])


def stored(*owners: str, md5: str = "x") -> Observed:
    return Observed(
        Status.READY, files={f"{i}.csv": StoredFile(2, md5, Maker(owner)) for i, owner in enumerate(owners)}
    )


def test_data_per_file(tmp_path: Path) -> None:
    created = change_of(plan_text(tmp_path, Double(), DATA), KEY)
    assert (created.action, created.reason) == (Action.CREATE, "the target is empty")
    updated = change_of(plan_text(tmp_path, Double(there={KEY: stored("job")}), DATA), KEY)
    assert updated.action is Action.UPDATE
    assert list(updated.transfer.extra) == ["0.csv"]
    assert updated.transfer.prune == ()
    pruning = DATA.replace("target: digits", "target: digits, prune: true")
    pruned = change_of(plan_text(tmp_path, Double(there={KEY: stored("job", "other", "")}), pruning), KEY)
    assert pruned.transfer.prune == ("0.csv",)


@pytest.mark.parametrize(
    ("before", "prune", "refused"),
    [
        ({"a.csv": StoredFile(2, "x")}, False, True),
        ({"old.csv": StoredFile(2, "x", Maker("job"))}, True, True),
        ({"old.csv": StoredFile(2, "x", Maker("job"))}, False, False),
        ({}, False, False),
    ],
)
def test_data_does_not_change_under_a_run_that_reads_it(
    tmp_path: Path, before: dict[str, StoredFile], prune: bool, refused: bool
) -> None:
    text = DATA.replace("target: digits", f"target: digits, prune: {str(prune).lower()}")
    engine = Double(there={KEY: Observed(Status.READY, files=before)}, all_runs=[running(reads=(KEY,))])
    assert codes(plan_text(tmp_path, engine, text))[0] == (["active-reader"] if refused else [])
    engine.all_runs = [running(reads=("data/default/another",))]
    assert codes(plan_text(tmp_path, engine, text))[0] == []


def test_data_from_https_that_is_stored_is_not_fetched(tmp_path: Path) -> None:
    sha256 = "ab" * 32
    text = DATA.replace("path: data", f"path: 'https://example.com/d.bin', sha256: {sha256}")
    there = Observed(Status.READY, files={"d.bin": StoredFile(9, "m", Maker("job"), sha256)})
    assert change_of(plan_text(tmp_path, Double(there={KEY: there}), text), KEY).action is Action.NO_OP
    other = Observed(Status.READY, files={"d.bin": StoredFile(9, "m", Maker("job"), "cd" * 32)})
    assert change_of(plan_text(tmp_path, Double(there={KEY: other}), text), KEY).action is Action.UPDATE


def test_more_runs_than_allowed_are_refused(tmp_path: Path) -> None:
    files = [write_spec(tmp_path / str(n), f"name: n{n}\njob: {{command: ls}}\n") for n in range(11)]
    specs = read_specs(*files)
    engine = Double()
    plan = plan_for(engine, specs, tmp_path)
    assert codes(plan) == (["too-many-runs"], [])
    assert str(plan.refusals[0].location) == f"{files[0]}:3:1"
    assert plan.refusals[0].detail == (
        "11 runs would be submitted, and the limit is 10: if all are meant, say so with --max-runs 11."
    )
    assert codes(plan_for(engine, specs[:10], tmp_path)) == ([], [])
    assert codes(plan_for(engine, specs, tmp_path, max_runs=11)) == ([], [])


def submit(engine: Double, plan: Plan, status: RunStatus) -> Run:
    submission = change_of(plan, "run/job").submission
    name, digest, attempt = submission.name, submission.fingerprint, submission.attempt
    engine.all_runs.append(Run(name, "job", digest, attempt, status))
    engine.identities[name] = submission.identity
    return engine.all_runs[-1]


def test_what_changed_since_the_last_run(tmp_path: Path) -> None:
    engine = Double(there={"compute/gpu": cluster()})
    submit(engine, plan_text(tmp_path, engine, JOB), RunStatus.SUCCEEDED)
    assert plan_text(tmp_path, engine, JOB).pending == ()
    (tmp_path / "src/extra.py").write_text("")
    (spec,) = read_specs(write_spec(tmp_path, JOB.replace("python train.py", "python train.py --more")))
    change = change_of(plan_for(engine, [spec], tmp_path / "home"), "run/job")
    assert change.action is Action.SUBMIT
    assert change.differences == (
        "more: (none) → true",
        "code: extra.py is new",
    )


def test_what_lies_in_the_cloud_is_part_of_the_run(tmp_path: Path) -> None:
    path = "azureml://datastores/training/paths/digits"
    text = f"name: job\njob: {{command: 'ls ${{{{ inputs.d }}}}', inputs: {{d: {{path: '{path}'}}}}}}\n"
    engine = Double(digests={path: "one"})
    submit(engine, plan_text(tmp_path, engine, text), RunStatus.SUCCEEDED)
    assert plan_text(tmp_path, engine, text).pending == ()
    engine.digests[path] = "two"
    change = change_of(plan_text(tmp_path, engine, text), "run/job")
    assert (change.action, change.differences) == (Action.SUBMIT, ("inputs: d.content one → two",))


def test_unfinished_runs_of_older_fingerprints(tmp_path: Path) -> None:
    engine = Double(there={"compute/gpu": cluster()})
    oldest = JOB.replace("python train.py", "python -m train")
    submit(engine, plan_text(tmp_path, engine, oldest), RunStatus.SUCCEEDED)  # it has ended: nothing to cancel
    older = submit(engine, plan_text(tmp_path, engine, JOB), RunStatus.RUNNING)
    newer = JOB.replace("python train.py", "python -u train.py")
    assert change_of(plan_text(tmp_path, engine, newer), "run/job").cancel == ()
    assert change_of(plan_text(tmp_path, engine, newer, cancel_previous=True), "run/job").cancel == (older,)
    assert change_of(plan_text(tmp_path, engine, JOB, cancel_previous=True), "run/job").cancel == ()


PATH = "azureml://datastores/training/paths/checkpoints"
KEPT = f"{{c: {{path: {PATH}}}, own: {{}}, sent: {{path: {PATH}2, mode: upload}}}}"
SPOT = {"compute/gpu": cluster(tier="low_priority")}


def lost(loss: Loss | None, status: RunStatus = RunStatus.LOST) -> Callable[[Run], Run]:
    return lambda run: replace(run, status=status, loss=loss)


@pytest.mark.parametrize(
    ("outputs", "there", "ended", "options", "found", "warned"),
    [
        ("{}", SPOT, lost(Loss.PREEMPTED), {}, [], True),
        (f"{{sent: {{path: {PATH}, mode: upload}}}}", SPOT, lost(Loss.PREEMPTED), {}, [], True),
        (KEPT, SPOT, lost(Loss.PREEMPTED), {}, ["c"], False),
        ("{}", {}, lost(Loss.PREEMPTED), {}, [], True),
        ("{}", SPOT, lost(Loss.NODE_LOST), {}, [], True),
        ("{}", {"compute/gpu": cluster()}, lost(Loss.NODE_LOST), {}, [], False),
        ("{}", SPOT, lost(Loss.NEVER_STARTED), {}, [], False),
        (KEPT, {}, lost(None, RunStatus.FAILED), {"rerun": True}, ["c"], False),
        ("{}", SPOT, lost(None, RunStatus.FAILED), {"rerun": True}, [], False),
        ("{}", SPOT, lost(Loss.PREEMPTED), {"rerun": True}, [], True),
    ],
)
def test_what_an_attempt_finds_of_the_one_before(
    tmp_path: Path,
    outputs: str,
    there: dict[str, Observed],
    ended: Callable[[Run], Run],
    options: dict[str, bool],
    found: list[str],
    warned: bool,
) -> None:
    text = f"{CLUSTER}job: {{command: ls, outputs: {outputs}}}\n"
    engine = Double(there=there)
    first = change_of(plan_text(tmp_path, engine, text), "run/job").submission
    assert first.found == ()
    engine.all_runs = [ended(Run(first.name, "job", first.fingerprint, 1, RunStatus.LOST))]
    plan = plan_text(tmp_path, engine, text, **options)
    change = change_of(plan, "run/job")
    assert (change.submission.attempt, [output.name for output in change.submission.found]) == (2, found)
    assert [note.code for note in plan.notes] == ["begins-anew"] * warned


def test_a_run_of_a_spot_queue_that_loses_its_machine_begins_anew(tmp_path: Path) -> None:
    for tier, warned in (("spot", True), ("standard", False)):
        text = f"name: job\njob: {{command: ls, queue_settings: {{job_tier: {tier}}}}}\n"
        first = change_of(plan_text(tmp_path, Double(), text), "run/job").submission
        run = Run(first.name, "job", first.fingerprint, 1, RunStatus.LOST, loss=Loss.NODE_LOST)
        (*notes,) = plan_text(tmp_path, Double(all_runs=[run]), text).notes
        assert [note.severity for note in notes] == [Severity.WARNING] * warned


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_unreadable_files_are_problems(tmp_path: Path) -> None:
    path = write_spec(tmp_path, DATA.replace("{command", "{code: src, command"), src__a="1", data__b="1")
    (spec,) = read_specs(path)
    (tmp_path / "src/a").chmod(0)
    (tmp_path / "data/b").chmod(0)
    assert codes(plan_for(Double(), [spec], tmp_path / "home"))[1] == ["unreadable-data", "unreadable-code"]


def vanish(folder: Path) -> None:
    for path in ("src/train.py", "src", "data/a.csv", "data"):
        (folder / path).rmdir() if (folder / path).is_dir() else (folder / path).unlink()


def odd_names(folder: Path) -> None:
    for part in ("src", "data"):
        (folder / part / os.fsdecode(b"\xe9")).write_text("")


@pytest.mark.parametrize(
    ("damage", "told", "lines"),
    [(vanish, ["unreadable-data", "unreadable-code"], [3, 4]), (odd_names, ["name-not-utf8", "name-not-utf8"], [3, 4])],
)
def test_what_cannot_be_listed_is_a_problem_at_its_place_and_nothing_is_said_of_what_needs_it(
    tmp_path: Path, damage: Callable[[Path], None], told: list[str], lines: list[int]
) -> None:
    text = DATA.replace("{command", "{code: src, command")
    (spec,) = read_specs(write_spec(tmp_path, text, src__train_py="", data__a_csv=""))
    damage(tmp_path)
    plan = plan_for(Double(), [spec], tmp_path / "home")
    assert codes(plan)[1] == told
    assert [found.location.line for found in plan.problems] == lines
    assert all(found.detail.encode() for found in plan.problems)
    assert [key.address for key in plan.unplanned] == ["data/default/digits", "run/job"]
    assert not {"data/default/digits", "run/job"} & {change.key.address for change in plan.changes}
    assert "2 not planned" in summary(plan)
    assert "to submit" not in summary(plan)


def test_what_lies_beyond_the_reach_of_a_validation_is_seen_by_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MOST_ENTRIES", 1)
    monkeypatch.setattr(planning, "MOST_ENTRIES", 1)
    (spec,) = read_specs(write_spec(tmp_path, "name: job\njob: {code: src, command: ls}\n", src__train_py=""))
    (tmp_path / "src/weights.bin").touch()
    os.truncate(tmp_path / "src/weights.bin", 50_000_000)
    assert codes(plan_for(Double(), [spec], tmp_path / "home"))[1] == []
    os.truncate(tmp_path / "src/weights.bin", 60_000_000)
    (tmp_path / "src/loop").symlink_to("loop")
    plan = plan_for(Double(), [spec], tmp_path / "home")
    assert [(found.code, found.path) for found in plan.problems] == [("link-loop", ("job", "code"))]
    assert [(found.code, found.path) for found in plan.notes] == [("large-code", ("job", "code"))]


def test_data_that_lies_among_the_code_is_not_code(tmp_path: Path) -> None:
    text = "name: job\ndata: {d: {path: src/data}}\njob: {code: src, command: ls, inputs: {more: {path: src/more}}}\n"
    path = write_spec(tmp_path, text, src__train_py="", src__data__a="1", src__more__b="1")
    submission = change_of(plan_for(Double(), read_specs(path), tmp_path / "home"), "run/job").submission
    assert [file.path for file in submission.code] == ["train.py"]


@pytest.mark.parametrize("status", [status for status in RunStatus if status.ended])
def test_runs_that_have_ended_are_not_cancelled(tmp_path: Path, status: RunStatus) -> None:
    engine = Double(there={"compute/gpu": cluster()})
    submit(engine, plan_text(tmp_path, engine, JOB), status)
    newer = JOB.replace("python train.py", "python -u train.py")
    assert change_of(plan_text(tmp_path, engine, newer, cancel_previous=True), "run/job").cancel == ()


def with_extra(**files: StoredFile) -> Double:
    """An engine whose jobs see all that is on a target, with the data as it is planned and files beside it."""
    same = StoredFile(2, "b026324c6904b2a9cb4b88d6d61c81d1", Maker("job"))
    there = {KEY: Observed(Status.READY, files={"a.csv": same, **files})}
    return Double(shows_extra=True, there=there)


def input_of(plan: Plan) -> Any:
    return change_of(plan, "run/job").submission.identity["inputs"]["d"]


THEIRS, OURS = StoredFile(5, "m1"), StoredFile(5, "m2", Maker("job"))


def test_extra_files_that_a_job_sees_count_and_are_named(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, with_extra(theirs=THEIRS, ours=OURS), DATA)
    assert change_of(plan, KEY).action is Action.NO_OP
    assert input_of(plan) == {
        "data": "d",
        "files": {"a.csv": ["b026324c6904b2a9cb4b88d6d61c81d1", False]},
        "extra": content_digest({"ours": "m2", "theirs": "m1"}),
    }
    (note,) = plan.notes
    assert (note.code, note.severity) == ("extra-files-read", Severity.NOTE)
    assert note.location.line == 4
    assert "d has 2 on its target" in note.detail
    assert "(ours, theirs)" in note.detail
    assert codes(plan) == ([], [])


def test_two_inputs_with_one_fingerprint_there_are_not(tmp_path: Path) -> None:
    """What was applied with two files, and again with one of them, is another run when the job sees both."""
    engine = with_extra()
    text = DATA.replace("{command", "{code: src, command")
    prints = [plan_text(tmp_path, engine, text).fingerprints["job"]]
    for extra in ({"b.csv": THEIRS}, {"b.csv": OURS}, {"c.csv": OURS}):
        files = {**with_extra().there[KEY].files, **extra}
        engine.there[KEY] = Observed(Status.READY, files=files)
        prints.append(plan_text(tmp_path, engine, text).fingerprints["job"])
    assert len(set(prints)) == 4
    engine.shows_extra = False
    plan = plan_text(tmp_path, engine, text)
    assert (plan.fingerprints["job"], plan.notes) == (prints[0], ())


def test_an_address_where_nothing_can_be_seen_is_told(tmp_path: Path) -> None:
    uri = "wasbs://box@acc.blob.core.windows.net/p"
    text = f"name: job\njob: {{command: 'ls ${{{{ inputs.d }}}}', inputs: {{d: {{path: '{uri}'}}}}}}\n"
    plan = plan_text(tmp_path, Double(), text)
    assert [(note.code, note.severity) for note in plan.notes] == [("input-not-seen", Severity.NOTE)]
    seen = plan_text(tmp_path, Double(digests={uri: "abc"}), text)
    assert seen.notes == ()
    assert seen.fingerprints != plan.fingerprints


def test_extra_files_of_a_local_path_as_an_input(tmp_path: Path) -> None:
    text = "name: job\njob: {command: 'ls ${{ inputs.d }}', inputs: {d: {path: data}}}\n"
    engine = with_extra(theirs=THEIRS)
    engine.there = {"data/default/inputs/job/d": engine.there[KEY]}
    plan = plan_text(tmp_path, engine, text)
    assert input_of(plan)["extra"] == content_digest({"theirs": "m1"})
    assert [note.code for note in plan.notes] == ["extra-files-read"]


def test_extra_files_beside_what_is_fetched(tmp_path: Path) -> None:
    text = DATA.replace("path: data", f"path: 'https://example.org/d.bin', sha256: {'ab' * 32}")
    engine = Double(shows_extra=True, there={KEY: Observed(Status.READY, files={"theirs": THEIRS})})
    assert input_of(plan_text(tmp_path, engine, text))["extra"] == content_digest({"theirs": "m1"})


def test_extra_files_that_are_removed_are_not_seen(tmp_path: Path) -> None:
    pruning = DATA.replace("target: digits", "target: digits, prune: true")
    plan = plan_text(tmp_path, with_extra(ours=OURS), pruning)
    assert ("extra" in input_of(plan), plan.notes) == (False, ())
    plan = plan_text(tmp_path, with_extra(ours=OURS, theirs=THEIRS), pruning)
    assert input_of(plan)["extra"] == content_digest({"theirs": "m1"})
    assert "d has 1 on its target" in plan.notes[0].detail


def test_a_file_as_an_input_has_nothing_beside_it(tmp_path: Path) -> None:
    file = "{d: {path: data/a.csv, type: uri_file}}"
    text = f"name: job\njob: {{command: 'cat ${{{{ inputs.d }}}}', inputs: {file}}}\n"
    engine = with_extra(theirs=THEIRS)
    engine.there = {"data/default/inputs/job/d": engine.there[KEY]}
    plan = plan_text(tmp_path, engine, text)
    assert list(change_of(plan, "data/default/inputs/job/d").transfer.extra) == ["theirs"]
    assert ("extra" in input_of(plan), plan.notes) == (False, ())


def test_beside_a_source_that_cannot_be_read_nothing_is_extra(tmp_path: Path) -> None:
    (spec,) = read_specs(write_spec(tmp_path, DATA, src__train_py="", data__a_csv="1\n"))
    vanish(tmp_path)
    plan = plan_for(with_extra(theirs=THEIRS), [spec], tmp_path / "home")
    assert (codes(plan)[1], plan.notes) == (["unreadable-data"], ())
