"""A chain on this machine from its plan to a copy of it elsewhere: no double knows how these fit together."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.engine_double import write_spec
from tests.event_writing import scalar
from tests.local.runs import wait_until
from tests.unit.test_git_changes import run as git

PREP = """\
name: prep
job:
  command: cp $VALUE ${{ outputs.f }}/copied
  environment_variables: {VALUE: /etc/hostname}
  outputs: {f: {}}
"""
TRAIN = """\
name: train
job:
  code: src
  command: cat train.py ${{ inputs.f }}/* > ${{ outputs.model }}/m.txt
  inputs: {f: {run: prep, output: f}}
  outputs: {model: {}}
"""
REGISTERED = TRAIN.replace("{model: {}}", "{model: {register: {name: digits}}}")


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", ".")
    write_spec(tmp_path, PREP, "prep.yaml")
    write_spec(tmp_path, TRAIN, "train.yaml", src__train_py="pass\n")
    return tmp_path


def runs(folder: Path) -> list[str]:
    return sorted(one.name for one in (folder / ".specrun" / "runs").iterdir())


def test_what_is_read_by_two_ways_is_once_in_a_copy(specrun: Any, chain: Path) -> None:
    both = "{f: {run: prep, output: f}, m: {run: train, output: model}}"
    write_spec(chain, f"name: judge\njob: {{command: ls, inputs: {both}}}\n", "judge.yaml")
    assert specrun("apply", ".", "-q").code == 0
    judge, *_ = runs(chain)
    said = specrun("checkout", judge, "copy")
    assert said.code == 0, said.out + said.err
    assert sorted(one.parent.name for one in (chain / "copy").rglob("job.yaml")) == ["copy", "prep", "train"]
    for what in ("copy/job.yaml", "copy"):
        said = specrun("plan", what, "--exit-code")
        assert said.code == 0, said.out + said.err


def test_a_model_leads_to_the_data_that_was_read_upstream_when_its_runs_are_gone(specrun: Any, chain: Path) -> None:
    raw = "job: {command: 'cp ${{ inputs.raw }}/* ${{ outputs.f }}', inputs: {raw: {data: raw}}, outputs: {f: {}}}\n"
    write_spec(chain, f"name: prep\ndata: {{raw: {{path: raw}}}}\n{raw}", "prep.yaml", raw__one_txt="1\n")
    write_spec(chain, REGISTERED, "train.yaml")
    assert specrun("apply", ".", "-q").code == 0
    assert "    data/default/raw\n" in specrun("models", "digits:1").out
    assert specrun("destroy", ".", "--also", "run", "--yes").code == 0
    assert "  data         data/default/raw\n" in specrun("models", "digits:1").out


def test_a_chain_from_its_plan_to_a_copy_elsewhere(specrun: Any, chain: Path) -> None:
    said = specrun("apply", "train.yaml")
    assert (said.code, "Nothing has run for what prep is now" in said.err) == (1, True)
    said = specrun("apply", ".", "-q")
    assert said.code == 0, said.err
    prep, train = runs(chain)
    assert specrun("plan", ".", "--exit-code").code == 0

    # What is registered afterwards is the output of the run that there is.
    write_spec(chain, REGISTERED, "train.yaml")
    assert specrun("plan", ".", "--out", "saved.plan").code == 0
    said = specrun("apply", "saved.plan")
    assert said.code == 0, said.err
    assert runs(chain) == [prep, train]
    (model,) = (chain / ".specrun" / "models" / "digits").glob("*/model.json")
    assert json.loads(model.read_text())["tags"]["specrun-run"] == train
    assert "No changes" in specrun("plan", "train.yaml").out

    # A plan says which version the latest is.
    write_spec(chain, "name: use\njob: {command: ls, inputs: {base: {model: digits, version: latest}}}\n", "use.yaml")
    assert "\n      reads base of digits:1\n" in specrun("plan", "use.yaml").out
    (change,) = json.loads(specrun("plan", "use.yaml", "-o", "json", "--out", "use.plan").out)["resource_changes"]
    assert change["run"]["models"] == {"base": "digits:1"}
    assert "\n      reads base of digits:1\n" in specrun("show", "use.plan").out
    (chain / "use.yaml").unlink()

    # A copy has what it reads from beside it.
    said = specrun("checkout", train, "copy")
    assert said.code == 0, said.out + said.err
    assert json.loads(specrun("plan", "copy/job.yaml", "-o", "json").out)["fingerprints"]["train"].startswith(
        train.removeprefix("train-")
    )
    assert (chain / "copy" / "upstream" / "prep" / "job.yaml").is_file()
    shutil.rmtree(chain / "copy")

    # What changed upstream is told of both runs, and of two that are compared.
    (chain / "prep.yaml").write_text((chain / "prep.yaml").read_text().replace("/etc/hostname", "gone"))
    assert "runs again: environment_variables of prep: VALUE" in " ".join(specrun("plan", ".").out.split())
    said = specrun("apply", ".", "-q", "--fail-fast")
    assert (said.code, "run/train: skipped" in said.err + said.out) == (100, True)
    assert "not submitted: prep-" in specrun("plan", ".").out


