from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from specrun.plan.observed import Run, RunStatus
from specrun.plan.parameters import kept_variables, parameters, typed
from specrun.spec.model import Scalar


def of(identity: Mapping[str, object], variables: Mapping[str, Scalar] = {}, **logged: str) -> Mapping[str, Scalar]:
    run = Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED, variables=variables)
    return parameters(run, identity, logged)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("python train.py --lr 0.1 --batch=32", {"lr": 0.1, "batch": 32}),
        ("python train.py --amp --name adam", {"amp": True, "name": "adam"}),
        ("python -u train.py -b 32 --shift -0.5", {"b": 32, "shift": -0.5}),
        ("python train.py --sizes 64 32 --amp", {"sizes": "64 32", "amp": True}),
        ("python train.py --title 'two words' --note \"a b\"", {"title": "two words", "note": "a b"}),
        ("torchrun --nproc_per_node 2 train.py --lr 1e-3", {"lr": 0.001}),
        ("python -m torch.distributed.launch --nnodes 2 train.py --lr 1", {"lr": 1}),
        ("python -m package.train --config base.py", {"config": "base.py"}),
        ("pip install -r all.txt && cd src; python train.py --lr 3", {"lr": 3}),
        ("cd src && ./train --lr 3", {"lr": 3}),
        ("python3 -c 'print(1)' --lr 3", {"lr": 3}),
        ("bash -c 'pip install -q x && python t.py --lr 3'", {"lr": 3}),
        ("python train.py model.depth=3 +lr=0.2 --multirun", {"model.depth": 3, "lr": 0.2, "multirun": True}),
        ("python train.py --opts lr=1 depth=2", {"opts": True, "lr": 1, "depth": 2}),
        ("python train.py --lr 1 --lr 2", {"lr": 2}),
        ("python train.py --lr 1 -- --lr 2", {"lr": 1}),
        ("python train.py --fold 01 --none null", {"fold": "01", "none": "null"}),
        # What only the job's machine knows is no parameter.
        ("python train.py --host $HOST --out ${{ outputs.model }} --data ${{ inputs.digits }} --lr 1", {"lr": 1}),
        ("python train.py --token hunter2 --tokens 5", {"tokens": 5}),
        ("echo it's --not closed", {}),
        ("", {}),
    ],
)
def test_flags_of_a_command_are_parameters(command: str, found: Mapping[str, Scalar]) -> None:
    assert of({"command": command, "inputs": {"digits": {"files": {}}}}) == found


def test_scalar_inputs_are_parameters_and_stand_in_flags() -> None:
    identity = {"command": "python t.py --rate ${{ inputs.lr }}", "inputs": {"lr": {"value": 0.1}, "x": {"path": "a"}}}
    assert of(identity) == {"lr": 0.1, "rate": 0.1}


def test_a_flag_counts_before_a_variable_and_both_before_what_was_logged() -> None:
    identity = {"script": "train.py", "arguments": ["--learning-rate", "0.01", "--amp"]}
    assert of(identity, {"steps": 200, "learning_rate": 0.1, "api_key": "x"}, steps="5", momentum="0.9") == {
        "steps": 200,
        "learning_rate": 0.01,
        "amp": True,
        "momentum": 0.9,
    }


def test_variables_are_kept_as_numbers_and_texts_without_credentials() -> None:
    values = {"lr": 0.1, "amp": True, "n": None, "a": [1], "far": math.inf, "url": "https://u:hunter2@x.org", "s": "t"}
    kept = kept_variables(values)
    assert {**kept, "url": ""} == {"lr": 0.1, "amp": True, "far": "inf", "url": "", "s": "t"}
    assert "hunter2" not in str(kept)
    assert kept_variables(kept) == kept
    assert kept_variables(["no mapping"]) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("+1", 1), ("-1.5", -1.5), ("1e-3", 0.001), ("True", True), ("007", "007"), ("a", "a"), ("", "")],
)
def test_what_reads_as_a_number_is_one(text: str, value: Scalar) -> None:
    assert (typed(text), type(typed(text))) == (value, type(value))
