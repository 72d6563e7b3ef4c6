"""What a live workspace answered that is not as recorded, for whoever made the recordings: routes, never names."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.emulator import AZURE, BLOBS, DATA_PLANE
from emulator.router import Routes

ROUTES = Routes(module.routes for module in (*AZURE, *DATA_PLANE))
LITERAL = frozenset(
    part.lower() for name in ROUTES.names for part in name.split(" ", 2)[2].split("/") if part and "{" not in part
)
"""What stands in paths besides names."""

KNOWN_HOST = re.compile(r"(?:[^.]+\.)*?((?:api\.azureml\.ms|(?:blob|file|dfs)\.core\.windows\.net)|[\w-]+\.\w+\.\w+)")
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LONGEST = 60
"""Test names shown for each difference: the first."""


@dataclass
class Answers:
    """All answers to one kind of request that are nearest to one contract, or that no contract describes.

    `differences` counts each, with the test in which it was first seen.
    """

    route: str
    status: int
    contract: str | None
    times: int = 0
    differences: dict[str, tuple[int, str]] = field(default_factory=dict)
    outline: Any = None

    def add(self, noted: Mapping[str, Any], masked: Sequence[str]) -> None:
        """One more answer."""
        self.times += 1
        self.outline = noted.get("outline", self.outline)
        for said in dict.fromkeys(re.sub(r"\[\d+\]", "[]", one) for one in noted.get("differences", ())):
            line = mask(said, masked)
            times, test = self.differences.get(line, (0, noted.get("test", "")))
            self.differences[line] = (times + 1, test)


def read(folder: Path, masked: Sequence[str]) -> list[Answers]:
    """The recordings in a folder, by route; those that differ most often first."""
    found: dict[tuple[str, int, str | None], Answers] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            noted = json.loads(line)
            key = (route_of(noted["method"], noted["host"], noted["path"]), noted["status"], noted["contract"])
            found.setdefault(key, Answers(*key)).add(noted, masked)
    return sorted(found.values(), key=lambda one: (-len(one.differences), one.route, one.status))


def route_of(method: str, host: str, path: str) -> str:
    """A request without the names in it: as the emulator calls it, or else with `{…}` for what is in no route of it."""
    if host.endswith(f".{BLOBS}"):
        depth = min(len([part for part in path.split("/") if part]), 2)
        return f"{method} {BLOBS} {('/', '/{container}', '/{container}/{blob+}')[depth]}"
    if route := ROUTES.find(method, host, path):
        return route[0].name
    kept = [part if part.lower() in LITERAL or not part else "{…}" for part in path.split("/")]
    at = KNOWN_HOST.fullmatch(host)
    return f"{method} {at[1] if at else '{…}'} {'/'.join(kept)}"


def mask(text: str, words: Iterable[str]) -> str:
    """The text without these words and without any GUID."""
    for word in sorted(filter(None, words), key=len, reverse=True):
        text = re.sub(re.escape(word), "…", text, flags=re.IGNORECASE)
    return GUID.sub("…", text)


def as_json(answers: Sequence[Answers], about: Mapping[str, str], tests: Mapping[str, str]) -> str:
    """For programs."""
    routes = [
        {
            "route": one.route,
            "status": one.status,
            "contract": one.contract,
            "times": one.times,
            "differences": [{"what": what, "times": n, "test": at} for what, (n, at) in one.differences.items()],
            **({"outline": one.outline} if one.contract is None else {}),
        }
        for one in answers
    ]
    return json.dumps({"about": dict(about), "tests": dict(tests), "answers": routes}, indent=1) + "\n"


def as_markdown(answers: Sequence[Answers], about: Mapping[str, str], tests: Mapping[str, str]) -> str:
    """For people, and for an issue."""
    differing = [one for one in answers if one.differences]
    unknown = [one for one in answers if one.contract is None]
    alike = sum(one.times for one in answers if one.contract and not one.differences)
    ended = Counter(tests.values())
    lines = [
        "# What the live service answered",
        "",
        *(f"- {name}: {value}" for name, value in about.items()),
        f"- tests: {', '.join(f'{n} {how}' for how, n in sorted(ended.items())) or 'none'}",
        f"- answers: {sum(one.times for one in answers)}, of which {alike} are as recorded, "
        f"{sum(one.times for one in differing)} differ, {sum(one.times for one in unknown)} are not recorded yet",
        "",
        "It has routes, names of fields and kinds of values; no names of yours, no ids, no values. Read it before you",
        "send it.",
        "",
        "## Answers that differ",
        "",
    ]
    for one in differing:
        lines += [f"`{one.route}`: {one.status}, nearest to {one.contract}, {one.times} times", ""]
        lines += [f"- {what} ({n} times; {at})" for what, (n, at) in one.differences.items()]
        lines.append("")
    if not differing:
        lines += ["None.", ""]
    lines += ["## Answers that are not recorded yet", ""]
    for one in sorted(unknown, key=lambda one: (one.route, one.status)):
        lines += [f"`{one.route}`: {one.status}, {one.times} times", "", "    " + json.dumps(one.outline), ""]
    lines += ["" if unknown else "None.\n", "## Tests that did not pass", ""]
    lines += [f"- {name}: {how}" for name, how in tests.items() if how not in ("passed", "skipped")] or ["None."]
    return "\n".join(lines) + "\n"
