"""Jobs as Azure Resource Manager lists them, read as runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import Coordinates
from specrun.engines.azure.jobs import Listed, list_jobs, read_job
from specrun.engines.azure.run_marks import run_tags, spec_tag
from specrun.engines.azure.run_record import record_properties
from specrun.engines.azure.seen import describe
from specrun.plan.makers import Maker
from specrun.plan.observed import RunStatus

DIGEST = "0123456789" * 6 + "abcd"
NAME = f"job-{DIGEST[:10]}"
TAG = spec_tag("job")


def job(name: str = NAME, **fields: Any) -> dict[str, Any]:
    properties = {"jobType": "Command", "status": "Completed", "tags": run_tags(Maker("job"), DIGEST), "properties": {}}
    made = {"createdAt": "2026-01-02T03:04:05.1234567Z", "createdBy": "somebody"}
    return {"name": name, "systemData": made, "properties": {**properties, **fields}}


def listed(*jobs: object, **answer: object) -> tuple[Listed, list[tuple[str, Mapping[str, str]]]]:
    asked: list[tuple[str, Mapping[str, str]]] = []

    def get(path: str, query: Mapping[str, str], what: str) -> object:
        asked.append((path, query))
        return {"value": list(jobs), **answer}

    connection = SimpleNamespace(coordinates=Coordinates("space", "group", "sub"), arm=SimpleNamespace(get=get))
    return list_jobs(cast("Connection[Any]", connection), TAG, ""), asked


def test_a_list_is_asked_for_by_the_name_of_a_tag() -> None:
    page, asked = listed(job(), nextLink="https://management.azure.com/next")
    ((path, query),) = asked
    assert path.endswith("/workspaces/space/jobs")
    assert (query["tag"], query["listViewType"]) == ("specrun.spec.job", "All")
    assert ([run.name for run in page.runs], page.following) == ([NAME], "https://management.azure.com/next")
    assert page.filtered
    assert listed(job())[0].following == ""


@pytest.mark.parametrize("other", [None, {}, {"name": "x"}, {"name": "x", "properties": None}, "text"])
def test_what_is_no_job_hides_no_other(other: object) -> None:
    page, _ = listed(other, job(), {"value": 1})
    assert ([run.name for run in page.runs], page.filtered) == ([NAME], True)


@pytest.mark.parametrize("tags", [None, {}, {"team": "vision"}, {"specrun": "job"}])
def test_a_job_without_the_tag_says_that_nothing_was_filtered(tags: object) -> None:
    page, _ = listed(job(), job("job-of-somebody", tags=tags))
    assert ([run.name for run in page.runs], page.filtered) == ([NAME], False)


def test_a_job_says_when_it_ran_and_how_long_it_may() -> None:
    times = {"StartTimeUtc": "2026-01-02 03:05:00", "EndTimeUtc": "2026-01-02 03:06:30"}
    run = read_job(job(properties=times, limits={"timeout": "PT1H30M"}, computeId="/subscriptions/s/computes/gpu"))
    assert (describe(run).duration, run.limit, run.compute, run.single) == (90.0, 5400, "gpu", True)
    assert run.submitted == pytest.approx(1767323045.12, abs=0.01)


def test_a_job_says_of_what_variables_it_was_made() -> None:
    record = {"identity": {}, "variables": {"lr": 0.1, "amp": True, "layers": [1], "key": None}}
    times = {"StartTimeUtc": "2026-01-02 03:05:00"}
    run = describe(read_job(job(properties={**record_properties(record), **times})))
    assert run.variables == {"lr": 0.1, "amp": True}


def test_the_times_of_the_only_role_are_those_of_the_run() -> None:
    seen = read_job(job(properties={"StartTimeUtc": "2026-01-02 03:05:00"}))
    seen.details = {"status": "Completed", "logFiles": {"user_logs/std_log.txt": ""}}
    run = describe(seen)
    assert [(role.name, role.started) for role in run.roles] == [("main/0", run.started)]
    seen.details = {
        "status": "Completed",
        "logFiles": {"user_logs/std_log_process_0.txt": "", "user_logs/std_log_process_1.txt": ""},
    }
    seen.single = False
    assert [role.started for role in describe(seen).roles] == [None, None], "which nobody knows"


def test_what_a_job_lacks_is_not_known() -> None:
    run = read_job(
        {"name": NAME, "properties": {"tags": {TAG: None}, "properties": None, "limits": {"timeout": "soon"}}}
    )
    assert (run.status, run.fingerprint, run.limit, run.record, run.submitted) == (
        RunStatus.QUEUED,
        "",
        None,
        None,
        None,
    )
