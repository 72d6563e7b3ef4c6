"""Versions that are not there, are for another Python, or do not go together."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence

from specrun.engines.local.installers.case import Case, Refusal, name_in, normalised
from specrun.spec.requirements import read_line
from specrun.spec.wording import listed

_MOST = 3
"""Versions, or packages, that a message names."""

CALLED = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dotenv": "python-dotenv",
    "pil": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "tensorflow-gpu": "tensorflow",
    "yaml": "pyyaml",
}
"""Names under which people look for a package, and that of the one which has it."""


def other_python(case: Case) -> Refusal | None:
    """A version that is there, and for another Python."""
    package, wanted = _refused(case.text) or _without_wheels(case.text) or _ignored(case.text) or ("", "")
    if not package:
        return None
    lines = case.named(package) or case.named(*_required(case))[:1]
    why = f"`{package}`{case.wanting(package, lines)} is for {wanted}, and the environment has Python {case.python}."
    mend = f"Take a version for Python {case.python}, or run specrun with a Python that this one is for."
    return Refusal(f"{why} {mend}", lines)


def _refused(text: str) -> tuple[str, str] | None:
    """As pip says it of a package that was asked for by its address, and uv of any."""
    if found := re.search(r"Package '([^']+)' requires a different Python: \S+ not in '([^']+)'", text):
        return found[1], f"Python {found[2]}"
    clause = r"does not satisfy Python(\S+) and (\S+) depends on Python"
    return (found[2], f"Python {found[1]}") if (found := re.search(clause, text)) else None


def _without_wheels(text: str) -> tuple[str, str] | None:
    found = re.search(r"(\S+) has no wheels (?:are available )?with a matching (?:Python|platform)", text)
    if found is None:
        return None
    tags = re.search(r"following (Python ABI|platform) tags?: ((?:`[^`]+`(?:, )?)+)", text)
    return found[1], (tags[2] if tags is not None else "another Python, or another system")


def _ignored(text: str) -> tuple[str, str] | None:
    """As pip says it of a version that it has passed over."""
    missing = re.search(r"satisfies the requirement ([\w.-]+)==(\S+) ", text)
    if missing is None:
        return None
    version = re.escape(missing[2])
    found = re.search(rf"different python version:.*?\b{version} Requires-Python ([^;]+?)(?:;| ERROR| INFO)", text)
    return (f"{missing[1]}=={missing[2]}", f"Python {found[1]}") if found is not None else None


def absent(case: Case) -> Refusal | None:
    """A version, or a package, that the index does not have."""
    found = re.search(
        r"satisfies the requirement (.+?)(?: \(from (?!versions:)(.+?)\))? \(from versions: (.*?)\)(?: ERROR|$)",
        case.text,
    )
    if found is None:
        return _absent_for_uv(case)
    what, needed_by, versions = found[1], found[2], found[3].split(", ")
    lines = case.named(what) if needed_by is None else case.named(needed_by) or case.named(what)
    return _missing(case, what, [] if versions == ["none"] else versions, lines)


def _absent_for_uv(case: Case) -> Refusal | None:
    lines = case.named(*_required(case))
    if found := re.search(r"(\S+) was not found in the package registry", case.text):
        return _missing(case, found[1], [], lines)
    if (found := re.search(r"only (\S+?)<=(\S+?) is available", case.text)) and lines:
        what = next((line for line in case.lines if normalised(line) == normalised(found[1])), found[1])
        return _missing(case, read_line(what).requirement, [found[2]], lines)
    found = re.search(r"there (?:is|are) no versions? of (\S+?)(?:,| and| we|$)", case.text)
    if found is None:
        return None
    name = name_in(found[1])
    why = f"The index has no version `{found[1].removeprefix(name).removeprefix('==')}` of `{name}`"
    wanting = case.wanting(name, lines).removesuffix(",")
    return Refusal(f"{why}{wanting}. `pip index versions {name}` lists those that there are.", lines)


def _missing(case: Case, what: str, versions: Sequence[str], lines: tuple[int, ...]) -> Refusal:
    name = name_in(what)
    asked = what.removeprefix(name).strip()
    wanting = case.wanting(name, lines)
    here = f"for Python {case.python} on this machine"
    if not versions:
        nothing = f"or none {here}"
        index = re.search(r"Looking in indexes: (.+?)(?: Looking| ERROR| WARNING| Collecting)", case.text)
        where = f"The index at {index[1]}" if index is not None else "The index"
        called = CALLED.get(normalised(name))
        mend = f"It is called `{called}` there." if called else "Check the spelling of its name."
        secret = " One that wants a password, or has trouble, says the same." if index is not None else ""
        return Refusal(f"{where} has no package `{name}`{wanting or ','} {nothing}. {mend}{secret}", lines)
    nearest = _nearest(asked, versions)
    near = f"nearest are {listed(nearest, 'and', code=False)}" if len(nearest) > 1 else f"the newest is {nearest[0]}"
    why = f"The index has no `{name}` {asked.removeprefix('==')}{wanting} {here}: {near}."
    return Refusal(f"{why} {_mend(case, name, lines, nearest[0], is_needed=bool(wanting))}", lines)


def _mend(case: Case, name: str, lines: tuple[int, ...], version: str, *, is_needed: bool) -> str:
    if is_needed:
        return "Take another version of what needs it."
    written = read_line(case.lines[lines[0]]).requirement if lines else name
    extras = re.match(r"[\w.-]+\s*(\[[^\]]*\])?", written)
    marker = f"; {written.partition(';')[2].strip()}" if ";" in written else ""
    return f"Write `{name}{extras[1] or '' if extras else ''}=={version}{marker}`."


def _nearest(asked: str, versions: Sequence[str]) -> list[str]:
    """The final versions next to what was asked for, the closest below it first."""
    final = [one for one in versions if not re.search(r"[a-z]", one.partition("+")[0])] or list(versions)
    ordered = sorted(final, key=_ordered)
    wanted = re.search(r"\d[\w.+]*", asked)
    at = bisect([_ordered(one) for one in ordered], _ordered(wanted[0])) if wanted else len(ordered)
    below, above = ordered[max(0, at - _MOST) : at][::-1], ordered[at : at + _MOST]
    return [below[0], above[0], *below[1:2]] if below and above else below or above


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def conflict(case: Case) -> Refusal | None:
    """What cannot be installed together."""
    lines, needs, foreign = _of_pip(case) or _of_uv(case) or ((), [], "")
    if not (lines or needs):
        return None
    lines = tuple(sorted(lines))
    both = [*(case.shown(index) for index in lines[:_MOST]), *([f"`{foreign}`"] if foreign else [])]
    what = listed(both, "and", code=False) if len(both) > 1 else "What is asked for"
    why = "; ".join(f"{one} needs {clauses}" for one, clauses in dict.fromkeys(needs[:_MOST]))
    head = f"{what} {'do' if len(both) > 1 else 'does'} not go together{f': {why}' if why else ''}."
    if foreign:
        mend = "The latter is a constraint of this machine's pip (PIP_CONSTRAINT): take a version that it admits."
    elif len({normalised(case.lines[index]) for index in lines}) == 1 < len(lines):
        mend = "Keep one of them."
    else:
        mend = "Write versions that do, or leave out one's version: one that fits the other is then taken."
    return Refusal(f"{head} {mend}", lines)


_Conflict = tuple[tuple[int, ...], list[tuple[str, str]], str]


def _of_pip(case: Case) -> _Conflict | None:
    head = re.search(r"Cannot install (.+?) because these package versions have conflicting", case.text)
    if head is None:
        return None
    said = "\n".join(case.said)
    requested = re.findall(r"^ +The user requested (\S.*?)\s*$", said, re.MULTILINE)
    needs = re.findall(r"^ +(\S+ \S+) depends on (\S.*?)\s*$", said, re.MULTILINE)
    numbered = re.findall(r"-r \S+ \(line \d+\)", head[1])
    lines = case.named(*requested, *numbered, *(one.split()[0] for one, _ in needs), *re.split(", | and ", head[1]))
    foreign = [one for one in requested if one.startswith("(constraint)") and not case.named(one)]
    return lines, needs, foreign[0].removeprefix("(constraint) ") if foreign else ""


def _of_uv(case: Case) -> _Conflict | None:
    required = _required(case)
    found = re.findall(r"(?:[Bb]ecause|and) (\S+) depends on (?:one of: )?(.+?)(?: and|, we)\b", case.text)
    needs = [(one.replace("==", " "), re.sub(r"(?<=[\w.]) (?=[a-z])", " or ", clauses)) for one, clauses in found]
    if "we can conclude" not in case.text or not (needs or len(required) > 1):
        return None
    return case.named(*required), needs, ""


def _required(case: Case) -> list[str]:
    """What uv says that is asked for: `you require six==1.15.0 and six==1.16.0`."""
    found = re.findall(r"you require (\S+?)(?: and (\S+?))?(?:,| we| and|$)", case.text)
    return [one.rstrip(",") for both in found for one in both if one]
