"""On a pull request: its specs are validated and planned, and the plan is a comment that is written anew."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from action.comment import Known, code, compose, fenced, split
from action.inputs import Inputs
from action.planned import Planned, planned
from action.program import Done, Specrun
from action.service import PullRequest, Refusal, Service, Situation

PLAN = "specrun.plan"
USAGE = 64
REFUSED = 4
_LOOKED_AT = (0, REFUSED, 65)
"""Ends of `validate` that say all of the specs."""

CHANGED = (
    "⚠️ **What would be done is not what was first shown for this commit.** Something has changed since, by another "
    "apply or by hand: whoever approved this before has seen another plan."
)
_DIGEST = re.compile(r"^<!-- specrun digest ([0-9a-f]+) -->$", re.MULTILINE)
"""By which specrun says of a comment what would be done."""

_LONG = 55_000
"""Characters of specrun's comment from which on it may be cut, and the summary has the plan as text, too."""

_MANY = 20
"""Deleted specs that are named."""


def validate(service: Service, wanted: Inputs, specrun: Specrun) -> int:
    """Annotations at the lines of the specs; the exit status of `specrun validate`."""
    now = service.situation()
    stranger = _stranger(service, now)
    specrun = specrun.without_credentials() if stranger else specrun
    asked = ["validate", *wanted.said, *wanted.arguments, *_compared(service, now, wanted, specrun)]
    done = specrun(*asked, "-o", "github", *wanted.named)
    service.annotate(done.out)
    if wanted.sarif_file and done.code in _LOOKED_AT:
        report = specrun(*asked, "-o", "sarif", *wanted.named, aloud=False)
        Path(specrun.folder or ".", wanted.sarif_file).write_text(report.out, encoding="utf-8")
        service.output("sarif-file", wanted.sarif_file)
    service.output("exit-code", str(done.code))
    return done.code


def plan(service: Service, wanted: Inputs, specrun: Specrun, work: Path) -> int:
    """The plan as the pull request's comment, saved below `work`; the exit status of `specrun plan`."""
    now = service.situation()
    if now.kind == "queue":
        return _check(service, wanted, specrun, now, work)
    of = now.pull_requests[0] if now.kind == "pull request" else None
    if _stranger(service, now):
        return _plan_here(service, wanted, specrun.without_credentials(), now, work)
    compared = _compared(service, now, wanted, specrun)
    if of is not None:
        _annotate(service, wanted, specrun, compared)
    done, made, text = _planned(service, wanted, specrun, now, work, compared)
    if of is not None:
        try:
            _tell(service, wanted, now, of, text, made)
        except Refusal as refusal:  # a plan that nobody sees was not reviewed
            service.tell("error", str(refusal))
            return done.code or refusal.code
    if made is not None and not done.code:
        service.output("plan-file", str(work / PLAN))
        service.output("artifact", wanted.artifact)
    return done.code


def _plan_here(service: Service, wanted: Inputs, specrun: Specrun, now: Situation, work: Path) -> int:
    """What a stranger has written: validated for where it would run, and planned for the runner as far as that goes."""
    compared = _compared(service, now, wanted, specrun)
    found = _annotate(service, wanted, specrun, compared)
    here = replace(wanted, engine="local", arguments=[*wanted.arguments, "--environment", "current"])
    done, _, _ = _planned(service, here, specrun, now, work, compared)
    code = found.code or (done.code if done.code == REFUSED else 0)
    if done.code not in (0, code):
        service.tell("notice", "it is valid, and cannot be planned on this machine: see the summary")
    service.output("exit-code", str(code))
    return code


def _annotate(service: Service, wanted: Inputs, specrun: Specrun, compared: Sequence[str]) -> Done:
    """Show at their lines what is wrong with the specs; of the plan itself there is the comment."""
    done = specrun("validate", *wanted.said, *wanted.reading, *compared, "-o", "github", *wanted.named, aloud=False)
    service.annotate(done.out)
    return done


def _planned(
    service: Service, wanted: Inputs, specrun: Specrun, now: Situation, work: Path, compared: Sequence[str]
) -> tuple[Done, Planned | None, str]:
    """How planning ended, what was saved of it, and its text, which is the run's summary."""
    file = work / PLAN
    file.unlink(missing_ok=True)
    asked = [*wanted.said, *wanted.arguments, *compared, *wanted.comment(now.run), "--out", str(file)]
    done = specrun("plan", *asked, *wanted.named)
    made = planned(specrun, file) if file.exists() else None
    text = _content(wanted, done, made)
    service.summary(text)
    if made is not None and len(text) > _LONG:
        service.summary(f"The whole plan:\n\n{fenced(specrun('show', str(file), aloud=False).out)}")
    service.output("exit-code", str(done.code))
    service.output("changes", "true" if made is not None and made.changes else "false")
    return done, made, text


