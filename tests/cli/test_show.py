"""`specrun show`: what is left when all layers are in place is a spec itself, each value with where it is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specrun.spec.load import load
from specrun.views.merged import Came, merged_text
from specrun.views.text import Paint
from tests.cli.conftest import Command
from tests.convert.strategies import furnish, specs

FILES = {
    "bases/common.yaml": """\
apiVersion: specrun/v1
abstract: true
vars:
  steps: 200
  rate: 0.10
  root: ${{ env.DATA_ROOT }}
job:
  code: ../src
  command: >-
    python train.py --data ${{ inputs.digits }} --steps ${{ vars.steps }} --rate ${{ vars.rate }}
    --model-dir ${{ outputs.model }}
  inputs: {digits: {path: "${{ vars.root }}/digits"}}
  outputs: {model: {}}
  environment_variables: {TOKEN: "${{ secrets.TOKEN }}", MODE: 'yes', PASSWORD: hunter2}
  environment: {pip: [numpy, "tqdm==4.1"]}
targets:
  prod:
    compute: {name: gpu, size: STANDARD_NC4AS_T4_V3, max_instances: 2, tags: {}}
""",
    "jobs/a.yaml": """\
apiVersion: specrun/v1
name: a
extends: ../bases/common.yaml
job:
  description: |
    Two lines,
    as they are.
targets:
  prod: {vars: {rate: 0.01}}
  dev: {}
""",
    "vars.yaml": "steps: 300\n",
    "src/train.py": "",
}
SHOWN = """\
# jobs/a.yaml, target prod
apiVersion: specrun/v1           # jobs/a.yaml:1

vars:
  steps: 300                     # vars.yaml:1
  rate: 0.01                     # target prod, jobs/a.yaml:9
  root: ../data                  # bases/common.yaml:6, env DATA_ROOT

job:
  code: ../src                   # bases/common.yaml:8
  command: >-                    # bases/common.yaml:9, var steps, var rate
COMMAND  inputs:
    digits:
      path: ../data/digits       # bases/common.yaml:12, var root
  outputs:
    model: {}                    # bases/common.yaml:13
  environment_variables:
    TOKEN: ${{ secrets.TOKEN }}  # bases/common.yaml:14
    MODE: "yes"                  # bases/common.yaml:14
    PASSWORD: "*******"          # bases/common.yaml:14
  environment:
    pip:
      - numpy                    # bases/common.yaml:15
      - tqdm==4.1                # bases/common.yaml:15
  description: |                 # jobs/a.yaml:5
    Two lines,
    as they are.

name: a                          # jobs/a.yaml:2

compute:
  name: gpu                      # target prod, bases/common.yaml:18
  size: STANDARD_NC4AS_T4_V3     # target prod, bases/common.yaml:18
  max_instances: 2               # target prod, bases/common.yaml:18
  tags: {}                       # target prod, bases/common.yaml:18
"""
COMMAND = {
    80: """\
    python train.py --data ${{ inputs.digits }} --steps 300 --rate 0.01
    --model-dir ${{ outputs.model }}
""",
    120: """\
    python train.py --data ${{ inputs.digits }} --steps 300 --rate 0.01 --model-dir ${{ outputs.model }}
