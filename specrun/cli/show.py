"""`specrun show`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from specrun.cli import session
from specrun.cli.changed import changed_options
from specrun.cli.commenting import check_comment_options, comment_options, plan_comment
from specrun.cli.exit_codes import INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.export import tell_of_asterisks
from specrun.cli.options import color_option, output_option
from specrun.cli.plan import render
from specrun.cli.reading import Reading, reading_options
from specrun.cli.saved import Saved, find_saved
from specrun.cli.telling import strict
from specrun.plan.shown_again import shown_again
from specrun.spec.diagnostics import Path
from specrun.spec.expressions import references
from specrun.spec.masking import mask_properties
from specrun.spec.source import Document
from specrun.spec.visible import json_text, visible
from specrun.views.merged import Came, merged_data, merged_text
from specrun.views.text import paint_for, terminal_width


@click.command()
@reading_options
@changed_options(goes_on=True)
@output_option("text", "json", "markdown")
@comment_options
@color_option
def show(reading: Reading, output: str) -> None:
    """Print specs with all their layers in place, and where each value comes from. FILE may also be a saved plan, which
    is printed as it was first shown.
    """
    check_comment_options(output)
    if (saved := find_saved(reading.named)) is not None:
        _show_plan(saved, output)
        return
    if output == "markdown":
        raise Exit(WRONG_USAGE, "-o markdown is for saved plans")
    loaded = session.load_specs(reading, with_values=True)
    if strict() or not loaded.ok:
        session.show(loaded.diagnostics)
    if not loaded.ok:
        raise Exit(INVALID_SPEC)
    paint, width = paint_for(sys.stdout), terminal_width()
    entries: list[dict[str, object]] = []
    texts = []
    masks = False
    for document, values in loaded.values:
        shown = mask_properties(values)
        masks |= shown != values
        came = _origins(document, reading)
        if output == "json":
            told = {"spec": shown.get("name"), "target": document.target or None}
            entries += ({**told, **entry} for entry in merged_data(shown, came))
        else:
            of = visible(f"{document.file}, target {document.target}" if document.target else document.file)
            texts.append(f"{paint(f'# {of}', 'dim')}\n{merged_text(shown, came, paint, width)}")
    print(json_text(entries, 2) if output == "json" else "\n---\n".join(texts))
    if masks:
        tell_of_asterisks()


def _show_plan(saved: Saved, output: str) -> None:
    """Print a saved plan, from nothing but its contents."""
    context = click.get_current_context()
    for option in context.command.params:
        said = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if said and option.name in context.params.keys() - {"files", "output"}:
            raise Exit(
                WRONG_USAGE, f"{saved.file} is a saved plan: it is shown as it is, whatever {option.opts[0]} says"
            )
    again = shown_again(saved.content)
    more = saved.content["said"].get("changed_since")
    if output == "markdown":
        print(plan_comment(again, saved.content, more))
    else:
        print(render(again, output, {} if more is None else {"changed_since": more}))
    session.show(again.notes)


def _origins(document: Document, reading: Reading) -> Callable[[Path], Came]:
    """Where a value of a spec comes from, by its path."""
    options: dict[Path, str] = {("vars", name): "--var" for name in reading.variables}
    options |= {("job", "inputs", name): "--input" for name in reading.inputs}
    if reading.environment is not None:
        options["job", "environment"] = "--environment"

    def came(path: Path) -> Came:
        option = next((options[path[:depth]] for depth in (2, 3) if path[:depth] in options), None)
        if option is not None:
            return Came("", None, option)
        part = document.part(path)
        text = _value_at(part.document.values, part.path)
        through = [f"{word} {name}" for word, of in (("env", "env"), ("var", "vars")) for name in _named(text, of)]
        return Came(part.document.file, part.document.location(part.path).line, part.layer, through)

    return came


def _value_at(values: Any, path: Path) -> Any:
    for step in path:
        values = values[step]
    return values


def _named(text: object, namespace: str) -> list[str]:
    return list(dict.fromkeys(references(text, namespace))) if isinstance(text, str) else []
