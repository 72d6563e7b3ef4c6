"""After the merge: the plan that was reviewed is applied, or nothing is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from action.comment import Known, code, compose, fenced, split
from action.inputs import Inputs
from action.planned import Planned, overlap, planned
from action.program import Done, Specrun
from action.reviewing import PLAN, REFUSED, USAGE, rest
from action.service import Comment, PullRequest, Refusal, Service, Situation

STALE = 5
_ENDS = {
    0: "✅ **Applied**",
    1: "❌ **Not all of it was applied**",
    REFUSED: "⛔ **Not applied**: it is refused",
    STALE: "⛔ **Not applied**: the plan is stale",
    100: "❌ **Applied, and a run has failed**",
    103: "❌ **Applied, and a run was cancelled**",
}
_BEGINNING = "<!-- specrun plan"


@dataclass(frozen=True)
class Reviewed:
    """A plan that somebody has reviewed: its file, what is in it, and the pull request and comment where that was."""

    file: Path
    made: Planned
    of: PullRequest | None = None
    comment: Comment | None = None


def apply(service: Service, wanted: Inputs, specrun: Specrun, work: Path) -> int:
    """Apply what was reviewed of all that was merged, in its order; the last exit status that is not 0."""
    now = service.situation()
    if now.kind == "by hand" and wanted.plan_file:
        file = _given(wanted, specrun)
        return _carry_out(service, wanted, specrun, now, Reviewed(file, planned(specrun, file)))
    if now.kind != "merged":
        by_hand = "or by hand, with the `plan-file` that an earlier job has saved and somebody has approved"
        raise Refusal(f"`mode: apply` is for a push to the branch that pull requests go to, {by_hand}", USAGE)
    if wanted.changed_only and now.before and _is_unchanged(wanted, specrun, now):
        service.summary("### specrun: no spec is different, and nothing is to be applied")
        service.output("exit-code", "0")
        return 0
    merged = service.merged(now)
    if not merged:
        raise Refusal(
            f"{now.commit[:9]} was pushed without a pull request: nobody has reviewed a plan of it. Bring it by a pull "
            "request (protect the branch, so that there is no other way), or apply it yourself",
            REFUSED,
        )
    worst = 0
    for of in merged:
        comment = None
        try:
            comment = service.find_comment(of.number, wanted.marker("plan"))
            reviewed = _reviewed(service, wanted, specrun, work, of, comment)
        except Refusal as refusal:
            _tell(service, wanted, now, of, comment, f"⛔ **Not applied**: {refusal}")
            service.tell("error", f"#{of.number} is not applied: {refusal}")
            service.summary(f"### specrun: #{of.number} is not applied\n\n{fenced(str(refusal))}")
            worst = refusal.code
            continue
        worst = _carry_out(service, wanted, specrun, now, reviewed) or worst
    service.output("exit-code", str(worst))
    return worst


def _given(wanted: Inputs, specrun: Specrun) -> Path:
    return Path(specrun.folder or ".", wanted.plan_file)


def _is_unchanged(wanted: Inputs, specrun: Specrun, now: Situation) -> bool:
    """Whether what was pushed makes no spec different: a plan of that says nothing, and none may have been made."""
    done = specrun("graph", "--changed-since", now.before, *wanted.reading, *wanted.named, aloud=False)
    return not done.code and not done.out.strip()


def _reviewed(
    service: Service, wanted: Inputs, specrun: Specrun, work: Path, of: PullRequest, comment: Comment | None
) -> Reviewed:
    """The plan of a pull request, which is the one that its comment shows. Raises Refusal."""
    if of.distrust:
        raise Refusal(
            f"it is from {of.distrust}, and its plan was made without credentials. Push the same commits to a branch "
            "of this repository, and open a pull request of that, whose plan can be reviewed",
            REFUSED,
        )
    known, _ = split(wanted.marker("plan"), comment.body) if comment is not None else (Known(), "")
    file = work / PLAN
    given = _given(wanted, specrun)
    file.write_bytes(given.read_bytes() if wanted.plan_file else service.reviewed_plan(of, wanted.artifact))
    made = planned(specrun, file)
    if comment is None:
        if made.touches:
            raise Refusal("it has no comment of ours with a plan: nobody has reviewed one", REFUSED)
    elif known.head != of.head:
        shown = f"the plan of {known.head[:9]}" if known.file else "no plan"
        raise Refusal(f"its comment shows {shown}, and {of.head[:9]} was merged: plan again", REFUSED)
    elif known.file != made.file:
        raise Refusal("the plan that was saved is not the one that its comment shows: plan again", REFUSED)
    return Reviewed(file, made, of, comment)


def _carry_out(service: Service, wanted: Inputs, specrun: Specrun, now: Situation, reviewed: Reviewed) -> int:
    detach = ["--detach"] if wanted.detach and not reviewed.made.local else []
    done = specrun.follow("apply", str(reviewed.file), "--yes", *wanted.place, *wanted.arguments, *detach)
    end = _ENDS.get(done.code, f"❌ **It ended with {done.code}**")
    of = reviewed.of
    service.summary(f"### specrun{f', #{of.number}' if of is not None else ''}: {end}\n\n{fenced(done.out)}")
    service.output("exit-code", str(done.code))
    if of is not None and reviewed.comment is not None and not _is_spent(done):
        _tell(service, wanted, now, of, reviewed.comment, f"{end}, see [this run]({now.run}).{_why(done)}")
    if of is not None and done.code not in (REFUSED, STALE):
        _tell_others(service, now, of, reviewed.made.changes)
    return done.code


def _is_spent(done: Done) -> bool:
    """Whether it was applied before, as the comment says: somebody has run the job again."""
    return done.code == STALE and " is spent: " in done.out


def _why(done: Done) -> str:
    """The last words of an apply that did not do what it should."""
    lines = [line.strip() for line in done.out.splitlines() if line.strip()]
    return f" {code(' '.join(lines[-3:]))}" if done.code else ""


def _tell(
    service: Service, wanted: Inputs, now: Situation, of: PullRequest, comment: Comment | None, line: str
) -> None:
    """Write how it ended above what was reviewed. What was done is done, whether or not that can be written."""
    marker = wanted.marker("plan")
    known, content = split(marker, comment.body) if comment is not None else (Known(of.head), "")
    text = compose(marker, known.saying(line), content, service.room, rest(now))
    try:
        service.output("comment-url", service.write_comment(of.number, text, comment))
    except Refusal as refusal:
        service.tell("warning", f"#{of.number} is not told how it ended: {refusal}")


def _tell_others(service: Service, now: Situation, of: PullRequest, changes: Collection[str]) -> None:
    """Say on other open pull requests that their plans are from before this."""
    line = f"🕑 **Stale**: #{of.number} was applied since, to something that this plan is about. Run it again to see."
    try:
        for number in service.open_pull_requests(of.base) if changes else ():
            for comment in service.comments(number, _BEGINNING):
                marker = comment.body.split("\n", 1)[0]
                known, content = split(marker, comment.body)
                if number != of.number and overlap(known.touches, changes):
                    text = compose(marker, known.saying(line), content, service.room, rest(now))
                    service.write_comment(number, text, comment)
    except Refusal as refusal:
        service.tell("warning", f"other pull requests are not told that their plans may be stale: {refusal}")
