"""How far a spec's paths reach: under CI no further than its repository, and nowhere is what lies outside shown."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from specrun.apply.stage import Stale, check_environment
from specrun.cli.main import run
from specrun.engines.local import environments
from specrun.plan.files import LeadsOut, hash_files, list_data
from specrun.plan.hashes import HashCache, md5_of
from specrun.plan.kinds.environment import EnvironmentContent, read_content
from specrun.spec import tree as trees
from specrun.spec.boundary import EVERYWHERE, Boundary, Links, told
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.load import load
from specrun.spec.model import Environment, LocalPath
from specrun.spec.reading import MOST_TEXT, MOST_YAML, TooLarge, opened, read_bytes
from specrun.spec.requirements import MOST_LINES, may_be_requirement, read_line
from specrun.spec.tree import read_tree

CANARY = "hunter2canary"
HEAD = "apiVersion: specrun/v1\nname: x\n"
CONFIG = '{"workspace_name": "ws", "resource_group": "rg", "subscription_id": "00000000-0000-0000-0000-000000000000"}'

NAMING = {
    "code": "job: {code: PATH, command: ls}\n",
    "data": "data: {d: {path: PATH}}\n",
    "input": "job:\n  command: ls ${{ inputs.i }}\n  inputs: {i: {path: PATH}}\n",
    "conda": "job:\n  command: ls\n  environment: {conda_file: PATH}\n",
    "requirements": "job:\n  command: ls\n  environment: {pip: [-r PATH]}\n",
    "constraints": "job:\n  command: ls\n  environment: {pip: [six, -c PATH]}\n",
    "build": "job:\n  command: ls\n  environment: {build: {path: PATH}}\n",
    "config": "workspace: {from_config: PATH}\njob: {command: ls}\n",
}
"""A spec for each way in which one names something of this machine."""
FOLDERS = ("code", "data", "build")
NOTED = ("code", "conda", "requirements", "constraints", "build")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, in which specs are in a folder, and what lies beside it."""
    for name, text in {
        "repo/.git/config": f"token = {CANARY}\n",
        "repo/specs/job.yaml": HEAD + "data: {}\n",
        "repo/src/train.py": "",
        "away/src/train.py": "",
        "away/src/Dockerfile": "FROM scratch\n",
        "away/conda.yml": "dependencies: [{pip: [six]}]\n",
        "away/requirements.txt": "six\n",
        "away/config.json": CONFIG,
        "away/secret.txt": f"machine example.org login me password {CANARY}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / "repo" / "specs")
    monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


def target(what: str, folder: str = "away") -> str:
    names = {"conda": "conda.yml", "requirements": "requirements.txt", "constraints": "requirements.txt"}
    return f"{folder}/{names.get(what, 'config.json' if what == 'config' else 'src')}"


def found(what: str, path: str, **options: Any) -> list[Diagnostic]:
    Path("job.yaml").write_text(HEAD + NAMING[what].replace("PATH", path))
    engine = "azureml" if what == "config" else None
    return list(load(["job.yaml"], engine=engine, **options).diagnostics)


def codes(what: str, path: str, **options: Any) -> list[str]:
    return [one.code for one in found(what, path, **options)]


# what leads out


@pytest.mark.parametrize("what", NAMING)
def test_under_ci_nothing_outside_is_named_but_by_the_command_line(machine: Path, ci: None, what: str) -> None:
    path = f"../../{target(what)}"
    (one,) = found(what, path)
    assert (one.code, one.severity) == ("outside-repository", Severity.ERROR)
    assert one.location.line > 2
    assert f"--allow-outside {machine / target(what)}`" in one.detail
    for allowed in ("../../away", str(machine / target(what))):
        assert codes(what, path, allow_outside=[allowed]) == []
    assert codes(what, path, allow_outside=["../../awa", "../../away/src/train.py"]) == ["outside-repository"]


@pytest.mark.parametrize("what", NAMING)
def test_a_link_leads_where_it_leads(machine: Path, ci: None, what: str) -> None:
    Path("link").symlink_to(machine / target(what))
    assert codes(what, "link") == ["outside-repository"]
    (machine / "repo" / "folder").symlink_to(machine / "away")
    assert codes(what, f"../{target(what, 'folder')}") == ["outside-repository"]


@pytest.mark.parametrize("what", NAMING)
def test_elsewhere_nothing_needs_the_option(machine: Path, what: str) -> None:
    said = found(what, f"../../{target(what)}")
    assert [(one.code, one.severity) for one in said] == [("not-in-repository", Severity.NOTE)] * (what in NOTED)


@pytest.mark.parametrize("what", NAMING)
def test_whether_it_is_there_is_not_told(ci: None, what: str) -> None:
    (one,) = found(what, "/root/.ssh/id_rs")
    assert one.code == "outside-repository"
    assert "Did you mean" not in one.detail


@pytest.mark.parametrize("is_ci", [False, True])
@pytest.mark.parametrize("what", NAMING)
def test_inside_is_all_of_the_repository(
    machine: Path, monkeypatch: pytest.MonkeyPatch, what: str, is_ci: bool
) -> None:
    monkeypatch.setenv("CI", "1" if is_ci else "false")
    (machine / "away").rename(machine / "repo" / "shared")
    assert codes(what, f"../{target(what, 'shared')}") == []
    assert codes(what, str(machine / "repo" / target(what, "shared"))) == []
    monkeypatch.chdir("/")
    (machine / "checkout").symlink_to(machine / "repo")
    file = str(machine / "checkout" / "specs" / "job.yaml")
    assert [one.code for one in load([file]).diagnostics if one.code != "local-by-default"] == []


@pytest.mark.parametrize("what", NAMING)
def test_without_a_repository_it_is_the_folder_of_the_spec(machine: Path, ci: None, what: str) -> None:
    (machine / "repo" / ".git" / "config").unlink()
    (machine / "repo" / ".git").rmdir()
    (machine / "away").rename(machine / "repo" / "shared")
    (one,) = found(what, f"../{target(what, 'shared')}")
    assert "outside of the spec's folder, which is in no repository" in one.detail
    (machine / "repo" / "shared").rename("shared")
    assert codes(what, target(what, "shared")) == []


def test_what_git_keeps_is_outside_but_for_the_files_of_annex(machine: Path, ci: None) -> None:
    assert codes("code", "../.git") == codes("data", "../.git/config") == ["outside-repository"]
    assert codes("conda", "../.git/config") == ["outside-repository"]
    (machine / "repo" / ".git" / "annex" / "objects").mkdir(parents=True)
    (machine / "repo" / ".git" / "annex" / "objects" / "d").touch()
    Path("d").symlink_to("../.git/annex/objects/d")
    assert codes("data", "d") == []


def test_the_repository_of_a_submodules_spec_is_the_submodule(machine: Path, ci: None) -> None:
    Path(".git").write_text("gitdir: ../.git/modules/specs\n")
    assert codes("code", "../src") == ["outside-repository"]
    Path("job.yaml").rename("../job.yaml")
    os.chdir("..")
    assert codes("code", "specs") == []


def test_what_the_command_line_names_is_the_users_word(machine: Path, ci: None) -> None:
    Path("../other").mkdir()
    assert codes("input", "../../away", inputs={"i": str(machine / "away" / "src")}) == []
    conda, lines = str(machine / "away" / "conda.yml"), str(machine / "away" / "requirements.txt")
    assert codes("code", "../src", environment=conda) == codes("code", "../src", environment=lines) == []
    (machine / "away" / "requirements.txt").write_text("-r base.txt\n-r ../repo/src/more.txt\n")
    (machine / "away" / "base.txt").write_text("six\n")
    (machine / "repo" / "src" / "more.txt").write_text("six\n")
    assert codes("code", "../src", environment=lines) == ["outside-repository"], "a file that it names is its word"


def test_nobody_said_what_a_saved_plan_says(machine: Path, ci: None) -> None:
    for name in ("conda.yml", "requirements.txt"):
        file = str(machine / "away" / name)
        assert "outside-repository" in codes("code", "../src", environment=file, environment_said=False)
        assert codes("code", "../src", environment=file, environment_said=False, allow_outside=[file]) == []
    Path("creds.json").write_text(f'{{"secret": "{CANARY}"}}')
    said = found("code", "../src", environment="creds.json", environment_said=False)
    assert [one.code for one in said] == ["invalid-environment-file"]
    assert CANARY not in repr(said)


def test_a_package_by_the_address_of_a_file(machine: Path, ci: None) -> None:
    assert codes("requirements", "requirements.txt, 'six @ file:///etc/pkg'")[-1] == "outside-repository"
    inside = f"pip: ['six @ file://{machine}/repo/pkg']"
    Path("job.yaml").write_text(HEAD + f"job:\n  command: ls\n  environment: {{{inside}}}\n")
    assert load(["job.yaml"]).diagnostics == ()


def test_no_name_beside_a_script_outside_is_told(machine: Path, ci: None) -> None:
    (machine / "away" / "secret.py").touch()
    (machine / "repo" / "src" / "more").symlink_to(machine / "away")
    code = HEAD + "job:\n  code: ../src\n"
    Path("job.yaml").write_text(f"{code}  command: python more/secrt.py\n")
    assert [one.code for one in load(["job.yaml"]).diagnostics] == ["link-leaves-code"]
    Path("job.yaml").write_text(f"{code}  script: more/secrt.py\n")
    said = load(["job.yaml"]).diagnostics
    assert {one.code for one in said} == {"link-leaves-code", "outside-repository"}
    assert not any("secret" in one.detail for one in said)


# links in folders


@pytest.mark.parametrize("what", ["input", "build"])
def test_a_link_in_a_folder_leads_no_further(machine: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    (machine / "repo" / "src" / "Dockerfile").write_text("FROM scratch\n")
    (machine / "repo" / "src" / "secret").symlink_to(machine / "away" / "secret.txt")
    (machine / "repo" / "src" / "near").symlink_to("../specs/job.yaml")
    assert codes(what, "../src") == ["not-in-repository"] * (what == "build")
    monkeypatch.setenv("CI", "1")
    (one,) = found(what, "../src")
    assert one.code == "outside-repository"
    assert "src/secret` leads out of the repository" in one.detail
    assert "If it is meant, say `--allow-outside " in one.detail
    assert codes(what, "../src", allow_outside=["../../away/secret.txt"]) == []


@pytest.mark.parametrize("what", ["code", "data", "input", "build"])
def test_of_a_folder_of_any_size_no_such_link_travels(
    machine: Path, ci: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    monkeypatch.setattr(trees, "MOST_ENTRIES", 1)
    (machine / "repo" / "src" / "Dockerfile").write_text("FROM scratch\n")
    (machine / "repo" / "src" / "secret").symlink_to(machine / "away" / "secret.txt")
    expected = {"code": "link-leaves-code", "data": "link-leaves-data"}.get(what, "outside-repository")
    assert codes(what, "../src") == [], "the rules look at no more entries than one"
    status = run(["plan", "--engine", "local", "-o", "json"])
    out, err = capsys.readouterr()
    assert status == 65
    assert f"error[{expected}]" in err
    assert md5_of(machine / "away" / "secret.txt") not in out


def test_a_link_that_leaves_the_code_travels_from_no_machine(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trees, "MOST_ENTRIES", 1)
    (machine / "repo" / "src" / "secret").symlink_to(machine / "away" / "secret.txt")
    assert codes("code", "../src") == []
    assert run(["plan"]) == 65
    assert "link-leaves-code" in capsys.readouterr().err


def test_what_is_listed_is_listed_where_it_may(machine: Path) -> None:
    root = str(machine / "repo")
    strict = Links(Boundary(root, root, strict=True))
    with pytest.raises(LeadsOut):
        list_data(machine / "away", HashCache(machine), strict)
    (machine / "repo" / "src" / "secret").symlink_to(machine / "away")
    with pytest.raises(LeadsOut):
        hash_files(read_tree(str(machine / "repo" / "src"), links=Links(EVERYWHERE, stays=True)), HashCache(machine))


def test_a_file_that_was_replaced_since_it_was_listed_is_not_read(machine: Path) -> None:
    file = machine / "repo" / "src" / "train.py"
    listed = file.stat()
    file.unlink()
    file.symlink_to(machine / "away" / "secret.txt")
    with pytest.raises(OSError, match="replaced") as raised:
        HashCache(machine / "home").md5(file, listed)
    assert raised.value.errno == errno.ESTALE


def test_an_environment_that_is_a_link_by_now_is_not_read(machine: Path, ci: None) -> None:
    (machine / "repo" / "specs" / "requirements.txt").write_text("six\n")
    Path("job.yaml").write_text(HEAD + NAMING["requirements"].replace("PATH", "requirements.txt"))
    (spec,) = load(["job.yaml"]).specs
    Path("requirements.txt").unlink()
    Path("requirements.txt").symlink_to(machine / "away" / "requirements.txt")
    assert spec.job is not None
    assert spec.job.environment is not None
    with pytest.raises(LeadsOut):
        read_content(spec.job.environment, HashCache(machine / "home"))


def test_a_planned_file_that_is_a_link_by_now_is_not_copied(machine: Path) -> None:
    folder = machine / "repo" / "src"
    files = list_data(folder, HashCache(machine / "home"))
    content = EnvironmentContent(Environment(build_path=LocalPath(folder)), context=files)
    check_environment(content)
    (folder / "train.py").rename(folder.parent / "same.py")
    (folder / "train.py").symlink_to("../same.py")
    with pytest.raises(Stale, match="is not what it was"):
        check_environment(content)


def test_a_saved_plan_allows_nothing(machine: Path, ci: None, capsys: pytest.CaptureFixture[str]) -> None:
    found("data", "../../away/src")
    allowed = ["--allow-outside", str(machine / "away" / "src")]
    assert run(["plan", *allowed, "--out", str(machine / "plan.json")]) == 0
    assert str(machine / "away") not in (machine / "plan.json").read_text()
    assert run(["apply", str(machine / "plan.json")]) == 65
    assert "outside-repository" in capsys.readouterr().err
    assert run(["apply", str(machine / "plan.json"), *allowed]) == 0


# what is not shown


def test_what_pip_says_of_hidden_lines_is_masked() -> None:
    shown = environments._hiding([f"{CANARY}_x.y==1", "abc"])
    said = f"ERROR: No matching distribution found for {CANARY.upper()}-x-y==1 (from {CANARY}_x.y)"
    assert CANARY not in shown(said).lower()
    assert shown("Collecting six") == "Collecting six"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    run(list(arguments))
    out, err = capsys.readouterr()
    return out + err


VERBS = (
    ("validate",),
    ("validate", "-o", "json"),
    ("validate", "--engine", "azureml"),
    ("validate", "--engine", "local"),
    ("plan", "--engine", "local"),
    ("plan", "--engine", "local", "-o", "json"),
    ("graph",),
    ("export", "azureml"),
)


@pytest.mark.parametrize("is_ci", ["", "true"])
@pytest.mark.parametrize("what", ["conda", "requirements", "constraints", "config"])
@pytest.mark.parametrize(
    "text",
    [
        f"machine example.org login me password {CANARY}\n",
        f"-----BEGIN KEY-----\n{CANARY}\n-----END KEY-----\n",
        f"--{CANARY}\n",
        f'{{"dependencies": "{CANARY}", {CANARY}: [\n',
        f"https://me:{CANARY}@example.org\n",
        f"a: &a [*{CANARY}]\n!{CANARY} x: {CANARY}: {CANARY}\n",
        f"name: x\ndependencies:\n- {CANARY}\n- pip: [--{CANARY}, 'https://{CANARY}@h/x', -r {CANARY}.txt]\n",
        f"six\n--{CANARY}\n-r {CANARY}\nhttps://{CANARY}:x@h/y.whl\n${{{CANARY.upper()}}}\n",
        f"TOKEN={CANARY}\0SECRET={CANARY}\0",
        f'{{"workspace_name": "{CANARY}", "resource_group": 1}}',
        f'{{"workspace_name": "{CANARY}\\q"}}',
    ],
)
def test_no_line_of_a_file_outside_is_shown(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
    text: str,
    is_ci: bool,
) -> None:
    monkeypatch.setenv("CI", "1" if is_ci else "0")
    for name in ("secret", "secret.txt", ".netrc"):
        (machine / "away" / name).write_text(text)
        Path("job.yaml").write_text(HEAD + NAMING[what].replace("PATH", f"../../away/{name}"))
        for verb in VERBS:
            said = printed(capsys, *verb)
            assert CANARY not in said.lower().replace(f"secrets.{CANARY}", ""), (name, verb)


@pytest.mark.parametrize("name", ["gha-creds.json", ".netrc", ".env", "kube.yml", "key.pem"])
@pytest.mark.parametrize("what", ["conda", "requirements"])
def test_no_line_is_shown_of_what_is_no_such_file(capsys: pytest.CaptureFixture[str], what: str, name: str) -> None:
    text = f'{{"type": "authorized_user", "client_secret": "{CANARY}"}}\n'
    Path(name).write_text(f"KEY={CANARY}\nX: {CANARY}\n" if name.startswith(".") else text)
    Path("job.yaml").write_text(HEAD + NAMING[what].replace("PATH", name))
    for verb in VERBS:
        assert CANARY not in printed(capsys, *verb), verb


@pytest.mark.parametrize("text", ["a: 1\n", f"token: '{CANARY}\n", f"- {CANARY}\n", f"{CANARY}\n", f"x: [{CANARY}\n"])
def test_what_is_no_conda_file_is_not_sent_from_elsewhere(machine: Path, text: str) -> None:
    (machine / "away" / "hosts.yml").write_text(text)
    said = found("conda", "../../away/hosts.yml")
    assert "not-a-conda-file" in [one.code for one in said]
    assert CANARY not in repr(said)


def test_of_a_file_of_requirements_with_a_mistake_the_line_is_shown() -> None:
    Path("requirements.txt").write_text("six\ntensorflow 2.16\nnumpy>=1\n")
    (one,) = found("requirements", "requirements.txt")
    assert (one.code, one.location.line, one.location.text) == ("invalid-requirement", 2, "tensorflow 2.16")
    assert "`tensorflow==2.16`" in one.detail


def test_lines_outside_are_in_no_plan_and_their_change_is(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (machine / "away" / "token.txt").write_text(f"six\n{CANARY}\n")
    codes("requirements", "../../away/token.txt")
    first = printed(capsys, "plan", "--engine", "local")
    (machine / "away" / "token.txt").write_text(f"six\n{CANARY}2\n")
    second = printed(capsys, "plan", "--engine", "local")
    assert "lines of files outside of the repository" in first
    assert CANARY not in first + second
    assert first != second
    for verb in VERBS:
        assert CANARY not in printed(capsys, *verb)
    assert "left out: lines of files outside" in printed(capsys, "export", "azureml")


@pytest.mark.parametrize("is_ci", [False, True])
def test_a_spec_that_is_a_link_to_something_else(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_ci: bool
) -> None:
    monkeypatch.setenv("CI", "1" if is_ci else "")
    Path("evil.yaml").symlink_to(machine / "away" / "secret.txt")
    (machine / "away" / "hosts.yml").write_text(f"github.com:\n  oauth: {CANARY}\n")
    (machine / "repo" / "more").symlink_to(machine / "away")
    for file in ("evil.yaml", "../more/hosts.yml", "../more/secret.txt"):
        for verb in ("validate", "plan", "status"):
            said = printed(capsys, verb, file)
            assert CANARY not in said
            assert f"{file}:1:1: error[" in said
            assert ("outside-repository" in said) == is_ci
    (machine / "away" / "job.yaml").write_text(HEAD + "datastores: 1\n")
    said = printed(capsys, "validate", "../more/job.yaml")
    assert ("datastores: 1" in said) != is_ci, "a spec is shown, wherever it is"
    assert "datastores: 1" in printed(capsys, "validate", "../more/job.yaml", "--allow-outside", str(machine / "away"))


# what never ends


@pytest.mark.parametrize("what", ["conda", "requirements", "constraints", "config"])
def test_a_file_of_twenty_gigabytes_ends_with_a_diagnostic(what: str) -> None:
    with Path("large.txt").open("wb") as file:
        file.truncate(20 << 30)
    (one,) = found(what, "large.txt")
    assert one.code == "file-too-large"
    assert f"more than {MOST_YAML if what == 'conda' else MOST_TEXT:,} bytes" in one.detail


def test_a_dockerfile_and_a_spec_of_twenty_gigabytes(capsys: pytest.CaptureFixture[str]) -> None:
    Path("image").mkdir()
    for name in ("image/Dockerfile", "large.yaml"):
        with Path(name).open("wb") as file:
            file.truncate(20 << 30)
    assert codes("build", "image") == ["file-too-large"]
    for verb in ("validate", "plan", "apply", "status", "graph"):
        assert "error[too-large]" in printed(capsys, verb, "large.yaml")


@pytest.mark.parametrize("name", [".gitignore", ".amlignore"])
@pytest.mark.parametrize("kind", ["pipe", "large"])
def test_an_ignore_file_that_is_none(capsys: pytest.CaptureFixture[str], name: str, kind: str) -> None:
    Path("code").mkdir()
    if kind == "pipe":
        os.mkfifo(f"code/{name}")
    else:
        with Path("code", name).open("wb") as file:
            file.truncate(20 << 30)
    assert codes("code", "code") == []
    said = printed(capsys, "plan")
    assert "error[unreadable-code]" in said
    assert f"{name}:" in said


def test_gitmodules_that_is_a_pipe(machine: Path) -> None:
    os.mkfifo(machine / "repo" / ".gitmodules")
    assert codes("code", "../src") == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no such file system here")
@pytest.mark.parametrize(
    ("what", "path"),
    [(what, path) for what in NAMING for path in ("/proc/self/environ", "/proc/kmsg", "/sys/power/state")]
    + [(what, "/proc/self") for what in FOLDERS],
)
def test_what_the_kernel_pretends_is_no_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str, path: str
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    (one,) = found(what, path)
    assert one.code in ("not-regular", "missing-requirements-file", "not-a-folder", "file-too-large")
    assert CANARY not in printed(capsys, "plan")


def test_no_special_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
        for name in ("pipe", "socket", "/dev/null", "/dev/zero", "."):
            with pytest.raises(OSError, match=r"not a regular file|directory"):
                opened(name)


def test_a_file_that_grows_is_read_no_further_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("f").write_bytes(b"x" * 11)
    assert read_bytes("f", 11) == b"x" * 11
    with pytest.raises(TooLarge):
        read_bytes("f", 10)
    if Path("/proc/version").exists():  # has no size, and content
        with pytest.raises(OSError, match="regular"):
            read_bytes("/proc/version")


def test_files_that_name_each_other_without_end(ci: None) -> None:
    for number in range(30):
        Path(f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n" * 2)
    Path("r30.txt").write_text("six\n")
    (one,) = [one for one in found("requirements", "r0.txt") if one.severity is Severity.ERROR]
    assert one.code == "file-too-large"
    Path("many.txt").write_text("six\n" * (MOST_LINES + 1))
    assert codes("requirements", "many.txt") == ["file-too-large"]


# what may be a requirement


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "torch==2.2.*",
        "torch >= 2, < 3",
        "torch (>=2,<3)",
        "torch>=2,",
        "ray[tune, rllib]~=2.9 ; python_version < '3.12'",
        "pkg @ https://example.org/pkg.whl#sha256=0 ; extra == 'x'",
        "pkg@git+ssh://git@github.com/a/b@main",
        "git+https://github.com/a/b.git#egg=b",
        "https://me:${TOKEN}@example.org/pkg.tar.gz",
        "./pkg[extra]",
        "vendor/pkg-1.0-py3-none-any.whl",
        "pkg==${VERSION}",
        "pkg==1.0 --hash=sha256:00 --hash=sha256:01",
        "-e git+https://github.com/a/b#egg=b",
        "--extra-index-url https://example.org/simple",
        "PyYAML!=6.0.*,>=5.4.1 ; platform_system=='Linux'",
    ],
)
def test_a_requirement_may_be_one(line: str) -> None:
    assert may_be_requirement(read_line(line))


@pytest.mark.parametrize(
    "line",
    [
        "machine example.org login me password x",
        "password x",
        "TOKEN=x",
        "export TOKEN=x",
        "key: value",
        "root:x:0:0:root:/root:/bin/bash",
        "aws_secret_access_key = x",
        "[default]",
        "{",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "tensorflow 2.16",
        "a" + " " * 19_000 + "!",
        "a/" * 9_000 + "!",
        "x" * 30_000,
    ],
)
def test_what_cannot_be_a_requirement(line: str) -> None:
    assert not may_be_requirement(read_line(line))


# the boundary


@pytest.mark.parametrize(
    ("written", "real"),
    [
        ("a/b", "/r/s/a/b"),
        ("./a//b/.", "/r/s/a/b"),
        (".", "/r/s"),
        ("..", "/r"),
        ("a/../../t", "/r/t"),
        ("/etc/../x", "/x"),
    ],
)
def test_a_real_place(written: str, real: str) -> None:
    assert Boundary("/r/s", "/r").real(written) == real


def test_a_name_that_begins_like_the_repositorys_is_outside() -> None:
    boundary = Boundary("/r/s", "/r", allowed=("/d",))
    assert [boundary.admits(one) for one in ("/r", "/r/x", "/rx", "/d", "/d/x", "/dx", "/r/.git", "/r/a/.GIT/x")] == [
        *(True, True, False),
        *(True, True, False),
        *(False, False),
    ]
    assert EVERYWHERE.holds("/anything")


def test_one_look_for_each_component_tells_a_real_place(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boundary = told(strict=True).boundary(str(machine / "repo"))
    monkeypatch.setattr(os.path, "realpath", lambda *_: pytest.fail("the costly way"))
    assert boundary.real("src/train.py") == str(machine / "repo" / "src" / "train.py")


@pytest.mark.parametrize("verb", [("validate",), ("plan",), ("graph",), ("status",), ("export", "azureml")])
def test_an_empty_option_is_a_variable_that_is_not_set(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    assert run([*verb, "--allow-outside", ""]) == 64
    assert "is empty" in capsys.readouterr().err


def test_a_link_that_may_not_be_followed_is_an_error_of_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "few/own.txt").touch()
    (tmp_path / "few/theirs").symlink_to("nowhere")

    real = os.path.realpath

    def refused(path: str) -> str:
        if str(path).endswith("theirs"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(trees.os.path, "realpath", refused)
        found = read_tree(str(tmp_path / "few"))
    assert [file.path for file in found.files] == ["own.txt"]
    assert [getattr(error, "filename", "") for error in found.errors] == [str(tmp_path / "few/theirs")]
