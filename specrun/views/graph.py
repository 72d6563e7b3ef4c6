"""The graph of resources as Mermaid and as DOT."""

from __future__ import annotations

import json

from specrun.plan.resources import Graph


def graph_mermaid(graph: Graph) -> str:
    """A flowchart; an arrow leads from what is needed to what needs it."""
    ids = {key: f"n{number}" for number, key in enumerate(graph.resources)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[key]}["{_mermaid(key)}"]' for key in graph.resources]
    lines += [f"  {ids[need]} --> {ids[key]}" for key, resource in graph.resources.items() for need in resource.needs]
    return "\n".join(lines)


def graph_dot(graph: Graph) -> str:
    """The same for Graphviz."""
    lines = ["digraph specrun {", "  rankdir=LR;", "  node [shape=box, fontname=sans];"]
    lines += [f"  {json.dumps(key, ensure_ascii=False)};" for key in graph.resources]
    lines += [
        f"  {json.dumps(need, ensure_ascii=False)} -> {json.dumps(key, ensure_ascii=False)};"
        for key, resource in graph.resources.items()
        for need in resource.needs
    ]
    return "\n".join([*lines, "}"])


def _mermaid(text: str) -> str:
    # The hash begins Mermaid's own escapes; quotes and angle brackets would end the label or become HTML.
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
