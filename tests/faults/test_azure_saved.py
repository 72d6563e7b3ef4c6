"""A saved plan of a workspace that it makes itself: killed in the middle, gone on with, applied once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.cloud import azure_in, check_whole
from tests.faults.routes import DEPLOY, PUT_CLUSTER
from tests.searching import Search

POINTS = (DEPLOY, PUT_CLUSTER)
"""Where apply is killed: once what a workspace stands on is asked for; then when it is there, with its datastore."""


@pytest.mark.long
@pytest.mark.slow
def test_a_plan_that_makes_its_workspace_goes_on_from_the_file_and_is_spent(
    tmp_path: Path, engine: str, search: Search
) -> None:
    with azure_in(tmp_path / "alice", engine=engine) as azure:
        said = azure.specrun("plan", "--out", "../the.plan")
        assert said.code == 0, said.err
        text = (tmp_path / "the.plan").read_text()
        assert (str(tmp_path) in text, "alice" in text) == (False, False)
        azure.emulator.service.creating_reads = 3
        other = tmp_path / "bob"
        shutil.copytree(tmp_path / "alice", other, ignore=shutil.ignore_patterns("azure", "state"))
        there = replace(azure, folder=other)
        for route in POINTS if search.whole else [search.random.choice(POINTS)]:
            assert there.apply_killed_at(route, 1, "after", "../the.plan"), "the hook did not kill"
            checked = azure.specrun("plan", "--check", "../the.plan")
            assert checked.code == 0, checked.err
        said = azure.apply("../the.plan")
        assert said.code == 0, said.err
        check_whole(azure)
        said = there.apply("../the.plan")
        assert (said.code, "the.plan is spent" in said.err, ": succeeded, submitted 20" in said.err) == (5, True, True)
        check_whole(azure)