def test_detached_says_what_is_left_and_by_which_command(specrun: Any, chain: Path) -> None:
    text = (chain / "prep.yaml").read_text()
    (chain / "prep.yaml").write_text(text.replace("cp $VALUE", "until [ -e $VALUE ]; do sleep 0.01; done; cp $VALUE"))
    go = chain / "go"
    (chain / "prep.yaml").write_text((chain / "prep.yaml").read_text().replace("/etc/hostname", str(go)))
    write_spec(chain, REGISTERED, "train.yaml")
    said = specrun("apply", ".", "--detach", "--only", "name:prep", "--only", "name:train")
    assert said.code == 0, said.err
    assert said.err.splitlines()[-3:] == [
        "still to be submitted: train",
        "still to be registered: digits",
        "  to go on:    specrun apply . --only name:prep --only name:train",
    ]
    go.write_text("")
    said = specrun("apply", ".", "-q")
    assert said.code == 0, said.err
    assert [one.partition("-")[0] for one in runs(chain)] == ["prep", "train"]


def test_two_applies_of_one_chain_at_once_are_one(chain: Path) -> None:
    go, home = chain / "go", chain / ".specrun"
    waiting = f"until [ -e {go} ]; do sleep 0.01; done; echo 1 > ${{{{ outputs.f }}}}/copied"
    write_spec(chain, PREP.replace("cp $VALUE ${{ outputs.f }}/copied", waiting), "prep.yaml")
    write_spec(chain, REGISTERED, "train.yaml")
    environment = {**os.environ, "SPECRUN_HOME": str(home)}
    both = [commands.start(["apply", ".", "--quiet"], chain, environment, "local") for _ in range(2)]

    def following() -> set[int]:
        events = map(json.loads, (home / "journal.jsonl").read_text().splitlines())
        return {one["process"] for one in events if one["event"] == "status_changed"}

    wait_until(lambda: (home / "journal.jsonl").exists() and len(following()) == 2, "both to follow prep")
    go.touch()
    assert [one.wait(60) for one in both] == [0, 0]
    assert [one.partition("-")[0] for one in runs(chain)] == ["prep", "train"]
    assert len(list((home / "models" / "digits").glob("*/model.json"))) == 1


def test_a_run_without_mlflow_is_no_model_of_it_and_says_why(specrun: Any, chain: Path) -> None:
    text = "name: train\njob:\n  command: COMMAND\n  outputs: {model: {register: {name: digits, type: mlflow_model}}}\n"
    # Without what is installed, as in an environment that lacks it.
    write_spec(chain, text.replace("COMMAND", 'python -I -S -c "import mlflow"'), "train.yaml")
    said = specrun("apply", "train.yaml", "-q")
    assert (said.code, "No module named 'mlflow'" in said.out + said.err) == (100, True), said.err
    assert "has not succeeded: nothing is registered" in " ".join(specrun("plan", "train.yaml").out.split())
    # With what it has all the same gone through.
    write_spec(chain, text.replace("COMMAND", "touch ${{ outputs.model }}/MLmodel"), "train.yaml")
    said = specrun("apply", "train.yaml", "-q")
    why = "model/digits: the output model of train-"
    assert (said.code, said.err.count("model/digits"), why in said.err) == (1, 1, True), said.err
    assert "has an MLmodel with nothing in it, so it is no mlflow_model: have mlflow.*.save_model write" in said.err
    assert not (chain / ".specrun" / "models").exists()
    flavors = "echo flavors: {python_function: {}} > ${{ outputs.model }}/MLmodel"
    write_spec(chain, text.replace("COMMAND", f">-\n    {flavors}"), "train.yaml")
    said = specrun("apply", "train.yaml", "-q")
    assert (said.code, "digits: version 1" in said.out) == (0, True), said.err


