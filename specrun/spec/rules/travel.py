"""What is said of a folder that will not travel as it is, each kind of thing once, with the first of its names."""

# ruff: noqa: PTH112, PTH118, PTH120
# os.path, as in the module that reads the folders.

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from specrun.spec.blob_names import blob_problem
from specrun.spec.boundary import allowing
from specrun.spec.reading import opened
from specrun.spec.tree import Tree, TreeFile, Wrong, composed_name, is_spec
from specrun.spec.wording import size

LISTED = 8
"""Names in one message; of the rest, how many there are."""

LARGE = 50_000_000
"""Bytes of code from which on somebody should know of it."""

SDK_V1_BYTES = 300 << 20
SDK_V1_FILES = 2000
"""What azureml-core sends of code, and no more."""

MOST_SCRIPTS = 200
BEGINNING = 1 << 16
"""Of the shell scripts of a code folder: how many are looked at, and how many bytes of each."""

CODE_PREFIX = 82
"""Characters in front of a code file's path in the name of its blob: `LocalUpload/`, a digest, the folder's name."""


class Journey(NamedTuple):
    """What is sent: `written` is the path in the spec, `target` where it goes ("": it is code).

    `start` is the folder where the spec's paths start, "" where nobody can say.
    """

    written: str
    engine: str
    target: str = ""
    start: str = ""

    @property
    def is_code(self) -> bool:
        """Whether it is a folder of code."""
        return not self.target


def found_wrong(tree: Tree, journey: Journey) -> Iterator[tuple[str, str]]:
    """The code and the detail of everything that is wrong, or large, in what is sent."""
    by_code: dict[str, list[Wrong]] = {}
    for wrong in sorted(tree.wrong, key=lambda one: (one.path.count("/"), one.path)):
        by_code.setdefault(wrong.code, []).append(wrong)
    for code, found in by_code.items():
        yield _code(code, journey), _SAID[code](found, tree, journey)
    if journey.engine != "local":
        yield from _names(tree, journey)
    if journey.is_code:
        yield from _line_ends(tree.files, journey)
    if journey.is_code and tree.whole:
        yield from _sizes(tree.files, journey)


_CODES = {"link-outside": "outside-repository", "link-noted": "not-in-repository"}


def _code(code: str, journey: Journey) -> str:
    if code == "link-leaves":
        return "link-leaves-code" if journey.is_code else "link-leaves-data"
    return _CODES.get(code, code)


def _listed(names: Iterable[str], journey: Journey) -> str:
    """`src/a`, `src/b` and 12 more."""
    listed = list(names)
    return _and([f"`{_shown(journey, name)}`" for name in listed[:LISTED]], len(listed))


def _and(few: Sequence[str], total: int) -> str:
    if total > len(few):
        return f"{', '.join(few)} and {total - len(few)} more"
    return f"{', '.join(few[:-1])} and {few[-1]}" if len(few) > 1 else few[0]


def _shown(journey: Journey, path: str) -> str:
    """A path as seen from where paths start, such that it can be printed whatever is in it."""
    name = os.path.normpath(os.path.join(journey.written, path))
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _paths(found: Iterable[Wrong], journey: Journey) -> str:
    return _listed((wrong.path for wrong in found), journey)


def _leave_out(journey: Journey, them: str = "it") -> str:
    return f", or leave {them} out with `.amlignore`" if journey.is_code else ""