""",
}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SPECRUN_TARGET", raising=False)
    monkeypatch.setenv("DATA_ROOT", "../data")
    monkeypatch.setenv("TOKEN", "a-secret-that-nobody-sees")
    (tmp_path / ".git").mkdir()
    (tmp_path / "data" / "digits").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("width", COMMAND)
def test_it_reads_well_in_a_terminal(
    specrun: Command, repository: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = specrun("show", "jobs/a.yaml", "--target", "prod", "--var-file", "vars.yaml")
    assert said.code == 0
    assert said.out == SHOWN.replace("COMMAND", COMMAND[width])
    assert said.err == (
        "note: asterisks stand where the spec has a credential written out: put it into the environment, and "
        "`${{ secrets.NAME }}` into the spec\n"
    )


def test_what_is_printed_is_a_spec_of_the_same_fingerprint(specrun: Command, repository: Path) -> None:
    (repository / "bases/common.yaml").write_text(FILES["bases/common.yaml"].replace(", PASSWORD: hunter2", ""))
    given = ("--target", "prod", "--var-file", "vars.yaml", "--var", "rate=1e-5")
    said = specrun("show", "jobs/a.yaml", *given)
    assert said.err == ""
    (repository / "jobs/merged.yaml").write_text(said.out)
    fingerprints = [
        json.loads(specrun("plan", *arguments, "--engine", "local", "-o", "json").out)["fingerprints"]
        for arguments in (("jobs/a.yaml", *given), ("jobs/merged.yaml",))
    ]
    assert fingerprints[0] == fingerprints[1] != {}
    again = specrun("show", "jobs/merged.yaml")
    assert [line.partition("  #")[0] for line in again.out.splitlines()[1:]] == [
        line.partition("  #")[0] for line in said.out.splitlines()[1:]
    ]


def test_options_are_layers(specrun: Command, repository: Path) -> None:
    (repository / "requirements.txt").write_text("pandas\n")
    options = ("--var", "steps=5", "--input", "digits=data", "--environment", "requirements.txt")
    said = specrun("show", "jobs/a.yaml", "--target", "dev", "-o", "json", *options)
    found = {".".join(map(str, entry["path"])): entry for entry in json.loads(said.out)}
    for path, value, layer in (
        ("vars.steps", 5, "--var"),
        ("job.inputs.digits.path", str(repository / "data"), "--input"),
        ("job.environment.pip.0", "pandas", "--environment"),
    ):
        entry = found[path]
        assert (entry["value"], entry["file"], entry["line"], entry["layer"]) == (value, None, None, layer)
    shown = {(entry["spec"], entry["target"], "targets" in entry["path"][0]) for entry in found.values()}
    assert shown == {("a", "dev", False)}
    entry = found["job.command"]
    assert (entry["file"], entry["line"], entry["layer"]) == ("bases/common.yaml", 9, "base")
    assert entry["through"] == ["var steps", "var rate"]
    text = specrun("show", "jobs/a.yaml", "--target", "dev", *options).out
    assert re.search(r"\n  steps: 5 +# --var\n", text)


def test_several_specs_are_several_documents(specrun: Command, repository: Path) -> None:
    (repository / "b.yaml").write_text("apiVersion: specrun/v1\nname: b\njob: {command: ls}\n")
    out = specrun("show", "b.yaml", "jobs/a.yaml", "--target", "dev").out
    first, second = out.split("\n---\n")
    assert first.startswith("# b.yaml\napiVersion: specrun/v1")
    assert second.startswith("# jobs/a.yaml, target dev\napiVersion: specrun/v1")
    assert {
        entry["spec"]
        for entry in json.loads(specrun("show", "b.yaml", "jobs/a.yaml", "--target", "dev", "-o", "json").out)
    } == {"a", "b"}


def test_a_base_is_shown_as_far_as_it_goes(specrun: Command) -> None:
    said = specrun("show", "bases/common.yaml", "--target", "prod")
    assert said.code == 0, said.err
    assert "name: gpu " in said.out


def test_what_is_no_spec_is_not_shown(specrun: Command, repository: Path) -> None:
    (repository / "wrong.yaml").write_text("apiVersion: specrun/v1\nname: b\njob: {comand: ls}\n")
    said = specrun("show", "wrong.yaml")
    assert (said.code, said.out) == (65, "")
    assert "wrong.yaml:3:7: error[unknown-key]" in said.err
    assert specrun("show", "jobs/a.yaml", "--target", "dev", "-o", "markdown").code == 64


def test_a_saved_plan_is_shown_as_it_first_was(
    specrun: Command, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("jobs/a.yaml", "--target", "dev", "--engine", "local")
    assert specrun("plan", *given, "--out", "the.plan").code == 0
    formats = [(columns, output) for columns in ("80", "120") for output in ("text", "json", "markdown")]
    planned = {}
    for columns, output in formats:
        monkeypatch.setenv("COLUMNS", columns)
        planned[columns, output] = specrun("plan", *given, "-o", output)
    (repository / "elsewhere").mkdir()
    Path("the.plan").rename("elsewhere/the.plan")
    for name in ("jobs/a.yaml", "bases/common.yaml"):
        Path(name).unlink()
    monkeypatch.chdir("elsewhere")
    for columns, output in formats:
        monkeypatch.setenv("COLUMNS", columns)
        said = specrun("show", "the.plan", "-o", output)
        assert (said.code, said.out, said.err) == (0, planned[columns, output].out, "")
    said = specrun("show", "the.plan", "--target", "dev")
    assert (said.code, said.out) == (64, "")
    assert "the.plan is a saved plan: it is shown as it is, whatever --target says" in said.err
    content = json.loads(Path("the.plan").read_text())
    del content["said"]
    Path("the.plan").write_text(json.dumps(content))
    said = specrun("show", "the.plan")
    assert (said.code, said.out) == (1, "")
    assert "the.plan was saved by an older specrun: plan again" in said.err


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), width=st.sampled_from([40, 80, 120]))
def test_any_spec_is_shown_as_the_same_spec(tmp_path: Path, data: st.DataObject, width: int) -> None:
    furnish(tmp_path)
    spec = data.draw(specs(tmp_path))
    ((_, values),) = load([str(spec.file)], with_values=True).values
    text = merged_text(values, lambda path: Came("job.yaml", 1, "file", ["env A"]), Paint(False), width)
    (tmp_path / "merged.yaml").write_text(text, encoding="utf-8")
    (again,) = load([str(tmp_path / "merged.yaml")]).specs
    assert again.digest == spec.digest