def _tell(service: Service, wanted: Inputs, now: Situation, of: PullRequest, text: str, made: Planned | None) -> None:
    """Write the comment, unless nobody has to be told or a newer run has done so."""
    marker = wanted.marker("plan")
    old = service.find_comment(of.number, marker)
    if old is None and made is not None and not made.touches and not made.deleted:
        return
    was, _ = split(marker, old.body) if old is not None else (Known(), "")
    if was.order > now.order and was.head != of.head:
        service.tell("notice", f"a newer run has written the comment: {was.run}")
        return
    digest = found[1] if (found := _DIGEST.match(text)) else ""
    first = was.first if was.head == of.head and was.first else digest
    known = Known(of.head, now.order, now.run, digest, first)
    if made is not None:
        known = replace(known, file=made.file, touches=made.remembered)
    if digest and digest != first:
        known = known.saying(CHANGED)
    service.output("stale", "true" if known.says else "false")
    url = service.write_comment(
        of.number, compose(marker, known, f"{text}\n\n{_foot(now, of)}", service.room, rest(now)), old
    )
    service.output("comment-url", url)


def _content(wanted: Inputs, done: Done, made: Planned | None) -> str:
    """What specrun wrote without its marker, or what is to be said where it wrote nothing."""
    text = done.out.strip().removeprefix(wanted.marker("plan")).strip()
    if not text and not done.code:
        text = "### specrun: there is nothing to plan"
    elif not text:
        text = f"### specrun: there is no plan (exit {done.code})\n\n{fenced(done.err[-20_000:])}"
    if made is not None and made.deleted:
        names = ", ".join(map(code, made.deleted[:_MANY]))
        more = f" and {len(made.deleted) - _MANY} more" if len(made.deleted) > _MANY else ""
        said = f"🗑️ Deleted: {names}{more}. What was made for them stays until `specrun prune` deletes it."
        title = re.search(r"^### .*$", text, re.MULTILINE)
        at = title.end() if title is not None else 0
        text = f"{text[:at]}\n\n{said}{text[at:]}".lstrip("\n")
    return text


def _foot(now: Situation, of: PullRequest) -> str:
    return f"<sub>Commit {of.head[:9]}, [this run]({now.run}).</sub>"


def rest(now: Situation) -> str:
    """Where what was cut from a comment is."""
    return f"… cut here: the rest is in [the summary of this run]({now.run})."


def _check(service: Service, wanted: Inputs, specrun: Specrun, now: Situation, work: Path) -> int:
    """In a merge queue: whether what was reviewed still holds."""
    worst = 0
    for of in now.pull_requests:
        if of.distrust:
            service.tell("notice", f"#{of.number} is {of.distrust}: no plan of it was reviewed that could hold")
            continue
        file = work / PLAN
        file.write_bytes(service.reviewed_plan(of, wanted.artifact))
        done = specrun("plan", "--check", str(file), *wanted.place)
        print(done.out, end="", flush=True)
        holds = "holds" if not done.code else f"does not hold (exit {done.code})"
        service.summary(f"### specrun: the plan of #{of.number} {holds}\n\n{fenced(done.out + done.err)}")
        worst = worst or done.code
    service.output("exit-code", str(worst))
    return worst


def _stranger(service: Service, now: Situation) -> bool:
    """Whether a stranger has written what this is about: then no credential may come near it."""
    distrust = next((one.distrust for one in now.pull_requests if one.distrust), "")
    if distrust:
        said = f"this is {distrust}: it is validated, and planned for this machine, without credentials and a comment"
        service.tell("notice", said)
    return bool(distrust)


def _compared(service: Service, now: Situation, wanted: Inputs, specrun: Specrun) -> list[str]:
    """On a pull request: its base says what is allowed, and which specs are different."""
    if now.kind not in ("pull request", "queue"):
        return []
    asked = ["git", "merge-base", now.before, "HEAD"]
    done = subprocess.run(asked, cwd=specrun.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.split())[:200]
        missing = f"the checkout does not have where this branch left {now.before}: {service.deep}"
        raise Refusal(f"{missing} ({said})" if said else missing, USAGE)
    return ["--rules-from", now.before, *(["--changed-since", now.before] if wanted.changed_only else [])]
