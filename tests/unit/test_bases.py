"""What a spec builds on: read once, inside of its repository, and never in a ring."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.spec import source
from specrun.spec.load import load
from specrun.spec.loaded import Loaded
from tests.engine_double import Double, plan_for, read_specs

HEAD = "apiVersion: specrun/v1\nname: digits\n"


def files(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def told(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(found.location.file, found.location.line, found.code) for found in loaded.diagnostics]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def test_bases_that_build_on_each_other_in_a_ring_are_one_error(repository: Path) -> None:
    files(
        repository,
        {
            "a.yaml": f"{HEAD}extends: bases/b.yaml\njob: {{command: 'true'}}\n",
            "bases/b.yaml": "extends: c.yaml\n",
            "bases/c.yaml": "abstract: true\nextends:\n- ../bases/b.yaml\n",
        },
    )

    loaded = load(["a.yaml", "bases/b.yaml", "bases/c.yaml"], with_specs=False)

    assert told(loaded) == [("bases/c.yaml", 3, "bases-loop")]
    assert loaded.diagnostics[0].detail.startswith(
        "`bases/b.yaml` extends `bases/c.yaml`, which extends `bases/b.yaml`."
    )
    assert loaded.specs == ()


def test_more_bases_than_a_person_keeps_in_mind_are_refused(repository: Path) -> None:
    deep = {f"b{number}.yaml": f"extends: b{number + 1}.yaml\n" for number in range(200)}
    files(repository, {**deep, "a.yaml": f"{HEAD}extends: b0.yaml\n"})

    assert told(load(["a.yaml"])) == [("b99.yaml", 1, "too-many-bases")]


def test_a_base_outside_of_the_repository_is_an_error_unless_it_is_allowed(repository: Path) -> None:
    files(
        repository,
        {
            "../base.yaml": "abstract: true\njob: {command: 'true'}\n",
            "a.yaml": f"{HEAD}extends: ../base.yaml\n",
            "b.yaml": f"{HEAD}extends: link.yaml\n",
        },
    )
    (repository / "link.yaml").symlink_to("../base.yaml")

    assert told(load(["a.yaml", "b.yaml"])) == [
        ("a.yaml", 3, "outside-repository"),
        ("b.yaml", 3, "outside-repository"),
    ]
    allowed = load(["a.yaml", "b.yaml"], allow_outside=["../base.yaml"])
    assert told(allowed) == []
    assert [spec.layers[1] for spec in allowed.specs] == [repository.parent / "base.yaml"] * 2


def test_outside_of_a_repository_bases_are_files_as_any_other_but_not_under_ci(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".git").rmdir()
    files(repository, {"base.yaml": "job: {command: 'true'}\n", "jobs/a.yaml": f"{HEAD}extends: ../base.yaml\n"})

    assert told(load(["jobs/a.yaml"])) == []
    monkeypatch.setenv("CI", "true")
    assert told(load(["jobs/a.yaml"])) == [("jobs/a.yaml", 3, "outside-repository")]


def test_a_link_to_a_base_is_that_base(repository: Path) -> None:
    files(
        repository,
        {
            "shared/base.yaml": "abstract: true\njob: {code: src, script: train.py}\n",
            "shared/src/train.py": "",
            "jobs/a.yaml": f"{HEAD}extends: [../shared/base.yaml, base.yaml]\n",
        },
    )
    (repository / "jobs" / "base.yaml").symlink_to("../shared/base.yaml")

    (spec,) = load(["jobs/a.yaml"]).specs

    assert spec.layers == (repository / "jobs/a.yaml", repository / "shared/base.yaml")
    assert spec.job is not None
    assert spec.job.code is not None
    assert spec.job.code.absolute.resolve() == repository / "shared" / "src"


def test_a_base_that_is_no_spec_of_a_bearable_size_is_said_once(repository: Path) -> None:
    files(
        repository,
        {
            "large.yaml": "# a\n" * (1 << 19),
            "a.yaml": f"{HEAD}extends: large.yaml\n",
            "b.yaml": f"{HEAD}extends: ./large.yaml\n",
        },
    )

    assert told(load(["a.yaml", "b.yaml"])) == [("large.yaml", 1, "too-large")]


def test_a_base_is_read_once_for_all_specs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(repository, {"base.yaml": "abstract: true\njob: {command: 'true'}\n"})
    files(repository, {f"jobs/{n}.yaml": f"{HEAD}extends: ../base.yaml\n" for n in range(5)})
    read: list[str] = []
    whole = source.read
    monkeypatch.setattr(source, "read", lambda file: read.append(file) or whole(file))

    assert len(load([f"jobs/{n}.yaml" for n in range(5)]).specs) == 5
    assert read.count("base.yaml") == 1


TARGETS = f"""{HEAD}job: {{command: 'true'}}
targets: {{dev: {{engine: local}}, prod: {{experiment: digits-prod}}}}
"""


def test_the_target_is_chosen_by_the_command_else_by_the_spec(repository: Path) -> None:
    files(
        repository,
        {
            "a.yaml": TARGETS,
            "usual.yaml": f"{TARGETS}default_target: prod\n",
            "any.yaml": f"{HEAD}job: {{command: 'true'}}\n",
            "base.yaml": "abstract: true\ntargets: {dev: {}}\n",
        },
    )
    names = ["a.yaml", "usual.yaml", "any.yaml"]

    left = load(names)
    assert ([spec.target for spec in left.specs], left.undecided) == (["prod", ""], ("a.yaml",))
    dev = load(names, target="dev")
    assert [(spec.file.name, spec.target) for spec in dev.specs] == [
        ("a.yaml", "dev"),
        ("usual.yaml", "dev"),
        ("any.yaml", ""),
    ]
    other = load(names, target="test")
    assert ([spec.file.name for spec in other.specs], other.without_target) == (
        ["any.yaml"],
        (("a.yaml", "test"), ("usual.yaml", "test")),
    )
    assert other.targets == {"a.yaml": ("dev", "prod"), "usual.yaml": ("dev", "prod")}


WHOLE = """\
apiVersion: specrun/v1
name: digits
vars: {steps: 20, list: requirements.txt}
data: {numbers: {path: data}}
job:
  code: src
  command: python train.py ${{ inputs.numbers }} ${{ inputs.more }} ${{ outputs.model }} ${{ vars.steps }}
  inputs:
    numbers: {data: numbers}
    more: {path: more/a.csv, type: uri_file}
  outputs: {model: {}}
  environment: {pip: [numpy, "-r requirements.txt"]}
  environment_variables: {LEVEL: "2"}
  distribution: {type: pytorch, process_count_per_instance: 1}
  resources: {instance_count: 2}
