"""Some of a graph: the kinds that `--only` and `--exclude` name, and what goes with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from specrun.plan.graph import Graph
from specrun.plan.resources import Key
from specrun.spec.selection import Kinds


def restrict(graph: Graph, kinds: Kinds, *, deleting: bool = False) -> tuple[Graph, str]:
    """The graph without what is not meant, and what was left out, in words ("" for nothing).

    What is planned comes with what it needs, and goes with what needs it. What is to be deleted comes alone, and what
    stays keeps what it needs.
    """
    needs = {key: resource.needs for key, resource in graph.resources.items()}
    needed_by: dict[Key, list[Key]] = {key: [] for key in needs}
    for key, needed in needs.items():
        for one in needed:
            needed_by[one].append(key)
    meant, told = set(needs), list[str]()
    if kinds.only:
        chosen = {key for key in needs if graph.resources[key].kind in kinds.only}
        kept = chosen if deleting else _all_along(needs, chosen)
        told += _told("--only", kinds.only, meant - kept, graph)
        meant &= kept
    if kinds.exclude:
        left_out = {key for key in needs if graph.resources[key].kind in kinds.exclude}
        left_out = meant & _all_along(needs if deleting else needed_by, left_out)
        told += _told("--exclude", kinds.exclude, left_out, graph)
        meant -= left_out
    resources = {
        key: replace(resource, needs=tuple(need for need in resource.needs if need in meant))
        for key, resource in graph.resources.items()
        if key in meant
    }
    return replace(graph, resources=resources), "; ".join(told)


def counted(graph: Graph, keys: Collection[Key] | None = None) -> str:
    """How many resources of each kind: `2 runs, 1 data`."""
    numbers = Counter(resource.kind for key, resource in graph.resources.items() if keys is None or key in keys)
    return ", ".join(
        f"{number} {kind}{'s' if number > 1 and kind != 'data' else ''}" for kind, number in numbers.items()
    )


def _all_along(edges: Mapping[Key, Collection[Key]], start: Collection[Key]) -> set[Key]:
    found, waiting = set(start), list(start)
    while waiting:
        new = [key for key in edges[waiting.pop()] if key not in found]
        found.update(new)
        waiting += new
    return found


def _told(option: str, kinds: Collection[str], keys: Collection[Key], graph: Graph) -> list[str]:
    asked = " ".join(f"{option} kind:{kind}" for kind in kinds)
    return [f"left out by {asked}: {counted(graph, keys)}"] if keys else []
