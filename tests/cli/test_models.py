"""Registered models: listed with their runs, and one with all that it came from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.cli.completing import candidates
from specrun.cli.main import VERBS
from specrun.engines.base import EngineError, Missing
from specrun.engines.local.environments import environment_folder
from specrun.plan.makers import Maker
from specrun.plan.metrics import Last, Logged, Series
from specrun.plan.models import COMMIT_TAG, FINGERPRINT_TAG, OUTPUT_TAG, RUN_TAG, RegisteredModel, Registration
from specrun.plan.observed import Run, RunStatus
from specrun.plan.provenance import Provenance
from specrun.spec.model import ModelVersion
from tests.cli.conftest import Command
from tests.engine_double import Double, offer, write_spec

PREP, TRAIN, TUNE, AGAIN = "prep-aaaaaaaaaa", "train-bbbbbbbbbb", "tune-cccccccccc", "train-dddddddddd"


class Registry:
    def __init__(self, models: Sequence[RegisteredModel]) -> None:
        self.models = list(models)

    def versions(self, model: str | None = None, most: int | None = 100) -> Sequence[RegisteredModel]:
        if model is not None:
            return [one for one in self.models if one.name == model][:most]
        return list({one.name: one for one in reversed(self.models)}.values())

    def find(self, wanted: ModelVersion) -> RegisteredModel:
        raise Missing(f"no {wanted}")

    def of_run(self, model: str, run: str, output: str) -> RegisteredModel | None:
        found = self.versions(model)
        return next((one for one in found if (one.run, one.output) == (run, output)), None)

    def register(self, registration: Registration) -> RegisteredModel:
        raise NotImplementedError


class Metrics:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def logged(self, name: str) -> Logged:
        self.asked.append(name)
        return Logged({"accuracy": Last(0.75), "loss": Last(1.5), "worker/1/loss": Last(2.5, role="worker/1")})

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        return Series(metric)


def version(name: str, number: int, run: str, kind: str = "custom_model") -> RegisteredModel:
    tags = {RUN_TAG: run, OUTPUT_TAG: "model", FINGERPRINT_TAG: run[-10:] * 6, COMMIT_TAG: "0123456789abcdef-dirty"}
    return RegisteredModel(
        name, str(number), kind, "", f"/registry/{name}/{number}", 60.0 * number, Maker(run.partition("-")[0]), tags
    )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Double:
    double = Double()
    double.metrics = Metrics()
    known = Provenance(commit="0123456789abcdef")
    for name, upstream, models, reads in (
        (PREP, {}, {}, ("data/default/digits", "environment/x")),
        (TRAIN, {"features": PREP}, {}, ()),
        (TUNE, {"features": PREP}, {"base": "digits:1", "other": "gone:7"}, ()),
    ):
        run = Run(name, name.partition("-")[0], name[-10:], 1, RunStatus.SUCCEEDED, reads=reads, provenance=known)
        double.all_runs.append(replace(run, upstream=upstream, models=models))
    foreign = RegisteredModel("digits", "3", "mlflow_model", created=200.0)
    double.models = Registry(
        [
            foreign,
            version("digits", 2, AGAIN),
            version("digits", 1, TRAIN, "mlflow_model"),
            version("tuned", 4, TUNE),
            RegisteredModel("broken", "1", "", damaged="model.json is damaged: empty"),
        ]
    )
    offer(monkeypatch, "local", double)
    monkeypatch.setenv("TZ", "UTC")
    write_spec(tmp_path, "name: job\njob: {command: ls}\n")
    return double


def test_the_versions_of_a_model_with_their_runs(specrun: Command, engine: Double) -> None:
    said = specrun("models", "digits")
    assert said.out.splitlines() == [
        "digits:3  1970-01-01 00:03:20",
        "          mlflow_model, not registered by specrun",
        f"digits:2  1970-01-01 00:02:00  {AGAIN}",
        "          custom_model, commit 0123456789 (dirty)",
        f"          {AGAIN} is gone",
        f"digits:1  1970-01-01 00:01:00  {TRAIN}  accuracy=0.75  loss=1.5",
        f"          mlflow_model, commit 0123456789 (dirty), reads {PREP}",
    ]
    assert said.err == ""


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_newest_of_each_in_the_width_of_a_terminal(
    specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = specrun("models", "--limit", "2")
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == ["tuned:4", "digits:3"]
    assert max(map(len, lines)) <= width
    assert said.err == "there are more: --limit 10 shows them\n"
    assert isinstance(engine.metrics, Metrics)
    assert engine.metrics.asked == [TUNE]  # of what is not shown nothing is read
    assert "model.json is damaged: empty" in specrun("models").out


def test_a_long_name_leaves_room_for_the_others(
    specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert isinstance(engine.models, Registry)
    engine.models.models.append(version("of-a-name-" * 6, 9, TRAIN))
    lines = specrun("models", "--limit", "2").out.splitlines()
    assert lines[:3] == [
        f"{'of-a-name-' * 6}:9",
        f"{' ' * 28}1970-01-01 00:09:00  {TRAIN}",
        f"{' ' * 28}accuracy=0.75  loss=1.5",
    ]
    assert any(line.startswith(f"tuned:4{' ' * 21}1970-01-01 00:04:00") for line in lines)
    assert max(map(len, lines)) <= 80


def test_one_version_with_all_that_it_came_from(specrun: Command, engine: Double) -> None:
    said = specrun("models", "tuned:latest")
    told = said.out[said.out.index("  made of") :].splitlines()
    assert told == [
        "  made of",
        f"    {TUNE}  succeeded, commit 0123456789",
        f"      {PREP}  as features, succeeded, commit 0123456789",
        "        data/default/digits",
        "      model digits:1  as base",
        f"        {TRAIN}  succeeded, commit 0123456789",
        f"          {PREP}  as features, succeeded, commit 0123456789",
        "            data/default/digits",
        "      model gone:7  as other",
        "        it is gone",
    ]
    data = json.loads(specrun("models", "-o", "json", "tuned:4").out)
    assert (data["run"], data["commit"], data["dirty"], data["metrics"]) == (
        TUNE,
        "0123456789abcdef",
        True,
        {"accuracy": 0.75, "loss": 1.5},
    )
    kinds = [(one["kind"], one["name"], one["input"]) for one in data["lineage"][0]["sources"]]
    assert kinds == [("run", PREP, "features"), ("model", "digits:1", "base"), ("model", "gone:7", "other")]


def test_a_lineage_that_turns_back_on_itself_ends(specrun: Command, engine: Double) -> None:
    engine.all_runs[1] = replace(engine.all_runs[1], models={"base": "digits:1"})
    assert "it is named above" in specrun("models", "digits:1").out


def test_lists_for_programs(specrun: Command, engine: Double) -> None:
    rows = list(csv.DictReader(io.StringIO(specrun("models", "digits", "-o", "csv").out)))
    assert [(row["version"], row["run"], row["metrics.accuracy"], row["reads"]) for row in rows] == [
        ("3", "", "", ""),
        ("2", AGAIN, "", ""),
        ("1", TRAIN, "0.75", PREP),
    ]
    data = json.loads(specrun("models", "digits", "-o", "json").out)
    assert [(one["version"], one["run"], one["status"], one["unread"]) for one in data] == [
        ("3", None, None, None),
        ("2", AGAIN, None, f"{AGAIN} is gone"),
        ("1", TRAIN, "succeeded", None),
    ]
    assert specrun("models", "digits", "-q").out == "digits:3\ndigits:2\ndigits:1\n"
    assert json.loads(specrun("models", "-o", "json").out)[-1]["damaged"] == "model.json is damaged: empty"


def test_a_model_is_served_with_what_was_built_for_its_run(specrun: Command, engine: Double) -> None:
    assert isinstance(engine.models, Registry)
    engine.models.models += [version("served", 1, PREP, "mlflow_model"), version("served", 2, AGAIN, "mlflow_model")]
    programs = environment_folder(Path(".specrun").absolute(), "x") / "bin"
    programs.mkdir(parents=True)

    def served(model: str) -> str:
        return specrun("export", "endpoint", model, "--out-dir", "out").out.splitlines()[-1]

    plain = "  mlflow models serve -m /registry/served/"
    assert served("served:1").startswith(f"{plain}1 ")  # without mlflow it serves nothing
    (programs / "mlflow").touch()
    assert served("served:1").startswith(f"  PATH={programs}:$PATH {plain.strip()}1 ")
    assert served("served:2").startswith(f"{plain}2 ")  # its run is gone


def test_no_more_versions_are_read_than_are_shown(specrun: Command, engine: Double) -> None:
    assert isinstance(engine.models, Registry)
    engine.models.models += [version("many", number, TRAIN) for number in range(130, 0, -1)]
    said = specrun("models", "many", "-q", "--limit", "120")
    assert (said.out.splitlines(), said.err) == ([f"many:{number}" for number in range(130, 10, -1)], "")
    assert specrun("models", "many", "--limit", "120").err == "there are more: --limit 600 shows them\n"
    assert specrun("models", "many", "--limit", "130").err == ""
    assert specrun("models", "many:x").err.endswith("many:127, many:126 and more\n")


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("digits:7", "there are digits:3, digits:2, digits:1"),
        ("tuned:1", "there is tuned:4"),
        ("nope", "there are broken, digits, tuned"),
        ("nope:1", "there are broken, digits, tuned"),
        ("many:x", "there are many:9, many:8, many:7, many:6, many:5 and 4 more"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(specrun: Command, engine: Double, wanted: str, there: str) -> None:
    assert isinstance(engine.models, Registry)
    if "many" in wanted:
        engine.models.models += [version("many", number, TRAIN) for number in range(9, 0, -1)]
    told = f"there is no model {wanted} on a double: "
    for words in (("models", wanted), ("export", "endpoint", wanted, "--out-dir", "out")):
        said = specrun(*words)
        assert (said.code, said.out, said.err) == (1, "", f"{told}{there}\n")
    engine.models.models.clear()
    assert specrun("models", wanted).err == f"{told}there is none\n"


def test_where_models_are(specrun: Command, engine: Double) -> None:
    assert "digits:3" in specrun("models", "job.yaml").out  # where that spec goes
    said = specrun("models", "nothing", "./job.yaml")
    assert (said.code, said.err.startswith("there is no model nothing on a double: ")) == (1, True)
    assert specrun("models", "digits:9").code == 1
    assert specrun("models", "digits", "tuned").code == 64
    engine.models = Registry([])
    assert specrun("models").err.startswith("no models yet")
    assert specrun("models", "-o", "json").out == "[]\n"


def test_a_place_that_does_not_answer(specrun: Command, engine: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(model: str | None = None, most: int | None = 100) -> Sequence[RegisteredModel]:
        raise EngineError("nobody answers")

    monkeypatch.setattr(engine.models, "versions", fail)
    said = specrun("models")
    assert (said.code, "nobody answers" in said.err, said.out) == (1, True, "")


def test_models_are_completed(tmp_path: Path) -> None:
    for folder in ("digits/2", "digits/10", "digits/runs", "other"):
        (tmp_path / ".specrun" / "models" / folder).mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert [one.text for one in candidates(["models"], "d", VERBS)][:2] == ["digits", "other"]
    assert [one.text for one in candidates(["models"], "digits:", VERBS)][:2] == ["digits:10", "digits:2"]


CHAIN = """\
name: train
job:
  command: ls
  outputs: {model: {register: {name: digits, type: mlflow_model}}}
