from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from specrun.plan.changes import Plan
from specrun.plan.fingerprint import explain
from specrun.plan.observed import Observed, Status
from tests.engine_double import Double, plan_for, read_specs, write_spec

TINY = "name: tiny\njob: {command: echo hello}\n"
FULL = """\
name: full
vars: {steps: 200}
compute: {name: gpu-cluster, size: STANDARD_NC4AS_T4_V3, max_instances: 4}
datastores:
  training:
    type: azure_blob
    account_name: mlstore
    container_name: training
data:
  digits: {path: data, datastore: training, target: datasets/digits}
experiment: one
job:
  code: src
  command: 'python train.py --data ${{ inputs.digits }} --steps ${{ vars.steps }} --out ${{ outputs.model }}'
  inputs:
    digits: {data: digits, mode: download}
    rate: 0.5
  outputs:
    model: {}
  environment:
    pip: [tensorflow, "numpy<3"]
  environment_variables:
    LEVEL: "2"
    KEY: ${{ secrets.SPECRUN_TEST_KEY }}
  distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}
  resources: {instance_count: 3}
  limits: {timeout: 7200}
  tags: {team: vision}
  description: first
"""
CODE = {"src__train_py": "print('train')\n", "src__lib__model_py": "WIDTH = 3\n", "data__a_csv": "1,2\n"}

CONDA = "name: conda\njob:\n  command: python -V\n  environment: {conda_file: conda.yml}\n"
SCRIPT = """\
name: script
job:
  code: src
  script: train.py
  arguments: {--steps: 10, --verbose: true}
  distribution: {type: pytorch, process_count_per_instance: 2}
  resources: {instance_count: 2, gpu: false}
"""
CLOUD = """\
name: cloud
job:
  command: cat ${{ inputs.old }}
  inputs:
    old: {path: 'azureml://datastores/training/paths/old/a.csv', type: uri_file}
  outputs:
    model: {path: 'azureml://datastores/training/paths/models', mode: upload}
"""

SWEEP = """\
name: sweep
job:
  script: train.py
  code: src
  arguments: ["--lr", "${{ search_space.lr }}"]
  environment_variables: {UNITS: "${{ search_space.units }}"}
sweep:
  sampling_algorithm: random
  seed: 3
  search_space:
    lr: {type: loguniform, min_value: -9, max_value: -1}
    units: {type: choice, values: [16, 32]}
  objective: {goal: maximize, primary_metric: accuracy}
  limits: {max_total_trials: 20}
  early_termination: {type: bandit, slack_factor: 0.1, evaluation_interval: 2}
"""
GRID = """\
name: grid
job: {command: 'train ${{ search_space.units }} ${{ search_space.depth }}'}
sweep:
  sampling_algorithm: grid
  search_space: {units: {type: choice, values: [16, "x", true, 0.5]}, depth: {type: choice, values: [1, 2]}}
  objective: {goal: minimize, primary_metric: loss}
"""

# A promise: these never change, whatever specrun's version. A test that fails here means that an upgrade would submit
# every run again.
GOLDEN = {
    "tiny": "41558ceddfa6dd27ad185dffd8ab0d4a74b72977ec7a50e9175843ab6afd2fa8",
    "full": "ec212b070e29a8bbac9ef56a51d227e62be4af186453e95ce530f73a827a8e7b",
    "conda": "17dbfa3c67102bbc1a2c86eda626c3a8ead626997f3b91473b83717e759ee256",
    "script": "aab9be51164e3072e282ca7b8fc3f1a2855a642dbdbebf1f36e6ae908eb2e5d7",
    "cloud": "613c16c54681675e373dbf4f774483e0313d9b422f1b1438aa46134c1eb90af0",
    "unicode": "a06ea4332deeedefe1ed55256c57f234e30c86c295687dde381a6f7caa166f69",
    "sweep": "28696dbdd16535efc63e220c5e990337d82578514f906a9fa5aeb3e032b82f34",
    "grid": "d3555aa7a5f4743e2a70e58574d42fdc9dbaeecb6114f5980aea9503b8e906fb",
}


def fingerprint_of(folder: Path, text: str, name: str, **files: str) -> str:
    return plan_of(folder, text, **files).fingerprints[name]


