"""The specs whose runs others read from: each found by its name or its file, among the given specs or beside them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from specrun.apply.all_specs import all_specs
from specrun.apply.other_specs import OWN_LAYERS, Texts
from specrun.spec.boundary import told
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.load import load
from specrun.spec.model import Origin, RunOutput, Spec
from specrun.spec.nearest import nearest
from specrun.spec.repository import repository_of, under_ci
from specrun.spec.rules.chains import names_file
from specrun.spec.rules.outside import found_outside


class Chained(NamedTuple):
    """The given specs, whose inputs name the specs that they read from by their names, and those of these that were
    `used` and not given. `mistakes` are at the inputs that name what is not there.
    """

    specs: tuple[Spec, ...]
    used: tuple[Spec, ...] = ()
    mistakes: tuple[Diagnostic, ...] = ()


def with_upstream(specs: Sequence[Spec], options: Mapping[str, Any]) -> Chained:
    """The specs with all that they read from, however far up. `options` are those of `load` for the given specs: what
    the command line says of these is said of no other.
    """
    if not any(_sources(spec) for spec in specs):
        return Chained(tuple(specs))
    looking = _Looking(specs, {**options, **OWN_LAYERS, "selection": None, "mistakes": (), "scanned": frozenset()})
    bound: list[Spec] = []
    used: list[Spec] = []
    waiting = [(spec, True) for spec in specs]
    seen = {(os.path.realpath(spec.file), spec.target) for spec in specs}
    for spec, is_given in waiting:  # grows as it is gone through
        inputs = dict(spec.job.inputs) if spec.job is not None else {}
        for name, source in _sources(spec).items():
            origin = spec.at("job", "inputs", name, "run")
            upstream = looking.find(spec, source.spec, origin)
            if upstream is None:
                continue
            inputs[name] = replace(inputs[name], source=replace(source, spec=upstream.name))
            known = (os.path.realpath(upstream.file), upstream.target)
            if known not in seen:
                seen.add(known)
                waiting.append((upstream, False))
        spec = replace(spec, job=replace(spec.job, inputs=inputs)) if spec.job is not None else spec
        (bound if is_given else used).append(spec)
    return Chained(tuple(bound), tuple(used), tuple(looking.mistakes))


def _sources(spec: Spec) -> Mapping[str, RunOutput]:
    inputs = spec.job.inputs.items() if spec.job is not None else ()
    return {name: entry.source for name, entry in inputs if isinstance(entry.source, RunOutput)}


class _Looking:
    """The search for specs: what was found is kept, and what was not is a mistake once for each place."""

    def __init__(self, specs: Sequence[Spec], options: Mapping[str, Any]) -> None:
        self.mistakes: list[Diagnostic] = []
        self._given: dict[str, list[Spec]] = {}
        self._given_files: dict[str, list[Spec]] = {}
        for spec in specs:
            self._given.setdefault(spec.name, []).append(spec)
            self._given_files.setdefault(os.path.realpath(spec.file), []).append(spec)
        self._options = options
        self._beside: dict[str, dict[str, list[Spec]]] = {}
        self._broken: dict[str, str] = {}
        self._files_below: dict[str, list[str]] = {}
        self._files: dict[tuple[str, str], Spec | None] = {}

    def find(self, spec: Spec, written: str, origin: Origin) -> Spec | None:
        """The spec that one names; None, which is a mistake, where there is none or more than one."""
        if names_file(written):
            return self._of_file(spec, written, origin)
        given = self._given.get(written, [])
        found = [one for one in given if one.target in ("", self._target(spec))]
        found = found or (given if not spec.target else []) or self._named(spec, written)
        if len(found) == 1 and found[0].job is not None:
            return found[0]
        if len(found) == 1:
            detail = f"{os.path.relpath(found[0].file)} has no `job`: nothing of {written} ever runs."
        elif not found and (file := self._broken.get(written)):
            file = os.path.relpath(file)
            detail = f"{file} is named `{written}`, and is no spec that could be run: see `specrun validate {file}`."
        elif not found and (targets := self._targets(spec, written)):
            target = self._target(spec)
            chosen = f"and none is called {target}" if target else "and none is chosen: `--target NAME` says which"
            detail = f"{written} has the targets {', '.join(targets)}, {chosen}."
        elif not found:
            detail = f"No spec named `{written}` was given, and there is none in {self._where(spec)}. "
            meant = nearest(written, self._known(spec))
            if meant == written:
                detail = f"What is named `{written}` is a base of others (`abstract: true`), which never runs."
            else:
                detail += f"Did you mean `{meant}`? " if meant is not None else "Correct the name. "
                detail += "The path of its file does, too, as in `run: ../prep/job.yaml`."
        else:
            files = ", ".join(sorted(os.path.relpath(one.file) for one in found))
            detail = f"Several specs are named `{written}`: {files}. Write the path of the one that is meant."
        self.mistakes.append(origin.diagnostic("unknown-run", detail))
        return None

    def _of_file(self, spec: Spec, written: str, origin: Origin) -> Spec | None:
        path = os.path.normpath(spec.file.parent / written)
        real = os.path.realpath(path)
        own = self._given_files.get(real, [])
        if own:
            return next((one for one in own if one.target == spec.target), own[0])
        boundary = told(self._options.get("allow_outside", ()), strict=under_ci()).boundary(str(spec.file.parent))
        if (outside := found_outside(boundary, written)) is not None:
            code, detail = outside
            self.mistakes.append(origin.diagnostic(code, detail))
            return None
        if not os.path.isfile(path):  # noqa: PTH113
            self.mistakes.append(origin.diagnostic("unknown-run", f"There is no file {os.path.relpath(path)}."))
            return None
        target = self._target(spec)
        if (real, target) not in self._files:
            loaded = load(**{**self._options, "target": target or None, "files": (os.path.relpath(path),)})
            self._files[real, target] = loaded.specs[0] if loaded.ok and loaded.specs else None
            if not loaded.ok and boundary.holds(real):  # no message quotes what lies outside
                self.mistakes += [one for one in loaded.diagnostics if one.severity.value == "error"]
        found = self._files[real, target]
        if found is None:
            file = os.path.relpath(path)
            detail = f"{file} is no spec that could be run: mend it first (`specrun validate {file}`)."
            self.mistakes.append(origin.diagnostic("unknown-run", detail))
        return found

    def _where(self, spec: Spec) -> str:
        """What is looked through for specs, in words."""
        folder = os.path.realpath(spec.file.parent)
        return "the repository" if repository_of(folder) else f"the folder of {spec.document.file}"

    def _known(self, spec: Spec) -> list[str]:
        """The names of specs that somebody could have meant."""
        texts = Texts(())
        found = (_NAME.findall(texts.text(file) or "") for file in self._files_below.get(_root(spec), ()))
        return list(dict.fromkeys([*self._given, *(name for names in found for name in names)]))

    def _named(self, spec: Spec, name: str) -> list[Spec]:
        """The specs of that name in the same repository, or folder where there is none, for the same target."""
        root = _root(spec)
        if name not in self._beside.setdefault(root, {}):
            self._read(root, name)
        beside = self._beside[root][name]
        target = self._target(spec)
        found = [one for one in beside if one.target == target] or [one for one in beside if not one.target]
        if found or target:
            return found
        loads = (load(**{**self._options, "files": (file,)}) for file in dict.fromkeys(str(one.file) for one in beside))
        return [one for loaded in loads if loaded.ok for one in loaded.specs]  # where a target is the default

    def _target(self, spec: Spec) -> str:
        """For which target another spec is read: the command line's, where the spec has none of its own."""
        return spec.target or self._options.get("target") or ""

    def _targets(self, spec: Spec, name: str) -> list[str]:
        """The targets of the specs of a name that could not be used for want of one."""
        beside = [*self._given.get(name, ()), *self._beside.get(_root(spec), {}).get(name, ())]
        return list(dict.fromkeys(one.target for one in beside if one.target))

    def _read(self, root: str, name: str) -> None:
        """Load the specs of a name, and with them those that they read from, as far as their texts say it: however long
        a chain is, its repository is looked through once.
        """
        files: list[str] = []

        def look(file: str) -> bool:
            files.append(file)
            return False

        all_specs(root, self._options, look)
        self._files_below[root] = files
        names, waiting, mentioned = {name}, [name], dict[str, set[str]]()
        texts = Texts(names)
        for file in files:
            for word in set(_WORD.findall(texts.text(file) or "")):
                mentioned.setdefault(word, set()).add(file)
        for one in waiting:  # grows as it is gone through
            for file in mentioned.get(one, ()):
                text = texts.text(file) or ""
                new = {found for found in _RUN.findall(text) if found not in names} if _is_named(text, one) else set()
                names |= new
                waiting += sorted(new)
        found = all_specs(root, self._options, texts.may_name)
        for one in names - self._beside[root].keys():
            self._beside[root][one] = [spec for spec in found.specs if spec.name == one]
        for mistake in found.unread:
            text = texts.text(mistake.location.file) or ""
            self._broken.update({one: mistake.location.file for one in names if _is_named(text, one)})


def _root(spec: Spec) -> str:
    """The repository that a spec is in, or its folder, where it is in none."""
    folder = os.path.realpath(spec.file.parent)
    return repository_of(folder) or folder


_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")
_RUN = re.compile(r"""\brun["']?[ \t]*:[ \t]*["']?([a-z0-9][a-z0-9-]*)""")
_NAME = re.compile(r"""^["']?name["']?[ \t]*:[ \t]*["']?([a-z0-9][a-z0-9-]*)""", re.MULTILINE)


def _is_named(text: str, name: str) -> bool:
    return name in _NAME.findall(text)