"""
SPLIT = {
    "shared/bases/job.yaml": """\
apiVersion: specrun/v1
abstract: true
vars: {steps: 7, list: ../../requirements.txt}
job:
  code: ../../src
  command: python train.py ${{ inputs.numbers }} ${{ inputs.more }} ${{ outputs.model }} ${{ vars.steps }}
  inputs: {more: {path: ../../more/a.csv, type: uri_file}, numbers: {data: numbers}}
  environment: {conda_file: none.yaml}
  environment_variables: {LEVEL: "1", GONE: x}
  distribution: {type: tensorflow, worker_count: 9}
targets:
  prod: {vars: {steps: 20}, job: {environment: {pip: [numpy, "-r ../../requirements.txt"]}}}
""",
    "team/job.yaml": """\
apiVersion: specrun/v1
extends: ../shared/bases/job.yaml
name: digits
data: {numbers: {path: ../data}}
job:
  outputs: {model: {}}
  environment_variables: {GONE: null}
  distribution: {type: pytorch, process_count_per_instance: 1}
targets:
  prod: {job: {resources: {instance_count: 2}, environment_variables: {LEVEL: "2"}}}
""",
}


def test_a_spec_in_layers_has_the_fingerprint_of_the_same_in_one_file(repository: Path, tmp_path: Path) -> None:
    things = {"src/train.py": "pass", "data/a": "1", "more/a.csv": "2", "requirements.txt": "pandas\n"}
    files(repository, {**things, **SPLIT, "one.yaml": WHOLE})
    alone, split = read_specs(Path("one.yaml")), read_specs(Path("team/job.yaml"), target="prod")
    fingerprints = [plan_for(Double(), specs, tmp_path / "home").fingerprints["digits"] for specs in (alone, split)]
    assert fingerprints[0] == fingerprints[1]
