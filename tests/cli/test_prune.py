"""What was made for specs that are gone is deleted, of a real repository, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from specrun.engines.base import Denied, Missing
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.plan.resources import Place
from tests.cli.conftest import Command
from tests.engine_double import Double, offer

OURS, THEIRS = "github.com/org/models", "github.com/org/others"
SUB = "00000000-0000-0000-0000-000000000000"
IN = {name: f"workspace: {{name: {name}, resource_group: rg, subscription_id: {SUB}}}" for name in ("ws-1", "ws-2")}


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def spec(name: str, *lines: str, cluster: str = "") -> str:
    compute = f"compute: {{name: {cluster or name}-gpu, size: STANDARD_DS3_V2}}"
    return "\n".join(("apiVersion: specrun/v1", f"name: {name}", compute, *lines, ""))


Commit = Callable[[Mapping[str, str | None]], None]


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commit:
    """Commits files on `main`; None removes one."""
    for name in ("author", "committer"):
        monkeypatch.setenv(f"GIT_{name.upper()}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name.upper()}_EMAIL", "a@example.org")
    git("init", "-q", "-b", "main")

    def commit(files: Mapping[str, str | None]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text)
        git("add", "-A")
        git("commit", "-q", "-m", "x")

    commit({".specrun.yaml": f"repository: {OURS}\n", ".gitignore": "/.specrun\n"})
    return commit


def made(spec: str, target: str = "", repository: str = OURS) -> Observed:
    return Observed(Status.READY, {"size": "s"}, maker=Maker(spec, repository, target))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double(asks=False)
    offer(monkeypatch, "local", double)
    return double


def test_what_specs_made_on_this_machine_goes_once_they_are_gone(specrun: Command, commit: Commit) -> None:
    commit({f"jobs/{name}.yaml": spec(name, f"datastores: {{store{name}: {STORE}}}") for name in "abc"})
    assert specrun("apply", "jobs").code == 0
    home = Path(".specrun/resources")
    for name, owner in (("old", "b"), ("other", ["b", THEIRS, ""]), ("hand", "")):
        (home / f"compute/{name}.json").write_text(json.dumps({"owner": owner, "properties": {"name": name}}))
    commit({"jobs/b.yaml": None})
    before = sorted(path.stem for path in home.glob("*/*"))
    done = specrun("prune", "--yes")
    assert done.code == 0, done.err
    assert set(before) - {path.stem for path in home.glob("*/*")} == {"b-gpu", "storeb"}
    assert re.search("compute/old +kept: made by b, of whichever repository", done.err)
    assert "compute/hand" in done.err
    assert "compute/other" not in done.err
    assert f"6 things made for {OURS}, 1 for other repositories" in done.err
    again = specrun("prune", "--yes")
    assert (again.code, "to delete" in again.err) == (0, False)


STORE = "{type: azure_blob, account_name: acct, container_name: stuff}"


def test_what_is_gone_is_told_by_spec_and_target(specrun: Command, commit: Commit, engine: Double) -> None:
    commit(
        {
            "train.yaml": spec("train", "targets: {dev: {vars: {a: 1}}, prod: {}}", "vars: {a: 2}"),
            "new/name.yaml": spec("renamed", cluster="shared"),
            "user.yaml": "apiVersion: specrun/v1\nname: user\ncompute: bare-gpu\njob: {command: ls}\n",
            "var.yaml": spec("by-${{ vars.who }}", "vars: {who: me}", cluster="by"),
        }
    )
    engine.there |= {
        "compute/of-target": made("train", "test"),
        "compute/of-spec": made("before"),
        "compute/dropped": made("train", "dev"),
        "compute/any-target": made("train"),
        "compute/shared-gpu": made("before"),
        "compute/BARE-gpu": made("before"),
        "compute/of-var": made("by-you"),
        "compute/upper": made("before", repository=OURS.upper()),
        "compute/another": made("before", repository=THEIRS),
        "datastore/theirs": made("train", repository=THEIRS),
        "datastore/workspaceblobstore": Observed(Status.READY),
    }
    done = specrun("prune", "--yes", "--max-share", "50")
    assert done.code == 0, done.err
    assert sorted(change.key.address for change in engine.given) == [
        "compute/of-spec",
        "compute/of-target",
        "compute/upper",
    ]
    assert "kept: new/name.yaml uses it" in done.err
    assert "kept: user.yaml uses it" in done.err
    assert "made by train for target dev, which is there and does not name it" in done.err
    assert "another" not in done.err
    assert "workspaceblobstore" not in done.err
    assert f"8 things made for {OURS}, 2 for other repositories" in done.err


REFUSED: dict[str, tuple[str, str]] = {
    "a target": ("--target prod", "--target would leave specs out"),
    "a selection": ("--only gone", "--only would leave specs out"),
    "all but some": ("--exclude a", "--exclude would leave specs out"),
    "those that changed": ("--changed-since HEAD", "--changed-since would leave specs out"),
    "files": ("jobs/a.yaml", "leave out b.yaml"),
    "another branch": ("--branch release", "HEAD is the branch main, and not release"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_leaves_specs_out_is_refused(how: str, specrun: Command, commit: Commit, engine: Double) -> None:
    words, said = REFUSED[how]
    commit({"jobs/a.yaml": spec("a"), "b.yaml": spec("b")})
    engine.there["compute/x"] = made("gone")
    done = specrun("prune", "--yes", *words.split())
    assert (done.code, engine.calls) == (4, []), done.err
    assert said in done.err
    assert specrun("prune", "--yes", "--all", ".").code == 0


def test_all_reasons_are_told_at_once(specrun: Command, commit: Commit, engine: Double) -> None:
    commit(
        {
            ".specrun.yaml": "specs: [jobs]\n",
            "jobs/a.yaml": spec("a", "surprise: 1"),
            "more/b.yaml": spec("b").replace("b-gpu", "${{ env.NOT_SET_ANYWHERE }}"),
            "c.yaml": spec("c"),
            "base": "max: 1\n",
        }
    )
    git("checkout", "-q", "-b", "feature")
    Path("c.yaml").unlink()
    done = specrun("prune", "--yes")
    assert (done.code, engine.calls) == (4, [])
    for words in (
        "has no name, by which its things could be known: write `repository: NAME` in .specrun.yaml",
        "HEAD is the branch feature, and not main",
        "error[unknown-key]",
        "NOT_SET_ANYWHERE",
        "what an invalid spec declares is not known",
        "c.yaml is not as committed",
    ):
        assert words in done.err


@pytest.mark.parametrize("file", ["a.yaml", "base.txt", ".specrun.yaml"])
def test_what_specs_consist_of_is_as_committed(file: str, specrun: Command, commit: Commit, engine: Double) -> None:
    commit({"a.yaml": spec("a", "extends: base.txt"), "base.txt": "vars: {a: 1}\n"})
    commit({"notes.yaml": "mine: 1\n"})
    Path("notes.yaml").write_text("mine: 2\n")
    Path("new.yaml").write_text(spec("new"))
    assert specrun("prune").code == 0
    Path(file).write_text(Path(file).read_text() + "# changed\n")
    done = specrun("prune")
    assert (done.code, f"refused: {file} is not as committed" in done.err) == (4, True)


def test_a_spec_that_a_sparse_checkout_leaves_out_is_missed(specrun: Command, commit: Commit, engine: Double) -> None:
    commit({"a/a.yaml": spec("a"), "b/b.yaml": spec("b")})
    git("sparse-checkout", "set", "a")
    done = specrun("prune", "--yes")
    assert (done.code, "b/b.yaml is not as committed" in done.err) == (4, True)


def test_the_branch_is_the_remotes_or_as_written_and_not_behind(
    specrun: Command, commit: Commit, engine: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit({"a.yaml": spec("a")})
    git("clone", "-q", ".", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    assert specrun("prune").code == 0
    git("checkout", "-q", "--detach")  # as runners do
    assert specrun("prune").code == 0
    git("symbolic-ref", "-d", "refs/remotes/origin/HEAD")
    done = specrun("prune")
    assert (done.code, "say --branch" in done.err) == (4, True)
    assert specrun("prune", "--branch", "main").code == 0
    git("checkout", "-q", "main")
    git("-C", "..", "commit", "-q", "--allow-empty", "-m", "later")
    git("fetch", "-q")
    done = specrun("prune", "--branch", "main")
    assert (done.code, "HEAD lacks commits of origin/main" in done.err) == (4, True)
    git("merge", "-q", "--ff-only", "origin/main")
    Path(".specrun.yaml").write_text(f"repository: {OURS}\nbranch: main\n")
    git("commit", "-q", "-am", "ahead of what was fetched")
    assert specrun("prune").code == 0
    git("checkout", "-q", "--detach", "HEAD~1")
    assert [specrun("prune", "--branch", name).code for name in ("main", "HEAD")] == [0, 4]
    git("checkout", "-q", "--detach", "HEAD~1")
    assert "which is not where main is" in specrun("prune", "--branch", "main").err


def test_no_more_than_a_share_goes(specrun: Command, commit: Commit, engine: Double) -> None:
    commit({"a.yaml": spec("a")})
    engine.there |= {f"compute/kept-{number}": made("a") for number in range(6)}
    engine.there |= {f"compute/gone-{number}": made("gone") for number in range(3)}
    assert specrun("prune", "--dry-run").code == 0  # nine things are few
    engine.there["compute/gone-4"] = made("gone")
    done = specrun("prune", "--yes")
    assert (done.code, engine.given) == (4, [])
    assert "error[too-many-deletions]" in done.err
    assert "4 of the 10 things" in done.err
    assert "--max-share 40" in done.err
    assert json.loads(specrun("prune", "--dry-run", "-o", "json").out)["refusals"][0]["code"] == "too-many-deletions"
    assert (specrun("prune", "--yes", "--max-share", "40").code, len(engine.given)) == (0, 4)


def test_a_repository_without_specs_needs_a_word_more(specrun: Command, commit: Commit, engine: Double) -> None:
    engine.there["compute/x"] = made("gone")
    done = specrun("prune", "--yes")
    assert (done.code, "There is no spec in this repository" in done.err, engine.given) == (4, True, [])
    assert (specrun("prune", "--yes", "--max-share", "100").code, len(engine.given)) == (0, 1)


def test_nobody_to_ask_and_pipelines_want_a_word(
    specrun: Command, commit: Commit, engine: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit({"a.yaml": spec("a")})
    engine.there["compute/x"] = made("gone")
    assert (specrun("prune").code, engine.given) == (1, [])
    monkeypatch.setenv("CI", "true")
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    done = specrun("prune")
    assert (done.code, "in CI, say --yes" in done.err, engine.given) == (1, True, [])
    told = [json.loads(line) for line in specrun("prune", "--yes", "-o", "json").out.splitlines()]
    assert told[0]["event"] == "plan_ready"
    assert len(engine.given) == 1


def test_workspaces_of_all_targets_of_specs_that_are_gone_and_named_ones_are_looked_at(
    specrun: Command, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles = {name: Double(place=_place(name)) for name in ("ws-1", "ws-2", "ws-3", "ws-4", "")}
    offer(monkeypatch, "azureml", *doubles.values(), by_workspace=True)
    offer(monkeypatch, "local", Double())
    targets = f"targets: {{dev: {{{IN['ws-1']}}}, prod: {{{IN['ws-2']}}}}}"
    gone = spec("old", "extends: below/base.yaml")
    commit({"a.yaml": spec("a", "engine: azureml", targets), "old.yaml": gone, "below/base.yaml": BASE})
    commit({"old.yaml": None, "below/base.yaml": None})
    for double in doubles.values():
        double.there["compute/x"] = made("old")
    done = specrun("prune", "--yes")
    assert done.code == 0, done.err
    assert {name for name, double in doubles.items() if double.given} == {"ws-1", "ws-2"}
    done = specrun("prune", "--yes", "--since", "HEAD~1", "--workspace", f"{SUB}/rg/ws-4")
    assert done.code == 0, done.err
    assert {name for name, double in doubles.items() if double.given} == {"ws-1", "ws-2", "ws-3", "ws-4"}
    assert all(f"ws-{number}" in done.err.partition(":")[0] for number in range(1, 5))
    assert specrun("prune", "--since", "no-such").code == 64
    assert specrun("prune", "--workspace", "ws-4").code == 64


BASE = f"engine: azureml\nworkspace: {{name: ws-3, resource_group: rg, subscription_id: {SUB}}}\n"


def _place(name: str) -> Place:
    return Place("azureml", name, f"workspace {name}")


def test_a_place_that_cannot_be_seen_deletes_nothing_anywhere(
    specrun: Command, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles = {name: Double(place=_place(name)) for name in ("ws-1", "ws-2")}
    offer(monkeypatch, "azureml", *doubles.values(), by_workspace=True)
    commit({"a.yaml": spec("a", "engine: azureml", f"targets: {{dev: {{{IN['ws-1']}}}, prod: {{{IN['ws-2']}}}}}")})
    doubles["ws-1"].there["compute/x"] = made("gone")
    doubles["ws-2"].faults["every datastore"] = [Denied("not for you")]
    done = specrun("prune", "--yes")
    assert (done.code, "not for you" in done.err, doubles["ws-1"].given) == (1, True, [])
    doubles["ws-2"].faults = {f"every {kind}": [Missing("no workspace")] for kind in ("compute", "datastore")}
    assert (specrun("prune", "--yes").code, len(doubles["ws-1"].given)) == (0, 1)
