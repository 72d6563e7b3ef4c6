"""`--changed-since` on the command line: which specs a verb takes, what is told, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.unit.test_git_changes import commit, run, write

SPEC = "apiVersion: specrun/v1\nname: {}\n{}job:\n  {}command: ls\n"
FILES = ("jobs/a.yaml", "jobs/b.yaml", "jobs/c.yaml")


@pytest.fixture
def repository(bare: None) -> Path:
    root = Path.cwd()
    run(root, "init", "-q", "-b", "main", ".")
    commit(
        root,
        **{
            ".gitignore": "/.specrun/\n/big/\n",
            "src/x.py": "1",
            "bases/base.yaml": "apiVersion: specrun/v1\nabstract: true\njob: {code: ../src}\ntargets: {dev: {}}\n",
            "jobs/a.yaml": SPEC.format("a", "", "code: ../src\n  "),
            "jobs/b.yaml": SPEC.format("b", "extends: ../bases/base.yaml\ndefault_target: dev\n", ""),
            "jobs/c.yaml": SPEC.format("c", "", ""),
        },
    )
    return root


def test_a_verb_takes_what_changed_and_says_why(repository: Path, specrun: Command) -> None:
    write(repository, "jobs/c.yaml", SPEC.format("c", "", "") + "# more\n")
    said = specrun("validate", *FILES, "--changed-since", "main", "--environment", "current")
    assert (said.code, said.out) == (0, "no mistakes in 1 file\n")
    assert said.err.splitlines() == ["changed since main: 1 of 3 specs", "  jobs/c.yaml: its text changed"]

    write(repository, "src/x.py", "2")
    said = specrun("plan", *FILES, "--changed-since", "main", "-o", "json")
    assert "  jobs/b.yaml: its code changed: src/x.py" in said.err.splitlines()
    told = json.loads(said.out)
    assert [change["name"] for change in told["resource_changes"] if change["type"] == "run"] == ["a", "b", "c"]
    reasons = [{"what": "code", "paths": [{"path": "src/x.py", "how": "changed"}], "count": 1}]
    assert told["changed_since"]["specs"][0] == {"file": "jobs/a.yaml", "reasons": reasons}
    assert (told["changed_since"]["since"], told["changed_since"]["of"]) == ("main", 3)


def test_a_base_and_its_targets_change_those_that_have_them(repository: Path, specrun: Command) -> None:
    base = "apiVersion: specrun/v1\nabstract: true\njob: {code: ../src}\ntargets: {dev: {vars: {x: 1}}}\n"
    write(repository, "bases/base.yaml", base)
    said = specrun("validate", *FILES, "--changed-since", "main")
    assert said.err.splitlines()[1:] == ["  jobs/b.yaml: what it extends changed: bases/base.yaml"]


def test_where_nothing_changed_nothing_is_done(repository: Path, specrun: Command) -> None:
    since = ("--changed-since", "HEAD")
    for verb in ("validate", "plan", "apply", "graph"):
        said = specrun(verb, *FILES, *since)
        assert (said.code, said.err) == (0, "nothing changed since HEAD: 0 of 3 specs\n")
    assert specrun("export", "tfjob", *FILES, *since).code == 0
    assert json.loads(specrun("validate", *FILES, *since, "-o", "json").out)["valid"]
    assert json.loads(specrun("plan", *FILES, *since, "-o", "json", "--exit-code").out)["resource_changes"] == []
    assert not (repository / ".specrun").exists()

    assert specrun("plan", *FILES, *since, "--out", "none.plan").code == 0
    said = specrun("apply", "none.plan")
    assert (said.code, said.err.splitlines()[-1]) == (0, "none.plan is of no specs: nothing is to be done")


def test_a_saved_plan_has_the_files_that_were_taken(repository: Path, specrun: Command) -> None:
    write(repository, "jobs/c.yaml", SPEC.format("c", "", "") + "# more\n")
    said = specrun("plan", *FILES, "--changed-since", "main", "--out", "c.plan")
    assert said.code == 0
    assert json.loads(Path("c.plan").read_text())["call"]["files"] == ["jobs/c.yaml"]
    commit(repository)
    said = specrun("apply", "c.plan", "--changed-since", "main")
    assert (said.code, "it has the specs that it was made of" in said.err) == (64, True)


def test_what_git_does_not_track_is_named_once(repository: Path, specrun: Command) -> None:
    write(repository, "big/x.csv", "1")
    for name in "ab":
        write(repository, f"jobs/{name}.yaml", f"apiVersion: specrun/v1\nname: {name}\ndata: {{x: {{path: ../big}}}}\n")
    commit(repository)
    said = specrun("validate", *FILES, "--changed-since", "HEAD")
    note = "note: git does not track big (of 2 specs): it counts as unchanged, and --undecided takes its specs in"
    assert said.err.splitlines() == ["nothing changed since HEAD: 0 of 3 specs", note]
    said = specrun("validate", *FILES, "--changed-since", "HEAD", "--undecided")
    assert said.err.splitlines()[1:] == [f"  jobs/{name}.yaml: git does not track big" for name in "ab"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--changed-since", "mian"), 64, "Did you mean `main`?"),
        (("--changed-since", ""), 64, "is the variable set"),
        (("--changed-since", "-x"), 64, "is an option"),
        (("--undecided",), 64, "goes with --changed-since"),
    ],
)
def test_wrong_usage(repository: Path, specrun: Command, arguments: tuple[str, ...], code: int, told: str) -> None:
    said = specrun("plan", *FILES, *arguments)
    assert said.code == code
    assert told in said.err


def test_outside_of_a_repository(specrun: Command) -> None:
    Path("job.yaml").write_text(SPEC.format("a", "", ""))
    said = specrun("plan", "job.yaml", "--changed-since", "main")
    assert said.code == 64
    assert "is in no git repository" in said.err


def test_a_clone_that_lacks_the_commit_is_told_how_to_get_it(repository: Path, specrun: Command) -> None:
    run(repository, "switch", "-qc", "topic")
    commit(repository, **{"src/x.py": "2"})
    run(repository, "switch", "-q", "main")
    commit(repository, **{"src/x.py": "3"})
    run(repository, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository}", "shallow")
    said = specrun("plan", "shallow/jobs/a.yaml", "--changed-since", "origin/topic")
    assert said.code == 1
    assert "fetch-depth: 0" in said.err


@pytest.mark.parametrize("verb", ["cancel", "destroy", "status"])
def test_verbs_that_end_or_delete_do_not_have_it(repository: Path, specrun: Command, verb: str) -> None:
    assert specrun(verb, "jobs/a.yaml", "--changed-since", "main").code == 64


def test_folders_globs_and_what_was_in_them(repository: Path, specrun: Command) -> None:
    run(repository, "mv", "jobs/a.yaml", "jobs/z.yaml")
    (repository / "jobs/c.yaml").unlink()
    gone = "  deleted since main: jobs/c.yaml"
    for named in (("jobs",), ("jobs/*.yaml",), (".",), ("bases", "jobs")):
        said = specrun("validate", *named, "--changed-since", "main")
        assert said.code == 0
        assert "  jobs/z.yaml: renamed from jobs/a.yaml" in said.err.splitlines()
        assert gone in said.err.splitlines()
    assert gone not in specrun("validate", "jobs/b.yaml", "--changed-since", "main").err
    assert gone not in specrun("validate", "jobs/z*", "--changed-since", "main").err


def test_a_file_that_is_not_there_is_told(repository: Path, specrun: Command) -> None:
    said = specrun("plan", "nowhere.yaml", "jobs/a.yaml", "--changed-since", "main")
    assert said.code == 65
    assert "  nowhere.yaml: it cannot be read" in said.err.splitlines()
    assert "There is no such file" in said.err
    assert specrun("plan", "no*.yaml", "--changed-since", "main").code == 65


def test_a_base_alone_is_no_spec_that_changed(repository: Path, specrun: Command) -> None:
    write(repository, "bases/other.yaml", "apiVersion: specrun/v1\nabstract: true\njob: {}\n")
    said = specrun("plan", ".", "--changed-since", "main")
    assert (said.code, said.err) == (0, "nothing changed since main: 0 of 3 specs\n")
    (repository / "bases/base.yaml").unlink()
    said = specrun("plan", ".", "--changed-since", "main")
    assert "  jobs/b.yaml: what it extends changed: bases/base.yaml (deleted)" in said.err.splitlines()
    assert said.code == 65


def test_targets_and_files_of_variables(repository: Path, specrun: Command) -> None:
    two = "  dev: {job: {code: ../src}}\n  prod: {job: {code: ../lib}}\n"
    spec = "apiVersion: specrun/v1\nname: {}\nvars: {{v: 1}}\njob: {{command: ls}}\n"
    write(repository, "jobs/a.yaml", f"{spec.format('a')}targets:\n{two}")
    write(repository, "jobs/c.yaml", spec.format("c"))
    write(repository, "lib/y.py", "1")
    write(repository, "more/v.yaml", "v: 2\n")
    commit(repository)
    write(repository, "lib/y.py", "2")
    since = ("--changed-since", "HEAD")
    assert "1 of 3" in specrun("validate", "jobs", *since).err
    assert "0 of 3" in specrun("plan", "jobs", *since, "--target", "dev").err
    assert "1 of 3" in specrun("show", "jobs", *since, "--target", "prod").err
    said = specrun("plan", "jobs", *since, "--target", "prod", "--only", "c")
    assert (said.code, "nothing is selected" in said.err) == (0, True)
    write(repository, "more/v.yaml", "v: 3\n")
    said = specrun("validate", "jobs", *since, "--var-file", "more/v.yaml", "--target", "dev")
    assert "  jobs/c.yaml: a var file changed: more/v.yaml" in said.err.splitlines()


def test_what_changed_upstream_changes_what_reads_it(repository: Path, specrun: Command) -> None:
    reading = "apiVersion: specrun/v1\nname: {}\njob:\n  inputs: {{f: {{run: {}, output: default}}}}\n  command: ls\n"
    commit(
        repository,
        **{"jobs/d.yaml": reading.format("d", "a"), "more/e.yaml": reading.format("e", "../jobs/d.yaml")},
    )
    write(repository, "src/x.py", "2")
    # What was not given is read in the repository, by its name and by its file; what is read in turn counts, too.
    said = specrun("validate", "more/e.yaml", "jobs/c.yaml", "--changed-since", "main")
    assert said.err.splitlines() == [
        "changed since main: 1 of 2 specs",
        "  more/e.yaml: what it reads from changed: src/x.py",
    ]
    said = specrun("validate", "jobs", "--changed-since", "main", "--environment", "current")
    assert [line.partition(":")[0].strip() for line in said.err.splitlines()[1:]] == [
        "jobs/a.yaml", "jobs/b.yaml", "jobs/d.yaml"
    ]  # fmt: skip
    write(repository, "src/x.py", "1")
    write(repository, "jobs/d.yaml", reading.format("d", "a") + "# more\n")
    assert (
        "  more/e.yaml: what it reads from changed: jobs/d.yaml"
        in specrun("validate", "more", "--changed-since", "main").err
    )