"""


def test_a_registration_is_told_in_a_plan_and_once_it_is_done(
    specrun: Command, engine: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine.models, Registry)
    engine.models.models.clear()

    def register(registration: Registration) -> RegisteredModel:
        made = replace(version(registration.model, 3, registration.source), tags=registration.tags)
        assert isinstance(engine.models, Registry)
        engine.models.models.append(made)
        return made

    monkeypatch.setattr(engine.models, "register", register)
    write_spec(tmp_path, CHAIN, "train.yaml")
    planned = json.loads(specrun("plan", "-o", "json", "train.yaml").out)
    name = planned["resource_changes"][0]["run"]["name"]
    told = planned["resource_changes"][1]
    assert told["address"] == "model/digits/train/model"
    assert told["model"] == {"model": "digits", "version": None, "run": name, "output": "model"}
    assert f"  + model/digits  once {name} has succeeded\n" in specrun("plan", "train.yaml").out
    assert f"+ `model/digits`: once `{name}` has `succeeded`" in specrun("plan", "-o", "markdown", "train.yaml").out
    saved = specrun("plan", "train.yaml", "--out", "the.plan")
    assert "model/digits  once" in specrun("show", "the.plan").out, saved

    said = specrun("apply", "--yes", "train.yaml")
    assert said.code == 0
    assert said.out.endswith(f"✓ model digits: version 3, of {name}\n")
    assert "+ model/digits: registering\n" in said.err
    assert "model/digits/" not in said.err + said.out

    again = json.loads(specrun("plan", "-o", "json", "train.yaml").out)["resource_changes"][1]
    assert again["model"] == {"model": "digits", "version": "3", "run": name, "output": "model"}
    assert again["specrun_reason"] == f"version 3 is of {name}"
    engine.models.models.clear()
    events = [json.loads(line) for line in specrun("apply", "--yes", "-o", "json", "train.yaml").out.splitlines()]
    (made,) = [one for one in events if one["event"] == "model_registered"]
    assert made.pop("key")[1] == "model/digits/train/model"
    assert [made] == [
        {
            "event": "model_registered",
            "model": "digits",
            "version": "3",
            "run": name,
            "output": "model",
        }
    ]


def test_a_run_tells_which_versions_it_is(specrun: Command, engine: Double, tmp_path: Path) -> None:
    write_spec(tmp_path, CHAIN, "train.yaml")
    assert "  model        digits:1, its output model\n" in specrun("status", "train.yaml").out
    assert json.loads(specrun("status", "-o", "json", "train.yaml").out)["registered"] == {"model": "digits:1"}
    assert isinstance(engine.models, Registry)
    engine.models.models.clear()
    assert "digits:1" not in specrun("status", "train.yaml").out
    engine.models = None
    assert specrun("status", "train.yaml").code == 0


def test_a_registry_that_does_not_answer_hides_nothing_of_a_run(
    specrun: Command, engine: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> RegisteredModel | None:
        raise EngineError("nobody answers")

    monkeypatch.setattr(engine.models, "of_run", fail)
    write_spec(tmp_path, CHAIN, "train.yaml")
    said = specrun("status", "train.yaml")
    assert "model digits  cannot be read: nobody answers" in said.out
    assert "succeeded" in said.out


def test_a_chain_says_what_waits_for_what(specrun: Command, engine: Double, tmp_path: Path) -> None:
    def spec(name: str, upstream: str) -> None:
        inputs = f"inputs: {{x: {{run: {upstream}, output: default}}}}, " if upstream else ""
        write_spec(tmp_path, f"name: {name}\njob: {{{inputs}command: ls}}\n", f"{name}.yaml")

    spec("prep", "")
    spec("train", "./prep.yaml")
    spec("last", "train")
    files = ("last.yaml", "train.yaml", "prep.yaml")

    def chain() -> list[str]:
        said = specrun("status", *files)
        assert said.code == 0, said.err
        return said.out[: said.out.index("\n\n")].splitlines()

    assert chain() == [
        "chain",
        f"  prep   {PREP}  succeeded",
        f"  train  {TRAIN}  succeeded",
        "  last   not submitted",
        f"         waits for `specrun apply`, since {TRAIN} has succeeded",
    ]
    write_spec(
        tmp_path,
        "name: both\njob: {inputs: {x: {run: prep, output: default}, y: {run: last, output: default}}, command: ls}\n",
        "both.yaml",
    )
    files = (*files, "both.yaml")
    assert chain()[-2:] == ["  both   not submitted", "         waits for last, which is not submitted"]
    files = files[:3]
    again = "train-eeeeeeeeee"
    for status, told in (
        (RunStatus.RUNNING, f"waits for {again}, which is running"),
        (RunStatus.FAILED, f"waits for {again}, which has failed"),
    ):
        run = Run(again, "train", again[-10:], 1, status, submitted=99.0, upstream={"x": "prep-0000000000"})
        engine.all_runs.append(run)
        engine.statuses[again] = [status]
        assert f"         {told}" in chain()
        assert f"         waits for `specrun apply`, since {PREP} has succeeded" in chain()  # its own is of another
        engine.all_runs.remove(run)
    before = chain()
    rerun = Run(f"{PREP}-2", "prep", PREP[-10:], 2, RunStatus.SUCCEEDED, submitted=99.0)
    engine.all_runs.append(rerun)  # another attempt at what was read: nothing runs again for it
    assert chain() == [line.replace(f"{PREP} ", f"{PREP}-2 ") for line in before]
    engine.all_runs.remove(rerun)
    (left,) = [one for one in json.loads(specrun("status", "-o", "json", *files).out) if one["name"] is None]
    assert left == {"name": None, "spec": "last", "status": "not submitted", "waits_for": [TRAIN]}
    assert specrun("status", "-q", *files).out == "not submitted\nsucceeded\nsucceeded\n"
    assert specrun("status", "--wait", *files).code == 1
    engine.all_runs.clear()
    said = specrun("status", *files)
    assert (said.code, "  train  not submitted\n         waits for prep, which is not submitted" in said.out) == (
        1,
        True,
    )
    write_spec(
        tmp_path,
        "name: both\njob: {command: ls, inputs: {x: {run: train, output: default}, y: {run: prep, output: default}}}\n",
        "both.yaml",
    )
    assert "         waits for train and prep, which are not submitted" in specrun("status", "both.yaml", *files).out
    for one, status in (("prep", RunStatus.SUCCEEDED), ("train", RunStatus.FAILED)):
        name = {"prep": PREP, "train": TRAIN}[one]
        engine.all_runs.append(Run(name, one, name[-10:], 1, status, submitted=9.0))
        engine.statuses[name] = [status]
    said = specrun("status", "both.yaml", *files).out
    assert f"  both   not submitted\n         waits for {TRAIN}, which has failed\n" in said
    engine.all_runs[-1] = replace(engine.all_runs[-1], status=RunStatus.SUCCEEDED)
    engine.statuses[TRAIN] = [RunStatus.SUCCEEDED]
    said = specrun("status", "both.yaml", *files).out
    assert f"waits for `specrun apply`, since {TRAIN} and {PREP} have succeeded" in " ".join(said.split())
    spec("prep", "last")  # a ring is the affair of validate
    assert "chain" not in specrun("status", *files).out
