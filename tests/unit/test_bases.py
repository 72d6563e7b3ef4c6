"""What a spec builds on: read once, inside of its repository, and never in a ring."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.spec.load import Loaded, load

HEAD = "apiVersion: specrun/v1\nname: digits\n"


def files(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def told(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(found.location.file, found.location.line, found.code) for found in loaded.diagnostics]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def test_bases_that_build_on_each_other_in_a_ring_are_one_error(repository: Path) -> None:
    files(
        repository,
        {
            "a.yaml": f"{HEAD}extends: bases/b.yaml\njob: {{command: 'true'}}\n",
            "bases/b.yaml": "extends: c.yaml\n",
            "bases/c.yaml": "abstract: true\nextends:\n- ../bases/b.yaml\n",
        },
    )

    loaded = load(["a.yaml", "bases/b.yaml", "bases/c.yaml"], with_specs=False)

    assert told(loaded) == [("bases/c.yaml", 3, "bases-loop")]
    assert loaded.diagnostics[0].detail.startswith(
        "`bases/b.yaml` extends `bases/c.yaml`, which extends `bases/b.yaml`."
    )
    assert loaded.specs == ()


def test_more_bases_than_a_person_keeps_in_mind_are_refused(repository: Path) -> None:
    deep = {f"b{number}.yaml": f"extends: b{number + 1}.yaml\n" for number in range(200)}
    files(repository, {**deep, "a.yaml": f"{HEAD}extends: b0.yaml\n"})

    assert told(load(["a.yaml"])) == [("b99.yaml", 1, "too-many-bases")]
