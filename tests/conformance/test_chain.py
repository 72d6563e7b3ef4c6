"""A chain: each run reads what the one before has written, or the model that was registered of it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.conformance.desk import Desk, actions

PREP = """
    job:
      command: >-
        mkdir -p ${{ outputs.rows }}/deep outputs && echo 1 > ${{ outputs.rows }}/deep/a.txt && echo 2 > outputs/b.txt
      outputs: {rows: {}}
"""
TRAIN = """
    job:
      command: cat ${{ inputs.rows }}/deep/a.txt ${{ inputs.rest }}/b.txt > ${{ outputs.model }}/m.txt
      inputs:
        rows: {run: <of>-prep, output: rows}
        rest: {run: ./prep.yaml, output: default, mode: download}
      outputs: {model: {<register>}}
"""
READ = """
    job:
      command: echo told $(cat ${{ inputs.model }}/m.txt | tr '\\n' ' ' | sed 's/ $//; s/ /0/g')
      inputs: {model: {<source>}}
"""


def test_each_reads_what_the_one_before_has_written(desk: Desk) -> None:
    files = {"prep": PREP, "train": TRAIN, "read": READ}
    for name, text in files.items():
        desk.spec(
            text,
            f"{name}.yaml",
            name=f"{desk.name}-{name}",
            of=desk.name,
            register="",
            source=f"run: {desk.name}-train, output: model",
        )
    said = desk.apply("read.yaml", "prep.yaml", "train.yaml")
    assert "main/0 | told 102" in said.out
    again = [f"{name}.yaml" for name in files]
    assert actions(desk.plan(*again, "--exit-code")) == {}
    desk.spec(PREP.replace("echo 2", "echo 3"), "prep.yaml", name=f"{desk.name}-prep")
    assert "main/0 | told 103" in desk.apply(*again).out
    assert len(desk.runs("read.yaml")) == 2


def test_an_output_becomes_a_model_once_and_is_read_by_its_name(desk: Desk, needs: Callable[..., None]) -> None:
    needs("models")
    desk.spec(PREP, "prep.yaml", name=f"{desk.name}-prep")
    desk.spec(TRAIN, "train.yaml", name=f"{desk.name}-train", of=desk.name, register="")
    desk.apply("prep.yaml", "train.yaml")
    desk.spec(TRAIN, "train.yaml", name=f"{desk.name}-train", of=desk.name, register=f"register: {{name: {desk.name}}}")
    plan = desk.plan("train.yaml")
    assert set(actions(plan).values()) == {"create"}
    desk.apply("train.yaml")
    assert [len(desk.runs(f"{name}.yaml")) for name in ("prep", "train")] == [1, 1]
    assert actions(desk.plan("train.yaml", "--exit-code")) == {}
    desk.spec(READ, "read.yaml", name=f"{desk.name}-read", source=f"model: {desk.name}, version: latest")
    assert desk.apply("read.yaml").told() == 102
    assert actions(desk.plan("read.yaml", "--exit-code")) == {}
    (run,) = desk.runs("read.yaml")
    status = json.loads(desk.run("status", "--run", run["name"], "-o", "json").out)
    assert f"{desk.name}:1" in json.dumps(status)
