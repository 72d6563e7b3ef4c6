"""What a spec declares of each kind, and the words in which its plan says what is to be done and why."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.plan import hashes, kinds
from specrun.plan.changes import Action, Plan
from specrun.plan.files import SourceFile
from specrun.plan.kinds.environment import read_content
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.resources import Capability
from tests.engine_double import Double, addresses, change_of, graph_for, plan_for, read_specs, write_spec

IDS = {"resource_group": "rg", "subscription_id": "12345678-1234-1234-1234-123456789abc"}
WSP = f"resource_group: {IDS['resource_group']}, subscription_id: {IDS['subscription_id']}"
STORE = {"type": "azure_blob", "account_name": "mlstore", "container_name": "training"}
ALL = f"""\
name: all
workspace: {{name: wsp, {WSP}, create: true}}
compute: {{name: gpu, size: STANDARD_NC6S_V3, max_instances: 2}}
datastores:
  training: {{type: azure_blob, account_name: mlstore, container_name: training}}
data:
  digits: {{path: data, datastore: training, target: digits, prune: true}}
  web: {{path: 'https://example.org/d.bin', sha256: {"ab" * 32}}}
job:
  command: ls
  environment: {{image: base}}
"""


def test_each_resource_with_its_place_and_what_was_asked_for(tmp_path: Path) -> None:
    found = addresses(graph_for(read_specs(write_spec(tmp_path, ALL, data__a="1")), tmp_path / "home"))
    environment = next(address for address in found if address.startswith("environment/"))
    assert {address: (one.location.line, dict(one.wanted)) for address, one in found.items()} == {
        "workspace/wsp": (3, {"name": "wsp", **IDS}),
        "compute/gpu": (4, {"name": "gpu", "size": "STANDARD_NC6S_V3", "max_instances": 2}),
        "datastore/training": (6, STORE),
        "data/training/digits": (
            8,
            {"datastore": "training", "target": "digits", "path": str(tmp_path / "data"), "prune": True},
        ),
        "data/default/web": (
            9,
            {
                "datastore": "default",
                "target": "web",
                "path": "https://example.org/d.bin",
                "prune": False,
                "sha256": "ab" * 32,
            },
        ),
        environment: (12, {"image": "base"}),
        "run/all": (10, {}),
    }
    assert {one.maker.spec for one in found.values()} == {"all"}


def test_what_is_only_named(tmp_path: Path) -> None:
    config = '{"workspace_name": "wsp", "resource_group": "rg", "subscription_id": "s"}'
    text = "name: n\nworkspace: {from_config: config.json}\ncompute: gpu\njob: {command: ls}\n"
    found = addresses(graph_for(read_specs(write_spec(tmp_path, text, config_json=config)), tmp_path / "home"))
    assert {address: (one.managed, dict(one.wanted)) for address, one in found.items()} == {
        "workspace/config.json": (False, {}),
        "compute/gpu": (False, {"name": "gpu"}),
        "run/n": (True, {}),
    }


def test_kinds_that_destroy_spares_unless_they_are_named() -> None:
    assert kinds.ON_DEMAND == ("workspace", "data", "environment", "run")


def test_two_specs_of_which_one_prunes_contradict_each_other(tmp_path: Path) -> None:
    """Of the same source and target: whether a file is removed must not depend on which of them is applied."""
    text = "name: {}\ndata: {{d: {{path: {}, target: digits, prune: {}}}}}\n"
    data = tmp_path / "one" / "data"
    one = write_spec(tmp_path / "one", text.format("one", data, "true"), data__a="1")
    two = write_spec(tmp_path / "two", text.format("two", data, "false"))
    (found,) = graph_for(read_specs(one, two), tmp_path / "home").diagnostics
    assert (found.code, "`prune` is `False` here, and `True` in" in found.detail) == ("declared-differently", True)


CONDA, DOCKERFILE = "dependencies: []\n", "FROM base\n"


@pytest.mark.parametrize(
    ("environment", "identity"),
    [
        ("'azureml:mine:3'", {"registered": "azureml:mine:3"}),
        ("{framework: tensorflow, version: '1.10'}", {"framework": "tensorflow", "version": "1.10"}),
        ("{image: base, pip: [b, a]}", {"image": "base", "pip": ["b", "a"]}),
        (
            "{image: base, conda_file: conda.yml}",
            {"image": "base", "conda": hashlib.sha256(CONDA.encode()).hexdigest()},
        ),
        (
            "{build: {path: image, dockerfile_path: Dockerfile}}",
            {
                "dockerfile_path": "Dockerfile",
                "build": {"Dockerfile": hashlib.md5(DOCKERFILE.encode()).hexdigest()},
            },
        ),
    ],
)
def test_what_an_environment_is_known_by(tmp_path: Path, environment: str, identity: dict[str, object]) -> None:
    text = f"name: n\njob: {{command: ls, environment: {environment}}}\n"
    spec = write_spec(tmp_path, text, conda_yml=CONDA, image__Dockerfile=DOCKERFILE)
    found = next(iter(addresses(graph_for(read_specs(spec), tmp_path / "home")).values()))
    assert dict(found.wanted) == identity


def test_the_content_of_an_environment_names_its_files_and_does_not_show_them(tmp_path: Path) -> None:
    """A conda file may have credentials in the addresses that it names."""
    text = "name: n\njob: {command: ls, environment: {image: base, conda_file: conda.yml}}\n"
    (spec,) = read_specs(write_spec(tmp_path, text, conda_yml=CONDA))
    assert spec.job is not None
    assert spec.job.environment is not None
    content = read_content(spec.job.environment, hashes.HashCache(tmp_path / "home"))
    path = tmp_path / "conda.yml"
    assert content.files == (SourceFile("conda.yml", path, len(CONDA), False, hashes.md5_of(path)),)
    assert "dependencies" not in repr(content)
    assert "context" not in repr(content)


CLUSTER = "name: job\ncompute: {name: gpu, size: STANDARD_DS3_V2, tier: dedicated, max_instances: 2, tags: {a: b}}\n"
SEEN = {"name": "gpu", "size": "STANDARD_DS3_V2", "tier": "dedicated", "max_instances": 2, "tags": {"a": "b"}}
DATA = """\
name: job
data: {d: {path: data, target: digits, prune: true}}
job: {code: src, command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
KEY = "data/default/digits"
ONE_MD5 = "b026324c6904b2a9cb4b88d6d61c81d1"


def plan_of(folder: Path, engine: Double, text: str, **options: object) -> Plan:
    path = write_spec(folder, text, data__a_csv="1\n", src__train_py="pass\n")
    return plan_for(engine, read_specs(path), folder / "home", **options)


def with_cluster(owner: str = "job", status: Status = Status.READY, reason: str = "", **properties: object) -> Double:
    return Double(there={"compute/gpu": Observed(status, SEEN | properties, maker=Maker(owner), reason=reason)})


def cluster_reason(folder: Path, engine: Double, **options: object) -> tuple[Action, str]:
    change = change_of(plan_of(folder, engine, CLUSTER, **options), "compute/gpu")
    return change.action, change.reason


def test_why_a_cluster_is_made_changed_or_left(tmp_path: Path) -> None:
    assert cluster_reason(tmp_path, Double()) == (Action.CREATE, "it does not exist")
    assert cluster_reason(tmp_path, with_cluster()) == (Action.NO_OP, "as declared")
    assert cluster_reason(tmp_path, with_cluster(status=Status.CREATING)) == (
        Action.NO_OP,
        "it is being made: apply waits for it",
    )
    assert cluster_reason(tmp_path, with_cluster(status=Status.DELETING)) == (
        Action.CREATE,
        "it is being deleted: made again once it is gone",
    )
    smaller = with_cluster(max_instances=1, tags={})
    assert cluster_reason(tmp_path, smaller) == (Action.UPDATE, "max_instances, tags.a changed")
    other = with_cluster(size="STANDARD_NC6", tier="low_priority", max_instances=1)
    assert cluster_reason(tmp_path, other, allow_replace=True) == (
        Action.REPLACE,
        "size, tier cannot change in place",
    )


RUNNING = Run("other-1", "other", "0123456789", 1, RunStatus.RUNNING, compute="gpu", reads=(KEY,))
TWO = [RUNNING, replace(RUNNING, name="other-2")]


@pytest.mark.parametrize(
    ("owner", "runs", "options", "detail"),
    [
        (
            "job",
            [],
            {},
            "size of compute gpu cannot change in place: it would be deleted and made again. "
            "If that is meant, say --allow-replace.",
        ),
        (
            "",
            [],
            {"allow_replace": True},
            "compute gpu was made by somebody else: size cannot change in place, and replacing means deleting it. "
            "Declare what is there, or take another name.",
        ),
        (
            "job",
            TWO,
            {"allow_replace": True},
            "compute gpu would be replaced (size), and other-2, other-1 still runs there: wait or cancel.",
        ),
    ],
)
def test_why_a_cluster_is_not_replaced(
    tmp_path: Path, owner: str, runs: list[Run], options: dict[str, object], detail: str
) -> None:
    engine = with_cluster(owner, size="STANDARD_NC6")
    engine.all_runs = runs
    assert [found.detail for found in plan_of(tmp_path, engine, CLUSTER, **options).refusals] == [detail]


def test_what_makes_a_plan_impossible(tmp_path: Path) -> None:
    fixed = with_cluster(size="STANDARD_NC6")
    fixed.capabilities = {"compute": Capability()}
    cases = [
        (fixed, "size of compute gpu is fixed once it exists."),
        (with_cluster(status=Status.FAILED, reason="no quota"), "compute gpu: no quota."),
        (with_cluster(status=Status.FAILED), "compute gpu: the service gives no reason."),
    ]
    for engine, detail in cases:
        assert [found.detail for found in plan_of(tmp_path, engine, CLUSTER).problems] == [detail]


def test_what_is_named_and_not_there(tmp_path: Path) -> None:
    text = f"name: n\nworkspace: {{name: wsp, {WSP}}}\ncompute: gpu\njob: {{command: ls}}\n"
    plan = plan_of(tmp_path, Double(), text)
    assert [found.detail for found in plan.problems] == [
        "workspace wsp does not exist on a double: write `create: true` to have it made.",
        "compute gpu does not exist on a double: declare it as a mapping to have it made, or correct the name.",
    ]
    assert change_of(plan, "compute/gpu").reason == "named, not declared: used and never changed"


def test_an_environment_whose_building_failed_is_built_again(tmp_path: Path) -> None:
    text = "name: n\njob: {command: ls, environment: {pip: [numpy]}}\n"
    environment = plan_of(tmp_path, Double(), text).changes[0].key.address
    plan = plan_of(tmp_path, Double(there={environment: Observed(Status.FAILED, reason="no numpy")}), text)
    change = change_of(plan, environment)
    assert (change.action, change.reason) == (Action.CREATE, "building it failed: no numpy")
    assert plan.problems == ()


def with_files(*runs: Run, **stored: StoredFile) -> Double:
    there = {KEY: Observed(Status.READY, files={name.replace("_", "."): file for name, file in stored.items()})}
    return Double(there=there, all_runs=list(runs))


SAME, OLD, OURS = (
    StoredFile(2, ONE_MD5, Maker("job")),
    StoredFile(2, "x", Maker("job")),
    StoredFile(5, "m", Maker("job")),
)


@pytest.mark.parametrize(
    ("stored", "action", "reason"),
    [
        ({}, Action.CREATE, "the target is empty"),
        ({"a_csv": SAME}, Action.NO_OP, "the target has every file"),
        ({"a_csv": SAME, "theirs": replace(OURS, maker=Maker("other"))}, Action.NO_OP, "the target has every file"),
        ({"a_csv": SAME, "ours": OURS}, Action.UPDATE, "the source differs from the target"),
        ({"a_csv": OLD}, Action.UPDATE, "the source differs from the target"),
    ],
)
def test_why_data_is_sent_or_not(tmp_path: Path, stored: dict[str, StoredFile], action: Action, reason: str) -> None:
    change = change_of(plan_of(tmp_path, with_files(**stored), DATA), KEY)
    assert (change.action, change.reason) == (action, reason)


def test_data_that_runs_are_reading(tmp_path: Path) -> None:
    (found,) = plan_of(tmp_path, with_files(*TWO, a_csv=OLD, ours=OURS), DATA).refusals
    assert found.detail == (
        "2 files of digits would change under other-2, other-1 (such as a.csv): "
        "wait, cancel the run, or take another target."
    )


@pytest.mark.parametrize("filename", [None, "somewhere/a"])
def test_a_file_that_cannot_be_read_is_named_as_far_as_anybody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filename: str | None
) -> None:
    """A disk that fails while a file is read does not say which file it was: its folder is named then."""
    write_spec(tmp_path, DATA, data__a_csv="1\n", src__train_py="pass\n")
    specs = read_specs(tmp_path / "job.yaml")

    def fail(path: Path, _: object = None) -> str:
        raise OSError(errno.EIO, "Input/output error", filename)

    monkeypatch.setattr(hashes, "read_digest", fail)
    plan = plan_for(Double(), specs, tmp_path / "home")
    assert [found.detail for found in plan.problems] == [
        f"{filename or tmp_path / name}: Input/output error." for name in ("data", "src")
    ]


