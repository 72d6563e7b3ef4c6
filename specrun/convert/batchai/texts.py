"""Batch AI's texts: what is open in them is kept apart while they are rewritten, and no credential is copied."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TypeAlias

from specrun.convert import coerce
from specrun.convert.document import TODO
from specrun.convert.section import Section
from specrun.convert.unknown import Missing, Mixed, Open, Secret, Unknown
from specrun.spec.frozen import dataclass

Part: TypeAlias = Unknown | Secret | Missing

OPEN = re.compile("\ue000([0-9]+)\ue001")
"""Stands in a text for what is open in it; the characters are of those that nobody may use for anything."""

_MARKS = re.compile("[\ue000\ue001]")
_PLACEHOLDER = re.compile(r"(?<=[\s=\"'/:])<([A-Za-z][\w-]*)>(?=[\s\"'/:.]|$)")
_MOUNTS = re.compile(r"/mnt/batch/tasks/shared/LS_root/mounts(?=[/\s\"';,:]|$)")
"""Where Batch AI's nodes had what $AZ_BATCHAI_MOUNT_ROOT says."""

_LONGEST = 160
_BASH = re.compile(
    r"\s*(?:/bin/)?(?:ba)?sh\s+-l?c\s+(?:'(?P<single>[^']*)'|\"(?P<double>[^\"\\`$]*(?:\$(?![({])[^\"\\`$]*)*)\")\s*"
)


@dataclass(slots=True)
class Texts:
    """Texts in which each open part is one character sequence that no pattern for paths or words splits."""

    parts: list[str | Part] = field(default_factory=list)

    def of(self, section: Section, *names: str, to: str = "") -> str:
        """The text of the first of these fields that has one, without blanks around it; "" where there is none.

        What is no text is dropped; of one that belongs `to` a command it is asked, and TODO stands for it. There,
        angle brackets are the shell's, unless they are around one word.
        """
        name = section.first(*names)
        value = section.known(name, prose=bool(to))
        if value is None:
            return ""
        found = self.closed(value)
        if found is not None:
            place = section.place(name) if to and "<" in found else ""
            return (_PLACEHOLDER.sub(lambda match: self._placeholder(match, place), found) if place else found).strip()
        what = f"a text is expected here, and this is {coerce.shown(value)}"
        if to:
            section.ledger.ask(section.at(name), to, what)
            return TODO
        section.drop(name, what)
        return ""

    def closed(self, value: object) -> str | None:
        """A text, of which each open part is a mark; None for what is none."""
        if isinstance(value, Mixed):
            return "".join(self._one(part) for part in value.parts)
        if isinstance(value, Part):
            return self._one(value)
        written = coerce.text(value)
        if written is None:
            return None
        written = _MOUNTS.sub("$AZ_BATCHAI_MOUNT_ROOT", written)
        return _MARKS.sub(lambda match: self._mark(match[0]), written)

    def opened(self, text: str) -> str | Open:
        """A text with its open parts again."""
        parts: list[str | Part] = []
        for number, piece in enumerate(OPEN.split(text)):
            part = self.parts[int(piece)] if number % 2 else piece
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            elif part:
                parts.append(part)
        return parts[0] if len(parts) == 1 else Mixed(tuple(parts)) if parts else ""

    def named(self, text: str) -> str:
        """A text in which each open part is its name."""
        return OPEN.sub(lambda match: self.name(match[1]), text)

    def name(self, number: str) -> str:
        """What an open part is called."""
        part = self.parts[int(number)]
        name = part if isinstance(part, str) else getattr(part, "name", "")
        return name or f"value_{int(number) + 1}"

    def shown(self, text: str) -> str:
        """A text as a report shows it: on one line, shortened, with the expressions that are open in it."""
        line = " ".join(OPEN.sub(lambda match: self._expression(match[1]), text).split())
        return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"

    def _expression(self, number: str) -> str:
        part = self.parts[int(number)]
        return part.expression if isinstance(part, Unknown) else self.name(number)

    def _one(self, part: str | Part) -> str:
        return self.closed(part) or "" if isinstance(part, str) else self._mark(part)

    def _placeholder(self, match: re.Match[str], place: str) -> str:
        return self._mark(Unknown(match[0], place, re.sub(r"\W+", "_", match[1]).lower()))

    def _mark(self, part: str | Part) -> str:
        if part not in self.parts:
            self.parts.append(part)
        return f"\ue000{self.parts.index(part)}\ue001"


def unwrapped(line: str) -> str:
    """What `bash -c '…'` runs: bash runs the job's command anyway."""
    match = _BASH.fullmatch(line)
    return (match["single"] or match["double"] or line).strip() if match else line


def vault_command(reference: Section) -> str:
    """What reads the secret that a key vault holds, for the report; "" where none is named."""
    url = coerce.word(reference.known("secretUrl"))
    return f"`az keyvault secret show --id {url}` reads it" if url and "?" not in url else ""