def plan_of(folder: Path, text: str, shows_extra: bool = False, **files: str) -> Plan:
    (spec,) = read_specs(write_spec(folder, text, **files))
    engine = Double(shows_extra=shows_extra)
    engine.there["compute/gpu-cluster"] = Observed(Status.MISSING)
    return plan_for(engine, [spec], folder / "home")


def golden_cases(folder: Path) -> dict[str, str]:
    conda = {"conda_yml": "dependencies:\n- python\n- pip: [numpy]\n"}
    return {
        "tiny": fingerprint_of(folder / "tiny", TINY, "tiny"),
        "full": fingerprint_of(folder / "full", FULL, "full", **CODE),
        "conda": fingerprint_of(folder / "conda", CONDA, "conda", **conda),
        "script": fingerprint_of(folder / "script", SCRIPT, "script", src__train_py="pass\n"),
        "cloud": fingerprint_of(folder / "cloud", CLOUD, "cloud"),
        "unicode": fingerprint_of(
            folder / "unicode", "name: unicode\njob: {code: src, command: cat größe}\n", "unicode", src__größe="5"
        ),
        "sweep": fingerprint_of(folder / "sweep", SWEEP, "sweep", src__train_py="pass\n"),
        "grid": fingerprint_of(folder / "grid", GRID, "grid"),
    }


def test_the_golden_values_hold(tmp_path: Path) -> None:
    assert golden_cases(tmp_path) == GOLDEN


def test_the_same_where_a_job_sees_all_files_of_a_target_and_there_are_no_others(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, FULL, shows_extra=True, **CODE)
    assert plan.fingerprints["full"] == GOLDEN["full"]


@cache
def _pythons() -> list[str]:
    """Interpreters on PATH that could run specrun with this one's pure-Python packages, one for each version."""
    found = {sys.version_info[:2]: sys.executable}
    for minor in range(10, 15):
        python = shutil.which(f"python3.{minor}")
        probe = "import yaml, jsonschema, pathspec"
        if python and subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0:
            found.setdefault((3, minor), python)
    return list(found.values())


