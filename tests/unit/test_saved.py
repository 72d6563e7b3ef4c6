from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from specrun.plan import saved
from specrun.plan.changes import Plan
from specrun.plan.comparison import changed_specs, differences
from specrun.plan.kinds.run import Follow
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.portable import digests_from
from specrun.plan.saved import PlanUnreadable, contents, read_saved, save
from specrun.plan.submission import Submission
from specrun.spec.masking import mask_addresses
from specrun.spec.schema import schema_text
from tests.edited import values_of, with_value
from tests.engine_double import Double, carry_out, change_of, plan_for, read_specs, write_spec
from tests.searching import Search

TEXT = """\
name: job
compute:
  {name: gpu, size: STANDARD_DS3_V2, max_instances: 2,
   ssh_settings: {admin_username: me, admin_password: '${{ secrets.SPECRUN_CANARY }}'}}
datastores:
  s:
    type: azure_blob
    account_name: abc
    container_name: def
    credentials: {account_key: '${{ secrets.SPECRUN_CANARY }}'}
data: {d: {path: data, datastore: s, prune: true}}
job:
  code: src
  command: cat ${{ inputs.d }}
  inputs: {d: {data: d}}
  environment: {image: base, conda_file: conda.yml}
  environment_variables: {KEY: '${{ secrets.SPECRUN_CANARY }}', FROM: 'https://me:canary-0451@host/', MOST: .inf}
"""
CALL = {
    "files": ["job.yaml"],
    "engine": None,
    "target": None,
    "var_files": [],
    "variables": {},
    "inputs": {},
    "environment": None,
    "rerun": False,
    "only": [],
    "exclude": [],
    "cancel_previous": True,
    "adopt": [],
}
OLDER = Run("job-0123456789", "job", "0123456789", 1, RunStatus.RUNNING)
FILES = {"data__a": "1", "data__b": "2", "src__x_py": "pass", "conda_yml": "dependencies: []\n"}
OPTIONS = {"allow_replace": True, "cancel_previous": True}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    """Something to do of every kind, for the spec that lies in the working folder."""
    monkeypatch.setenv("SPECRUN_CANARY", "canary-0451")
    write_spec(tmp_path, TEXT, **FILES)
    monkeypatch.chdir(tmp_path)
    engine = Double()
    properties = {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 1}
    engine.there["compute/gpu"] = Observed(Status.READY, properties, maker=Maker("job"))
    old = {
        "a": StoredFile(1, "x", Maker("job")),
        "z": StoredFile(1, "x", Maker("job")),
        "y": StoredFile(1, "x", sha256="ab"),
    }
    engine.there["data/s/d"] = Observed(Status.READY, files=old)
    engine.all_runs.append(OLDER)
    engine.identities[OLDER.name] = {"command": "old"}
    return engine


def planned(engine: Double) -> Plan:
    return plan_for(engine, read_specs(Path("job.yaml")), Path("home").absolute(), **OPTIONS)


def content_of(plan: Plan) -> dict[str, Any]:
    return contents(plan, CALL, str(Path.cwd()), mask_addresses)


@pytest.fixture
def content(engine: Double) -> dict[str, Any]:
    plan = planned(engine)
    assert change_of(plan, "run/job").differences
    assert change_of(plan, "run/job").cancel == (OLDER,)
    assert change_of(plan, "compute/gpu").fields
    return content_of(plan)


