"""A wrong value that an expression gave: the message speaks of where it is set, and never shows the environment's."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.spec.load import load

SPEC = (
    "apiVersion: specrun/v1\nname: given\nvars: {size: STANDARD_D2_V3, taken: '${{ env.GIVEN }}', n: two, tier: low}\n"
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVEN", "a canary!")
    monkeypatch.setenv("NOTHING", "")
    monkeypatch.setenv("COUNT", "2")


def details(folder: Path, text: str, **variables: str) -> list[str]:
    (folder / "spec.yaml").write_text(SPEC + text)
    return [found.detail for found in load([str(folder / "spec.yaml")], variables=variables).diagnostics]


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        ("size: '${{ env.GIVEN }}'", ["`compute.size` takes", "environment variable `GIVEN` does not fit"]),
        ("size: 'x${{ env.GIVEN }}'", ["environment variable `GIVEN` put in"]),
        ("size: '${{ vars.taken }}'", ["`vars.taken` (line 3) takes from the environment"]),
        ("size: '${{ env.NOTHING }}'", ["environment variable `NOTHING` is empty"]),
        ("size: '${{ vars.size }} big'", ["`vars.size` (line 3) put in", '"STANDARD_D2_V3 big"']),
        ("tier: '${{ vars.tier }}'", ["`dedicated` or `low_priority`", '"low"', "`--var`", "perhaps `low_priority`"]),
        ("max_instances: ${{ vars.n }}", ["takes a whole number", '`vars.n` (line 3) gives the text "two"']),
        ("max_instances: ${{ env.COUNT }}", ["`COUNT` is always text", "`vars`", "`--var`"]),
    ],
)
def test_the_detail_says_which_variable(tmp_path: Path, compute: str, words: list[str]) -> None:
    (detail,) = details(tmp_path, f"compute:\n  name: gpu\n  {compute}\n")
    for word in words:
        assert word in detail
    assert "canary" not in detail
    assert "For example" not in detail


def test_what_the_command_line_gives_is_shown(tmp_path: Path) -> None:
    (detail,) = details(tmp_path, "compute:\n  name: gpu\n  max_instances: ${{ vars.n }}\n", n="-1")
    assert detail.startswith("`compute.max_instances` is at least 0.")
    assert "gives the number -1" in detail


def test_a_value_that_stands_in_the_file_is_spoken_of_as_before(tmp_path: Path) -> None:
    (detail,) = details(tmp_path, "compute:\n  name: gpu\n  max_instances: two\n")
    assert "For example `max_instances: 2`" in detail
