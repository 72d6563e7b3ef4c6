"""Every night: what was changed by hand is an issue, as long as there is any."""

from __future__ import annotations

from action.comment import fenced
from action.inputs import Inputs
from action.program import Specrun
from action.service import Service

DRIFT = 3


def drift(service: Service, wanted: Inputs, specrun: Specrun) -> int:
    """Open, update or close the issue. 0 also where there is drift: the issue says so, and `changes` is true."""
    now = service.situation()
    done = specrun("drift", *wanted.said, *wanted.arguments, *wanted.comment(now.run), *wanted.named)
    marker = wanted.marker("drift")
    text = done.out.strip().removeprefix(marker).strip()
    if not text:
        text = f"### specrun: nobody knows whether there is drift (exit {done.code})\n\n{fenced(done.err[-20_000:])}"
    service.summary(text)
    service.output("exit-code", str(done.code))
    service.output("changes", "true" if done.code == DRIFT else "false")
    if done.code not in (0, DRIFT):
        return done.code  # what could not be looked at is no reason to close, or to open, anything
    issue = service.find_issue(marker, wanted.label)
    if done.code == DRIFT:
        of = " in ".join(["Drift", *filter(None, [wanted.target or wanted.key])])
        body = f"{marker}\n{text}\n\n<sub>As of [this run]({now.run}).</sub>\n"
        service.output("issue-url", service.write_issue(of, body[: service.room], wanted.label, issue))
    elif issue is not None:
        service.close_issue(issue, f"No drift any more: all is as declared ([this run]({now.run})).")
        service.output("issue-url", issue.url)
    return 0
