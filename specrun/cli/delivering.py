"""What an import reads and writes: files and folders in, specs and a report out."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from specrun.cli.exit_codes import FAILED, INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.telling import quiet
from specrun.engines.facts import ENGINES
from specrun.spec.below import NameRefused, below
from specrun.spec.visible import json_lines, visible
from specrun.views.text import paint_for, terminal_width

if TYPE_CHECKING:
    from specrun.convert.imported import Imported
    from specrun.convert.kinds import Recognized
    from specrun.convert.sources import Refused, Source

Work: TypeAlias = "Callable[[], Sequence[Imported]]"
"""One import; it may raise Refused."""


def expanded(files: Sequence[str], endings: tuple[str, ...]) -> list[str]:
    """The files, and those with the endings in folders that were named."""
    found: list[str] = []
    for file in files:
        folder = Path(file)
        inside = sorted(str(one) for one in folder.rglob("*") if one.suffix in endings and one.is_file())
        found += inside if folder.is_dir() else [file]
    return list(dict.fromkeys(found))


def read_all(read: Callable[[str], Source], files: Iterable[str]) -> tuple[list[Source], list[Refused]]:
    """What could be read, and what was refused."""
    from specrun.convert.sources import Refused

    sources: list[Source] = []
    refused: list[Refused] = []
    for file in files:
        try:
            sources.append(read(file))
        except Refused as refusal:
            refused.append(refusal)
    return sources, refused


def read_one(read: Callable[[str], Source], file: str) -> Source:
    """One file that must be readable. Ends the command when it is not."""
    sources, refused = read_all(read, [file])
    if refused:
        raise Exit(INVALID_SPEC, f"error: {refused[0]}")
    return sources[0]


def deliver(
    works: Iterable[Work],
    refused: list[Refused],
    *,
    out: str | None,
    out_dir: str | None,
    force: bool,
    output: str,
    looks: Collection[Recognized] = (),
    engine: str | None = None,
) -> None:
    """Import, write the specs, tell what became of every field; exit 65 when a file was refused, or nothing is there.

    `looks` say what files were taken for, where nobody said it. The `engine` judges what was written; None: the one
    of imports.
    """
    from specrun.apply.imported import ENGINE, agreed
    from specrun.convert.sources import Refused
    from specrun.convert.withholding import withheld

    if engine is not None and engine not in ENGINES:
        from specrun.cli.session import require_engine  # it brings what other verbs need

        require_engine(engine)
    imported: list[Imported] = []
    for work in works:
        try:
            imported += _named_apart([*map(withheld, work())], {one.name for one in imported})
        except Refused as refusal:
            refused.append(refusal)
    imported = _files_apart(imported)
    files = _placed(imported, out, out_dir)
    _spare(files, force)
    if out_dir is not None:
        check_below([path for path in files if path.is_relative_to(out_dir)], Path(out_dir))
    for path, (text, executable) in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        if executable:
            path.chmod(path.stat().st_mode | 0o111)
    places = [Path(out) if out is not None else Path(out_dir or "", f"{one.name}.yaml") for one in imported]
    texts = {
        str(place): files[place][0] if files else one.draft.text() for place, one in zip(places, imported, strict=True)
    }
    if not files:
        print("".join(texts.values()), end="")
    judged = agreed(imported, texts, engine or ENGINE)
    _tell(judged, looks, files, output)
    _tell_next(judged, [places[at] for at, one in enumerate(judged) if one.report.todos], engine, output, bool(files))
    if refused:
        raise Exit(INVALID_SPEC, *(f"error: {refusal}" for refusal in refused))
    if not imported:
        raise Exit(INVALID_SPEC, "error: there is nothing to import in what was named")


def _named_apart(imported: Sequence[Imported], taken: set[str]) -> list[Imported]:
    """What one work gave, none called as another is, nor as one that is `taken`: each is a file of its name."""
    from specrun.convert.naming import unique_slug

    found: list[Imported] = []
    renamed: dict[str, str] = {}
    for one in imported:
        name = unique_slug(one.name, taken)
        if name != one.name:
            one.draft.set(("name",), name, f"{one.name} is the name of another of these specs")
            renamed.setdefault(one.name, name)
        taken.add(name)
        found.append(replace(one, name=name))
    for one in found if renamed else ():
        one.draft.rename_runs(renamed)
    return found


def _files_apart(imported: Sequence[Imported]) -> list[Imported]:
    """The same, no file beside one spec over another's."""
    written: dict[str, str] = {}
    return [_beside_others(one, written) for one in imported]


