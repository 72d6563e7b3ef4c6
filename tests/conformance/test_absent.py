"""What a spec only names must be there; what the service refuses is said in words."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.desk import Desk


def test_a_named_cluster_that_is_not_there(desk: Desk, needs: Callable[..., None]) -> None:
    needs("clusters")
    desk.spec("compute: <name>\njob: {command: ls}\n")
    for verb in (["plan"], ["apply", "--yes"]):
        said = desk.run(*verb, ends=1)
        assert f"compute {desk.name} does not exist on workspace " in said.words
        assert "declare it as a mapping to have it made, or correct the name" in said.words
        assert "Traceback" not in said.err


def test_a_workspace_that_is_not_there_and_not_to_be_made(desk: Desk, needs: Callable[..., None]) -> None:
    needs("clusters")
    workspace = desk.place.workspace.replace("{name: ", "{name: not-", 1).replace(", create: true", "")
    desk.spec("workspace: <workspace>\njob: {command: ls}\n", workspace=workspace)
    for verb in (["plan"], ["apply", "--yes"]):
        said = desk.run(*verb, ends=1)
        assert "does not exist" in said.words, said.all
        assert "write `create: true` to have it made" in said.words
        assert "Traceback" not in said.err
    runs = desk.run("runs", ends=None)
    assert "Traceback" not in runs.err
    assert runs.code in (0, 1), runs.all


def test_a_job_that_needs_more_than_the_cluster_has(desk: Desk) -> None:
    desk.spec(
        """
        compute: {name: <name>, size: <size>, max_instances: 1}
        job: {command: ls, distribution: {type: tensorflow}, resources: {instance_count: 2}}
    """,
        size=desk.place.size,
    )
    said = desk.apply(ends=65)
    assert "instances-above-cluster" in said.err


def test_nothing_happens_without_a_yes(desk: Desk) -> None:
    """On this machine nobody is asked; elsewhere a command without a terminal stops."""
    desk.spec("job: {command: echo done}\n")
    if "asks" not in desk.place.can:
        assert desk.run("apply").roles == {"main/0": ["done"]}
    else:
        assert "say --yes" in desk.run("apply", ends=1).err
        assert desk.runs() == []