def item(content: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(change for change in content["changes"] if change["key"] == key)
    return found


@pytest.fixture
def file(content: dict[str, Any]) -> Path:
    save(content, Path("plan.json"))
    return Path("plan.json")


def test_it_comes_back_as_it_was(content: dict[str, Any], file: Path) -> None:
    assert read_saved(str(file)) == content
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert differences(content, content) == []


def test_it_is_text_that_people_can_compare(file: Path) -> None:
    assert file.read_text() == json.dumps(json.loads(file.read_text()), indent=1) + "\n"


def test_two_plans_of_the_same_are_the_same_text(engine: Double, file: Path) -> None:
    save(content_of(planned(engine)), Path("again.json"))
    assert Path("again.json").read_bytes() == file.read_bytes()


def test_it_holds_no_secret_and_nobody_s_path(file: Path) -> None:
    text = file.read_text()
    assert "canary-0451" not in text
    assert "SPECRUN_CANARY" in text
    assert str(Path.cwd()) not in text
    assert {f["source"] for f in item(json.loads(text), "run/job")["submission"]["code"]} == {"src/x.py"}


def test_what_is_told_in_it_is_nobody_s_path(engine: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    there = f"{Path.cwd()}/.specrun/x"
    engine.there["compute/gpu"] = Observed(Status.DELETING, reason=f"{there} and /home/alice/x say so")
    told = item(content_of(planned(engine)), "compute/gpu")["before"]["reason"]
    assert told == ".specrun/x and ~/x say so"


def test_it_is_written_past_what_others_have_put_there(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    for name in (".plan.json.tmp", "plan.json"):
        (tmp_path / name).symlink_to(tmp_path / "victim")
    save(content, tmp_path / "plan.json")
    assert (tmp_path / "victim").read_text() == "mine"
    assert read_saved(str(tmp_path / "plan.json")) == content
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    save(content | {"changes": []}, tmp_path / "pipe")
    assert os.read(reader, 9).startswith(b"{")
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_one_that_nobody_would_read_is_not_written(content: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "LARGEST", 100)
    with pytest.raises(PlanUnreadable, match="nobody reads more than 100"):
        save(content, Path("large.json"))
    assert not Path("large.json").exists()


@pytest.mark.parametrize(
    "text", ["", "name: x\n", "[]", "{", "{}", '{"changes": []}', '{"spec_digests": {}}', "{a: b}", "\0", '{"\xff']
)
def test_what_is_no_plan_is_left_to_others(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_bytes(text.encode("latin-1"))
    assert read_saved(str(tmp_path / "x")) is None
    assert read_saved(str(tmp_path / "absent")) is None
    assert read_saved(str(tmp_path)) is None
    assert read_saved("a\0b") is None
    os.mkfifo(tmp_path / "pipe")
    assert read_saved(str(tmp_path / "pipe")) is None
    assert read_saved("/dev/zero") is None


DEEP = b'"places": ' + b"[" * 100_000
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "later": (lambda text: text.replace(b'"format": 1', b'"format": 2'), "of format 2, and this specrun reads 1"),
    "wordy": (lambda text: text.replace(b'"format": 1', b'"format": "\\u001b[31m"'), "damaged plan: at \\$.format"),
    "older": (lambda text: text.replace(b'"rerun": false,', b""), "saved by an older specrun"),
    "deep": (lambda text: text.replace(b'"places": ', DEEP), "damaged plan: maximum recursion"),
    "bent": (
        lambda text: text.replace(b'"identity": {', b'"identity": {"x": ' + b"[" * 150 + b"]" * 150 + b","),
        "stand too deep in each other",
    ),
    "cut": (lambda text: text[:200], "damaged plan: .*line"),
    "not UTF-8": (lambda text: text.replace(b"run/job", b"run/\xff"), "damaged plan: 'utf-8' codec"),
    "not finite": (lambda text: text.replace(b'"attempt": 1', b'"attempt": 1e999'), "a number is too large"),
    "no number": (lambda text: text.replace(b'"attempt": 1', b'"attempt": NaN'), "NaN is no number"),
    "digits": (lambda text: text.replace(b'"attempt": 1', b'"attempt": 1' + b"0" * 5000), "damaged plan: Exceeds"),
    "twice": (lambda text: text.replace(b'"place": 0', b'"place": 0, "place": 0'), "a key stands twice"),
    "half": (lambda text: text.replace(b'"reason": "', b'"reason": "\\ud800'), "half a character"),
    "no call": (lambda text: text.replace(b'"call": {', b'"call": null, "x": {'), "damaged plan: at"),
    "escaped": (lambda text: text.replace(b'"files": [', b'"files": ["a\\u0000b",'), "damaged plan: at .*x00"),
    "long": (lambda text: text.replace(b'"files": [', b'"files": ["' + b"a/" * 9999 + b'",'), "maxLength"),
    "action": (lambda text: text.replace(b'"action": "submit"', b'"action": "explode"'), "damaged plan: at"),
    "place": (lambda text: text.replace(b'"place": 0', b'"place": -1'), "damaged plan: at"),
    "surplus": (lambda text: text.replace(b'"place": 0', b'"place": 0, "more": 1'), "damaged plan: at"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_plan_says_so(file: Path, damage: str) -> None:
    edit, words = DAMAGES[damage]
    edited = edit(file.read_bytes())
    assert edited != file.read_bytes()
    file.write_bytes(edited)
    with pytest.raises(PlanUnreadable, match=words) as raised:
        read_saved(str(file))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_a_plan_that_is_cut_off_anywhere_is_none(file: Path) -> None:
    whole = file.read_bytes()
    for end in [*range(40), *range(40, len(whole) - 2, 61)]:
        file.write_bytes(whole[:end])
        try:
            assert read_saved(str(file)) is None
            assert end < 12
        except PlanUnreadable:
            assert end >= 12


def test_a_huge_plan_is_not_read(file: Path) -> None:
    os.truncate(file, 20 << 30)  # it takes no room
    with pytest.raises(PlanUnreadable, match="more than 1,073,741,824 bytes"):
        read_saved(str(file))
    Path("other").write_text('{"name": "a spec, perhaps"}')
    os.truncate("other", 20 << 30)
    assert read_saved("other") is None


OTHERS = ("../../victim", "delete", 7, 0, True, None, ["x"], [], {})
TOLD = {"reason", "differences", "owner", "location"}
"""What tells people something, and is not compared."""


@pytest.mark.long
def test_whatever_is_changed_in_it_is_seen(content: dict[str, Any], search: Search) -> None:
    """Each value in it, one after the other; all but the request, which is planned anew."""
    is_valid = Draft202012Validator(json.loads(schema_text(saved.SCHEMA))).is_valid
    missed = set()
    for path, value in values_of({name: content[name] for name in ("places", "fingerprints", "left_out", "changes")}):
        for other in OTHERS if search.whole else search.random.sample(OTHERS, 2):
            edited = with_value(content, path, other)
            try:
                seen = [other] == [value] or differences(edited, content)
            except (KeyError, TypeError, AttributeError):
                seen = []
            if not seen and is_valid(edited):  # what is not valid is told when it is read
                missed.add(path[2:] if path[0] == "changes" else path)
    assert {path for path in missed if not set(path) & TOLD} <= {
        *(("cancel", 0, name) for name in ("spec", "fingerprint", "attempt")),
        ("maker", "repository"),  # here it has no name, and is any
    }


def test_one_thing_twice_is_seen(content: dict[str, Any]) -> None:
    assert differences(content | {"changes": [*content["changes"], content["changes"][0]]}, content)
    assert differences(content | {"changes": content["changes"][1:]}, content)


def test_other_specs_are_seen(content: dict[str, Any]) -> None:
    def changed(*specs: Path) -> list[str]:
        digests = {str(spec.file): spec.digest for spec in read_specs(*specs)}
        return changed_specs(content, digests_from(str(Path.cwd()), digests))

    job = Path("job.yaml")
    job.write_text(job.read_text() + "# only a comment\n")
    assert changed(job) == changed(job.absolute()) == []
    job.write_text(job.read_text().replace("max_instances: 2", "max_instances: 3"))
    assert changed(job) == ["job.yaml changed since the plan was made (or a variable in it did)"]
    more = write_spec(Path.cwd(), "name: more\njob: {command: ls}\n", "more.yaml")
    assert changed(job, more)[1].startswith("more.yaml is new")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda: Path("data/a").write_text("another"), "data/s/d changed since the plan: a changed"),
        (
            lambda: Path("data/new").write_text(""),
            "data/s/d changed since the plan: new is new; new would be",
        ),
        (lambda: Path("src/x.py").write_text(""), "run/job changed since the plan: code: x.py changed"),
        (lambda: Path("conda.yml").write_text("dependencies: [six]\n"), "conda.yml changed since the plan was made"),
    ],
)
def test_what_somebody_edits_is_named(
    engine: Double, content: dict[str, Any], edit: Callable[[], object], words: str
) -> None:
    edit()
    assert words in "\n".join(differences(content, content_of(planned(engine))))


@pytest.mark.parametrize(
    ("key", "now", "words"),
    [
        ("compute/gpu", Observed(Status.FAILED), "status: ready → failed"),
        ("compute/gpu", Observed(Status.READY, {"name": "gpu", "max_instances": 7}), "max_instances: 1 → 7"),
        (
            "compute/gpu",
            Observed(
                Status.READY, {"name": "gpu", "size": "STANDARD_NC6", "max_instances": 1}, maker=Maker("job", "h/b")
            ),
            "owner: job → job of h/b",
        ),
        (
            "data/s/d",
            Observed(Status.READY, files={"a": StoredFile(1, "theirs")}),
            "a on the target is not what it was",
        ),
        ("data/s/d", Observed(Status.READY, files={"q": StoredFile(1, "x", Maker("job"))}), "q would be removed, too"),
        ("datastore/s", Observed(Status.READY, {"name": "s", "type": "azure_file"}), "create was planned, and"),
    ],
)
def test_what_somebody_changes_there_is_named(
    engine: Double, content: dict[str, Any], key: str, now: Observed, words: str
) -> None:
    engine.there[key] = now
    found = [line for line in differences(content, content_of(planned(engine))) if line.startswith(f"{key} changed")]
    assert len(found) == 1
    assert words in found[0]


def test_what_is_done_of_it_is_no_difference(engine: Double, content: dict[str, Any], tmp_path: Path) -> None:
    """Killed after any of its changes, or in the middle of a transfer, it goes on from the same file."""
    plan = planned(engine)
    engine.all_runs.clear()
    began: list[str] = []

    def compare(change: Any) -> None:
        began.append(change.spec if isinstance(change, Submission) else change.key.address)
        assert differences(content, content_of(planned(engine))) == [], began

    engine.on_begin = compare
    carry_out(engine, plan, tmp_path / "home")
    assert len(began) == 5
    compare(plan.changes[0])
    engine.statuses.clear()
    for status in RunStatus:
        engine.all_runs = [replace(engine.all_runs[-1], status=status)]
        found = differences(content, content_of(planned(engine)))
        assert bool(found) == (status is RunStatus.LOST), found
    assert "attempt 1 was planned, and the next is attempt 2" in found[0]


def test_a_replacement_that_was_begun_is_no_difference(engine: Double, content: dict[str, Any]) -> None:
    engine.there.pop("compute/gpu")
    assert differences(content, content_of(planned(engine))) == []


def test_half_a_transfer_is_no_difference(engine: Double, content: dict[str, Any]) -> None:
    there = engine.there["data/s/d"].files
    done = {file["path"]: file for file in item(content, "data/s/d")["transfer"]["new"]}
    sent = {path: StoredFile(file["size"], file["md5"], Maker("job")) for path, file in done.items()}
    engine.there["data/s/d"] = Observed(Status.READY, files={"a": there["a"], "y": there["y"], **sent})
    assert differences(content, content_of(planned(engine))) == []


def test_a_run_that_is_followed(engine: Double) -> None:
    submission = change_of(planned(engine), "run/job").submission
    run = Run(submission.name, "job", submission.fingerprint, 1, RunStatus.RUNNING)
    engine.all_runs = [run]
    plan = planned(engine)
    assert isinstance(change_of(plan, "run/job"), Follow)
    content = content_of(plan)
    engine.all_runs = [replace(run, status=RunStatus.SUCCEEDED)]
    assert differences(content, content_of(planned(engine))) == []
    engine.all_runs = []
    (found,) = differences(content, content_of(planned(engine)))
    assert f"{run.name} was to be followed, and now {run.name} would be submitted" in found
    engine.all_runs = [OLDER, run]
    (found,) = differences(content, content_of(planned(engine)))
    assert found == "run/job changed since the plan: job-0123456789 would be cancelled, too"


def test_a_file_from_the_web_may_have_been_fetched_since(engine: Double, content: dict[str, Any]) -> None:
    """What is not here yet has neither size nor MD5: the spec says its SHA-256, and that is what comes."""
    before = copy.deepcopy(content)
    item(before, "data/s/d")["transfer"]["new"][0] |= {"md5": "", "size": 0, "source": ""}
    assert differences(before, content) == differences(content, before) == []
