"""Saved plans that somebody has written who may write where plans are kept, and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import Denied
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from tests.edited import values_of, with_value
from tests.engine_double import Double, offer, write_spec
from tests.searching import Search

TEXT = """\
name: job
vars: {word: hello}
compute: {name: gpu, size: STANDARD_DS3_V2, max_instances: 2}
job:
  code: src
  command: echo ${{ vars.word }} ${{ inputs.d }}
  inputs: {d: {path: data}}
"""
CANARY = "canary-0451"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a spec, what its owner does not want to be seen, and another one beside it."""
    for folder in ("repo", "other"):
        write_spec(tmp_path / folder, TEXT, src__x_py="pass", data__a="1")
        (tmp_path / folder / ".git").mkdir()
    repository = tmp_path / "repo"
    (repository / ".git/config").write_text(f"url = https://me:{CANARY}@host/\nextraheader = {CANARY}\n")
    (repository / ".env").write_text(f"TOKEN: {CANARY}\n")
    (repository / "notes.yaml").write_text(f"mine: {CANARY}\n  {CANARY}\n")
    (repository / "link.yaml").symlink_to("../other/job.yaml")
    (repository / "below").mkdir()
    os.mkfifo(repository / "pipe.yaml")
    monkeypatch.chdir(repository)
    return repository


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    """What `--engine local` stands for here."""
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


def edited(file: str, **call: object) -> None:
    content = json.loads(Path(file).read_text())
    Path(file).write_text(json.dumps(content | {"call": content["call"] | call}))


REQUESTS: dict[str, tuple[dict[str, object], int, str]] = {
    "another repository": ({"files": ["../other/job.yaml"]}, 4, "../other/job.yaml, which lies outside"),
    "a link to it": ({"files": ["link.yaml"]}, 4, "link.yaml, which lies outside"),
    "a file of the system": ({"files": ["job.yaml", "/etc/passwd"]}, 4, "/etc/passwd, which lies outside"),
    "the repository's own": ({"files": [".git/config"]}, 5, "there is no spec .git/config in"),
    "no spec": ({"files": ["notes.yaml"]}, 5, "there is no spec notes.yaml in"),
    "a folder with a link to it": ({"files": ["."]}, 4, "link.yaml, which lies outside"),
    "a glob of links to it": ({"files": ["*k.yaml"]}, 4, "link.yaml, which lies outside"),
    "a folder without specs": ({"files": ["src"]}, 5, "there is no spec src in"),
    "a folder elsewhere": ({"files": ["../other"]}, 4, "../other, which lies outside"),
    "a glob elsewhere": ({"files": ["x*/../../other/*"]}, 4, "../other/*, which lies outside"),
    "a pipe": ({"files": ["pipe.yaml"]}, 5, "there is no spec pipe.yaml in"),
    "what is not there": ({"files": ["gone\u001b[31m.yaml"]}, 5, "there is no spec gone\\x1b[31m.yaml in"),
    "none": ({"files": []}, 5, "stale"),
    "data from elsewhere": ({"inputs": {"d": "../other/data"}}, 4, "if that is meant, add --input d=../other/data"),
    "data of the system": ({"inputs": {"d": "/etc"}}, 4, "if that is meant, add --input d=/etc"),
    "hidden data": ({"inputs": {"d": ".git"}}, 4, "if that is meant, add --input d=.git"),
    "what pip installs": ({"environment": ".env"}, 4, "if that is meant, add --environment .env"),
    "variables from elsewhere": ({"var_files": ["../other/v.yaml"]}, 4, "add --var-file ../other/v.yaml"),
    "hidden variables": ({"var_files": [".env"]}, 4, "if that is meant, add --var-file .env"),
    "what are no variables": ({"var_files": ["notes.yaml"]}, 65, "notes.yaml:1:1: error[unknown-override]"),
    "an input more": ({"inputs": {"more": "data"}}, 65, "unknown-override"),
    "other data": ({"inputs": {"d": "src"}}, 5, "stale"),
    "another engine": ({"engine": "nosuch\u202e"}, 64, "no engine `nosuch\\u202e`"),
    "another word": ({"variables": {"word": "x; rm -rf ."}}, 5, "job.yaml changed since the plan was made"),
    "a word more": ({"variables": {"words": "x"}}, 65, "unknown-override"),
}


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_reads_nothing_but_the_repository(specrun: Any, engine: Double, request_: str) -> None:
    assert specrun("plan", "--out", "the.plan").code == 0
    call, code, words = REQUESTS[request_]
    edited("the.plan", **call)
    said = specrun("apply", "the.plan")
    assert said.code == code, said.err
    assert words in said.err
    assert (CANARY in said.err, "Traceback" in said.err) == (False, False)
    assert (engine.given, engine.submitted) == ([], [])