@pytest.mark.parametrize(("seed", "locale"), [("77", "C"), ("4242", "C.UTF-8")])
def test_the_same_under_every_hash_seed_locale_and_python(tmp_path: Path, seed: str, locale: str) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(root)}
    code = "import json,sys,pathlib\nfrom tests.unit.test_fingerprint import golden_cases\n"
    code += "print(json.dumps(golden_cases(pathlib.Path(sys.argv[1]))))"
    for number, python in enumerate(_pythons()):
        done = subprocess.run(
            [python, "-c", code, str(tmp_path / str(number))],
            env=environment,
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == GOLDEN, python


def full(folder: Path, text: str = FULL, **files: str) -> str:
    return fingerprint_of(folder, text, "full", **{**CODE, **files})


UNRELATED: Mapping[str, tuple[str, str]] = {
    "tags": ("team: vision", "team: sound"),
    "description": ("description: first", "description: second"),
    "experiment": ("experiment: one", "experiment: two"),
    "limits": ("timeout: 7200", "timeout: 60"),
    "compute size": ("STANDARD_NC4AS_T4_V3", "STANDARD_NC6S_V3"),
    "cluster's limit": ("max_instances: 4}", "max_instances: 9}"),
    "order of keys": (
        "    digits: {data: digits, mode: download}\n    rate: 0.5",
        "    rate: 0.5\n    digits: {mode: download, data: digits}",
    ),
    "target": ("target: datasets/digits", "target: elsewhere"),
    "a comment": ("job:\n", "job:  # a comment\n"),
    "unused variable": ("vars: {steps: 200}", "vars: {unused: 7, steps: 200}"),
}


@pytest.mark.parametrize("what", UNRELATED)
def test_what_cannot_change_the_result_changes_nothing(tmp_path: Path, what: str) -> None:
    old, new = UNRELATED[what]
    assert old in FULL
    assert full(tmp_path / "a") == full(tmp_path / "another" / "path", FULL.replace(old, new))


RELEVANT: Mapping[str, tuple[str, str]] = {
    "command": ("python train.py", "python -u train.py"),
    "variable": ("steps: 200", "steps: 201"),
    "scalar input": ("rate: 0.5", "rate: 0.25"),
    "mode of an input": (", mode: download", ""),
    "another output": ("    model: {}", "    model: {}\n    logs: {}"),
    "environment": ('"numpy<3"', '"numpy<2"'),
    "order of requirements": ('tensorflow, "numpy<3"', '"numpy<3", tensorflow'),
    "environment variable": ('LEVEL: "2"', 'LEVEL: "3"'),
    "name of a secret": ("secrets.SPECRUN_TEST_KEY", "secrets.SPECRUN_OTHER_KEY"),
    "distribution": ("worker_count: 2", "worker_count: 3"),
    "instance count": ("instance_count: 3", "instance_count: 4"),
    "gpu": ("instance_count: 3", "instance_count: 3, gpu: true"),
}


@pytest.mark.parametrize("what", RELEVANT)
def test_what_can_change_the_result_changes_it(tmp_path: Path, what: str) -> None:
    old, new = RELEVANT[what]
    assert old in FULL
    assert full(tmp_path / "a") != full(tmp_path / "b", FULL.replace(old, new, 1))


FILE_CHANGES: Mapping[str, Callable[[Path], object]] = {
    "content of code": lambda folder: (folder / "src/train.py").write_text("print('tra1n')\n"),
    "another code file": lambda folder: (folder / "src/new.py").write_text(""),
    "name of a code file": lambda folder: (folder / "src/lib/model.py").rename(folder / "src/lib/models.py"),
    "executable bit": lambda folder: (folder / "src/train.py").chmod(0o755),
    "content of data": lambda folder: (folder / "data/a.csv").write_text("1,3\n"),
    "name of a data file": lambda folder: (folder / "data/a.csv").rename(folder / "data/b.csv"),
}


@pytest.mark.parametrize("what", FILE_CHANGES)
def test_files_change_it(tmp_path: Path, what: str) -> None:
    before = full(tmp_path)
    FILE_CHANGES[what](tmp_path)
    (spec,) = read_specs(tmp_path / "job.yaml")
    assert plan_for(Double(), [spec], tmp_path / "home").fingerprints["full"] != before


def test_bits_of_group_and_others_do_not_change_it(tmp_path: Path) -> None:
    before = full(tmp_path)
    (tmp_path / "src/train.py").chmod(0o655)
    (spec,) = read_specs(tmp_path / "job.yaml")
    assert plan_for(Double(), [spec], tmp_path / "home").fingerprints["full"] == before


def test_a_secret_counts_by_name_and_not_by_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECRUN_TEST_KEY", "first-value")
    before = full(tmp_path / "a")
    monkeypatch.setenv("SPECRUN_TEST_KEY", "second-value")
    assert full(tmp_path / "b") == before
    literal = FULL.replace("${{ secrets.SPECRUN_TEST_KEY }}", "SPECRUN_TEST_KEY")
    assert full(tmp_path / "c", literal) != before


def test_a_name_decomposed_by_the_file_system_is_the_same_name(tmp_path: Path) -> None:
    text = "name: n\njob: {code: src, command: ls}\n"
    # Not as keywords: Python composes identifiers by itself.
    composed, decomposed = {"src__caf\u00e9": "x"}, {"src__cafe\u0301": "x"}
    first = fingerprint_of(tmp_path / "nfc", text, "n", **composed)
    assert fingerprint_of(tmp_path / "nfd", text, "n", **decomposed) == first


@pytest.mark.parametrize(
    ("left_out", "written"),
    [
        ("{type: tensorflow, worker_count: 2}", "{type: tensorflow, worker_count: 2, parameter_server_count: 0}"),
        ("{type: tensorflow}", "{type: tensorflow, worker_count: 2}"),
        ("{type: pytorch}", "{type: pytorch, process_count_per_instance: 1}"),
    ],
)
def test_a_default_written_out_is_the_same(tmp_path: Path, left_out: str, written: str) -> None:
    text = "name: n\njob:\n  command: ls\n  distribution: {}\n  resources: {{instance_count: 2}}\n"
    first = fingerprint_of(tmp_path / "a", text.format(left_out), "n")
    assert fingerprint_of(tmp_path / "b", text.format(written), "n") == first


def test_modes_and_types_at_their_default_are_the_same(tmp_path: Path) -> None:
    short = "name: n\njob:\n  command: cat ${{ inputs.d }}\n  inputs: {d: {path: data}}\n  outputs: {o: {}}\n"
    long = short.replace("{path: data}", "{path: data, type: uri_folder, mode: ro_mount}").replace(
        "{o: {}}", "{o: {mode: rw_mount}}"
    )
    old = short.replace("{path: data}", "{path: data, mode: mount}")
    prints = {fingerprint_of(tmp_path / str(i), text, "n", data__a="1") for i, text in enumerate((short, long, old))}
    assert len(prints) == 1


def test_a_conda_file_counts_by_its_bytes(tmp_path: Path) -> None:
    first = fingerprint_of(tmp_path / "a", CONDA, "conda", conda_yml="dependencies: []\n")
    moved = CONDA.replace("conda.yml", "env.yml")
    assert fingerprint_of(tmp_path / "b", moved, "conda", env_yml="dependencies: []\n") == first
    assert fingerprint_of(tmp_path / "c", CONDA, "conda", conda_yml="dependencies: []\n\n") != first


def test_fetched_data_counts_by_its_sha256_in_either_case_and_its_name(tmp_path: Path) -> None:
    text = """\
name: n
data: {d: {path: 'https://example.org/%s', sha256: %s}}
job: {command: cat, inputs: {d: {data: d}}}
"""
    digest = "ab" * 32
    first = fingerprint_of(tmp_path / "a", text % ("x.npz", digest), "n")
    assert fingerprint_of(tmp_path / "b", text % ("y.npz", digest), "n") != first
    assert fingerprint_of(tmp_path / "c", text % ("x.npz", "cd" * 32), "n") != first


OF_A_SWEEP: Mapping[str, tuple[str, str]] = {
    "the mapping form": ("sampling_algorithm: random\n  seed: 3", "sampling_algorithm: {type: random, seed: 3}"),
    "the rule at its default": ("seed: 3", "seed: 3\n  rule: random"),
    "policies at their defaults": ("evaluation_interval: 2", "evaluation_interval: 2, delay_evaluation: 0"),
    "how many at once, how long, how many may fail": (
        "{max_total_trials: 20}",
        "{max_total_trials: 20, max_concurrent_trials: 4, timeout: 600, trial_timeout: 60, max_failed_trials: 2}",
    ),
    "a whole number with a point": ("max_value: -1", "max_value: -1.0"),
    "the order of parameters": (
        "    lr: {type: loguniform, min_value: -9, max_value: -1}\n    units: {type: choice, values: [16, 32]}",
        "    units: {values: [16, 32], type: choice}\n    lr: {type: loguniform, min_value: -9, max_value: -1}",
    ),
}


@pytest.mark.parametrize("what", OF_A_SWEEP)
def test_what_cannot_change_the_result_of_a_sweep_changes_nothing(tmp_path: Path, what: str) -> None:
    old, new = OF_A_SWEEP[what]
    assert old in SWEEP
    changed = SWEEP.replace(old, new)
    assert fingerprint_of(tmp_path, changed, "sweep", src__train_py="pass\n") == GOLDEN["sweep"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 3", "seed: 4"),
        ("seed: 3", "rule: sobol"),
        ("[16, 32]", "[16, 32, 64]"),
        ("[16, 32]", "[16, '32']"),
        ("[16, 32]", "[16, 32.0]"),
        ("max_value: -1", "max_value: -2"),
        ("maximize", "minimize"),
        ("primary_metric: accuracy", "primary_metric: loss"),
        ("max_total_trials: 20", "max_total_trials: 21"),
        ("slack_factor: 0.1", "slack_factor: 0.2"),
        ("type: bandit, slack_factor: 0.1", "type: median_stopping"),
    ],
)
def test_what_can_change_the_result_of_a_sweep_changes_it(tmp_path: Path, old: str, new: str) -> None:
    assert old in SWEEP
    found = fingerprint_of(tmp_path, SWEEP.replace(old, new), "sweep", src__train_py="pass\n")
    assert found != GOLDEN["sweep"]


