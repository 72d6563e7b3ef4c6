"""Files that were given as specs: what is read of them, and which of them are none."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from specrun.spec import source
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.outside import found_outside

if TYPE_CHECKING:
    from specrun.spec.rules.files import Files
    from specrun.spec.source import Document


def read_spec(file: str, files: Files) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """A spec's document, if there is one, and every mistake of its YAML.

    A link that leads out of the repository may be a stranger's: under CI it is not read unless that is allowed, and
    what is no spec there is not shown.
    """
    if file == source.STDIN:
        return source.read_standard_input()
    if file in files.specs:
        return files.specs[file], ()
    reach = files.reach("" if "\0" in file else os.path.dirname(file))  # noqa: PTH120 - ten times as fast as Path
    real = reach.led_out(file)
    if not real:
        return source.read(file)
    refused = found_outside(reach.spec._replace(root=reach.named_in, in_repository=True), real)
    if refused is not None:
        return None, (source.whole_file(file, *refused),)
    document, found = source.read(file)
    if document is not None and str(document.values.get("apiVersion")).startswith("specrun/"):
        return document, found
    code = found[0].code if found else "missing-key"
    detail = "It has no apiVersion as specs have it, and a link led there, out of the repository: it is not shown."
    return None, (source.whole_file(file, code, detail),)


def of_bases(
    files: Sequence[str], abstract: Collection[str], scanned: frozenset[str], *, with_specs: bool
) -> Iterable[Diagnostic]:
    """That bases are no specs: those that were named as such, and those of a scan that found nothing else."""
    for file in abstract:
        if with_specs and file not in scanned:
            detail = "It is `abstract: true`, a base of others: name those."
            yield source.whole_file(file, "not-a-spec", detail)
    if abstract and scanned.issuperset(files) and len(abstract) == len(files):
        detail = f"All that was found is `abstract: true`: bases, {len(files)} of them, and no spec."
        yield source.whole_file(files[0], "no-specs", detail)
