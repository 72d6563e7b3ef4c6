"""A cluster's life: made, changed in place, replaced only when that is meant, deleted only by who made it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.conformance.desk import Desk, actions, change

CLUSTER = "compute: {name: <name>, size: <size>, max_instances: <max>, idle_time_before_scale_down: <idle>}\n"


def declare(desk: Desk, most: int, idle: int = 120, size: str = "") -> None:
    desk.spec(CLUSTER, size=size or desk.place.size, max=str(most), idle=str(idle))


def test_a_cluster_is_changed_in_place(desk: Desk) -> None:
    declare(desk, 2)
    desk.apply()
    declare(desk, 3, idle=300)
    planned = change(desk.plan("--exit-code", ends=2), "compute")
    assert planned["specrun_action"] == "update"
    fields = {field["path"]: (field["before"], field["after"]) for field in planned["fields"]}
    assert fields == {"max_instances": (2, 3), "idle_time_before_scale_down": (120, 300)}
    desk.apply()
    assert actions(desk.plan("--exit-code")) == {}
    # What a spec leaves out is neither compared nor changed.
    desk.spec("compute: {name: <name>, max_instances: 3}\n")
    assert actions(desk.plan("--exit-code")) == {}
    desk.spec("compute: {name: <name>, size: <lower>}\n", lower=desk.place.size.lower())
    assert actions(desk.plan("--exit-code")) == {}, "a size has no case"


def test_a_cluster_is_replaced_only_when_that_is_meant(desk: Desk, needs: Callable[..., None]) -> None:
    needs("replace")
    declare(desk, 2)
    desk.apply()
    declare(desk, 2, size=desk.place.another)
    refused = desk.apply(ends=4)
    assert "error[replace]" in refused.err
    assert "--allow-replace" in refused.err
    planned = change(desk.plan(ends=4), "compute")
    assert (planned["specrun_action"], planned["change"]["replace_paths"]) == ("replace", [["size"]])
    declare(desk, 2)
    assert actions(desk.plan("--exit-code")) == {}, "refused: it is as it was"
    declare(desk, 2, size=desk.place.another)
    desk.apply("--allow-replace")
    assert actions(desk.plan("--exit-code")) == {}


def test_a_cluster_that_a_run_uses_is_neither_replaced_nor_destroyed(desk: Desk) -> None:
    text = CLUSTER.replace("<max>", "2").replace("<idle>", "120")
    desk.lasting_job(text.replace("<size>", desk.place.size))
    desk.apply("--detach")
    (run,) = desk.runs()
    assert run["name"] in desk.run("destroy", "--yes", ends=4).err
    if "replace" in desk.place.can:
        desk.lasting_job(text.replace("<size>", desk.place.another))
        assert run["name"] in desk.apply("--allow-replace", ends=4).err
        desk.lasting_job(text.replace("<size>", desk.place.size))
    assert actions(desk.plan("--exit-code")) == {}
    desk.run("cancel")
    desk.run("destroy", "--yes")
    assert change(desk.plan(), "compute")["specrun_action"] == "create"


def test_nor_when_the_run_is_of_another_spec(desk: Desk) -> None:
    declare(desk, 2)
    desk.apply()
    desk.lasting_job("name: <name>-user\ncompute: <name>\n", "user.yaml")
    desk.apply("--detach", "user.yaml")
    (run,) = desk.runs("user.yaml")
    assert run["name"] in desk.run("destroy", "--yes", ends=4).err
    desk.run("cancel", "user.yaml")
    desk.run("destroy", "--yes")


def test_a_cluster_changed_since_the_plan_is_not_overwritten(desk: Desk) -> None:
    declare(desk, 2)
    desk.apply()
    declare(desk, 4)
    desk.run("plan", "--out", "the.plan")
    mine = (desk.folder / "job.yaml").read_text()
    declare(desk, 3)
    desk.apply()
    desk.write("job.yaml", mine)
    stale = desk.apply("the.plan", ends=5)
    assert f"compute/{desk.name} changed since the plan" in stale.err
    planned = change(desk.plan(), "compute")
    assert [(field["before"], field["after"]) for field in planned["fields"]] == [(3, 4)]


def test_a_cluster_made_by_hand_is_kept_as_declared_but_never_deleted(desk: Desk, needs: Callable[..., None]) -> None:
    needs("by_hand")
    place = desk.place
    assert place.by_hand is not None
    place.by_hand(desk.name, place.size, 2)
    desk.spec("compute: {name: <name>, size: <size>, max_instances: 3}\n", size=place.size)
    assert actions(desk.plan("--out", "the.plan")) == {f"compute/{desk.name}": "update"}
    place.by_hand(desk.name, place.size, 4)
    assert "changed since the plan" in desk.apply("the.plan", ends=5).err
    desk.apply()
    assert actions(desk.plan("--exit-code")) == {}

    desk.spec("compute: {name: <name>, size: <size>, max_instances: 3}\n", size=place.another)
    assert "error[not-ours]" in desk.apply("--allow-replace", ends=4).err
    assert "kept: this spec did not make it" in desk.run("destroy", "--yes").err
    desk.spec("compute: {name: <name>, size: <size>, max_instances: 3}\n", size=place.size)
    assert actions(desk.plan("--exit-code")) == {}


def test_status_counts_the_instances_of_the_runs_cluster(desk: Desk, needs: Callable[..., None]) -> None:
    needs("clusters")
    text = CLUSTER.replace("<size>", desk.place.size).replace("<max>", "1").replace("<idle>", "120")
    desk.lasting_job(text)
    applying = desk.start("apply", "--yes")
    applying.await_line("begun")
    status = json.loads(desk.run("status", "-o", "json").out)
    assert status["compute"] == desk.name
    assert status["nodes"]["running"] == 1, status["nodes"]
    desk.run("cancel")
    applying.end(103)


def test_destroy_deletes_what_the_spec_made_and_only_that(desk: Desk) -> None:
    declare(desk, 2)
    desk.write("data/a.txt", "a\n")
    spec = desk.folder / "job.yaml"
    spec.write_text(spec.read_text() + f"data: {{set: {{path: data, target: conformance/{desk.name}}}}}\n")
    desk.apply()
    spec.with_name("other.yaml").write_text(spec.read_text().replace(f"name: {desk.name}\n", f"name: {desk.name}-b\n"))
    kept = desk.run("destroy", "--yes", "other.yaml", "--also", "data")
    assert "kept: this spec did not make it" in kept.err
    assert actions(desk.plan("--exit-code")) == {}

    assert "nobody is here to ask" in desk.run("destroy", ends=1).err
    desk.run("destroy", "--yes")
    plan = desk.plan("--exit-code", ends=2)
    assert actions(plan) == {f"compute/{desk.name}": "create"}, "data is kept unless it is named"
    assert "No changes" in desk.run("destroy", "--yes").err


def test_destroy_deletes_a_datastore_that_the_spec_made(desk: Desk, needs: Callable[..., None]) -> None:
    needs("owners", "store")
    store = desk.place.store
    assert store is not None
    words = {"store": desk.name.replace("-", "_"), "account": store.account, "container": store.container}
    text = "datastores: {<store>: {type: azure_blob, account_name: <account>, container_name: <container>}}\n"
    desk.spec(text, **words)
    desk.spec("name: <name>-other\n" + text, "other.yaml", **words)
    desk.apply()
    assert "kept: this spec did not make it" in desk.run("destroy", "--yes", "other.yaml").err
    assert actions(desk.plan("--exit-code")) == {}
    desk.run("destroy", "--yes")
    assert actions(desk.plan()) == {f"datastore/{words['store']}": "create"}
