"""Two things that are made of fields side by side: what a fingerprint was taken of, parameters, where something ran."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from specrun.spec.frozen import dataclass

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*(?=[=<>!~;@\s]|$)")

Fields = Mapping[str, Any]
_WHOLE = ("instance_count", "gpu")
_LISTS = ("pip", "constraints")
_FILES = ("conda", "build")


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """A field that is not the same: `before` and `after` are JSON values, None where it is not there.

    `section` is parameters, command, environment, environment_variables, inputs, outputs, distribution, sweep, place
    or origin.
    """

    section: str
    name: str
    before: Any
    after: Any

    @property
    def text(self) -> str:
        """`lr: 0.1 → 0.01`."""
        return f"{self.name}: {value_text(self.before)} → {value_text(self.after)}"


def value_text(value: Any) -> str:
    """A value for people, on one line; `(none)` for what is not there."""
    if value is None:
        return "(none)"
    if isinstance(value, Mapping):
        if value.keys() == {"secret"}:
            return f"${{{{ secrets.{value['secret']} }}}}"
        return ", ".join(f"{name} {value_text(one)}" for name, one in value.items())
    if isinstance(value, list):
        return " ".join(map(value_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def changed(section: str, before: Fields, after: Fields, prefix: str = "") -> Iterator[FieldDiff]:
    """The members of two mappings that are not the same."""
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if was != now or (name in before) != (name in after):
            yield FieldDiff(section, f"{prefix}{name}", was, now)


def of_identity(before: Fields, after: Fields) -> Iterator[FieldDiff]:
    """What differs of what two fingerprints were taken of, but for files."""
    was, now = _command(before), _command(after)
    if was != now:
        yield FieldDiff("command", "command", was or None, now or None)
    yield from _of_environment(mapping(before.get("environment")), mapping(after.get("environment")))
    for section in ("environment_variables", "inputs", "outputs", "distribution"):
        old, new = mapping(before.get(section)), mapping(after.get(section))
        yield from _of_entries(section, old, new) if section in ("inputs", "outputs") else changed(section, old, new)
    yield from changed("distribution", _only(before, _WHOLE), _only(after, _WHOLE))
    yield from changed("sweep", _of_sweep(before), _of_sweep(after))


def _command(identity: Fields) -> str:
    """The command, or the script with its arguments as they are typed."""
    if script := identity.get("script"):
        words = (str(word) for word in identity.get("arguments") or ())
        return " ".join([str(script), *(word if "${{" in word else shlex.quote(word) for word in words)])
    return str(identity.get("command") or "")


def _of_sweep(identity: Fields) -> Fields:
    """What a sweep consists of, each parameter of its search space by itself."""
    sweep = mapping(identity.get("sweep"))
    space = {f"search_space.{name}": one for name, one in mapping(sweep.get("search_space")).items()}
    return {**space, **{name: value for name, value in sweep.items() if name != "search_space"}}


def _of_entries(section: str, old: Fields, new: Fields) -> Iterator[FieldDiff]:
    for name in dict.fromkeys([*old, *new]):
        was, now = mapping(old.get(name)), mapping(new.get(name))
        if name not in old or name not in new:
            yield FieldDiff(section, name, _entry(was, name in old), _entry(now, name in new))
            continue
        for found in changed(section, _plain(was), _plain(now)):
            at = name if found.name == "value" else f"{name}.{found.name}"
            values = [found.before, found.after]
            if found.name == "run":  # fingerprints, as the names of runs have them
                values = [value and str(value)[:10] for value in values]
            yield FieldDiff(section, at, *values)
        if ("files" in was) != ("files" in now):  # two listings are compared file by file
            yield FieldDiff(section, f"{name}.files", _number(was), _number(now))


def _entry(entry: Fields, there: bool) -> Any:
    """An input or output in a few words: of its files there is a number."""
    if not there or "value" in entry:
        return entry.get("value")
    return {**_plain(entry), **({"files": _number(entry)} if "files" in entry else {})} or "a folder"


def _number(entry: Fields) -> int | None:
    return len(mapping(entry["files"])) if "files" in entry else None


def _plain(entry: Fields) -> Fields:
    return {name: value for name, value in entry.items() if name != "files"}


def _only(fields: Fields, names: tuple[str, ...]) -> Fields:
    return {name: fields[name] for name in names if name in fields}


def _of_environment(old: Fields, new: Fields) -> Iterator[FieldDiff]:
    plain = [{name: one[name] for name in one if name not in (*_LISTS, *_FILES)} for one in (old, new)]
    yield from changed("environment", plain[0], plain[1])
    for name in _LISTS:
        found = list(
            changed(
                "environment", _packages(old.get(name)), _packages(new.get(name)), "" if name == "pip" else f"{name}: "
            )
        )
        yield from found
        if not found and old.get(name) != new.get(name):
            yield FieldDiff("environment", name, old.get(name), new.get(name))  # their order


def _packages(lines: Any) -> Fields:
    """Lines that pip is given, by what they install: the version is what changes of one."""
    found: dict[str, str] = {}
    for line in lines if isinstance(lines, list) else ():
        match = _REQUIREMENT.match(str(line))
        name = re.sub(r"[-_.]+", "-", match[1]).lower() if match else str(line)
        found[name if name not in found else str(line)] = str(line).strip()
    return found


def mapping(value: Any) -> Fields:
    """A mapping as it was kept; what is none has nothing in it."""
    return value if isinstance(value, Mapping) else {}
