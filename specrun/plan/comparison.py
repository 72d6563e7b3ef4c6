"""A saved plan against the one that is made now: where they are not the same, in words.

What was done of the saved plan since it was made is no difference: an apply that was killed goes on from the same file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from specrun.plan.fingerprint import explain
from specrun.plan.makers import Maker

Item: TypeAlias = Mapping[str, Any]
"""A change as it stands in a plan's contents."""

SHOWN = 3
"""Differences of one thing that are told."""

_GOES_ON_AS: Mapping[str, Sequence[str]] = {
    "no-op": ("no-op",),
    "create": ("create", "no-op"),
    "update": ("update", "no-op"),
    "replace": ("replace", "create", "no-op"),
    "delete": (),
    "submit": (),
}
"""What may be left of an action that was planned, by the action: it was begun, or somebody else did the same."""


_TRANSFER_GOES_ON_AS: Mapping[str, Sequence[str]] = {
    "no-op": ("no-op",),
    "create": ("create", "update", "no-op"),
    "update": ("update", "no-op"),
}
"""The same of data, some of whose files may be there."""


def differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What of a saved plan's contents is not so in those of a plan that was made now, a line each."""
    if saved["places"] != now["places"]:
        return [f"it is for {_titles(saved)}, and its specs go to {_titles(now)}"]
    lines = [f"{line} since the plan was made" for line in _entries(_built_of(saved), _built_of(now))]
    was, items = _by_key(saved), _by_key(now)
    for key in dict.fromkeys([*items, *was]):
        name = f"{_show(key[1])} on {now['places'][key[0]]['title']}" if len(now["places"]) > 1 else _show(key[1])
        if key not in items:
            lines.append(f"{name} stands in the plan, and the specs do not declare it")
        elif key not in was:
            lines.append(f"{name} does not stand in the plan")
        elif found := list(islice(_change(was[key], items[key], saved["call"].get("inputs", ())), SHOWN)):
            lines.append(f"{name} changed since the plan: {'; '.join(found)}")
    if not lines and saved["left_out"] != now["left_out"]:
        lines.append(f"it says `{_show(saved['left_out'])}`, and now it is `{_show(now['left_out'])}`")
    if not lines and (saved["fingerprints"] != now["fingerprints"] or len(saved["changes"]) != len(was)):
        lines.append("it does not agree with itself")
    return lines


def changed_specs(saved: Mapping[str, Any], digests: Mapping[str, str]) -> list[str]:
    """Which specs are not those of a saved plan, a line each; all else would follow from them."""
    changed = _entries(saved["spec_digests"], digests)
    return [f"{line} since the plan was made (or a variable in it did)" for line in changed]


def _by_key(content: Mapping[str, Any]) -> dict[tuple[int, str], Item]:
    count = len(content["places"])
    return {(item["place"], item["key"]): item for item in content["changes"] if item["place"] < count}


def _titles(content: Mapping[str, Any]) -> str:
    return " and ".join(
        f"{_show(place['title'])} ({_show(', '.join((place['engine'], *place['targets'])))})"
        for place in content["places"]
    )


def _built_of(content: Mapping[str, Any]) -> dict[str, object]:
    """What environments are built of: named first, since another content is another environment."""
    files = [file for item in content["changes"] for file in item.get("files", ())]
    return {file["source"] or file["path"]: file for file in files}


def _change(was: Item, now: Item, given: Collection[str]) -> Iterator[str]:
    """`given` are the inputs whose paths the command line says: elsewhere they may be others."""
    said = {f"inputs.{name}" for name in given}
    asked = [
        {name: value for name, value in one["wanted"].items() if name != "path" or one["name"] not in said}
        for one in (was, now)
    ]
    yield from _values("", *asked)
    yield from _values("", *({name: one[name] for name in ("name", "managed")} for one in (was, now)))
    yield from _maker(was.get("maker"), now["maker"])
    if "submission" in now:
        yield from _run(was, now)
    elif "transfer" in now:
        yield from _data(was, now)
    elif "version" in now:
        yield from _model(was, now)
    else:
        yield from _resource(was, now)


def _maker(was: Mapping[str, str] | None, now: Mapping[str, str]) -> Iterator[str]:
    """Whose a thing will be: a clone that has no remote is of any repository, as everywhere. Older plans do not say."""
    planned, here = Maker(**(was or now)), Maker(**now)
    if planned.spec != here.spec or planned.target != here.target or not planned.is_beside(here):
        yield f"it was planned for {_show(str(planned))}, and this is {_show(str(here))}"


def _resource(was: Item, now: Item) -> Iterator[str]:
    yield from _entries(_listed(was.get("files", ())), _listed(now.get("files", ())))
    planned, action = was["action"], now["action"]
    before, after = was["before"], now["before"]
    if action != planned and (action not in _GOES_ON_AS[planned] or before == after):
        yield f"{planned} was planned, and now it is {action}"
    if action == "no-op" or action != planned:
        return
    if (before["status"], after["status"]) == ("deleting", "missing"):  # it is gone, as was expected
        return
    seen = [{name: one[name] for name in ("status", "properties", "owner")} for one in (before, after)]
    yield from _values("", *seen)
    if seen[0] == seen[1] and was["fields"] != now["fields"]:
        yield "its fields are not those that the specs and what is there have"


