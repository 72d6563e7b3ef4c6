"""Specs that read from each other's runs: found by name and by file, and what is wrong at its input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from specrun.apply import chains
from specrun.apply.chains import with_upstream
from specrun.apply.project import open_project
from specrun.plan.changes import Plan
from specrun.plan.drift.ignores import Ignores
from specrun.plan.graph import build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.planning import PlanOptions
from specrun.plan.resources import Place
from specrun.spec.load import load

HEAD = "apiVersion: specrun/v1\nname: {}\n"


def job(inputs: str = "", outputs: str = "", command: str = "echo") -> str:
    parts = [f"inputs: {inputs}"] * bool(inputs) + [f"outputs: {outputs}"] * bool(outputs)
    return f"job: {{command: {command}, {', '.join(parts)}}}\n"


def write(folder: Path, specs: Mapping[str, str]) -> None:
    for name, text in specs.items():
        (folder / f"{name}.yaml").write_text(HEAD.format(name) + text)


def found(folder: Path, *names: str) -> list[tuple[str, str]]:
    """What is wrong with the specs of these names, and at which paths."""
    loaded = load([str(folder / f"{name}.yaml") for name in names])
    assert loaded.ok, loaded.diagnostics
    chained = with_upstream(loaded.specs, {})
    project = open_project(chained.specs, "local", folder / "home", chained.used)
    wrong = [*chained.mistakes, *(project.check() if not chained.mistakes else ())]
    return [(one.code, ".".join(map(str, one.path))) for one in wrong]


@pytest.mark.parametrize("written", ["prep", "./prep.yaml"])
@pytest.mark.parametrize("given", [("train",), ("train", "prep")])
def test_the_spec_that_is_read_from_is_found(tmp_path: Path, written: str, given: tuple[str, ...]) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"prep": job(outputs="{f: {}}"), "train": job(f"{{f: {{run: {written}, output: f}}}}")})
    assert found(tmp_path, *given) == []


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        ("run: prap, output: f", "unknown-run", "job.inputs.f.run"),
        ("run: ./prap.yaml, output: f", "unknown-run", "job.inputs.f.run"),
        ("run: prep, output: g", "unknown-run-output", "job.inputs.f"),
    ],
)
def test_what_is_not_there_is_told_at_its_input(tmp_path: Path, source: str, code: str, path: str) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"prep": job(outputs="{f: {}}"), "train": job(f"{{f: {{{source}}}}}")})
    assert found(tmp_path, "train", "prep") == [(code, path)]


def test_a_ring_is_told_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            name: job(f"{{f: {{run: {upstream}, output: default}}}}")
            for name, upstream in {"a": "b", "b": "c", "c": "a"}.items()
        },
    )
    assert found(tmp_path, "a", "b", "c") == [("chain-loop", "job.inputs.f")]


def test_each_ring_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            name: job(f"{{f: {{run: {upstream}, output: default}}}}")
            for name, upstream in {"a": "b", "b": "a", "c": "d", "d": "c", "e": "c"}.items()
        },
    )
    assert found(tmp_path, "a", "b", "c", "d", "e") == [("chain-loop", "job.inputs.f")] * 2


def test_who_makes_the_next_version_of_what_it_reads_is_not_sent_in_a_ring(tmp_path: Path) -> None:
    write(tmp_path, {"tune": job("{base: {model: digits, version: latest}}", "{m: {register: {name: digits}}}")})
    chained = with_upstream(load([str(tmp_path / "tune.yaml")]).specs, {})
    graph = build_graph(chained.specs, lambda spec: Place("local", "", "here"), HashCache(tmp_path / "home"))
    (mistake,) = graph.diagnostics
    assert mistake.code == "latest-of-same-call"
    assert "run:" not in mistake.detail
    assert "`specrun models digits` lists" in mistake.detail


def test_the_latest_of_a_model_that_is_made_in_the_same_call(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "train": job(outputs="{m: {register: {name: digits}}}"),
            "tune": job("{base: {model: digits, version: latest}}"),
        },
    )
    assert found(tmp_path, "train", "tune") == [("latest-of-same-call", "job.inputs.base")]
    assert found(tmp_path, "tune") == []


def planned(folder: Path, *names: str) -> Plan:
    chained = with_upstream(load([str(folder / f"{name}.yaml") for name in names]).specs, {})
    return open_project(chained.specs, "local", folder / "home", chained.used).plan(PlanOptions())


def test_a_spec_that_was_not_given_must_have_run(tmp_path: Path) -> None:
    write(tmp_path, {"prep": job(outputs="{f: {}}"), "train": job("{f: {run: ./prep.yaml, output: f}}")})
    plan = planned(tmp_path, "train")
    assert [one.code for one in plan.problems] == ["upstream-not-run"]
    assert [str(key) for key in plan.unplanned] == ["run/train"]
    assert [change.key.address for change in planned(tmp_path, "train", "prep").changes] == ["run/prep", "run/train"]


def test_a_model_that_is_not_registered(tmp_path: Path) -> None:
    write(tmp_path, {"tune": job("{base: {model: digits, version: 3}}")})
    plan = planned(tmp_path, "tune")
    assert [(one.code, one.path[-1]) for one in plan.problems] == [("unknown-model", "base")]


def test_a_run_in_another_place_is_not_read_from(tmp_path: Path) -> None:
    write(tmp_path, {"prep": job(outputs="{f: {}}"), "train": job("{f: {run: prep, output: f}}")})
    specs = load([str(tmp_path / "prep.yaml"), str(tmp_path / "train.yaml")]).specs
    graph = build_graph(specs, lambda spec: Place("local", spec.name, spec.name), HashCache(tmp_path / "home"))
    assert [one.code for one in graph.diagnostics] == ["upstream-elsewhere"]


def test_what_is_only_read_from_is_never_deleted(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "prep": job(outputs="{f: {}}"),
            "train": job("{f: {run: ./prep.yaml, output: f}}", "{m: {register: {name: d}}}"),
        },
    )
    chained = with_upstream(load([str(tmp_path / "train.yaml")]).specs, {})
    project = open_project(chained.specs, "local", tmp_path / "home", chained.used)
    addresses = [str(change.key) for change in project.plan_destruction(["run"]).changes]
    assert addresses == ["model/d/train/m", "run/train"]
    assert project.drift(Ignores()).comparisons == ()


def test_a_file_in_a_base_starts_at_the_base(tmp_path: Path) -> None:
    for name in ("jobs", "prep"):
        (tmp_path / name).mkdir()
    write(tmp_path / "prep", {"prep": job(outputs="{f: {}}")})
    (tmp_path / "base.yaml").write_text(
        "abstract: true\njob: {inputs: {f: {run: ./prep/prep.yaml, output: f}, g: {run: prep, output: f}}}\n"
    )
    (tmp_path / "jobs" / "train.yaml").write_text(
        HEAD.format("train") + "extends: ../base.yaml\n" + job("{h: {run: ../prep/prep.yaml, output: f}}")
    )
    assert found(tmp_path, "jobs/train", "prep/prep") == []


def test_a_chain_is_looked_for_once_however_long_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {f"s{n}": job(f"{{f: {{run: s{n - 1}, output: f}}}}" * (n > 0), "{f: {}}") for n in range(9)})
    looked: list[str] = []
    whole = chains.all_specs
    monkeypatch.setattr(chains, "all_specs", lambda root, *others: looked.append(root) or whole(root, *others))
    chained = with_upstream(load([str(tmp_path / "s8.yaml")]).specs, {})
    assert sorted(one.name for one in chained.used) == [f"s{n}" for n in range(8)]
    assert len(looked) == 2, "once for the files, and once to load those that matter"


def test_a_spec_of_that_name_which_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"prep": "job: {comand: ls}\n", "train": job("{f: {run: prep, output: f}}")})
    (mistake,) = with_upstream(load([str(tmp_path / "train.yaml")]).specs, {}).mistakes
    assert mistake.code == "unknown-run"
    assert "prep.yaml is named `prep`, and is no spec that could be run" in mistake.detail