def _leaving(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    one = len(found) == 1
    detail = (
        f"{_paths(found, journey)} {'leads' if one else 'lead'} to {'a place' if one else 'places'} outside of "
        f"`{journey.written}`, which {'does' if one else 'do'} not travel with it. Put the "
        f"{'file itself' if one else 'files themselves'} there"
    )
    if not journey.is_code:
        return f"{detail}, or make what {'it leads' if one else 'they lead'} to an entry of its own."
    detail += _leave_out(journey, "the link" if one else "the links")
    above = _above(found, tree.root, journey.start)
    if not above:
        return f"{detail}."
    inner = os.path.relpath(tree.root, os.path.join(os.path.realpath(journey.start), above))
    return f"{detail}. Or name a folder that has both: `code: {above}`; the job's paths then begin with `{inner}/`."


def _above(found: Iterable[Wrong], root: str, start: str) -> str:
    """The folder that holds all that is linked to, as the spec would write it; "" where it is above the spec's own."""
    if not start:
        return ""
    start = os.path.realpath(start)
    folder = os.path.commonpath([root, *(os.path.dirname(wrong.target) for wrong in found)])
    return os.path.relpath(folder, start) if f"{folder}/".startswith(f"{start}/") else ""


def _outside(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    one = len(found) == 1
    return (
        f"{_led(found, journey)}. Under CI a spec, which may be a stranger's, reaches nothing there. If "
        f"{'it is' if one else 'they are'} meant, say `{_options(found)}`."
    )


def _noted(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    return f"{_led(found, journey)}: who has that alone lacks what is there. Under CI it needs `{_options(found)}`."


def _led(found: Sequence[Wrong], journey: Journey) -> str:
    targets = dict.fromkeys(wrong.target for wrong in found)
    places = _and([f"`{one}`" for one in list(targets)[:LISTED]], len(targets))
    return f"{_paths(found, journey)} {'leads' if len(found) == 1 else 'lead'} out of the repository, to {places}"


def _options(found: Sequence[Wrong]) -> str:
    targets = list(dict.fromkeys(wrong.target for wrong in found))
    return " ".join([*map(allowing, targets[:LISTED]), *(["…"] if len(targets) > LISTED else [])])


def _broken(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    one = len(found) == 1
    it = "it" if one else "them"
    return (
        f"What {_paths(found, journey)} {'leads' if one else 'lead'} to does not exist. "
        f"Mend {'the link' if one else 'the links'}, remove {it}{_leave_out(journey, it)}."
    )


def _looping(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    one = len(found) == 1
    it = "it" if one else "them"
    return (
        f"{_paths(found, journey)} {'leads back to itself' if one else 'lead back to themselves'}, and to no file. "
        f"Have {it} lead to one, remove {it}{_leave_out(journey, it)}."
    )


def _circling(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    one = len(found) == 1
    return (
        f"{_paths(found, journey)} {'leads' if one else 'lead'} to a folder that {'it is' if one else 'they are'} in. "
        "Copies of files have no such end: it is not followed, and what needs it will not find it."
    )


def _not_text(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    it = "it" if len(found) == 1 else "them"
    return (
        f"{_paths(found, journey)}: on another machine that would be another name, or none. "
        f"Rename {it} (`ls -b` shows the bytes){_leave_out(journey, it)}."
    )


def _twice(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    return (
        f"Of {_paths(found, journey)} there are two, whose characters are only composed in another way: one would "
        "take the place of the other. Rename or remove one of them."
    )


def _absent(found: Sequence[Wrong], tree: Tree, journey: Journey) -> str:
    one = len(found) == 1
    return (
        f"{_paths(found, journey)} {'is a submodule' if one else 'are submodules'} of the repository, and empty: "
        "fetch what belongs there with `git submodule update --init --recursive`."
    )


_SAID = {
    "link-leaves": _leaving,
    "link-outside": _outside,
    "link-noted": _noted,
    "broken-link": _broken,
    "link-loop": _looping,
    "link-not-followed": _circling,
    "name-not-utf8": _not_text,
    "same-name": _twice,
    "submodule-not-here": _absent,
}


def _names(tree: Tree, journey: Journey) -> Iterator[tuple[str, str]]:
    """Names that the service does not take, or would change without a word."""
    room = CODE_PREFIX if journey.is_code else len(journey.target) + 1
    found: dict[str, str] = {}
    for file in tree.files:
        path = composed_name(file.path)
        problem = blob_problem(path, room)
        if problem is not None:
            found.setdefault(path[: problem.end] if problem.end else path, problem.why)
    if found:
        single = not os.path.isdir(tree.root)
        few = [f"`{_shown(journey, '' if single else path)}` ({why})" for path, why in list(found.items())[:LISTED]]
        them = "it" if len(found) == 1 else "them"
        yield "not-a-blob-name", f"{_and(few, len(found))}. Rename {them}{_leave_out(journey, them)}."


def _line_ends(files: Iterable[TreeFile], journey: Journey) -> Iterator[tuple[str, str]]:
    """Shell scripts with Windows line ends: to bash a carriage return is part of a line's last word."""
    scripts = islice((file for file in files if _may_be_script(file.path)), MOST_SCRIPTS)
    found = [file.path for file in scripts if _has_windows_ends(file)]
    if found:
        script = _shown(journey, found[0])
        yield (
            "windows-line-ends",
            f"{_listed(found, journey)}: to bash the carriage return is a part of each line's last word, so that `set "
            f"-e` does not work, for one. `sed -i 's/\\r$//' {script}` mends it, and `*.sh text eol=lf` in a "
            ".gitattributes keeps it so.",
        )


def _may_be_script(path: str) -> bool:
    """Whether it is a shell script by its name, or may be one by its first line."""
    return path.endswith((".sh", ".bash")) or "." not in path.rpartition("/")[2]


def _has_windows_ends(file: TreeFile) -> bool:
    try:
        with opened(file.source) as script:
            start = script.read(BEGINNING)
    except OSError:
        return False  # the plan says so
    named = file.path.endswith((".sh", ".bash"))
    return b"\r\n" in start and (named or (start.startswith(b"#!") and b"sh" in start.split(b"\n", 1)[0]))


def _sizes(files: Sequence[TreeFile], journey: Journey) -> Iterator[tuple[str, str]]:
    of_v1 = journey.engine == "azureml-v1"
    if sum(file.stat.st_size for file in files) <= LARGE and not (of_v1 and len(files) > SDK_V1_FILES):
        return
    code = [file for file in files if not _is_spec(file)]
    total = sum(file.stat.st_size for file in code)
    largest = sorted(code, key=lambda file: -file.stat.st_size)[:3]
    named = [f"`{_shown(journey, file.path)}` ({size(file.stat.st_size)})" for file in largest]
    has = f"`{journey.written}` has {len(code)} files of {size(total)} together, the largest {_and(named, len(named))}."
    way_out = (
        "Leave out what the job does not need with `.amlignore` (written as a `.gitignore` is), and make what it reads "
        "an entry of `data`."
    )
    if of_v1 and total > SDK_V1_BYTES:
        yield (
            "too-much-code",
            f"{has} SDK v1 sends no more than 300 MB ({size(SDK_V1_BYTES)} as counted here). {way_out}",
        )
    elif of_v1 and len(code) > SDK_V1_FILES and not os.environ.get("AML_SNAPSHOT_NO_FILE_LIMIT"):
        yield "too-much-code", f"{has} SDK v1 sends no more than {SDK_V1_FILES:,} files. {way_out}"
    elif total > LARGE:
        yield "large-code", f"{has} {way_out}"


def _is_spec(file: TreeFile) -> bool:
    try:
        return is_spec(file)
    except OSError:
        return False  # the plan says so
