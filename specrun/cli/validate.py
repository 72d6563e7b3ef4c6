"""`specrun validate`."""

# ruff: noqa: PTH109, PTH118 - as in repository_file

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import click

from specrun.cli.answers import ANNOTATED, note_diagnostics
from specrun.cli.changed import changed_options
from specrun.cli.commenting import check_comment_options, comment_options, sticky
from specrun.cli.exit_codes import INVALID_SPEC, REFUSED, Exit
from specrun.cli.left_out import check_targets, tell_selected
from specrun.cli.options import color_option, output_option
from specrun.cli.reading import Reading, reading_options
from specrun.cli.rules_from import rules_from_option
from specrun.cli.telling import audible, end_if_strict, judged, quiet
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.loaded import Loaded, in_order, together
from specrun.spec.named import without_others
from specrun.spec.repository import repository_of
from specrun.spec.repository_file import NAME, RepositoryFiles
from specrun.spec.side_by_side import side_by_side
from specrun.spec.visible import json_text
from specrun.views.diagnostics import diagnostic_data, diagnostics_summary, findings_text
from specrun.views.text import paint_for, terminal_width


@click.command()
@reading_options
@rules_from_option
@changed_options(goes_on=True)
@output_option("text", "json", "markdown", *ANNOTATED)
@comment_options
@click.option("--specs-only", is_flag=True, help="Pass over FILEs that are no specs, such as other YAML.")
@color_option
def validate(reading: Reading, output: str, specs_only: bool) -> None:
    """Report every mistake of the specs, each at its place. Exit 65 when there is an error, 4 for a broken rule."""
    check_comment_options(output)
    if specs_only:
        meant = without_others(reading.found)
        reading = replace(reading, files=meant.files, found=meant)
    _check_engine(reading.engine)
    loaded = _load(reading)
    tell_selected(loaded, reading)
    check_targets(loaded, reading.target, reading.none)
    diagnostics = judged([*loaded.diagnostics, *_of_no_target(loaded, reading), *_of_chains(loaded, reading)])
    wrong = any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    diagnostics = list(in_order([*diagnostics, *loaded.broken], reading.files))
    if output == "json":
        found = [diagnostic_data(diagnostic) for diagnostic in diagnostics]
        told = {"valid": not wrong, "allowed": not loaded.broken, "diagnostics": found}
        print(json_text({**told, **reading.changed_data}, 2))
    elif output in ANNOTATED:
        note_diagnostics(audible(diagnostics))
    elif output == "markdown":
        from specrun.views.failure_markdown import checked_markdown

        print(checked_markdown(audible(diagnostics), len(reading.files), sticky("validate")))
    else:
        paint = paint_for(sys.stdout)
        width = terminal_width() if diagnostics else 0
        for text in findings_text(audible(diagnostics), paint, width):
            print(text, end="\n\n")
        if not quiet():
            checked = len(reading.files) - loaded.passed_over(reading.found.scanned)
            if specs_only and not reading.files:
                print("nothing to check: none of the files is a spec")
            else:
                what = "spec" if reading.found.scanned else "file"
                print(diagnostics_summary(diagnostics, checked, what))
    end_if_strict()
    if wrong:
        raise Exit(INVALID_SPEC)
    if loaded.broken:
        raise Exit(REFUSED)


def _check_engine(name: str | None) -> None:
    from specrun.engines.facts import ENGINES

    if name is not None and name not in ENGINES:
        from specrun.cli.session import require_engine  # it brings what other verbs need

        require_engine(name)


def _of_no_target(loaded: Loaded, reading: Reading) -> list[Diagnostic]:
    """Rules that no spec ever has, where the specs are all those of the repository."""
    if not reading.found.scanned or reading.changed is not None:
        return []
    root = repository_of(os.getcwd()) or os.getcwd()
    repository = RepositoryFiles(rules_from=reading.rules_from).of(os.path.relpath(os.path.join(root, NAME)))
    if repository.rules is None or not repository.rules.of_targets:
        return []
    from specrun.spec.named import as_typed
    from specrun.spec.repository_rules.of_files import of_no_target

    all_of_them = [as_typed(repository, entry) for entry in repository.specs]
    if list(reading.named) != all_of_them and root not in map(os.path.realpath, reading.named):
        return []
    return list(of_no_target(repository, {name for names in loaded.targets.values() for name in names}))


def _load(reading: Reading) -> Loaded:
    """The files and what is wrong with them; of many a part on each core, unless something is looked for in all."""
    if reading.variables or reading.inputs or reading.var_files:
        return _load_part(reading, reading.files)
    return together(side_by_side(partial(_load_part, reading), reading.files), reading.files)


def _of_chains(loaded: Loaded, reading: Reading) -> list[Diagnostic]:
    """What is wrong between the specs, where some read from runs of others."""
    if not loaded.chained:
        return []
    from specrun.apply.validation import of_chains

    return of_chains(loaded, reading.options(), reading.files)


def _load_part(reading: Reading, files: Sequence[str]) -> Loaded:
    from specrun.apply.validation import validated

    return validated(**{**reading.options(), "files": files, "given": reading.files})
