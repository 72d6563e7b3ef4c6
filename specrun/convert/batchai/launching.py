"""The job's command, and the script that it may take."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from specrun.convert import credentials
from specrun.convert.batchai.directories import write
from specrun.convert.batchai.job_folders import JobFolder
from specrun.convert.batchai.program import Program
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.shell import Shell, command, expressions
from specrun.convert.batchai.wrapper import wrapper
from specrun.convert.document import Document

_SCRIPTS = re.compile(r"\.(ba)?sh\b")


def launch(
    rewriter: Rewriter,
    draft: Document,
    program: Program,
    preparation: Sequence[str],
    exports: Sequence[tuple[str, str]],
    name: str,
    origin: str,
) -> Mapping[str, str]:
    """Write command, code, inputs and outputs; the files beside the spec, by path."""
    texts = [*program.lines.values(), *preparation, *(value for _, value in exports)]
    calls = any(_SCRIPTS.search(text) for text in texts)
    shell = Shell(program, tuple(exports), tuple(preparation), frozenset(rewriter.needs), calls)
    used = set().union(*map(expressions, texts)) if texts else set()
    places = [place for place in rewriter.places.found if not _is_code(rewriter, place, used)]
    by_code = [place for place in rewriter.places.found if place not in places]
    for place in by_code:
        if place.source is not None:
            rewriter.places.ledger.rewrite(place.source, "job.code", "what lies there comes with the code, by --code")
    if rewriter.places.code:
        draft.set(("job", "code"), rewriter.places.code, "--code")
    for secret in sorted(rewriter.secrets):
        draft.set(("job", "environment_variables", secret), credentials.secret(secret))
    files: dict[str, str] = {}
    if shell.needs_wrapper:
        folder = rewriter.places.code or f"{name}-code"
        draft.set(("job", "code"), folder)
        files[posixpath.normpath(posixpath.join(folder, f"{name}.sh"))] = _wrapped(shell, places, origin)
        handed = [f"export {place.variable}={place.expression}" for place in places]
        draft.set(("job", "command"), "\n".join([*handed, f"bash {name}.sh"]), _comment(shell, f"{folder}/{name}.sh"))
    else:
        # A folder that no command line names is one that the script finds by its variable.
        handed = [
            f"export {place.variable}={place.expression}"
            for place in places
            if calls or (place.kind, place.name) not in used
        ]
        draft.set(
            ("job", "command"), "\n".join([*handed, command(shell)]), "the script may read these" if handed else ""
        )
    write(draft, places)
    return files


def _wrapped(shell: Shell, places: Sequence[JobFolder], origin: str) -> str:
    return wrapper(shell, {(place.kind, place.name): place.variable for place in places}, posixpath.basename(origin))


def _comment(shell: Shell, file: str) -> str:
    what = "gives each role its arguments" if shell.by_role else "prepares each instance once"
    return f"{posixpath.basename(file)} {what}"


def _is_code(rewriter: Rewriter, place: JobFolder, used: set[tuple[str, str]]) -> bool:
    """Whether --code has brought along all that the job had the place for."""
    unused = (place.kind, place.name) not in used
    return unused and rewriter.places.is_code(place)
