"""Runs that do not succeed, and runs that are followed from elsewhere."""

from __future__ import annotations

import re

from tests.conformance.desk import Desk, actions, change

FAIL = """
    import json, os, socket, sys, time
    config = json.loads(os.environ["TF_CONFIG"])
    index = config["task"]["index"]
    host, port = config["cluster"]["worker"][0].split(":")
    for number in range(30):
        print(f"step {number} of {index}", flush=True)
    if index == 0:
        listening = socket.create_server(("", int(port)))
        while True:
            time.sleep(1)
    while socket.socket().connect_ex((host, int(port))):
        time.sleep(0.1)
    sys.exit("the loss is not a number")
"""
"""Worker 1 fails once worker 0 has said what it has to say, and that one would go on."""


def test_a_failed_run_is_100_with_the_last_lines_of_its_role_and_not_run_again(desk: Desk) -> None:
    desk.write("src/fail.py", FAIL)
    desk.spec("""
        job:
          code: src
          command: python fail.py
          distribution: {type: tensorflow, worker_count: 2}
          resources: {instance_count: 2}
    """)
    failed = desk.apply(ends=100)
    assert failed.roles["worker/1"][-1] == "the loss is not a number"
    _, heading, tail = failed.err.partition("Last lines of worker/1:\n")
    assert heading, failed.all
    told = [line.strip() for line in tail.splitlines()]
    assert "the loss is not a number" in told
    assert "step 29 of 1" in told
    assert not [line for line in told if line.endswith("of 0")]
    assert "step 10 of 1" not in told, "the last lines, and not all of them"
    (run,) = desk.runs()
    assert (run["status"], run["failed_role"]) == ("failed", "worker/1")

    plan = desk.plan("--exit-code", ends=0)
    assert actions(plan) == {}
    assert "--rerun" in change(plan, "run")["specrun_reason"]
    assert desk.apply(ends=100).roles == {}
    assert [each["name"] for each in desk.runs()] == [run["name"]]

    assert desk.apply("--rerun", ends=100).roles["worker/1"][-1] == "the loss is not a number"
    assert [(each["name"], each["attempt"]) for each in desk.runs()] == [(f"{run['name']}-2", 2), (run["name"], 1)]


def test_a_run_that_takes_too_long_is_100(desk: Desk) -> None:
    desk.spec("job: {command: 'echo begun; sleep 600', limits: {timeout: 3}}\n")
    ended = desk.apply(ends=100)
    assert ended.roles == {"main/0": ["begun"]}
    assert re.search(r"time(out|d out)", ended.out.splitlines()[-1]), ended.all
    assert desk.runs()[0]["status"] == "failed"
    assert desk.apply(ends=100).roles == {}


def test_a_run_is_followed_from_elsewhere_and_cancelled(desk: Desk) -> None:
    desk.lasting_job()
    first = desk.apply("--detach")
    assert first.roles == {}
    assert "goes on" in first.err
    (run,) = desk.runs()
    assert run["status"] in ("queued", "running")

    again, logs, status = desk.start("apply", "--yes"), desk.start("logs", "-f"), desk.start("status", "--wait")
    for following in (again, logs):
        following.await_line("main/0 | begun")
        following.await_more(2)
    assert f"{run['name']} is cancelled" in desk.run("cancel").out
    assert f"{run['name']} cancelled" in again.end(103).out
    assert logs.end(0).roles["main/0"][:2] == ["begun", "second 1"]
    assert "cancelled" in status.end(103).out

    (last,) = desk.run("logs", "--tail", "1").roles["main/0"]
    assert last.startswith("second ")
    assert desk.apply(ends=103).roles == {}
    assert [(each["name"], each["status"]) for each in desk.runs()] == [(run["name"], "cancelled")]
    assert "no unfinished run" in desk.run("cancel").out


def test_what_was_never_run_has_no_status(desk: Desk) -> None:
    desk.spec("job: {command: echo once}\n")
    assert desk.runs() == []
    for verb in ("status", "logs", "outputs"):
        assert "`specrun apply` starts one" in desk.run(verb, ends=1).err
