"""The graph of resources as Mermaid and as DOT."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from specrun.plan.graph import Graph
from specrun.plan.resources import Key
from specrun.spec.visible import visible

_NAMED = {'"': "#quot;", "<": "#lt;", ">": "#gt;"}
"""Mermaid's own escapes; others are numbers."""


def graph_mermaid(graph: Graph) -> str:
    """A flowchart; an arrow leads from what is needed to what needs it."""
    labels = {key: _label(graph, key) for key in graph.resources}
    return mermaid(labels, [(need, key) for key, resource in graph.resources.items() for need in resource.needs])


def mermaid(labels: Mapping[Key, str], arrows: Iterable[tuple[Key, Key]]) -> str:
    """A flowchart of nodes with these labels, whatever stands in them, and arrows between them."""
    ids = {key: f"n{number}" for number, key in enumerate(labels)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[key]}["{_mermaid(label)}"]' for key, label in labels.items()]
    lines += [f"  {ids[need]} --> {ids[key]}" for need, key in arrows]
    return "\n".join(lines)


def graph_dot(graph: Graph) -> str:
    """The same for Graphviz."""
    lines = ["digraph specrun {", "  rankdir=LR;", "  node [shape=box, fontname=sans];"]
    labels = {key: json.dumps(_label(graph, key), ensure_ascii=False) for key in graph.resources}
    lines += [f"  {label};" for label in labels.values()]
    lines += [
        f"  {labels[need]} -> {labels[key]};" for key, resource in graph.resources.items() for need in resource.needs
    ]
    return "\n".join([*lines, "}"])


def _label(graph: Graph, key: Key) -> str:
    """The address, with the place where there are several."""
    several = len(graph.places) > 1
    return visible(f"{key.address} ({key.place.title}, {key.place.engine})" if several else key.address)


def _mermaid(text: str) -> str:
    # Whatever could end the label, begin a directive (%%), become HTML, Markdown, a formula or the end of a line.
    return re.sub(r"[^\w /.,:;@+=~()-]", lambda found: _NAMED.get(found[0], f"#{ord(found[0])};"), text)
