"""Two at once, and one that is interrupted: there is one run."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

from tests.conformance.desk import Desk
from tests.conformance.site import trusted_site


def test_two_applies_at_once_make_one_run(desk: Desk) -> None:
    desk.write("src/once.py", "print('once')\n")
    desk.write("data/a.txt", "a\n")
    desk.spec(
        """
        compute: {name: <name>, size: <size>, max_instances: 1}
        data: {set: {path: data, target: conformance/<name>}}
        job:
          code: src
          command: python once.py
          inputs: {set: {data: set}}
    """,
        size=desk.place.size,
    )
    both = [desk.start("apply", "--yes") for _ in range(2)]
    ended = [each.end() for each in both]
    assert [said.code for said in ended] == [0, 0], "\n".join(said.all for said in ended)
    (run,) = desk.runs()
    for said in ended:
        assert f"{run['name']} succeeded" in said.out


def test_interrupted_before_submission_it_is_130_and_the_next_apply_goes_on(desk: Desk, tmp_path: Path) -> None:
    content = b"the data set\n"
    with trusted_site(desk, tmp_path) as site:
        site.files["set.txt"] = content
        site.answering.clear()
        desk.spec(
            """
            data: {web: {path: <url>/set.txt, sha256: "<sha256>", target: conformance/<name>}}
            job: {command: "cat ${{ inputs.web }}/set.txt", inputs: {web: {data: web}}}
            """,
            url=site.url,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        applying = desk.start("apply", "--yes")
        applying.await_event(site.asked)
        applying.interrupt()
        site.answering.set()
        said = applying.end(130)
        assert "interrupted: the next apply goes on from here" in said.err
        assert said.roles == {}
        assert desk.runs() == []
        assert desk.apply().roles == {"main/0": ["the data set"]}
        assert len(desk.runs()) == 1


def test_interrupted_after_submission_the_run_goes_on(desk: Desk) -> None:
    desk.lasting_job()
    applying = desk.start("apply", "--yes")
    applying.await_line("main/0 | begun")
    applying.interrupt()
    said = applying.end(130)
    (run,) = desk.runs()
    assert f"{run['name']} goes on:" in said.err
    (to_end_it,) = re.findall("to end it: +specrun (.+)", said.err)
    assert run["status"] == "running"
    again = desk.start("apply", "--yes")
    again.await_line("main/0 | begun")
    assert desk.run("ps", "job.yaml", "-q").out.split() == [run["name"]]
    desk.run(*shlex.split(to_end_it))
    again.end(103)
    assert [each["name"] for each in desk.runs()] == [run["name"]]