JOB = """\
name: job
compute: {name: gpu, size: STANDARD_NC6S_V3, max_instances: 2}
data: {d: {path: data}}
experiment: one
job:
  command: ls
  inputs: {d: {data: d}, more: {path: src}, cloud: {path: 'azureml:old:1'}, rate: 0.5}
  environment: {image: base}
"""


def submission_of(plan: Plan) -> Any:
    return change_of(plan, "run/job").submission


def test_a_submission_has_all_that_an_engine_needs(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, Double(), JOB)
    found = submission_of(plan)
    environment = next(c.key.address for c in plan.changes if c.resource.kind == "environment")
    assert (found.spec, found.experiment, found.cluster, found.gpu) == ("job", "one", "gpu", True)
    assert (found.attempt, found.fingerprint) == (1, plan.fingerprints["job"])
    assert found.files == {"d": ("a.csv",), "more": ("train.py",)}
    assert found.reads == ("data/default/d", "data/default/inputs/job/more", environment)
    assert found.environment.identity == {"image": "base"}
    assert (found.job.command, found.code) == ("ls", ())


def test_a_rerun_says_nothing_of_the_runs_before(tmp_path: Path) -> None:
    """Differences are those to what ran last: another attempt at the same has none."""
    engine = Double()
    first = submission_of(plan_of(tmp_path, engine, JOB))
    engine.identities = {"job-0123456789": {"command": "another"}}
    engine.all_runs = [
        Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED),
        Run(first.name, "job", first.fingerprint, 1, RunStatus.SUCCEEDED),
    ]
    change = change_of(plan_of(tmp_path, engine, JOB, rerun=True), "run/job")
    assert (change.submission.attempt, change.differences) == (2, ())


@pytest.mark.parametrize(
    ("names", "shown"), [(["a", "b", "c"], "(a, b, c)"), (["a", "b", "c", "d"], "(a, b, c, …)"), (["b", "a"], "(a, b)")]
)
def test_three_extra_files_are_named(tmp_path: Path, names: list[str], shown: str) -> None:
    engine = with_files(a_csv=SAME, **dict.fromkeys(names, replace(OURS, maker=Maker())))
    engine.shows_extra = True
    (note,) = plan_of(tmp_path, engine, DATA).notes
    assert note.detail == (
        f"d has {len(names)} on its target that the source does not have {shown}, and the job sees them: they count "
        "in the fingerprint, so that another engine's is another one. `prune: true` removes those that this spec has "
        "put there."
    )
