"""A plan in one number: the same wherever and whenever the same would be done, another when something else would be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Item = Mapping[str, Any]


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of what a plan's contents say that would be done, and of what was found there that it changes.

    What differs from clone to clone is left out: where files lie, in which repository, and which of them have been
    fetched; and so is what is only told, and whatever stays as it is. A digest tells nothing of its values: the
    contents have no secrets.
    """
    places = [{name: at[name] for name in ("engine", "workspace", "targets")} for at in content["places"]]
    changes = [[places[item["place"]], item["key"], *_done(item)] for item in content["changes"] if _does(item)]
    done = sorted(changes, key=json.dumps)
    text = json.dumps([done, content["left_out"]], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _does(item: Item) -> bool:
    return item["action"] != "no-op" or bool(item.get("cancel"))


def _done(item: Item) -> Iterator[object]:
    yield item["action"]
    yield {name: value for name, value in item["wanted"].items() if name != "path" or "transfer" not in item}
    if "before" in item:
        before = item["before"]
        yield {name: before[name] for name in ("status", "properties")}
        yield {path: (file["size"], file["md5"]) for path, file in before["files"].items()}
    if "transfer" in item:
        transfer = item["transfer"]
        yield [*(_paths(transfer[name]) for name in ("new", "changed")), sorted(transfer["prune"])]
    if "submission" in item:
        yield [item["submission"][name] for name in ("name", "fingerprint", "attempt")]
        yield item.get("follow", {}).get("name")
        yield sorted(run["name"] for run in item["cancel"])


def _paths(files: Sequence[Item]) -> list[str]:
    return sorted(file["path"] for file in files)
