"""A registered model as an endpoint and a deployment: what the SDK's own loaders read, and what is left open."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.convert.to_endpoint import (
    NAME,
    Serving,
    commands,
    download,
    endpoint_files,
    endpoint_name,
    left_open,
    serve_here,
)
from specrun.engines.local.models import LocalModels
from specrun.plan.hashes import HashCache
from specrun.plan.makers import Maker
from specrun.plan.models import OUTPUT_TAG, RUN_TAG, RegisteredModel, Registration
from tests.cli.conftest import Command, bare, specrun  # noqa: F401 - fixtures

RUN = "train-0123456789"
TAGS = {RUN_TAG: RUN, "specrun-fingerprint": "0123456789abcdef", "other": "x"}


def serving(kind: str = "mlflow_model", workspace: tuple[str, ...] = ("ml-rg", "ml-ws"), **more: Any) -> Serving:
    model = RegisteredModel("digits", "3", kind, path=str(Path.cwd() / "the model"), tags=TAGS)
    return Serving(model, workspace, "digits-endpoint", "blue", "Standard_DS3_v2", 2, **more)


def loaded(wanted: Serving, folder: Path) -> tuple[Any, Any]:
    """What the SDK reads of the files: nobody is asked."""
    from azure.ai.ml import load_online_deployment, load_online_endpoint

    folder.mkdir()
    for name, text in endpoint_files(wanted, folder).items():
        (folder / name).write_text(text)
    return load_online_endpoint(folder / "endpoint.yml"), load_online_deployment(folder / "deployment.yml")


def test_a_model_of_mlflow_needs_neither_code_nor_environment(tmp_path: Path) -> None:
    endpoint, deployment = loaded(serving(), tmp_path / "out")
    assert (endpoint.name, endpoint.auth_mode) == ("digits-endpoint", "key")
    assert (deployment.name, deployment.endpoint_name, deployment.model) == ("blue", "digits-endpoint", "digits:3")
    assert (deployment.instance_type, deployment.instance_count) == ("Standard_DS3_v2", 2)
    assert (deployment.code_configuration, deployment.environment) == (None, None)
    assert deployment.tags == {RUN_TAG: RUN, "specrun-fingerprint": "0123456789abcdef"}


def test_a_model_of_this_machine_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "the model").mkdir()
    _, deployment = loaded(serving(workspace=()), tmp_path / "out")
    assert Path(deployment.model.path).samefile(tmp_path / "the model")
    assert deployment.model.type == "mlflow_model"


@pytest.mark.parametrize("environment", ["azureml:serving:7", "conda.yml"])
def test_a_custom_model_has_its_script_and_what_that_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.11]\n")
    wanted = serving("custom_model", scoring="src/score.py", environment=environment, image="an/image:1")
    assert list(left_open(endpoint_files(wanted, tmp_path / "out")["deployment.yml"])) == []
    _, deployment = loaded(wanted, tmp_path / "out")
    assert (tmp_path / "out" / deployment.code_configuration.code).samefile(tmp_path / "src")
    assert deployment.code_configuration.scoring_script == "score.py"
    if environment == "conda.yml":
        assert (deployment.environment.image, deployment.environment.conda_file) == (
            "an/image:1",
            {"dependencies": ["python=3.11"]},
        )
    else:
        assert deployment.environment == "serving:7"


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({}, ["code: TODO", "scoring_script: TODO", "environment: TODO"]),
        ({"scoring": "score.py"}, ["environment: TODO"]),
        ({"scoring": "score.py", "environment": "conda.yml"}, ["image: TODO"]),
        ({"scoring": "score.py", "image": "an/image:1"}, []),
        ({"environment": "azureml:serving:7"}, ["code: TODO", "scoring_script: TODO"]),
    ],
)
def test_what_is_not_said_is_left_open(tmp_path: Path, said: dict[str, str], missing: list[str]) -> None:
    text = endpoint_files(serving("custom_model", **said), tmp_path)["deployment.yml"]
    assert [line for _, line in left_open(text)] == missing
    lines = text.splitlines()
    assert [lines[number - 1].strip() for number, _ in left_open(text)] == missing


@pytest.mark.parametrize("model", ["digits", "a", "7", "a.b_c", "x" * 255, "-", "9.-"])
def test_an_endpoint_has_a_name_that_azure_takes(model: str) -> None:
    assert NAME.fullmatch(endpoint_name(model))


def test_the_commands_stand_in_their_order(tmp_path: Path) -> None:
    assert commands(serving(), Path("my out")) == [
        "az ml online-endpoint create -f 'my out/endpoint.yml' -g ml-rg -w ml-ws",
        "az ml online-deployment create -f 'my out/deployment.yml' --all-traffic -g ml-rg -w ml-ws",
    ]


def test_programs_of_an_environment_come_first_wherever_it_lies() -> None:
    """Those that it starts itself are looked for by their names: `uvicorn`, `gunicorn`."""
    line = serve_here("a model", "/my folder/bin")
    printed = "mlflow() { echo $PATH; echo $#; }; " + line
    said = subprocess.run(["bash", "-c", printed], env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["/my folder/bin:/usr/bin", "10"]


def test_a_model_of_which_no_run_is_known_is_fetched_by_az() -> None:
    path = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/LocalUpload/1/my model"
    theirs = serving()
    theirs = replace(theirs, model=RegisteredModel("digits", "3", "mlflow_model", path=path))
    assert download(theirs, "digits-3") == (
        "az ml model download -n digits -v 3 --download-path digits-3 -g ml-rg -w ml-ws",
        "digits-3/digits/my model",
    )


@pytest.mark.long  # its import takes seconds
def test_mlflow_knows_the_command_that_serves() -> None:
    cli = pytest.importorskip("mlflow.models.cli")
    _, _, verb, *arguments = shlex.split(serve_here("my model"))
    context = cli.commands.commands[verb].make_context(verb, arguments)  # read, and not carried out
    assert {name: context.params[name] for name in ("model_uri", "host", "port", "env_manager")} == {
        "model_uri": "my model",
        "host": "127.0.0.1",
        "port": 5001,
        "env_manager": "local",
    }


def registered(kind: str) -> None:
    home = Path(".specrun").absolute()
    output = home / "runs" / RUN / "outputs" / "model"
    output.mkdir(parents=True)
    (output / "MLmodel").write_text("flavors: {sklearn: {}}")
    tags = {RUN_TAG: RUN, OUTPUT_TAG: "model"}
    LocalModels(home, HashCache(home)).register(Registration("digits", kind, RUN, "model", Maker("train"), tags))


def test_the_verb_writes_both_and_says_what_to_do(specrun: Command) -> None:  # noqa: F811
    registered("mlflow_model")
    said = specrun("export", "endpoint", "digits", "--out-dir", "out", "--name", "my-digits", "--instance-type", "Big")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "2 files in out, to be made in this order:",
        "  az ml online-endpoint create -f out/endpoint.yml",
        "  az ml online-deployment create -f out/deployment.yml --all-traffic",
        "on this machine:",
        "  mlflow models serve -m .specrun/models/digits/1/files -h 127.0.0.1 -p 5001 --env-manager local",
    ]
    text = Path("out/deployment.yml").read_text()
    assert "endpoint_name: my-digits\n" in text
    assert "instance_type: Big\n" in text
    assert "path: ../.specrun/models/digits/1/files\n" in text


def test_the_folder_of_a_script_that_has_all_runs_in_it(specrun: Command) -> None:  # noqa: F811
    registered("custom_model")
    Path("serving").mkdir()
    told = "# az sends all files there: let an .amlignore name .specrun\n"
    for script, is_told in (("score.py", True), ("serving/score.py", False)):
        Path(script).touch()
        whole = ("--scoring", script, "--environment", "azureml:serving:1")
        assert specrun("export", "endpoint", "digits", "--out-dir", "out", *whole).code == 0
        assert (told in Path("out/deployment.yml").read_text()) == is_told


def test_the_verb_tells_what_is_open_and_ends_so(specrun: Command) -> None:  # noqa: F811
    registered("custom_model")
    said = specrun("export", "endpoint", "digits:1", "--out-dir", "out")
    assert said.code == 65
    assert said.err.splitlines() == [
        "still to be written, before az takes it:",
        "  out/deployment.yml:11: code: TODO",
        "  out/deployment.yml:12: scoring_script: TODO",
        "  out/deployment.yml:14: environment: TODO",
    ]
    assert "mlflow" not in said.out
    Path("score.py").touch()
    whole = ("--scoring", "score.py", "--environment", "azureml:serving:1")
    assert specrun("export", "endpoint", "digits", "--out-dir", "out", *whole, "-q").code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--out-dir", "out"), 64, "which model?"),
        (("digits",), 64, "--out-dir DIR"),
        (("nope", "--out-dir", "out"), 1, "there is no model nope on this machine"),
        (("digits:7", "--out-dir", "out"), 1, "there is no model digits:7 on this machine"),
        (("digits", "--out-dir", "out", "--name", "a_b"), 64, "--name a_b: 3 to 32 letters"),
        (("digits", "--out-dir", "out", "--scoring", "gone.py"), 64, "there is no file gone.py"),
        (("digits", "--out-dir", "out", "--environment", "gone.yml"), 64, "there is no file gone.yml"),
        (
            ("digits", "--out-dir", "out", "--environment", "azureml:a:1", "--image", "b"),
            64,
            "azureml:a:1 has an image",
        ),
    ],
)
def test_what_the_verb_refuses(specrun: Command, words: tuple[str, ...], code: int, said: str) -> None:  # noqa: F811
    registered("custom_model")
    found = specrun("export", "endpoint", *words)
    assert (found.code, said in found.err) == (code, True), found.err
    assert not Path("out").exists()
