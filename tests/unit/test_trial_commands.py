"""What a trial's command is: that of its sweep, with the values of its parameters as one word each."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from specrun.plan.trials import filled_command, identity_of_trial
from specrun.spec.model import Scalar

NASTY = 'it\'s "a" $HOME `b` \\ ${{ search_space.y }} ; c'


@pytest.mark.parametrize(
    ("command", "parameters", "expected"),
    [
        ("train --lr ${{ search_space.x }}", {"x": 0.1}, "train --lr 0.1"),
        ("train --lr=${{search_space.x}}", {"x": 1e-05}, "train --lr=1e-05"),
        ("train --on ${{ search_space.x }}", {"x": True}, "train --on true"),
        ("train --net ${{ search_space.x }}", {"x": "a b"}, "train --net 'a b'"),
        ('train --net "${{ search_space.x }}"', {"x": "a b"}, 'train --net "a b"'),
        ("train ${{ inputs.x }} ${{ search_space.z }}", {"x": 1}, "train ${{ inputs.x }} ${{ search_space.z }}"),
    ],
)
def test_values_stand_as_a_person_would_write_them(
    command: str, parameters: Mapping[str, Scalar], expected: str
) -> None:
    assert filled_command(command, parameters) == expected


@pytest.mark.parametrize(
    "command",
    [
        "printf '%s|' --x ${{ search_space.x }}",
        "printf '%s|' --x \"${{ search_space.x }}\"",
        "printf '%s|' --x '${{ search_space.x }}'",
        "bash -c 'printf \"%s|\" --x ${{ search_space.x }}'",
    ],
)
def test_whatever_a_value_has_bash_gets_it_as_one_word(command: str) -> None:
    line = filled_command(command, {"x": NASTY, "y": "not this"})
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout
    assert said == f"--x|{NASTY}|"


def test_one_word_and_two_are_not_the_same_trial() -> None:
    sweep = {"fp": 1, "command": "train --net ${{ search_space.x }}", "sweep": {"goal": "maximize"}}
    assert identity_of_trial(sweep, {"x": "a b"}) != {"fp": 1, "command": "train --net a b"}
    assert identity_of_trial(sweep, {"x": "a"}) == {"fp": 1, "command": "train --net a"}
