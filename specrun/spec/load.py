"""Files to specs, or to everything that is wrong with them, in one go."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from specrun.spec import codes, overrides, rules, schema, source, todos
from specrun.spec.boundary import told
from specrun.spec.diagnostics import Diagnostic, Location, Path, Severity
from specrun.spec.expressions import OPEN
from specrun.spec.given import of_bases, read_spec
from specrun.spec.layers.paths import starting_at_spec
from specrun.spec.layers.specs import Layering, Picked, under_targets
from specrun.spec.layers.var_files import read_var_files
from specrun.spec.loaded import Loaded, in_order
from specrun.spec.repository import under_ci
from specrun.spec.repository_file import NAME, RepositoryFiles
from specrun.spec.rules.credentials import without_credentials
from specrun.spec.rules.environment import of_machine as environment_of_machine
from specrun.spec.rules.files import Files
from specrun.spec.rules.subject import Subject, mapping
from specrun.spec.substitution import substitute

if TYPE_CHECKING:
    from specrun.spec.elsewhere import Elsewhere
    from specrun.spec.model import Scalar, Spec
    from specrun.spec.selection import About, Selection
    from specrun.spec.source import Document


class _Options(NamedTuple):
    variables: Mapping[str, Scalar]
    typed: Mapping[str, str]
    """The variables as they were typed."""
    engine: str | None
    inputs: Mapping[str, str]
    environment: Mapping[str, Any] | None
    unread: Mapping[str, tuple[Path, ...]]
    secrets_required: bool
    files: Files
    today: str
    repositories: RepositoryFiles
    layering: Layering
    advice: bool


def load(
    files: Sequence[str],
    *,
    variables: Mapping[str, str] = {},
    engine: str | None = None,
    inputs: Mapping[str, str] = {},
    environment: str | None = None,
    unread: Mapping[str, tuple[Path, ...]] = {},
    secrets_required: bool = False,
    allow_outside: Sequence[str] = (),
    environment_said: bool = True,
    with_specs: bool = True,
    of_machine: bool = False,
    target: str | None = None,
    every_target: bool = False,
    var_files: Sequence[str] = (),
    var_files_said: bool = True,
    with_values: bool = False,
    scanned: frozenset[str] = frozenset(),
    mistakes: Sequence[Diagnostic] = (),
    selection: Selection | None = None,
    given: Sequence[str] = (),
    under_rules: bool = False,
    rules_from: Elsewhere | None = None,
    documents: Mapping[str, Document] = {},
    tolerated: Collection[str] = (),
    advice: bool = True,
) -> Loaded:
    """Every file's Spec and every mistake of all files, sorted by file (as given), line and column.

    `engine` is what --engine or SPECRUN_ENGINE say; None leaves it to the spec. `variables`, `inputs` and `environment`
    replace what the spec says. `unread` maps an engine to the fields it never reads: an unset environment variable
    there is only a note. Unset secrets are notes too, unless `secrets_required`. With `of_machine` it is noted, too,
    that a job runs in what is installed on this machine.

    Under CI specs reach nothing outside of their repository but what `allow_outside`, `inputs` and `environment` name;
    the latter only where it was `environment_said`, on the command line. Without `with_specs` there are none: what
    `validate` needs, over thousands of files.

    `target` is what --target or SPECRUN_TARGET say. None leaves it to the `default_target` of a spec or its repository;
    but with `every_target`, and without `with_specs`, a spec is looked at under each of its targets. `var_files` are
    YAML files of names and values, which replace the values of `vars` as `variables` do, and give way to these; where
    they were not `var_files_said`, a saved plan names them. `with_values`: of bases, too.

    Of files that were only `scanned`, nobody having named them, those with `abstract: true` are passed over; `mistakes`
    are those made in naming them. What a `selection` does not choose is left out, with its mistakes. `given` are all
    files of the command, where these are a part of them: see `together`.

    With `under_rules` specs that are right are judged by the rules of their repositories: what they break is `broken`.
    `rules_from` is where rules are taken from, if not from the working tree.

    `documents` are those of files that need not be there. What has no mistakes but those whose code is `tolerated`
    is a spec, too. Without `advice` nothing is looked for that is never an error.
    """
    reading = Files(
        told(allow_outside, strict=under_ci(), environment=environment if environment_said else None, inputs=inputs),
        documents,
    )
    reach = reading.reach(os.path.dirname(files[0] if files else ""))  # noqa: PTH120
    environment_values, of_environment = overrides.read_environment(
        environment, reach.environment, said=reading.told.environment is not None
    )
    named = read_var_files(var_files, reach.spec, said=var_files_said)
    diagnostics = [*mistakes, *of_environment, *named.diagnostics]
    options = _Options(
        overrides.scalars(variables),
        variables,
        engine,
        inputs,
        environment_values,
        unread,
        secrets_required,
        reading,
        _today(),
        RepositoryFiles(_today(), rules_from),
        Layering(reading, given or files),
        advice,
    )
    read: list[tuple[Document, Mapping[str, Any]]] = []
    specs: list[Spec] = []
    picked = Picked()
    all_values: list[tuple[Document, Mapping[str, Any]]] = []
    about: list[About] = []
    broken: list[Diagnostic] = []
    chained: list[str] = []
    for file in files:
        if os.path.basename(file) == NAME:  # noqa: PTH119
            diagnostics += _of_repository(file, options, is_spec=with_specs)
            continue
        document, mistakes_read = read_spec(file, reading)
        if document is not None and file in scanned and document.values.get("abstract") is True:
            picked.abstract.append(file)
            continue
        diagnostics += mistakes_read
        if document is None:
            continue
        if "apiVersion" not in document.values and not document.values.keys().isdisjoint(("currency", "updated")):
            diagnostics += _of_prices(document, is_spec=with_specs)
            continue
        layered = options.layering.of(document)
        default = options.repositories.of(file).default_target if layered.targets else ""
        picks = map(named.over, layered.pick(target, default, picked, each=every_target or not with_specs))
        noting = of_machine and environment is None and _is_right((*mistakes_read, *layered.diagnostics))
        checked = [_check(one, options, complete=layered.complete, of_machine=noting) for one in picks]
        if selection is not None and checked:
            about.append(selection.about(file, checked[0].values))
            if not about[-1].chosen:
                continue
        diagnostics += layered.diagnostics
        found = checked[0].diagnostics if len(checked) == 1 else under_targets([one[:2] for one in checked])
        if noting and not _is_right(found):
            found = [one for one in found if one.code != "environment-of-machine"]  # it is nothing beside that
        diagnostics += dict.fromkeys(found)
        if variables or inputs or var_files:
            read += [(one.document, one.seen) for one in checked]
        if with_values:
            all_values += [(one.document, one.values) for one in checked]
        if any(_reads_runs(one.values) for one in checked):
            chained.append(file)
        repository = options.repositories.of(file)
        is_judged = under_rules and repository.rules is not None
        is_built = (with_specs or is_judged) and layered.complete and file not in picked.undecided
        of_spec = (*mistakes_read, *layered.diagnostics, *found)
        if is_built and _is_right(one for one in of_spec if one.code not in tolerated):
            from specrun.spec.build import build

            reach = reading.reach(os.path.dirname(file))  # noqa: PTH120
            built = [build(one.document, one.values, reach, one.written, repository.prices) for one in checked]
            specs += built if with_specs else ()
            if is_judged:
                from specrun.spec.repository_rules.of_files import judged

                against, notes = judged(built, repository, engine, options.today)
                broken += against
                diagnostics += notes
    undeclared = [*overrides.undeclared(read, variables, inputs), *named.undeclared([seen for _, seen in read])]
    of_repositories = options.repositories.diagnostics()
    of_repositories += options.repositories.dates(options.today) if under_rules else ()
    if undeclared or of_environment or not _is_right(of_repositories) or named.diagnostics:
        specs = []
    shared = (*of_repositories, *options.layering.diagnostics())
    diagnostics += [*undeclared, *shared]
    diagnostics += of_bases(given or files, picked.abstract, scanned, with_specs=with_specs and not with_values)
    in_place = tuple(in_order(options.layering.without_used_above(diagnostics), files))
    not_kept = tuple(in_order(broken, files))
    return Loaded(
        tuple(specs), in_place, *picked.counted(), tuple(about), tuple(all_values), shared, tuple(chained), not_kept
    )


def check(files: Sequence[str], **options: Any) -> tuple[Diagnostic, ...]:
    """The diagnostics of `load`, which takes the same options, without the specs."""
    return load(files, with_specs=False, **options).diagnostics


def _of_repository(file: str, options: _Options, *, is_spec: bool) -> Sequence[Diagnostic]:
    """Reads a repository's own file that was named like a spec, and says so where one `is_spec` to be."""
    if not os.path.lexists(file):
        return source.read(file)[1]
    repository = options.repositories.at(file)
    detail = "It says what holds for every spec of a repository: name the specs, or `specrun validate` it."
    if is_spec:
        return [codes.diagnostic("not-a-spec", detail, (), Location(file, 1, 1))]
    if not repository.specs:
        return ()
    from specrun.spec.named import listed

    return listed(repository).mistakes