def test_the_request_is_told_first_and_may_be_said_again(specrun: Any, engine: Double) -> None:
    assert specrun("plan", "--var", "word=two words\u202e", "--out", "the.plan").code == 0
    for wrong in (("--var", "word=x"), ("--rerun",), ("--engine", "azureml"), ("--environment", "current")):
        said = specrun("apply", "the.plan", *wrong)
        assert said.code == 64
        assert f"the.plan was made with other values of {wrong[0]}: plan again" in said.err
    assert engine.calls.count("sign_in") == 1
    said = specrun("apply", "the.plan", "--var", "word=two words\u202e")
    assert said.code == 0
    first = said.err.splitlines()[0]
    assert first == r"the.plan was made by: specrun plan job.yaml --var $'word=two words\u202e'"


def test_what_lies_elsewhere_is_said_again(specrun: Any, engine: Double, tmp_path: Path) -> None:
    given = ("--input", f"d={tmp_path}/other/data")
    planned = specrun("plan", *given, "--out", "the.plan")
    assert "saved: `specrun apply the.plan --input d=../other/data` carries out exactly this" in planned.err
    assert specrun("apply", "the.plan").code == 4
    assert engine.submitted == []
    assert specrun("apply", "the.plan", "--input", "d=data").code == 64
    assert specrun("apply", "the.plan", "--input", "d=../other/src").code == 5
    shutil.copytree(tmp_path / "other/data", tmp_path / "at/another/place")
    assert specrun("apply", "the.plan", "--input", f"d={tmp_path}/at/another/place").code == 0
    assert len(engine.submitted) == 1


def test_a_spec_elsewhere_is_allowed_again(specrun: Any, engine: Double) -> None:
    assert specrun("plan", "../other/job.yaml", "--out", "the.plan").code == 0
    assert specrun("apply", "the.plan", "--allow-outside", "data").code == 4
    assert engine.submitted == []
    assert specrun("apply", "the.plan", "--allow-outside", "../other").code == 0
    assert len(engine.submitted) == 1