def test_explain_names_each_difference_of_a_sweep() -> None:
    space = {"lr": {"type": "uniform", "min_value": 0, "max_value": 1}, "n": {"type": "choice", "values": [1, 2]}}
    before = {"sweep": {"sampling_algorithm": "random", "search_space": space, "max_total_trials": 10}}
    wider = {"lr": {**space["lr"], "max_value": 2}, "n": {"type": "choice", "values": [1, 2, 3]}}
    after = {"sweep": {"sampling_algorithm": "random", "seed": 1, "search_space": wider, "max_total_trials": 20}}
    assert explain(before, after) == (
        "sweep: seed is new: 1",
        "sweep: search_space.lr.max_value 1 → 2",
        "sweep: search_space.n.values 1, 2 → 1, 2, 3",
        "sweep: max_total_trials 10 → 20",
    )
    other = {"lr": {"type": "normal", "mu": 0, "sigma": 1}, "units": {"type": "randint", "upper": 4}}
    assert explain(before, {"sweep": {**before["sweep"], "search_space": other}}) == (
        "sweep: search_space.lr uniform(min_value 0, max_value 1) → normal(mu 0, sigma 1)",
        "sweep: search_space.units is new: randint(upper 4)",
        "sweep: search_space.n is gone",
    )
    points = {**before["sweep"], "search_space": {**space, "n": {"type": "choice", "values": ["1", 2.0, True]}}}
    assert explain(before, {"sweep": points}) == ('sweep: search_space.n.values 1, 2 → "1", 2.0, true',)
    assert explain({"fp": 1}, {"fp": 1, **before}) == ("sweep is new",)
    assert explain({"fp": 1, **before}, {"fp": 1}) == ("sweep is gone",)
    assert explain({"sweep": "damaged"}, before) == ("sweep changed",)