def _data(was: Item, now: Item) -> Iterator[str]:
    before, after = was["before"]["files"], now["before"]["files"]
    goes_on = now["action"] in _TRANSFER_GOES_ON_AS.get(was["action"], ())
    if not goes_on or (was["action"] != now["action"] and before == after):
        yield f"{was['action']} was planned, and now it is {now['action']}"
    planned, left = was["transfer"], now["transfer"]
    yield from _entries(*(_known(_source(one), _source(other)) for one, other in ((planned, left), (left, planned))))
    sent, sending = ({file["path"] for file in (*one["new"], *one["changed"])} for one in (planned, left))
    yield from (f"{_show(path)} would be sent, too" for path in sorted(sending - sent))
    pruned, pruning = set(planned["prune"]), set(left["prune"])
    yield from (f"{_show(path)} would be removed, too" for path in sorted(pruning - pruned))
    for path in sorted({*before, *after}):
        done = path in sent - sending if path in after else path in pruned
        if before.get(path) != after.get(path) and not done:
            yield f"{_show(path)} on the target is not what it was"
    if before == after and (sent, pruned, planned["extra"]) != (sending, pruning, left["extra"]):
        yield "its files are not those that the specs and the target have"


def _source(transfer: Mapping[str, Any]) -> dict[str, Any]:
    """The files of a source; of what is on the target already it need not be known where it lies here."""
    there = ({name: file[name] for name in file if file[name] or name != "source"} for file in transfer["unchanged"])
    return _listed([*transfer["new"], *transfer["changed"], *there])


def _known(files: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, object]:
    """Of a file that one of two has not fetched yet both know no more than its path: the spec has its SHA-256.

    Nor does a plan know where a file lies that was made where the source is not.
    """
    pairs = ((path, file, others.get(path, file)) for path, file in files.items())
    return {
        path: file["md5"] and other["md5"] and {name: file[name] for name in file if name in other}
        for path, file, other in pairs
    }


def _run(was: Item, now: Item) -> Iterator[str]:
    planned, submission = was["submission"], now["submission"]
    found = list(explain(planned["identity"], submission["identity"]))
    yield from map(_show, found)
    if not found and planned["attempt"] != submission["attempt"]:
        yield f"attempt {planned['attempt']} was planned, and the next is attempt {submission['attempt']}"
    elif not found:
        yield from _entries(_listed(planned["code"]), _listed(submission["code"]))
        alike = ("name", "fingerprint", "identity", "files", "reads", "processes", "finds")
        yield from _values("", *({name: one[name] for name in alike} for one in (planned, submission)))
    yield from _trials(was.get("trials"), now.get("trials"))
    if {"specs"} <= was.keys() & now.keys():
        yield from _values("specs", was["specs"], now["specs"])
    also = {run["name"] for run in now["cancel"]} - {run["name"] for run in was["cancel"]}
    yield from (f"{_show(name)} would be cancelled, too" for name in sorted(also))
    if "submit" == was["action"] == now["action"]:
        yield from _values("reads", _read(planned), _read(submission))
    if "held" in was or "held" in now:
        if "held" not in now and now["action"] == "submit":
            yield f"it was not to be submitted, and now {submission['name']} would be"
    elif was["action"] not in ("no-op", "submit", "update"):
        yield f"{was['action']} was planned, and now it is {now['action']}"
    elif now["action"] == "update" != was["action"]:
        yield f"{_show(now['follow']['name'])} would be adopted, too"
    elif was["action"] != "submit" and now["action"] == "submit":
        yield f"{_show(was['follow']['name'])} was to be followed, and now {submission['name']} would be submitted"
    elif "submit" not in (was["action"], now["action"]) and was["follow"]["name"] != now["follow"]["name"]:
        yield f"{_show(was['follow']['name'])} was to be followed, and now {now['follow']['name']} would be"


def _trials(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Iterator[str]:
    """That more trials would be run than was planned; those that have ended since are no difference."""
    if was is None or now is None:
        return
    if now["to_run"] > was["to_run"]:
        yield f"{was['to_run']} of its trials were to be run, and now {now['to_run']} would be"
    elif was["trials"] != now["trials"]:
        yield f"it had {was['trials']} trials, and now it has {now['trials']}"


def _read(submission: Mapping[str, Any]) -> dict[str, object]:
    """What is read of other runs; whether one of them is still to succeed is no difference."""
    return {
        name: {what: value for what, value in one.items() if what != "waits"}
        for name, one in submission.get("upstream", {}).items()
    }


def _model(was: Item, now: Item) -> Iterator[str]:
    """What becomes of a registration: that it was done since is no difference."""
    if now["action"] not in _GOES_ON_AS[was["action"]]:
        yield f"{was['action']} was planned, and now it is {now['action']}"
    elif was["version"] and was["version"] != now["version"]:
        yield f"it was version {_show(was['version'])}, and now it is {_show(now['version']) or 'none'}"


def _listed(files: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {file["path"]: file for file in files}


def _entries(was: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """What is new, gone or changed of things that are known by name."""
    for name in dict.fromkeys([*now, *was]):
        if name not in was:
            yield f"{_show(name)} is new"
        elif name not in now:
            yield f"{_show(name)} is gone"
        elif was[name] != now[name]:
            yield f"{_show(name)} changed"


def _values(name: str, was: object, now: object) -> Iterator[str]:
    """The values that differ within two values, with the way to each."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for inner in dict.fromkeys([*now, *was]):
            yield from _values(f"{name}.{inner}" if name else str(inner), was.get(inner), now.get(inner))
    elif was != now:
        yield f"{_show(name)}: {_show(was)} → {_show(now)}"


def _show(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