@pytest.fixture
def clone(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Goes on as another user in another clone, deeper down."""

    def made() -> Path:
        shutil.copytree(repository, tmp_path / "bob/at/clone", ignore=shutil.ignore_patterns("pipe.yaml", ".specrun"))
        (tmp_path / "alice").rename(tmp_path / "gone")
        for name in ("HOME", "USER", "LOGNAME"):
            monkeypatch.setenv(name, str(tmp_path / "bob") if name == "HOME" else "bob")
        monkeypatch.chdir(tmp_path / "bob/at/clone/below")
        return tmp_path / "bob/at/clone"

    (tmp_path / "alice").mkdir()
    for name in ("HOME", "USER", "LOGNAME"):
        monkeypatch.setenv(name, str(tmp_path / "alice") if name == "HOME" else "alice")
    return made


def test_it_holds_in_another_clone(specrun: Any, engine: Double, repository: Path, clone: Callable[[], Path]) -> None:
    assert specrun("plan", str(repository / "job.yaml"), "--out", "below/the.plan").code == 0
    there = clone()
    said = specrun("apply", "the.plan")
    assert said.code == 0, said.err
    assert len(engine.submitted) == 1
    (there / "src/x.py").write_text("another")
    said = specrun("apply", "the.plan")
    assert said.code == 5
    assert "run/job changed since the plan: code: x.py changed" in said.err


PORTABLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a file of the repository's own as environment": (("--environment", "req.txt"), ()),
    "its conda file": (("--environment", "conda.yml"), ()),
    "another folder as an input": (("--input", "d={repo}/src"), ()),
    "a file as an input": (("--input", "d=data/a"), ()),
    "a file of variables": (("--var-file", "vars.yaml"), ()),
    "a spec with a build context and a base": (("built/built.yaml",), ()),
    "a folder of specs": (("built", "--only", "folder:built"), ()),
    "data elsewhere": (("--input", "d={tmp}/alice/data"), ("--input", "d={tmp}/bob/mine")),
    "variables elsewhere": (("--var-file", "{tmp}/alice/v.yaml"), ("--var-file", "../../../v.yaml")),
    "an environment elsewhere": (("--environment", "{tmp}/alice/e.txt"), ("--environment", "{tmp}/bob/f.txt")),
    "state elsewhere": ((), ()),
}


@pytest.mark.parametrize("case", PORTABLE)
def test_whatever_it_was_made_with_holds_for_another_user(
    specrun: Any,
    engine: Double,
    repository: Path,
    tmp_path: Path,
    clone: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    files = {
        "repo/req.txt": "six\n-r more.txt\n",
        "repo/more.txt": "attrs\n",
        "repo/conda.yml": "dependencies: []\n",
        "repo/vars.yaml": "word: other\n",
        "repo/built/base.yaml": "apiVersion: specrun/v1\nabstract: true\nname: x\n",
        "repo/built/built.yaml": "apiVersion: specrun/v1\nextends: base.yaml\nname: built\n"
        "job: {command: ls, environment: {build: {path: image}}}\n",
        "repo/built/image/Dockerfile": "FROM x\n",
        "alice/data/a": "2",
        "bob/mine/a": "2",
        "alice/v.yaml": "word: theirs\n",
        "bob/v.yaml": "word: theirs\n",
        "alice/e.txt": "six\n",
        "bob/f.txt": "six\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    given, again = ([one.format(repo=repository, tmp=tmp_path) for one in words] for words in PORTABLE[case])
    if case == "state elsewhere":
        monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "alice/state"))
    said = specrun("plan", *given, "--out", "below/the.plan")
    assert said.code == 0, said.err
    text = Path("below/the.plan").read_text()
    assert [word for word in ("alice", str(tmp_path), str(Path.cwd())) if word in text] == []
    clone()
    said = specrun("apply", "the.plan", *again)
    assert said.code == 0, said.err
    assert len(engine.submitted) == 1


def test_it_is_of_one_repository(specrun: Any, engine: Double, repository: Path) -> None:
    """The same specs in another one would make things under its name; a clone that has no remote is of any."""

    def remote(name: str) -> None:
        shutil.rmtree(".git")
        subprocess.run(["git", "init", "-q"], check=True)
        if name:
            subprocess.run(["git", "remote", "add", "origin", f"https://github.com/{name}.git"], check=True)

    remote("ours/models")
    assert specrun("plan", "--out", "below/the.plan").code == 0
    remote("theirs/models")
    said = specrun("apply", "below/the.plan")
    assert (said.code, engine.submitted) == (5, [])
    was, now = (f"job of github.com/{owner}/models" for owner in ("ours", "theirs"))
    assert f"run/job changed since the plan: it was planned for {was}, and this is {now}" in said.err
    for same in ("Ours/Models", ""):
        remote(same)
        assert specrun("plan", "--check", "below/the.plan").code == 0
    assert specrun("apply", "below/the.plan").code == 0


def test_another_specrun_may_apply_what_it_plans_alike(specrun: Any, engine: Double) -> None:
    assert specrun("plan", "--out", "the.plan").code == 0
    content = json.loads(Path("the.plan").read_text())
    content["said"]["version"] = "0.0.9"
    for change in content["changes"]:
        del change["maker"]
    Path("the.plan").write_text(json.dumps(content))
    assert specrun("plan", "--check", "the.plan").code == 0
    Path("src/x.py").write_text("another")
    said = specrun("apply", "the.plan")
    assert (said.code, "specrun 0.0.9 has saved it, and this is " in said.err) == (5, True)


def test_nothing_is_allowed_by_the_file(specrun: Any, engine: Double) -> None:
    assert specrun("plan", "--out", "the.plan").code == 0
    for name, value in (("allow_replace", True), ("max_runs", 99), ("allow_outside", ["/"])):
        edited("the.plan", **{name: value})
        said = specrun("apply", "the.plan")
        assert (said.code, "the.plan is a damaged plan" in said.err) == (1, True)
        assert specrun("plan", "--out", "the.plan").code == 0


def test_an_edited_plan_deletes_nothing(specrun: Any, engine: Double) -> None:
    """Another cluster, another blob: with all that it takes to look as if it had been planned."""
    engine.there["compute/other"] = Observed(Status.READY, {"name": "other"}, maker=Maker("job"))
    mine = {"a": StoredFile(1, "x", Maker("job")), "z": StoredFile(1, "x", Maker("other"))}
    engine.there["data/default/inputs/job/d"] = Observed(Status.READY, files=mine)
    assert specrun("plan", "--out", "the.plan").code == 0
    whole = json.loads(Path("the.plan").read_text())
    cluster, data = whole["changes"][0], next(one for one in whole["changes"] if one["key"].startswith("data/"))
    deletion = {**cluster, "key": "compute/other", "name": "other", "action": "delete", "wanted": {"name": "other"}}
    pruned = {**data, "transfer": {**data["transfer"], "prune": ["z"]}}
    for changes in (
        [deletion, *whole["changes"]],
        [deletion if one is cluster else one for one in whole["changes"]],
        [{**cluster, "action": "delete"} if one is cluster else one for one in whole["changes"]],
        [{**cluster, "action": "replace"} if one is cluster else one for one in whole["changes"]],
        [pruned if one is data else one for one in whole["changes"]],
    ):
        Path("the.plan").write_text(json.dumps({**whole, "changes": changes}))
        said = specrun("apply", "the.plan", "--allow-replace")
        assert said.code == 5, said
        assert (engine.given, engine.submitted) == ([], [])
        assert specrun("plan", "--check", "the.plan").code == 5


def test_a_spec_may_have_its_version_of_a_base(specrun: Any, engine: Double) -> None:
    Path("base.yaml").write_text("apiVersion: specrun/v1\nabstract: true\ncompute: {name: cpu}\n")
    Path("short.yaml").write_text("name: short\nextends: base.yaml\n")
    assert specrun("plan", "short.yaml", "--out", "plan.json").code == 0
    said = specrun("apply", "plan.json")
    assert (said.code, "compute/cpu: done" in said.err) == (0, True)


def test_permissions_are_not_taken_from_it(specrun: Any, engine: Double) -> None:
    engine.there["compute/gpu"] = Observed(Status.READY, {"size": "STANDARD_NC6"}, maker=Maker("job"))
    write_spec(Path.cwd(), "name: more\njob: {command: ls}\n", "more.yaml")
    made = specrun("plan", "job.yaml", "more.yaml", "--allow-replace", "--max-runs", "2", "--out", "the.plan")
    assert made.code == 0
    assert specrun("apply", "the.plan").code == 4
    assert specrun("apply", "the.plan", "--allow-replace", "--max-runs", "1").code == 4
    assert (engine.given, engine.submitted) == ([], [])
    assert specrun("apply", "the.plan", "--allow-replace").code == 0
    assert len(engine.submitted) == 2


def test_a_rerun_and_a_cancellation_are_planned_anew(specrun: Any, engine: Double) -> None:
    assert specrun("apply").code == 0
    engine.all_runs.insert(0, Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING))
    assert specrun("plan", "--rerun", "--cancel-previous", "--out", "the.plan").code == 0
    assert specrun("apply", "the.plan").code == 0
    assert [run.attempt for run in engine.all_runs] == [1, 1, 2]
    assert engine.cancelled == ["job-0123456789"]
    engine.all_runs[0] = replace(engine.all_runs[0], status=RunStatus.CANCELLED)
    said = specrun("apply", "the.plan")
    assert (said.code, "the.plan is spent" in said.err) == (5, True)


def test_what_cannot_be_observed_is_told(specrun: Any, engine: Double) -> None:
    assert specrun("plan", "--out", "the.plan").code == 0
    engine.faults["observe compute/gpu"] = [Denied("no right to look")]
    said = specrun("apply", "the.plan")
    assert (said.code, "compute/gpu: no right to look" in said.err) == (1, True)


def test_what_makes_it_impossible_by_now_is_told_as_well(specrun: Any, engine: Double) -> None:
    path = write_spec(Path.cwd(), "name: job\ncompute: gpu\njob: {command: ls}\n")
    engine.there["compute/gpu"] = Observed(Status.READY)
    assert specrun("plan", "--out", "the.plan").code == 0
    del engine.there["compute/gpu"]
    said = specrun("apply", "the.plan")
    assert (said.code, "error[missing-resource]" in said.err) == (1, True)
    assert path.exists()


def test_a_secret_that_is_known_by_now_makes_no_difference(
    specrun: Any, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request from a fork plans without it; where it is set, a word that looks like it is masked."""
    text = "name: job\njob: {code: src, command: ls, environment_variables: {A: '${{ secrets.SPECRUN_CANARY }}'}}\n"
    write_spec(Path.cwd(), text, src__train_py="pass")
    assert specrun("plan", "--out", "the.plan").code == 0
    assert "train.py" in Path("the.plan").read_text()
    monkeypatch.setenv("SPECRUN_CANARY", "train")
    said = specrun("apply", "the.plan")
    assert said.code == 0, said.err
    assert specrun("plan", "--out", "the.plan").code == 0
    assert "train" not in Path("the.plan").read_text()
    assert specrun("apply", "the.plan").code == 0


def test_at_the_top_of_all_folders_nothing_is_inside(
    specrun: Any, engine: Double, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert specrun("plan", "--out", "the.plan").code == 0
    edited("the.plan", files=[str(repository / "job.yaml")], inputs={"d": "/etc"})
    monkeypatch.chdir("/")
    said = specrun("apply", str(repository / "the.plan"))
    assert (said.code, "if that is meant, add --input d=/etc" in said.err) == (4, True)


@pytest.mark.parametrize(("out", "what"), [("src/the.plan", "code"), ("data/the.plan", "data")])
def test_it_is_not_saved_among_what_it_is_about(specrun: Any, engine: Double, out: str, what: str) -> None:
    said = specrun("plan", "--out", out)
    assert said.code == 64
    assert f"lies in the {what} folder" in said.err
    assert not Path(out).exists()


MIRROR = "name: mirror\ndata: {d: {path: data, target: d, prune: true}}\n"
OVER = "name: over\njob: {command: 'true'}\n"
OTHERS = ("../../../../victim", "/etc/victim", "delete", "data/default/victim", "0" * 64, 0, 7, True, None, [], {})


@pytest.mark.long
def test_whatever_stands_in_a_plan_only_the_specs_are_carried_out(
    specrun: Callable[..., Any], repository: Path, search: Search
) -> None:
    """A real plan on this machine, with any of its values replaced or dropped: what is said is done, or nothing."""
    write_spec(repository, MIRROR, "mirror.yaml", data__a="1", data__b="2", data__c="3")
    write_spec(repository, OVER, "over.yaml")
    specs = ("mirror.yaml", "over.yaml")
    assert specrun("apply", *specs).code == 0
    (repository / "data/a").write_text("another")
    (repository / "data/b").unlink()
    (repository / "data/new").write_text("new")
    victim, state = repository.parent / "victim", repository / ".specrun"
    (state / "datastores/default/victim").mkdir(parents=True)
    for file in (victim, state / "datastores/default/victim/mine"):
        file.write_text("mine")
    assert specrun("plan", *specs, "--out", "../the.plan").code == 0
    content = json.loads(Path("../the.plan").read_text())
    shutil.copytree(state, repository.parent / "state", symlinks=True)
    before = _files_of(repository, victim)
    edits = [(path, other) for path, _ in values_of(content) for other in OTHERS]
    chosen = edits if search.whole else search.random.sample(edits, search.rounds(60, 0))
    for path, other in chosen:
        Path("../the.plan").write_text(json.dumps(with_value(content, path, other)))
        said = specrun("apply", "../the.plan")
        assert said.code in (0, 1, 4, 5, 64, 65), (path, other, said)
        assert "Traceback" not in said.err, (path, other, said)
        now = _files_of(repository, victim)
        if said.code:
            assert now == before, (path, other, said)
            continue
        there = {name: text for name, text in now.items() if "datastores" in name}
        assert {Path(name).name: text for name, text in there.items()} == {
            "a": "another",
            "c": "3",
            "new": "new",
            "mine": "mine",
        }, (path, other)
        shutil.rmtree(state)
        shutil.copytree(repository.parent / "state", state, symlinks=True)


def _files_of(repository: Path, victim: Path) -> dict[str, str]:
    """What must not change but as the specs say: all data, what was submitted, and a file outside."""
    state = repository / ".specrun"
    kept = [*(state / "datastores").rglob("*"), *(state / "runs").glob("*"), *(repository / "data").glob("*"), victim]
    return {str(path): path.read_text() if path.is_file() else "" for path in kept if not path.is_dir()}
