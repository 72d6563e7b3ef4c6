"""Annotations as SARIF 2.1.0, for code scanning and for editors.

GitHub takes 20 runs a file, 25,000 results a run, of which it shows 5,000, and 1,000 places a result. There is one run
here, and no more than is shown: the gravest. What is left out is counted in a notification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import islice
from urllib.parse import quote

from specrun import __version__
from specrun.spec.codes import CODES
from specrun.spec.diagnostics import Location, Severity
from specrun.spec.visible import json_text
from specrun.views.annotations import RULES, Annotation, Tree, arranged
from specrun.views.entries import entry_markdown, entry_text, unlinked
from specrun.views.text import Paint

RESULTS = 5_000
PLACES = 100
"""Places of one result that GitHub shows."""

_ROOT = "%SRCROOT%"
_MESSAGE, _DESCRIPTION = 2_000, 1_000
"""Characters at most."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_text(annotations: Sequence[Annotation], tree: Tree, category: str, code: int, *, complete: bool) -> str:
    """The whole file of a command that ended with the exit status `code`; `complete`: the results are all that there is
    to say. Without findings it has none, which is what closes the alerts of earlier ones.

    The `category` tells uploads for one commit apart.
    """
    found = arranged(one for one in annotations if one.code)
    results, rest = found[:RESULTS], len(found) - RESULTS
    codes = sorted({one.code for one in results})
    told = [_notification(one, tree) for one in annotations if not one.code]
    if rest > 0:
        told.append({"level": "warning", "message": {"text": f"{rest} more results are not in this file."}})
    run = {
        "tool": {"driver": {"name": "specrun", "version": __version__, "rules": _rules(codes)}},
        "automationDetails": {"id": f"{category}/"},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [
            {
                "exitCode": code,
                "executionSuccessful": complete,
                **({"toolExecutionNotifications": told} if told else {}),
            }
        ],
        "results": _results(results, codes, tree),
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, 2)


def _rules(codes: Sequence[str]) -> list[dict[str, object]]:
    return [_rule(code) for code in codes]


def _rule(code: str) -> dict[str, object]:
    if code in CODES:
        from specrun.spec.entries import entries  # read where there is something to report

        entry = entries(CODES[code].group)[code]
        level, short, why = CODES[code].severity, CODES[code].summary, entry.why
        help = {"text": entry_text(entry, Paint(False), 100), "markdown": entry_markdown(entry)}
    else:
        short, why = RULES[code]
        level, help = Severity.WARNING if code == "drift" else Severity.NOTE, {"text": why, "markdown": why}
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in code.split("-")),
        "shortDescription": {"text": short},
        "fullDescription": {"text": _cut(unlinked(why), _DESCRIPTION)},
        "help": help,
        "defaultConfiguration": {"level": level.value},
    }


def _results(found: Sequence[Annotation], codes: Sequence[str], tree: Tree) -> list[dict[str, object]]:
    index = {code: number for number, code in enumerate(codes)}
    seen: dict[str, int] = {}
    return [_result(one, index, tree, seen) for one in found]


def _result(one: Annotation, index: Mapping[str, int], tree: Tree, seen: dict[str, int]) -> dict[str, object]:
    place, message = tree.placed(one)
    others = islice(filter(None, map(tree.inside, one.others)), PLACES - 1)
    related = [_place(inside, number) for number, inside in enumerate(others, 1)]
    # What it is about, and not where that stands: lines move. Of several alike it is the first, the second, ….
    about = sha256("\0".join([one.code, place.file, one.about or one.message]).encode(errors="replace")).hexdigest()[
        :32
    ]
    seen[about] = seen.get(about, 0) + 1
    told = "\n".join([one.title, message])
    return {
        "ruleId": one.code,
        "ruleIndex": index[one.code],
        "level": one.severity.value,
        "message": {"text": _cut(told, _MESSAGE)},
        "locations": [_place(place)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"specrun/v1": f"{about}:{seen[about]}"},
    }


def _notification(one: Annotation, tree: Tree) -> dict[str, object]:
    where = {} if one.location is None else {"locations": [_place(tree.placed(one)[0])]}
    return {"level": one.severity.value, "message": {"text": _cut(one.message or one.title, _MESSAGE)}, **where}


def _place(place: Location, number: int = 0) -> dict[str, object]:
    start = place.column + _pairs(place.text[: place.column - 1])
    end = start + place.length + _pairs(place.text[place.column - 1 : place.column - 1 + place.length])
    return {
        **({"id": number, "message": {"text": "See also here."}} if number else {}),
        "physicalLocation": {
            "artifactLocation": {"uri": quote(place.file.encode(errors="surrogateescape")), "uriBaseId": _ROOT},
            "region": {"startLine": place.line, "startColumn": start, "endColumn": end},
        },
    }


def _pairs(text: str) -> int:
    """How many characters of a text are two units of UTF-16."""
    return 0 if text.isascii() else sum(ord(char) > 0xFFFF for char in text)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
