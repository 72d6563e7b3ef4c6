"""Data: a target mirrors its source, and what somebody reads or somebody else wrote is left alone."""

from __future__ import annotations

import shutil
from typing import Any

from tests.conformance.desk import Desk, change

SPEC = "data: {set: {path: data, target: conformance/<target>, prune: <prune>}}\n"


def listed(plan: dict[str, Any]) -> dict[str, list[str]]:
    """What happens to which file; what happens to none is left out."""
    transfer = change(plan, "data")["transfer"]
    return {what: sorted(map(_path, files)) for what, files in transfer.items() if files}


def _path(file: str | dict[str, Any]) -> str:
    return file if isinstance(file, str) else str(file["path"])


def test_new_changed_unchanged_extra_and_pruned(desk: Desk) -> None:
    for name in ("same", "edited", "dropped", "below/deep/moved"):
        desk.write(f"data/{name}.txt", f"{name}\n")
    desk.spec(SPEC, target=desk.name, prune="false")
    plan = desk.plan("--exit-code", ends=2)
    assert listed(plan) == {"new": ["below/deep/moved.txt", "dropped.txt", "edited.txt", "same.txt"]}
    desk.apply()

    desk.write("data/edited.txt", "EDITED\n")  # as long as before
    desk.write("data/added.txt", "")
    (desk.folder / "data/dropped.txt").unlink()
    (desk.folder / "data/below/deep/moved.txt").rename(desk.folder / "data/below/moved.txt")
    kept = {"unchanged": ["same.txt"], "extra": ["below/deep/moved.txt", "dropped.txt"]}
    planned = listed(desk.plan())
    assert planned == {"new": ["added.txt", "below/moved.txt"], "changed": ["edited.txt"], **kept}
    assert "2 new (17 B), 1 changed (7 B), 1 unchanged, 2 extra" in desk.apply().err
    assert listed(desk.plan("--exit-code"))["extra"] == kept["extra"], "what the source lacks stays"

    desk.spec(SPEC, target=desk.name, prune="true")
    assert listed(desk.plan("--exit-code", ends=2))["prune"] == kept["extra"]
    desk.apply()
    assert listed(desk.plan("--exit-code")) == {"unchanged": ["added.txt", "below/moved.txt", "edited.txt", "same.txt"]}


def test_what_another_spec_put_there_is_neither_pruned_nor_destroyed(desk: Desk) -> None:
    desk.write("data/ours.txt", "ours\n")
    desk.write("data/gone.txt", "gone\n")
    desk.write("other/theirs.txt", "theirs\n")
    desk.spec(SPEC, target=desk.name, prune="true")
    other = SPEC.replace("path: data", "path: other")
    desk.spec(f"name: <name>-other\n{other}", "other.yaml", target=desk.name, prune="false")
    desk.apply()
    desk.apply("other.yaml")
    (desk.folder / "data/gone.txt").unlink()
    assert listed(desk.plan())["prune"] == ["gone.txt"]
    desk.apply()
    assert listed(desk.plan("--exit-code")) == {"unchanged": ["ours.txt"], "extra": ["theirs.txt"]}
    desk.run("destroy", "--yes", "--also", "data")
    assert listed(desk.plan()) == {"new": ["ours.txt"], "extra": ["theirs.txt"]}
    assert listed(desk.plan("other.yaml", "--exit-code")) == {"unchanged": ["theirs.txt"]}


def test_what_is_there_stands_for_a_source_that_is_not_here(desk: Desk) -> None:
    desk.write("data/b.csv", "2\n")
    desk.write("data/sub/a.csv", "1\n").chmod(0o755)
    data = SPEC.replace("prune: <prune>", "source: optional").replace("<target>", desk.name)
    desk.spec(data, "data.yaml")
    desk.spec(f"{data}job: {{command: 'ls ${{{{ inputs.set }}}}', inputs: {{set: {{data: set}}}}}}\n")
    before = change(desk.plan(), "run")["run"]["fingerprint"]
    desk.apply("data.yaml")
    shutil.rmtree(desk.folder / "data")
    said = desk.run("plan")
    assert "source not here: 2 files as they stand on" in said.out
    assert "note[source-not-here]" in said.err
    plan = desk.plan("--exit-code", ends=2)
    assert change(plan, "run")["run"]["fingerprint"] == before
    assert listed(plan) == {"unchanged": ["b.csv", "sub/a.csv"]}
    assert desk.plan("data.yaml", "--exit-code")["notes"] == []
    desk.run("destroy", "data.yaml", "--yes", "--also", "data")
    assert "error[missing-target]" in desk.run("plan", ends=1).err


def test_what_an_unfinished_run_reads_is_not_changed_under_it(desk: Desk) -> None:
    run = start_reading(desk)
    desk.write("data/read.txt", "as it is!\n")
    refused = desk.apply(ends=4)
    assert "error[active-reader]" in refused.err
    assert run in refused.err
    assert "read.txt" in refused.err
    assert listed(desk.plan(ends=4))["changed"] == ["read.txt"], "nothing was sent"
    desk.run("cancel")
    assert listed(desk.plan()) == {"changed": ["read.txt"]}


def test_nor_by_another_spec(desk: Desk) -> None:
    run = start_reading(desk)
    # The same target, from a spec without a job: only the data is at stake.
    desk.spec(f"name: <name>-writer\n{SPEC}", "writer.yaml", target=desk.name, prune="true")
    desk.write("data/added.txt", "what is new disturbs nobody\n")
    desk.apply("writer.yaml")
    desk.write("data/read.txt", "as it is!\n")
    assert run in desk.apply("writer.yaml", ends=4).err
    desk.run("cancel")
    desk.apply("writer.yaml")
    assert listed(desk.plan("writer.yaml", "--exit-code")) == {"unchanged": ["added.txt", "read.txt"]}


def start_reading(desk: Desk) -> str:
    """A run that has `data` as its input and goes on; its name."""
    desk.write("data/read.txt", "as it was\n")
    spec = SPEC.replace("<target>", desk.name).replace("<prune>", "false")
    desk.lasting_job("  inputs: {set: {data: set}}\n" + spec)
    desk.apply("--detach")
    (run,) = desk.runs()
    return str(run["name"])
