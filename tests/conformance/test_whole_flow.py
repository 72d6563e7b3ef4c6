"""From nothing to a finished run, and again: nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.conformance.desk import Desk, actions, change

TRAIN = """
    import argparse, json, os, pathlib, socket, sys, time

    asked = argparse.ArgumentParser()
    asked.add_argument("--data", type=pathlib.Path)
    asked.add_argument("--model", type=pathlib.Path)
    asked.add_argument("--factor", type=int)
    args = asked.parse_args()

    config = json.loads(os.environ["TF_CONFIG"])
    task = config["task"]
    cluster = {role: len(addresses) for role, addresses in config["cluster"].items()}
    print("told", json.dumps([task["type"], task["index"], cluster, config["environment"]]), flush=True)
    host, port = config["cluster"]["ps"][0].split(":")
    if task["type"] == "ps":
        serving = socket.create_server(("", int(port)))
        while True:  # until the workers are done: it never ends by itself
            time.sleep(1)
    while socket.socket().connect_ex((host, int(port))):
        time.sleep(0.1)
    numbers = [int(line) for file in sorted(args.data.glob("*.txt")) for line in file.read_text().split()]
    if task["index"] == 0:
        (args.model / "sum.json").write_text(json.dumps({"sum": sum(numbers) * args.factor}))
    print("a word for standard error", file=sys.stderr)
"""

SPEC = """
    workspace: <fresh>
    vars: {factor: 10}
    compute: {name: <cluster>, size: <size>, min_instances: 0, max_instances: 2}
    data:
      numbers: {path: data, target: conformance/<name>}
    job:
      code: src
      command: python train.py --data ${{ inputs.numbers }} --model ${{ outputs.model }} --factor ${{ vars.factor }}
      inputs:
        numbers: {data: numbers, mode: ro_mount}
      outputs:
        model: {}
      distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}
      resources: {instance_count: 2}
      limits: {timeout: 900}
"""

ROLES = {"ps/0", "worker/0", "worker/1"}


def test_from_nothing_to_a_finished_run_and_again_nothing(desk: Desk) -> None:
    place = desk.place
    desk.write("src/train.py", TRAIN)
    desk.write("data/one.txt", "1\n2\n3\n")
    desk.write("data/two.txt", "4\n")
    desk.spec(SPEC, fresh=place.fresh, cluster=desk.name, size=place.size)

    plan = desk.plan("--exit-code", ends=2)
    made = {"workspace": "create"} if "workspaces" in place.can else {}
    planned = {address.partition("/")[0]: action for address, action in actions(plan).items()}
    assert planned == {**made, "compute": "create", "data": "create", "run": "submit"}
    name = change(plan, "run")["run"]["name"]
    assert name == f"{desk.name}-{plan['fingerprints'][desk.name][:10]}"

    applied = desk.apply()
    assert applied.roles.keys() == ROLES, applied.all
    for role in ROLES:
        kind, _, index = role.partition("/")
        assert applied.told(role) == [kind, int(index), {"ps": 1, "worker": 2}, "cloud"]
    assert "a word for standard error" in applied.roles["worker/1"]
    last = applied.out.splitlines()[-1]
    assert f"{name} succeeded" in last

    listed = json.loads(desk.run("outputs", "-o", "json").out)
    assert (listed["run"], [file["path"] for file in listed["files"]]) == (name, ["model/sum.json"])
    desk.run("outputs", "--fetch", "got")
    assert json.loads((desk.folder / "got/model/sum.json").read_text()) == {"sum": 100}
    status = json.loads(desk.run("status", "-o", "json").out)
    assert (status["name"], status["status"]) == (name, "succeeded")
    assert status["fingerprint"] == plan["fingerprints"][desk.name]
    assert status["started"] <= status["ended"]

    assert actions(desk.plan("--exit-code")) == {}
    again = desk.apply()
    assert "No changes" in again.err
    assert again.roles == {}, "nothing runs twice"
    assert name in again.out
    assert [run["name"] for run in desk.runs()] == [name]


def test_a_saved_plan_is_carried_out_as_it_was_shown(desk: Desk) -> None:
    desk.spec("vars: {word: nothing}\njob: {command: 'echo the word is ${{ vars.word }}'}\n")
    desk.run("plan", "--var", "word=kept", "--out", "the.plan")
    promised = json.loads((desk.folder / "the.plan").read_text())["fingerprints"][desk.name]
    assert desk.apply("the.plan").roles == {"main/0": ["the word is kept"]}
    assert [run["fingerprint"] for run in desk.runs()] == [promised]
    job = desk.folder / "job.yaml"
    job.write_text(job.read_text().replace("echo", "printf"))
    assert "plan again" in desk.apply("the.plan", ends=5).err
    assert len(desk.runs()) == 1


def test_one_spec_has_one_fingerprint_on_every_engine(desk: Desk, needs: Callable[..., None]) -> None:
    needs("clusters")  # this machine would be compared with itself
    desk.write("src/train.py", "print('code')\n")
    desk.write("data/a.txt", "a\n")
    text = SPEC.replace("train.py", "train.py --again")
    desk.spec(text, fresh=desk.place.workspace, cluster=desk.name, size=desk.place.size)
    here = desk.plan("--engine", "local")
    assert desk.plan()["fingerprints"] == here["fingerprints"]
