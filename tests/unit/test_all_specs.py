"""All specs of a repository, for all of their targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.apply.all_specs import AllSpecs, all_specs
from specrun.plan.resources import Key, Place, same_thing

IN = "workspace: {name: ml-ws, resource_group: rg, subscription_id: 00000000-0000-0000-0000-000000000000}\n"
WHERE = "00000000-0000-0000-0000-000000000000/rg/ml-ws"


def write_files(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def loaded(**options: Any) -> AllSpecs:
    return all_specs(".", options)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_each_target_is_a_spec_and_a_base_is_none(here: Path) -> None:
    write_files(
        here,
        {
            "a.yaml": "apiVersion: specrun/v1\nname: a\nextends: b/base.yaml\n"
            "targets: {dev: {compute: {name: small}}, prod: {compute: {name: big}}}\ndefault_target: dev\n",
            "b/base.yaml": "apiVersion: specrun/v1\nabstract: true\ncompute: {size: STANDARD_DS3_V2}\n",
            "b/c.yaml": "apiVersion: specrun/v1\nname: c\ncompute: big\njob: {command: ls}\n",
            ".specrun.yaml": "repository: r\nspecs: [b]\n",
        },
    )
    found = loaded(target="prod")
    assert not found.unread
    assert [(spec.name, spec.target) for spec in found.specs] == [("a", "dev"), ("a", "prod"), ("c", "")]
    uses = [(str(one.key), one.maker.spec, one.maker.target, one.managed) for one in found.uses(None)]
    assert uses == [
        ("compute/small", "a", "dev", True),
        ("compute/big", "a", "prod", True),
        ("compute/big", "c", "", False),
    ]


def test_what_cannot_be_read_is_told_with_all_of_its_kind(here: Path) -> None:
    write_files(
        here,
        {
            "bad.yaml": "apiVersion: specrun/v1\nname: UPPER\ncompute: x\n",
            "unset.yaml": "apiVersion: specrun/v1\nname: u\ncompute: {name: '${{ env.NOT_SET }}', size: S}\n",
            "good.yaml": "apiVersion: specrun/v1\nname: good\ncompute: {name: gpu, size: STANDARD_DS3_V2}\n",
        },
    )
    found = loaded()
    assert [spec.name for spec in found.specs] == ["good"]
    assert {one.location.file for one in found.unread} == {"bad.yaml", "unset.yaml"}
    assert loaded().files == ("bad.yaml", "good.yaml", "unset.yaml")


def test_no_specs_are_none(here: Path) -> None:
    assert loaded() == AllSpecs((), (), ())


def test_places_are_those_of_each_target_by_itself(here: Path) -> None:
    targets = f"targets: {{here: {{engine: local}}, cloud: {{engine: azureml-v1, {IN.strip()}}}}}\n"
    write_files(
        here,
        {
            "a.yaml": f"apiVersion: specrun/v1\nname: a\ncompute: {{name: gpu, size: STANDARD_DS3_V2}}\n{targets}",
            "b.yaml": f"apiVersion: specrun/v1\nname: b\n{IN}compute: Mine\ndata: {{d: {{path: b.yaml, target: t, "
            "datastore: store}}\njob: {command: ls, inputs: {x: {path: azureml://datastores/Other/paths/p/q}}}\n",
        },
    )
    found = loaded()
    assert not found.unread
    placed = {(at.engine, at.workspace): [spec.name for spec in specs] for at, specs in found.places(None).items()}
    assert placed == {("local", ""): ["a", "b"], ("azureml-v1", WHERE): ["a"]}
    things = {one.thing for one in found.uses(None)}
    # Where b would be with another engine, what it uses is there.
    assert {
        (WHERE, "compute/mine"),
        ("", "compute/mine"),
        (WHERE, "datastore/store"),
        (WHERE, "datastore/other"),
    } <= things
    assert {(WHERE, "data/store/t"), (WHERE, "data/other/p/q"), (WHERE, "compute/gpu")} <= things
    assert same_thing(Key(Place("azureml", WHERE), "compute/MINE")) in things