def test_explain_names_each_difference() -> None:
    before = {
        "fp": 1,
        "command": "a",
        "arguments": ["--steps", "10"],
        "code": {"train.py": ["m1", False], "old.py": ["m", False]},
        "inputs": {"digits": {"data": "digits", "files": {"a.csv": ["m", False]}}, "rate": {"value": 1}},
        "environment_variables": {"LEVEL": "1"},
        "distribution": {"type": "pytorch"},
    }
    after = {
        "fp": 1,
        "command": "b",
        "arguments": ["--steps", "20"],
        "code": {"train.py": ["m2", False], "new.py": ["m", False]},
        "inputs": {"digits": {"files": {"a.csv": ["x", False]}, "mode": "download"}, "rate": {"value": 2}},
        "environment_variables": {"LEVEL": "2"},
        "gpu": True,
    }
    assert explain(before, after) == (
        "command: a → b",
        "steps: 10 → 20",
        "code: train.py changed",
        "code: new.py is new",
        "code: old.py is gone",
        "inputs: digits/a.csv changed",
        "inputs: digits.mode is new",
        "inputs: digits.data is gone",
        "inputs: rate.value 1 → 2",
        "environment_variables: LEVEL 1 → 2",
        "gpu: (none) → True",
        "distribution: type is gone",
    )


def test_explain_says_when_only_blanks_differ() -> None:
    assert explain({"command": "a  b"}, {"command": "a b"}) == ("command: other blanks",)
    assert explain({"arguments": ["a b"]}, {"arguments": ["a", "b"]}) == ("arguments: other blanks",)
    variables = [{"environment_variables": {"A": blanks}} for blanks in ("x  y", "x y")]
    assert explain(*variables) == ("environment_variables: A x  y → x y",)


