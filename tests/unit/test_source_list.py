"""Data whose source is not here: what its target holds stands for it."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.plan import source_list
from specrun.plan.changes import Action, Plan
from specrun.plan.comparison import differences
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status, StoredFile
from specrun.plan.saved import contents
from specrun.plan.source_list import SourceList, blob_name, is_list, read_list, write_list
from specrun.spec.diagnostics import Severity
from specrun.spec.reading import is_absent
from specrun.views.data import plan_data
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from tests.engine_double import Double, change_of, plan_for, read_specs, write_spec

TEXT = """\
name: job
data: {d: {path: data, datastore: training, target: sets/d, source: optional}}
job: {command: 'cat ${{ inputs.d }}', inputs: {d: {data: d}}}
"""
KEY = "data/training/sets/d"
FILES = {"data__a_csv": "1\n", "data__sub__b_csv": "2\n", "data__run": "3\n"}


def uploaded(folder: Path, engine: Double, text: str = TEXT, path: str = "data") -> Plan:
    """The plan where the source is; its files are on the target by then, with their list, and no longer here."""
    spec = write_spec(folder, text, **FILES)
    (folder / "data/run").chmod(0o755)
    (folder / "data" / unicodedata.normalize("NFD", "ü")).write_text("4\n")
    plan = plan_for(engine, read_specs(spec), folder / "home")
    source = change_of(plan, KEY).transfer.source
    files = {file.path: StoredFile(file.size, file.md5, Maker("job")) for file in source}
    engine.there[KEY] = Observed(Status.READY, files=files, listed=SourceList.of(source))
    here = folder / path
    shutil.rmtree(here) if here.is_dir() else here.unlink()
    return plan


def planned(folder: Path, engine: Double, **changed: object) -> Plan:
    engine.there[KEY] = replace(engine.there[KEY], **changed)  # type: ignore[arg-type]
    return plan_for(engine, read_specs(folder / "job.yaml"), folder / "home")


def codes(plan: Plan) -> list[str]:
    return [note.code for note in plan.notes]


@pytest.mark.parametrize("shows_extra", [False, True])
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("data", ""),
        ("data/a.csv", ""),
        ("data", "below"),
        ("data", "around"),
    ],
)
def test_the_fingerprint_is_that_of_the_files(tmp_path: Path, path: str, more: str, shows_extra: bool) -> None:
    text = TEXT.replace("path: data", f"path: {path}")
    if more:
        at = "sets/d/sub" if more == "below" else "sets"
        text = text.replace("{data: d}", f"{{path: 'azureml://datastores/training/paths/{at}'}}")
    engine = Double(shows_extra=shows_extra)
    before = uploaded(tmp_path, engine, text, path)
    after = planned(tmp_path, engine)
    assert after.fingerprints == before.fingerprints
    submission = change_of(after, "run/job").submission
    assert submission.identity == change_of(before, "run/job").submission.identity
    assert submission.files == change_of(before, "run/job").submission.files
    assert (after.notes, after.problems) == ((), ())
    assert [change.key.address for change in after.pending] == ["run/job"]


def test_the_plan_says_so(tmp_path: Path) -> None:
    engine = Double()
    uploaded(tmp_path, engine)
    plan = planned(tmp_path, engine)
    change = change_of(plan, KEY)
    assert (change.action, change.reason) == (Action.NO_OP, "source not here: 4 files as they stand on training")
    assert "  data/training/sets/d  source not here: 4 files as they stand on training\n" in plan_text(
        plan, Paint(False)
    )
    data = plan_data(plan)["resource_changes"][0]  # type: ignore[index]
    assert (data["specrun_reason"], data["specrun_action"]) == (change.reason, "no-op")
    assert data["source_here"] is False
    assert [file["path"] for file in data["transfer"]["unchanged"]] == ["a.csv", "run", "sub/b.csv", "ü"]


def test_what_the_list_does_not_name_is_extra_and_nothing_is_pruned(tmp_path: Path) -> None:
    engine = Double(shows_extra=True)
    before = uploaded(tmp_path, engine, TEXT.replace("source:", "prune: true, source:"))
    files = {**engine.there[KEY].files, "old.csv": StoredFile(1, "m", Maker("job")), "theirs": StoredFile(1, "n")}
    plan = planned(tmp_path, engine, files=files)
    change = change_of(plan, KEY)
    assert change.reason == "source not here: 4 files as they stand on training, 2 extra (nothing is pruned)"
    assert (list(change.transfer.extra), change.transfer.prune) == (["old.csv", "theirs"], ())
    assert codes(plan) == ["extra-files-read"]
    assert plan.fingerprints != before.fingerprints
    engine.shows_extra = False
    assert planned(tmp_path, engine).fingerprints == before.fingerprints


def test_extra_files_that_a_job_sees_count_as_where_the_source_is(tmp_path: Path) -> None:
    engine = Double(shows_extra=True)
    uploaded(tmp_path, engine)
    absent = planned(tmp_path, engine, files={**engine.there[KEY].files, "theirs": StoredFile(1, "n")})
    write_spec(tmp_path, TEXT, **FILES)
    (tmp_path / "data/run").chmod(0o755)
    (tmp_path / "data/ü").write_text("4\n")
    here = planned(tmp_path, engine)
    assert (absent.fingerprints, codes(absent)) == (here.fingerprints, codes(here))
    assert codes(here) == ["extra-files-read"]


def test_without_a_list_all_that_is_there_is_the_source(tmp_path: Path) -> None:
    engine = Double(shows_extra=True)
    before = uploaded(tmp_path, engine)
    plan = planned(tmp_path, engine, listed=None)
    (note,) = plan.notes
    assert (note.code, note.severity, note.location.line) == ("source-unlisted", Severity.NOTE, 3)
    assert "of sets/d on training had is not there: no upload left one" in note.detail
    assert "no file as executable: the fingerprint may differ" in note.detail
    files = change_of(plan, "run/job").submission.identity["inputs"]["d"]["files"]
    assert {path: bit for path, (_, bit) in files.items()} == dict.fromkeys(("a.csv", "run", "sub/b.csv", "ü"), False)
    assert plan.fingerprints != before.fingerprints
    plan = planned(tmp_path, engine, files={"a.csv": StoredFile(1, "m")})
    assert change_of(plan, KEY).reason == "source not here: 1 file as it stands on training"


def test_what_changed_since_the_upload_is_told_and_what_is_there_counts(tmp_path: Path) -> None:
    engine = Double()
    before = uploaded(tmp_path, engine)
    files = dict(engine.there[KEY].files)
    del files["sub/b.csv"]
    plan = planned(tmp_path, engine, files={**files, "a.csv": StoredFile(2, "m"), "run": StoredFile(2, "")})
    (note,) = plan.notes
    assert (note.code, note.severity) == ("changed-target", Severity.WARNING)
    assert note.detail.startswith("3 of 4 files on training are not as the last upload left them, or are gone (a.csv, ")
    listed = change_of(plan, "run/job").submission.identity["inputs"]["d"]["files"]
    assert (list(listed), listed["a.csv"], listed["run"][1]) == (["a.csv", "run", "ü"], ["m", False], True)
    assert plan.fingerprints != before.fingerprints


def test_what_has_no_md5_is_known_by_its_etag(tmp_path: Path) -> None:
    engine = Double()
    uploaded(tmp_path, engine)
    prints = {
        planned(tmp_path, engine, files={"a.csv": StoredFile(2, "", etag=etag)}).fingerprints["job"]
        for etag in ("0x1", "0x2", "0x1")
    }
    assert len(prints) == 2


@pytest.mark.parametrize(
    "seen",
    [
        Observed(Status.MISSING, reason="there is no such container"),
        Observed(Status.READY, files={"extra": StoredFile(1, "m")}, listed=SourceList({})),
    ],
)
def test_nothing_that_could_stand_for_it_is_an_error(tmp_path: Path, seen: Observed) -> None:
    engine = Double()
    uploaded(tmp_path, engine)
    engine.there[KEY] = seen
    plan = plan_for(engine, read_specs(tmp_path / "job.yaml"), tmp_path / "home")
    (problem,) = plan.problems
    assert (problem.code, problem.location.line) == ("missing-target", 3)
    assert f"{tmp_path / 'data'} is not on this machine, and sets/d on training holds nothing" in problem.detail
    assert seen.reason in problem.detail
    assert sorted(key.address for key in plan.unplanned) == [KEY, "run/job"]


def test_a_source_that_is_here_is_sent_as_ever(tmp_path: Path) -> None:
    engine = Double()
    plan = plan_for(engine, read_specs(write_spec(tmp_path, TEXT, **FILES)), tmp_path / "home")
    assert [change.action for change in plan.pending] == [Action.CREATE, Action.SUBMIT]
    plain = read_specs(write_spec(tmp_path, TEXT.replace(", source: optional", "")))
    assert plan.fingerprints == plan_for(engine, plain, tmp_path / "home").fingerprints


def test_a_saved_plan_holds_where_the_source_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = Double()

    def content(plan: Plan) -> Mapping[str, Any]:
        return json.loads(json.dumps(contents(plan, {}, str(tmp_path), str)))  # type: ignore[no-any-return]

    sending = content(uploaded(tmp_path, engine))
    without = content(planned(tmp_path, engine))
    write_spec(tmp_path, TEXT, **FILES)
    (tmp_path / "data/run").chmod(0o755)
    (tmp_path / "data/ü").write_text("4\n")
    holding = content(planned(tmp_path, engine))
    assert differences(holding, without) == differences(without, holding) == []
    assert differences(sending, without) == [], "it was sent since"
    shutil.rmtree(tmp_path / "data")
    (told,) = differences(sending, content(planned(tmp_path, engine, files={"a.csv": StoredFile(2, "m")})))[:1]
    assert told.startswith(f"{KEY} changed since the plan: ")


# the list itself


def test_a_list_is_read_as_it_was_written() -> None:
    data = json.dumps({"format": 1, "target": "sets/ü", "files": {"a/ü": ["ab" * 16, True], "b": ["cd" * 16, False]}})
    found = read_list("sets/ü", data.encode())
    assert found.files == {"a/ü": ("ab" * 16, True), "b": ("cd" * 16, False)}
    assert json.loads(json.dumps(found.values("sets/ü"))) == json.loads(data)
    assert read_list("sets/ü", write_list("sets/ü", ())) == SourceList({})


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "it is not JSON"),
        (b"\xff{}", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it is no object"),
        (b"{}", "it is of format None, and this specrun reads 1"),
        (b'{"format": 2, "target": "d", "files": {}}', "it is of format 2, and this specrun reads 1"),
        (b'{"format": 1, "target": "e", "files": {}}', "it is of another target"),
        (b'{"format": 1, "target": "d", "files": []}', "it lists no files"),
        *(
            (b'{"format": 1, "target": "d", "files": {%s}}' % entry, "is nothing that is written there")
            for entry in (
                b'"a": null',
                b'"a": ["00", true]',
                b'"a": ["%s", 1]' % (b"ab" * 16),
                b'"a": ["%s"]' % (b"ab" * 16),
                b'"../a": ["%s", true]' % (b"ab" * 16),
                b'"": ["%s", true]' % (b"ab" * 16),
                b'"\\ud800": ["%s", true]' % (b"ab" * 16),
            )
        ),
    ],
)
def test_a_list_that_is_none_is_not_used(tmp_path: Path, data: bytes, wrong: str) -> None:
    listed = read_list("d", data)
    assert wrong in listed.wrong
    assert listed.files == {}
    engine = Double()
    uploaded(tmp_path, engine)
    plan = planned(tmp_path, engine, listed=listed)
    (note,) = plan.notes
    assert (note.code, f"is not used: {listed.wrong}" in note.detail) == ("source-unlisted", True)
    assert len(change_of(plan, KEY).transfer.unchanged) == 4


def test_a_list_has_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_list, "LARGEST", 40)
    assert write_list("d", ()) != b""
    assert write_list("d" * 40, ()) == b""


def test_lists_are_known_by_their_names() -> None:
    targets = ("d", "d/e", "specrun", "specrun/sources", "ü" * 1024)
    names = {blob_name(target) for target in targets}
    assert len(names) == len(targets)
    assert all(is_list(name) for name in names)
    assert not any(map(is_list, ("specrun/sources/a.json", "specrun/runs/a.json", f"x/{names.pop()}")))


def test_what_cannot_be_looked_at_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").write_text("")
    found = [is_absent(tmp_path / name) for name in ("file", "loop", "nowhere", "dangling", "file/below", "a\0b")]
    assert found == [False, False, True, True, True, True]
