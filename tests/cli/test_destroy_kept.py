"""What `destroy` keeps because another spec of the repository declares or uses it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from specrun.spec.glimpse import may_name

GPU = "compute: {name: gpu-a, max_instances: 2}\n"
SPACE = "workspace: {name: elsewhere, resource_group: g, subscription_id: 11111111-2222-3333-4444-555555555555}\n"
STORE = "datastores: {training: {type: azure_blob, account_name: mlstore, container_name: training}}\n"
KEPT = "kept: b.yaml declares it, too"


@pytest.fixture(autouse=True)
def repository(specrun: Any) -> None:
    """A repository in which the spec a.yaml has made a cluster and a datastore."""
    Path(".git").mkdir()
    write("a.yaml", GPU + STORE)
    assert specrun("apply", "a.yaml").code == 0


def write(file: str, text: str, name: str = "") -> None:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"apiVersion: specrun/v1\nname: {name or path.stem}\n{text}")


def records() -> set[str]:
    return {path.stem for path in Path(".specrun/resources").rglob("*.json")}


def destroy(specrun: Any, *arguments: str) -> str:
    """What it says."""
    said = specrun("destroy", "-y", *(arguments or ("a.yaml",)))
    assert said.code == 0, said.err
    return str(said.out + said.err)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GPU, "team/b.yaml declares it, too"),
        ("compute: {name: GPU-A}\n", "team/b.yaml declares it, too"),
        ("compute: gpu-a\njob: {command: echo}\n", "team/b.yaml uses it"),
        ("compute: ${{ vars.c }}\nvars: {c: gpu-a}\njob: {command: echo}\n", "team/b.yaml uses it"),
        ('compute: {name: "gpu-${{ vars.c }}"}\nvars: {c: a}\n', "team/b.yaml declares it, too"),
        (
            "targets: {prod: {compute: {name: gpu-a}}, dev: {compute: other}}\ncompute: {}\n",
            "for its target prod declares",
        ),
        ("extends: ../base.yaml\n", "team/b.yaml declares it, too"),
        ("compute: gpu-a\nnonsense: 1\n", "team/b.yaml may declare it, and cannot be read: mend it first"),
        ("compute: [gpu-a\n", "team/b.yaml may declare it"),
        ("extends: ../base.yaml\nnonsense: 1\n", "team/b.yaml may declare it"),
        (f"engine: azureml\n{SPACE}compute: gpu-a\n", ""),  # it is somewhere else
        ("compute: gpu-b\njob: {command: echo}\n", ""),
        ("compute: gpu-b\nnonsense: 1\n", ""),
        ("compute: gpu-b\nengine: ${{ env.NOT_SET }}\n", ""),
    ],
)
def test_what_another_spec_declares_or_uses_is_kept(specrun: Any, text: str, words: str) -> None:
    write("team/b.yaml", text)
    Path("base.yaml").write_text("abstract: true\ncompute: {name: gpu-a}\n")
    said = destroy(specrun)
    assert words in said if words else "kept" not in said
    assert ("gpu-a" in records()) == bool(words)
    assert "training" not in records()


def test_a_datastore_that_another_spec_puts_data_on_is_kept(specrun: Any) -> None:
    write("b.yaml", "data: {mnist: {path: team, datastore: training}}\n")
    Path("team").mkdir()
    write("c.yaml", "job: {command: echo, inputs: {x: {path: 'azureml://datastores/training/paths/y'}}}\n")
    said = destroy(specrun)
    assert "b.yaml (and 1 more) uses it" in said
    assert records() == {"training"}


def test_a_target_of_data_that_another_spec_fills_is_kept(specrun: Any) -> None:
    Path("data").mkdir()
    Path("data/a").write_text("1")
    write("a.yaml", "data: {mnist: {path: data, target: digits/mnist}, own: {path: data}}\n")
    assert specrun("apply", "a.yaml").code == 0
    write("b.yaml", "data: {other: {path: data, target: digits/mnist, datastore: workspaceblobstore}}\n")
    said = destroy(specrun, "a.yaml", "--also", "data")
    assert "kept: b.yaml declares it, too" in said
    assert {path.parent.name for path in Path(".specrun/datastores").rglob("a")} == {"mnist"}


def test_what_all_declare_goes_when_all_are_named(specrun: Any) -> None:
    write("b.yaml", GPU)
    Path(".specrun.yaml").write_text("specs: ['*.yaml']\n")
    assert KEPT in destroy(specrun, "a.yaml")
    assert KEPT in destroy(specrun, "--all", "--only", "name:a")
    assert "kept" not in destroy(specrun, "--all")
    assert records() == set()


def test_what_was_said_of_one_spec_is_said_of_no_other(specrun: Any) -> None:
    write("a.yaml", "compute: {name: '${{ vars.c }}'}\nvars: {c: none}\n")
    write("b.yaml", "compute: {name: gpu-a}\n")
    assert KEPT in destroy(specrun, "a.yaml", "--var", "c=gpu-a")


def test_what_is_piped_is_not_another_spec_than_the_file_of_its_name(
    specrun: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("a.yaml") as piped:  # noqa: PTH123
        monkeypatch.setattr("sys.stdin", piped)
        assert "kept" not in destroy(specrun, "-")
    assert records() == set()


def test_another_target_of_the_same_spec_is_no_other_spec(specrun: Any) -> None:
    write("c.yaml", f"targets: {{dev: {{}}, prod: {{}}}}\n{GPU.replace('gpu-a', 'gpu-c')}")
    assert specrun("apply", "c.yaml", "--target", "dev").code == 0
    destroy(specrun, "c.yaml", "--target", "dev")
    assert "gpu-c" not in records()


def test_outside_of_a_repository_only_what_is_given_counts(specrun: Any) -> None:
    Path("../alone").mkdir()
    os.chdir("../alone")
    write("a.yaml", GPU)
    write("b.yaml", GPU)
    assert specrun("apply", "a.yaml").code == 0
    assert "kept" not in destroy(specrun)


def test_specs_that_cannot_name_it_are_not_loaded(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from specrun.apply import all_specs

    loaded: list[str] = []
    load = all_specs.load

    def noting(**options: Any) -> Any:
        loaded.extend(options["files"])
        return load(**options)

    monkeypatch.setattr(all_specs, "load", noting)
    for number in range(20):
        write(
            f"specs/s{number}.yaml",
            f"compute: gpu-{number}\njob: {{command: 'echo ${{{{ vars.x }}}}'}}\nvars: {{x: 1}}\n",
        )
    write("specs/b.yaml", GPU)
    assert "specs/b.yaml declares it, too" in destroy(specrun)
    assert loaded == ["specs/b.yaml"]


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("compute: GPU-A", True),
        ("# once on gpu-a", True),
        ("compute: other", False),
        ("workspace: {name: ws, subscription_id: '${{ env.S }}'}", False),
        ("command: 'train --name ${{ vars.x }}'", False),
        ("compute: {size: D2, name: 'x-${{ vars.x }}'}", True),
        ("compute:\n  ${{ vars.x }}", True),
        ("compute: *it", True),
        ('compute: "gp\\x75-a"', True),
        ("path: azureml://datastores/${{ vars.x }}/paths/y", True),
    ],
)
def test_a_text_that_may_name_it(text: str, may: bool) -> None:
    assert may_name(text, ["gpu-a"]) is may
