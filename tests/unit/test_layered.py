"""Each folder in tests/cases/layers is a test of files that are merged to one spec.

Comments in its spec.yaml say what it is about:

# same as: FILE       the spec in one file that this one is (else `# expect` or `# targets`)
# target: NAME        the target that is chosen
# given: FILE …       what is loaded, in place of the spec
# targets: NAME …     the targets that it has
# var: NAME=VALUE

and in any of its files

# expect: LINE:COLUMN SEVERITY CODE       what `load` must find in that file, no more and no less
# says: DETAIL                            (one for each `# expect`, or none; … stands for any text)
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.spec.load import load
from specrun.spec.loaded import Loaded
from specrun.spec.model import Spec

FOLDER = Path(__file__).parents[1] / "cases" / "layers"
CASES = sorted(path.name for path in FOLDER.iterdir())
DIRECTIVE = re.compile(r"^# (same as|target|given|targets|expect|says|var): (.*)$", re.MULTILINE)


def directives(file: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in DIRECTIVE.findall(file.read_text(encoding="utf-8")):
        found.setdefault(name, []).append(value.strip())
    return found


def only(loaded: Loaded) -> Spec:
    """The spec, without what says where it came from; its digest is of what its files say, with their own paths."""
    assert [found for found in loaded.diagnostics if found.code not in ("unset-secret", "unused-var")] == []
    (spec,) = loaded.specs
    return replace(spec, file=Path(), layers=(), target="", digest="")


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = FOLDER / name
    monkeypatch.chdir(case)
    (file,) = case.glob("**/spec.yaml")
    spec = str(file.relative_to(case))
    said = directives(file)
    given = said.get("given", [spec])[0].split()
    variables = dict(line.split("=", 1) for line in said.get("var", []))
    loaded = load(given, target=said.get("target", [None])[0], variables=variables, with_specs="same as" in said)
    assert {"same as", "expect", "targets"} & {word for one in case.glob("**/*.yaml") for word in directives(one)}
    for one in case.glob("**/*.yaml"):
        expect_in(str(one.relative_to(case)), directives(one), loaded)
    if "targets" in said:
        assert list(loaded.targets[spec]) == said["targets"][0].split()
    if "same as" in said:
        assert only(loaded) == only(load(said["same as"], variables=variables))


def expect_in(file: str, said: dict[str, list[str]], loaded: Loaded) -> None:
    found = [d for d in loaded.diagnostics if d.location.file == file and d.code != "unset-secret"]
    told = [f"{d.location.line}:{d.location.column} {d.severity.value} {d.code}" for d in found]
    assert told == said.get("expect", []), f"{file}: {[d.detail for d in found]}"
    for detail, pattern in zip([d.detail for d in found], said.get("says", []), strict=False):
        assert re.fullmatch(re.escape(pattern).replace("…", ".*"), detail), detail
