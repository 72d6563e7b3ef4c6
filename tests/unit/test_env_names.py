"""Which variables of the environment a spec may read, and where: by the list of its repository, and by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.cli.main import run
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.env_names import AZURE, RUNNERS
from specrun.spec.load import load

HEAD = "apiVersion: specrun/v1\nname: a\n"
READ = HEAD + "compute: {name: gpu, size: '${{ env.SIZE }}', max_instances: 1}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    values = {"SIZE": "STANDARD_D2_V3", "API_TOKEN": "canary", "SSH_PUBLIC_KEY": "ssh-rsa AAAA"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def found(text: str) -> list[Diagnostic]:
    Path("job.yaml").write_text(text)
    return [one for one in load(["job.yaml"]).diagnostics if one.code != "unknown-size"]


def told(text: str) -> list[tuple[str, str]]:
    return [(one.severity.value, one.code) for one in found(text) if one.code != "unused-var"]


# the list


def test_without_a_list_any_variable_may_be_read() -> None:
    assert told(READ) == []


@pytest.mark.parametrize(
    ("repository", "ci", "line"),
    [
        (None, "true", "add the line `env: [SIZE]` to `.specrun.yaml`"),
        ("", "1", "add the line `env: [SIZE]` to `.specrun.yaml`"),
        ("env: []\n", None, "write `env: [SIZE]` in `.specrun.yaml`"),
        ("env: [A]\n", None, "write `env: [A, SIZE]` in `.specrun.yaml`"),
        (
            "env:\n- A\n",
            "true",
            "`env` in `.specrun.yaml` lists what a spec may read, and not `SIZE`: add the line `- S",
        ),
    ],
)
def test_what_is_not_listed_is_refused_at_its_place(
    repository: str | None, ci: str | None, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ci:
        monkeypatch.setenv("CI", ci)
    if repository is not None:
        Path(".specrun.yaml").write_text(repository)
    for value in ("STANDARD_D2_V3", None):
        if value is None:
            monkeypatch.delenv("SIZE")  # whether it is set does not matter
        (one,) = found(READ)
        assert (one.code, str(one.location)) == ("unlisted-env", "job.yaml:3:29")
        assert line in one.detail
    assert run(["plan", "job.yaml"]) == 65


def test_what_is_listed_may_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    Path(".specrun.yaml").write_text("env: [SIZE]\n")
    assert told(READ) == []


def test_vars_take_no_other_either_and_it_is_said_once() -> None:
    Path(".specrun.yaml").write_text("env: []\n")
    text = HEAD + "vars: {s: '${{ env.SIZE }}'}\njob: {command: 'echo ${{ vars.s }} ${{ vars.s }}'}\n"
    (one,) = found(text)
    assert (one.code, one.path) == ("unlisted-env", ("vars", "s"))
    Path("job.yaml").write_text(text)
    assert load(["job.yaml"], variables={"s": "mine"}).ok


def test_ids_of_azure_and_what_runners_say_need_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    Path(".specrun.yaml").write_text("env: []\n")
    names = sorted({*AZURE, *(name for names in RUNNERS.values() for name in names)})
    for name in names:
        monkeypatch.setenv(name, "a-1")
    listed = ", ".join(f"N{number}: '${{{{ env.{name} }}}}'" for number, name in enumerate(names))
    assert told(f"{HEAD}job: {{command: 'true', environment_variables: {{{listed}}}}}\n") == []
    for name in ("GITHUB_TOKEN", "CI_JOB_TOKEN", "SYSTEM_ACCESSTOKEN", "AZURE_CLIENT_SECRET", "CI_REPOSITORY_URL"):
        assert name not in names


# names of credentials


STORED = [
    ("job: {command: 'echo ${{ env.API_TOKEN }}'}\n", ("job", "command")),
    ("vars: {t: '${{ env.API_TOKEN }}'}\njob: {command: 'echo ${{ vars.t }}'}\n", ("job", "command")),
    ("vars: {t: 'x-${{ env.API_TOKEN }}'}\njob: {command: 'true', tags: {t: '${{ vars.t }}'}}\n", ("job", "tags", "t")),
    ("job: {code: ., script: a.py, arguments: ['${{ env.API_TOKEN }}']}\n", ("job", "arguments", 0)),
    ("job: {code: ., script: a.py, arguments: {--t: '${{ env.API_TOKEN }}'}}\n", ("job", "arguments", "--t")),
    ("job: {command: a, environment_variables: {T: '${{ env.API_TOKEN }}'}}\n", ("job", "environment_variables", "T")),
    ("job: {command: 'true', tags: {t: '${{ env.API_TOKEN }}'}}\n", ("job", "tags", "t")),
    ("job: {command: 'true', description: 'x ${{ env.API_TOKEN }}'}\n", ("job", "description")),
    ("job: {command: 'true', display_name: '${{ env.API_TOKEN }}'}\n", ("job", "display_name")),
    ("job: {command: 'echo ${{ inputs.t }}', inputs: {t: '${{ env.API_TOKEN }}'}}\n", ("job", "inputs", "t")),
    ("experiment: '${{ env.API_TOKEN }}'\njob: {command: 'true'}\n", ("experiment",)),
    ("compute: {name: gpu, tags: {t: '${{ env.API_TOKEN }}'}}\n", ("compute", "tags", "t")),
    ("compute: {name: gpu, description: '${{ env.API_TOKEN }}'}\n", ("compute", "description")),
]


@pytest.mark.parametrize("is_set", [True, False])
@pytest.mark.parametrize(("text", "path"), STORED)
def test_a_credential_is_refused_where_the_service_keeps_it(
    text: str, path: tuple[str | int, ...], is_set: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.py").touch()
    if not is_set:
        monkeypatch.delenv("API_TOKEN")
    (one,) = [one for one in found(HEAD + text) if one.code != "unset-env"]
    assert (one.severity.value, one.code, one.path) == ("error", "credential-from-env", path)
    assert "write `${{ secrets.API_TOKEN }}` in `environment_variables`" in one.detail
    assert one.location.text[one.location.column - 1 :].startswith("${{")
    Path(".specrun.yaml").write_text("env: [API_TOKEN]\n")
    assert [one.code for one in found(HEAD + text) if one.code != "unset-env"] == []


@pytest.mark.parametrize(
    "text",
    [
        "compute: {name: gpu, size: 'Standard_${{ env.API_TOKEN }}', max_instances: 1}\n",
        "vars: {t: '${{ env.API_TOKEN }}'}\njob: {command: 'true'}\n",
        "vars: {t: '${{ env.API_TOKEN }}'}\nworkspace: {name: work, resource_group: '${{ vars.t }}', "
        "subscription_id: 00000000-0000-0000-0000-000000000000}\njob: {command: 'true'}\n",
        "data: {tags: {path: data, target: '${{ env.API_TOKEN }}'}}\n",
        "job: {command: 'true', environment: {image: '${{ env.API_TOKEN }}'}}\n",
    ],
)
def test_elsewhere_it_is_a_warning(text: str) -> None:
    Path("data").mkdir()
    assert told(HEAD + text) == [("warning", "credential-from-env")]
    Path(".specrun.yaml").write_text("env: [API_TOKEN]\n")
    assert told(HEAD + text) == []


@pytest.mark.parametrize(
    ("name", "is_credential"),
    [
        ("A_TOKEN", True),
        ("mytoken", True),
        ("A_SECRET", True),
        ("A_KEY", True),
        ("APIKEY", True),
        ("db_Password", True),
        ("A_PUBLIC_KEY", False),
        ("TOKEN_URL", False),
        ("KEYS", False),
        ("TOKENIZER", False),
    ],
)
def test_credentials_are_known_by_the_end_of_their_names(
    name: str, is_credential: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    text = f"{HEAD}job: {{command: 'echo ${{{{ env.{name} }}}}'}}\n"
    assert told(text) == ([("error", "credential-from-env")] if is_credential else [])


def test_a_public_key_stands_where_it_is_needed() -> None:
    settings = "{admin_username: azureuser, ssh_key_value: '${{ env.SSH_PUBLIC_KEY }}'}"
    assert told(f"{HEAD}compute: {{name: gpu, ssh_settings: {settings}}}\n") == []


# words of strangers


@pytest.mark.parametrize(
    ("name", "value", "is_refused"),
    [
        ("GITHUB_HEAD_REF", "a$(curl evil)", True),
        ("GITHUB_HEAD_REF", "a`id`", True),
        ("GITHUB_REF_NAME", "a;id", True),
        ("CI_COMMIT_REF_NAME", "a'b", True),
        ("CI_COMMIT_BRANCH", "a|b", True),
        ("BUILD_REQUESTEDFOR", 'A "B', True),
        ("BUILD_SOURCEBRANCHNAME", "a\nb", True),
        ("BUILD_REQUESTEDFOR", "Jane Doe", False),
        ("GITHUB_HEAD_REF", "feature/x_1.2-é#3", False),
        ("GITHUB_ACTOR", "dependabot[bot]", False),
        ("ARGS", "--name 'a b' $HOME", False),
    ],
)
@pytest.mark.parametrize("through", ["env.{}", "vars.b"])
@pytest.mark.parametrize("listed", [False, True])
def test_a_command_runs_no_words_of_a_stranger(
    name: str, value: str, is_refused: bool, through: str, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    if listed:
        Path(".specrun.yaml").write_text(f"env: [{name}]\n")
    written = f"${{{{ {through.format(name)} }}}}"
    head = f"{HEAD}vars: {{b: '${{{{ env.{name} }}}}'}}\n"
    refused = [("error", "env-in-shell")] if is_refused else []
    assert told(f"{head}job: {{command: 'echo {written}'}}\n") == refused
    assert told(f"{head}job: {{command: 'echo $B', environment_variables: {{B: '{written}'}}}}\n") == []


def test_examples_and_a_new_spec_need_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000")
    assert run(["init"]) == 0
    found = (Path(__file__).parents[2] / "specs/examples").rglob("*.yaml")
    examples = [str(file) for file in found if "apiVersion:" in file.read_text(encoding="utf-8")]
    assert len(examples) > 3
    assert load(["job.yaml", *examples], with_specs=False).ok  # some are bases