def test_flags_of_a_command_are_compared_each_by_itself() -> None:
    def between(before: str, after: str) -> tuple[str, ...]:
        return explain({"command": before}, {"command": after})

    long = "pip install -r all.txt && python train.py --data ${{ inputs.d }} --lr %s --sizes %s --seed 1"
    assert between(long % ("0.1", "64 32"), long % ("0.01", "64 64")) == ("lr: 0.1 → 0.01", "sizes: 64 32 → 64 64")
    assert between("python t.py --amp", "python t.py --lr=1") == ("lr: (none) → 1", "amp: true → (none)")
    assert between("python t.py lr=1", "python t.py lr=2") == ("lr: 1 → 2",)
    # A flag that is called as a field of the job.
    assert between("python t.py --code a", "python t.py --code b") == ("--code: a → b",)
    # What else differs is not left out.
    assert between("python t.py --lr 1 a.csv", "python u.py --lr 2 a.csv") == (
        "lr: 1 a.csv → 2 a.csv",
        "command: python t.py → python u.py",
    )
    assert between("python t.py --lr 1 --x 2", "python t.py --x 2 --lr 1") == (
        "command: python t.py --lr 1 --x 2 → python t.py --x 2 --lr 1",
    )
    assert between("python t.py --lr 1 --lr 2", "python t.py --lr 1 --lr 3") == ("command: … --lr 2 → … --lr 3",)
    assert between("LR=1 python t.py --lr $LR", "LR=2 python t.py --lr $LR") == (
        "command: LR=1 python … → LR=2 python …",
    )
    assert between("bash -c 'python t.py --lr 1'", "bash -c 'python t.py --lr 2'") == (
        "command: … --lr 1' → … --lr 2'",
    )


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("x", "y", "x → y"),
        ("a b c", "a X c", "a b c → a X c"),
        ("a b c d e", "a b X d e", "a b c d e → a b X d e"),
        ("a b c d e f", "a b c X d e f", "a b c d e f → a b c X d e f"),
        ("a b c d e f g h", "a b c d X f g h", "… d e f g h → … d X f g h"),
        ("a b c d", "a b c d e", "… d → … d e"),
        ("a b c d e", "a b c d", "… d e → … d"),
        ("p q r s", "p q r s t u", "… s → … s t u"),
        ("x b c d e", "a b c d e", "x b … → a b …"),
        ("a b c d x", "a b c d y", "… d x → … d y"),
        ("a b c d e f x", "b c d e f x", "a b … → b …"),
        ("a a", "a a a", "a a → a a a"),
        ("a a a a a a", "a a a a a a a", "… a → … a a"),
        ("w x a b c d", "y a b c d", "w x a … → y a …"),
        ("a b c d e f", "x b c d e y", "a b c d e f → x b c d e y"),
    ],
)
def test_of_a_long_command_explain_shows_what_differs(before: str, after: str, shown: str) -> None:
    """With one word on either side; an ellipsis is no shorter than two words."""
    assert explain({"command": before}, {"command": after}) == (f"command: {shown}",)


def test_explain_shows_what_was_there_alone_before_or_is_after() -> None:
    assert explain({"command": "a b"}, {"script": "t.py", "arguments": ["x", "y"]}) == (
        "script: (none) → t.py",
        "arguments: (none) → x y",
        "command: a b → (none)",
    )
    assert explain({"script": "a.py", "instance_count": 2, "gpu": True}, {"script": "b.py", "gpu": False}) == (
        "script: a.py → b.py",
        "gpu: True → False",
        "instance_count: 2 → (none)",
    )
    assert explain({"environment": {"image": "a"}}, {}) == ("environment: image is gone",)


def test_explain_names_what_differs_within_an_environment_and_in_the_rights_of_a_file() -> None:
    before = {"environment": {"pip": ["a"], "build": {"a": "1"}}, "code": {"a": ["m", False]}}
    after = {"environment": {"pip": ["b"], "build": {"a": "2", "b": "1"}}, "code": {"a": ["m", True]}}
    assert explain(before, after) == (
        "environment: pip changed",
        "environment: build.a 1 → 2",
        "environment: build.b is new",
        "code: a changed",
    )


def test_explain_gets_over_a_record_that_is_damaged() -> None:
    assert explain({"inputs": "x", "code": {}}, {"inputs": {"a": 1}, "code": {}}) == ("inputs: x → {'a': 1}",)
    before, after = ({"inputs": {"a": {"files": files}}} for files in ("x", {"b": ["m", False]}))
    assert explain(before, after) == ("inputs: a/x → {'b': ['m', False]}",)