def _beside_others(one: Imported, written: dict[str, str]) -> Imported:
    """The same, with other names for files that are `written` for another spec, with another text."""
    files: dict[str, str] = {}
    executable: set[str] = set()
    for path, text in one.files.items():
        folder, slash, name = path.rpartition("/")
        stem, dot, ending = name.partition(".")
        new, number = path, 1
        while written.get(new, text) != text:
            number += 1
            new = f"{folder}{slash}{stem}-{number}{dot}{ending}"
        if new != path:
            one.draft.rename(name, new.rpartition("/")[2])
        written[new] = files[new] = text
        executable |= {new} if path in one.executable else set()
    return replace(one, files=files, executable=frozenset(executable))


def _placed(imported: Sequence[Imported], out: str | None, out_dir: str | None) -> dict[Path, tuple[str, bool]]:
    """Each file that is to be written, with its text and whether it is run; none where the spec is printed."""
    if out is not None and out_dir is not None:
        raise Exit(WRONG_USAGE, "--out is for one spec, --out-dir for several: give one of them")
    if len(imported) > 1 and out_dir is None:
        names = ", ".join(one.name for one in imported)
        raise Exit(
            WRONG_USAGE, f"these are {len(imported)} specs ({names}): write them into a folder with --out-dir DIR"
        )
    files: dict[Path, tuple[str, bool]] = {}
    for one in imported:
        spec = Path(out) if out is not None else Path(out_dir, f"{one.name}.yaml") if out_dir is not None else None
        if spec is None:
            if one.files:
                listed = ", ".join(one.files)
                raise Exit(WRONG_USAGE, f"beside this spec belongs {listed}: have both written with --out SPEC.yaml")
            continue
        files[spec] = (one.draft.text(), False)
        files |= {_beside(spec, name): (text, name in one.executable) for name, text in one.files.items()}
    return files


def check_below(files: Iterable[Path], folder: Path) -> None:
    """End the command rather than write through a link that lies in a folder, or out of it."""
    for path in files:
        try:
            below(folder, path.relative_to(folder).as_posix())
        except NameRefused as problem:
            raise Exit(FAILED, f"{path} is not written: {problem}") from problem


def _beside(spec: Path, name: str) -> Path:
    return Path(os.path.normpath(spec.parent / name))


def _spare(files: Iterable[Path], force: bool) -> None:
    taken = [str(path) for path in files if os.path.lexists(path)]
    if taken and not force:
        raise Exit(FAILED, f"{', '.join(taken)} exists already: say --force to overwrite it, or choose another place")


def _tell(imported: Sequence[Imported], looks: Collection[Recognized], files: Iterable[Path], output: str) -> None:
    """The report: for programs on standard output, unless the spec is there; for people on standard error."""
    from specrun.views.report import Account, Told, report_data, report_markdown, report_text

    account = Account([Told(one.name, one.report, one.jobs) for one in imported], looks)
    if quiet() and output == "text":
        return
    if output == "text":
        text = report_text(account, paint_for(sys.stderr), terminal_width())
        for line in [*filter(None, [text]), *(f"wrote {visible(str(path))}" for path in files)]:
            print(line, file=sys.stderr)
        return
    text = report_markdown(account) if output == "markdown" else json_lines(report_data(account))
    print(text, file=sys.stdout if files else sys.stderr)


def _tell_next(
    judged: Sequence[Imported], places: Sequence[Path], engine: str | None, output: str, written: bool
) -> None:
    """To people, in the end: how much is left to them, and what says when nothing is."""
    left = sum(len(one.report.todos) for one in judged)
    if not left or output != "text" or quiet():
        return
    from specrun.apply.imported import ENGINE
    from specrun.spec.wording import command, file_word

    where = [file_word(str(place)) for place in places[:1]] if len(places) == 1 else [str(places[0].parent)]
    check = command("specrun", "validate", *where, "--engine", engine or ENGINE)
    what = "1 thing needs you" if left == 1 else f"{left} things need you"
    of = f" in {len(places)} specs" if len(places) > 1 else ""
    saved = "Settle" if written else "Write the spec to a file with --out, and settle"
    say = f"{what}{of}, each with a ! above. {saved} {'it' if left == 1 else 'them'}; this says what is left:"
    print("\n".join([*textwrap.wrap(say, terminal_width()), f"  {check}"]), file=sys.stderr)