def _of_prices(document: Document, *, is_spec: bool) -> Sequence[Diagnostic]:
    """The mistakes in a list of prices that was named like a spec, and that it is none where one `is_spec` to be."""
    if is_spec:
        detail = "It is a list of prices, which `prices` in `.specrun.yaml` names: name the specs."
        return [source.whole_file(document.file, "not-a-spec", detail)]
    from specrun.spec.price_lists import list_in

    return list_in(document, _today())[1]


def _today() -> str:
    return time.strftime("%Y-%m-%d")


class _Checked(NamedTuple):
    """A document, its mistakes beyond YAML, its values with everything in place, those of them that are right, and
    those that its own files have, whatever the command line replaces and wherever they lie.
    """

    document: Document
    diagnostics: list[Diagnostic]
    values: Any
    seen: Mapping[str, Any]
    written: Any


def _check(document: Document, options: _Options, *, complete: bool = True, of_machine: bool = False) -> _Checked:
    """One document. Of what is not `complete` nothing is said that another file may still give it."""
    repository = options.repositories.of(document.file)
    done = substitute(
        document,
        options.variables,
        engine=options.engine,
        unread=options.unread,
        secrets_required=options.secrets_required,
        repository=repository,
    )
    document = document.having_read(done.read)
    left = todos.find(document, done.values, options.typed, options.inputs, environment=options.environment is not None)
    holes = done.holes | left.holes
    mistakes = schema.check(document, done.values, incomplete=not complete)
    refused = [found for found in mistakes if not _is_hole(found, holes)]
    folder = os.path.dirname(document.file)  # noqa: PTH120 - ten times as fast as Path, for each file
    values, moved = starting_at_spec(document, done.values, options.files.reach(folder).spec.folder)
    values = overrides.apply(values, options.inputs, options.environment)
    seen = values
    # What is not set is for the specs to say, where they are used.
    in_expressions = tuple(one for one in done.diagnostics if complete or one.code not in ("unset-env", "unset-secret"))
    if refused or holes or not complete:
        from specrun.spec.rules.unknown import Known, incomplete

        known = Known(values if complete else incomplete(values), refused)
        in_expressions = tuple(found for found in in_expressions if not known.explains(found))
        for hole in done.holes | left.hidden:
            known.hide(hole)
        seen = known.values
    if repository.prices is not None:
        options.repositories.priced(repository, seen)
    subject = Subject(document, seen, done.engine, folder, options.files, options.today, options.typed, moved)
    diagnostics = [
        *refused,
        *in_expressions,
        *(found for found in rules.check(subject, advice=options.advice) if not left.explain(found)),
    ]
    # Nobody knows where the value of a key belongs that there is not; and what is left open in a base, a spec may say.
    unknown = {found.path for found in refused if found.code == "unknown-key"}
    diagnostics += [one for one in left.diagnostics if complete and unknown.isdisjoint(_above(one.path))]
    if of_machine and complete:
        diagnostics += environment_of_machine(subject, options.engine)
    return _Checked(document, without_credentials(document, values, diagnostics), values, seen, done.values)


def _reads_runs(values: Any) -> bool:
    """Whether an input of its job reads from the run of a spec."""
    inputs = mapping(mapping(mapping(values).get("job")).get("inputs"))
    return any("run" in mapping(entry) for entry in inputs.values())


def _above(path: Path) -> Iterable[Path]:
    """A path and all that it is below of."""
    return (path[:length] for length in range(len(path) + 1))


def _is_right(found: Iterable[Diagnostic]) -> bool:
    return all(one.severity is not Severity.ERROR for one in found)


def _is_hole(found: Diagnostic, holes: frozenset[Path]) -> bool:
    """Whether the mistake of this value is known already; that its key is unknown is another one."""
    return found.path in holes and (found.code != "unknown-key" or OPEN in str(found.path[-1]))