def test_what_was_deleted_of_an_output_with_a_place_of_its_own_is_told(specrun: Any, chain: Path) -> None:
    placed = "{f: {path: azureml://datastores/store/paths/placed}}"
    write_spec(chain, PREP.replace("{f: {}}", placed), "prep.yaml")
    assert specrun("apply", "prep.yaml", "-q").code == 0
    assert "error" not in specrun("plan", "train.yaml").err
    (chain / ".specrun" / "datastores" / "store" / "placed" / "copied").unlink()
    said = specrun("plan", ".")
    told = " ".join(said.err.split())
    assert (said.code, "error[upstream-output-gone]" in told) == (1, True)
    assert "`f` at azureml://datastores/store/paths/placed: it was deleted" in told
    assert specrun("apply", "prep.yaml", "-q", "--rerun").code == 0
    assert specrun("apply", ".", "-q").code == 0
    (train,) = (chain / ".specrun" / "runs").glob("train-*")
    assert (train / "outputs" / "model" / "m.txt").read_text() == "pass\n" + Path("/etc/hostname").read_text()


def test_what_a_later_run_has_written_is_neither_read_nor_registered_for_an_earlier_one_s(
    specrun: Any, chain: Path
) -> None:
    placed = PREP.replace("{f: {}}", "{f: {path: azureml://datastores/store/paths/placed}}")
    for file in ("/etc/hostname", "/etc/passwd"):
        write_spec(chain, placed.replace("/etc/hostname", file), "prep.yaml")
        assert specrun("apply", "prep.yaml", "-q").code == 0
    write_spec(chain, placed.replace("paths/placed}", "paths/placed, register: {name: copied}}"), "prep.yaml")
    said = specrun("plan", ".")
    assert (said.code, "error[output-replaced]" in said.err, said.err.split()[-2:]) == (
        1,
        True,
        ["train.yaml:6,", "prep.yaml:6"],
    )
    said = specrun("apply", "prep.yaml", "-q")
    assert (said.code, said.err.count("error[output-replaced]")) == (1, 1), said.err
    assert specrun("apply", "prep.yaml", "-q", "--rerun").code == 0
    assert specrun("apply", ".", "-q").code == 0
    (model,) = (chain / ".specrun" / "models" / "copied").glob("*/files/copied")
    assert model.read_text() == Path("/etc/hostname").read_text()


def test_of_a_sweep_the_best_trial_is_read(specrun: Any, chain: Path) -> None:
    sweep = (
        "name: prep\njob:\n  code: events\n  command: mkdir -p outputs && cp ${{ search_space.n }} "
        "outputs/events.out.tfevents.1.host && echo ${{ search_space.n }} > ${{ outputs.f }}/n.txt\n"
        "  outputs: {f: {}}\nsweep:\n  sampling_algorithm: grid\n"
        "  search_space: {n: {type: choice, values: [1, 2, 3]}}\n"
        "  objective: {goal: maximize, primary_metric: accuracy}\n"
    )
    write_spec(chain, sweep, "prep.yaml")
    (chain / "events").mkdir()
    for number, value in {1: 0.5, 2: 0.75, 3: 0.25}.items():
        (chain / "events" / f"{number}").write_bytes(scalar("accuracy", value))
    said = specrun("apply", ".", "-q")
    assert said.code == 0, said.err
    (train,) = (chain / ".specrun" / "runs").glob("train-*")
    assert (train / "outputs" / "model" / "m.txt").read_text() == "pass\n2\n"
    assert "nothing upstream changed" in specrun("plan", "train.yaml").out
    best = json.loads((train / "run.json").read_text())["upstream"]["f"]
    for file in (chain / ".specrun" / "runs" / best / "outputs" / "f").iterdir():
        file.unlink()
    (chain / "src" / "train.py").write_text("other\n")
    said = specrun("plan", "train.yaml")
    assert (said.code, "error[upstream-output-gone]" in said.err) == (1, True)
