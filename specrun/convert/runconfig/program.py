"""What a run configuration starts, and the data that it reads and writes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import field

from specrun.convert import coerce, credentials
from specrun.convert.naming import VARIABLE, identifier
from specrun.convert.purposes import Purpose, purpose_of_name
from specrun.convert.section import Fields, Section, dropped
from specrun.convert.unknown import Missing, Mixed, Secret
from specrun.spec.frozen import dataclass

_REFERENCE = re.compile(
    r"\$\{?AZUREML_DATAREFERENCE_(?P<data>\w+)\}?|(?:DatasetConsumptionConfig|DatasetOutputConfig):(?P<set>[\w.-]+)"
)

_DROPPED = dropped("specrun decides how files come to the instance", "createOutputDirectories", "overwrite", "options")


@dataclass(frozen=True, slots=True)
class Named:
    """How a run's program finds its data: `told` are the expressions for what arguments call it, `unnamed` those for
    variables that it reads, by name. `words` are all that is written of arguments and command, with the word before.
    """

    words: tuple[tuple[str, str], ...]
    taken: list[str] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    unnamed: dict[str, str] = field(default_factory=dict)

    def bind(self, expression: str, variable: str, *names: str) -> None:
        """Call data by what arguments call it; where they do not, by the variable that the script reads."""
        for name in names:
            self.told[name] = expression
        if not any(_called(word, names) for _, word in self.words) and VARIABLE.fullmatch(variable):
            self.unnamed[variable] = expression

    def is_written(self, name: str) -> bool:
        """Whether an argument that is called like a place to write to names the data."""
        return any(_called(word, (name,)) and _is_for_writing(before, word) for before, word in self.words)


def _is_for_writing(before: str, word: str) -> bool:
    flag, mark, _ = word.partition("=")
    return purpose_of_name(flag if mark and flag.startswith("-") else before) in (Purpose.WRITE, Purpose.MODEL)


def put_program(section: Section, job: Fields) -> None:
    """Inputs and outputs; then the code with its script and arguments, or a command."""
    named = Named(tuple(_pairs(section)), [*job.inner("inputs"), *job.inner("outputs")])
    for key, put in (("dataReferences", _put_reference), ("data", _put_dataset), ("outputData", _put_output)):
        for name, holder in _entries(section, key):
            own = identifier(name, named.taken)
            named.taken.append(own)
            if isinstance(holder.get(name), Mapping):
                put(job, named, name, own, holder.inner(name))
            else:
                job.inner("inputs").put(own, Missing("a mapping is expected here"), *holder.origins(name))
    source, script = section.first("sourceDirectory"), section.first("script", "entryScript")
    code = section.get(source)
    job.put("code", code or ".", *section.origins(source), comment="" if code else "the project's folder")
    for variable, expression in named.unnamed.items():
        comment = "scripts of SDK v1 read their data's paths from these variables"
        job.inner("exports", comment=comment).put(variable, expression)
    if section.get(script) is None and section.get("command") is not None:
        _put_command(section, job, named)
        section.drop("arguments", "they belong to a script, and the command holds its own")
        return
    section.drop("command", "the script comes before it")
    written = section.get(script)
    path = written.replace("\\", "/") if isinstance(written, str) else written
    note = "with forward slashes" if path != written else ""
    job.put("script", Missing("the script that runs") if path is None else path, *section.origins(script), note=note)
    _put_arguments(section, job, named)


def _entries(section: Section, key: str) -> list[tuple[str, Section]]:
    """The entries of a mapping, each with what holds it; what is no mapping is an entry itself, of which is asked."""
    if isinstance(section.get(key), Mapping):
        entries = section.inner(key)
        return [(name, entries) for name in entries.names()]
    return [(key, section)] if section.get(key) is not None else []


def _put_command(section: Section, job: Fields, named: Named) -> None:
    raw = section.get("command")
    line = [_resolved(word, named) for word in raw] if isinstance(raw, list) else _resolved(raw, named)
    job.put("command", line, *section.origins("command"))


def _put_arguments(section: Section, job: Fields, named: Named) -> None:
    """The arguments, each on its own; those of an estimator are a mapping from flags."""
    name = section.first("arguments", "scriptParams")
    raw, words = section.get(name), _listed(section.get(name))
    if raw is None:
        section.drop(name, "there are none")
        return
    pairs = zip(["", *(words or ())], words or (), strict=False)
    found = [_hidden(_resolved(word, named), before if isinstance(before, str) else "") for before, word in pairs]
    note = "" if found == raw or words is None else "each word on its own, with the expressions for paths"
    job.put("arguments", raw if words is None else found, *section.origins(name), note=note)


def _listed(raw: object) -> list[object] | None:
    """Arguments as a list of words; None for what is none."""
    if isinstance(raw, str):
        try:
            return [*shlex.split(raw)]
        except ValueError:
            return None
    if isinstance(raw, Mapping):
        pairs = [(flag, value) for flag, value in raw.items()]
        return [word for flag, value in pairs for word in ((flag,) if value in (None, "") else (flag, value))]
    return [*raw] if isinstance(raw, list) else None


def _pairs(section: Section) -> Iterator[tuple[str, str]]:
    """The words of arguments and command as texts, each with the word before."""
    command = section.get("command")
    words = _listed(section.get("arguments", "scriptParams")) or []
    words = [*words, *(command if isinstance(command, list) else str(command or "").split())]
    texts = [str(word) for word in words]
    return zip(["", *texts], texts, strict=False)


def _called(word: str, names: tuple[str, ...]) -> bool:
    return any((match["data"] or match["set"]) in names for match in _REFERENCE.finditer(word))


def _resolved(word: object, named: Named) -> object:
    """A word with the expressions for what SDK v1 puts there."""
    if not isinstance(word, str):
        return word
    return _REFERENCE.sub(lambda match: named.told.get(match["data"] or match["set"], match[0]), word)


def _hidden(word: object, before: str) -> object:
    """A word without the credential in it."""
    if not isinstance(word, str):
        return word
    flag, mark, value = word.partition("=")
    of_flag = bool(mark) and flag.startswith("-")
    name = flag if of_flag else before if before.startswith("-") else ""
    if name and credentials.is_secret(name.lstrip("-").replace("-", "_"), value if of_flag else word):
        secret = Secret(credentials.variable(name))
        return Mixed((f"{flag}=", secret)) if of_flag else secret
    return Secret(credentials.variable("argument")) if credentials.reveals(word) else word


def _put_reference(job: Fields, named: Named, name: str, own: str, entry: Section) -> None:
    """A path on a datastore, which SDK v1 mounts to be read and written."""
    mode = (coerce.word(entry.get("mode")) or "mount").lower()
    is_mounted_for_writing = mode == "mount" and named.is_written(name)
    kind = "outputs" if mode == "upload" or is_mounted_for_writing else "inputs"
    place = Fields(entry.path)
    job.inner(kind).put(own, place)
    _put_address(place, own, entry, "dataStoreName", "pathOnDataStore")
    doubt = "an argument that is called like a place to write to names it, so that it is an output"
    _put_mode(place, entry, "mode", doubt if is_mounted_for_writing else "")
    _doubt_place(place, entry)
    named.bind(f"${{{{ {kind}.{own} }}}}", f"AZUREML_DATAREFERENCE_{name}", name)
    entry.drop("overwrite", "specrun never overwrites what is on the instance")


def _put_dataset(job: Fields, named: Named, name: str, own: str, entry: Section) -> None:
    """A dataset by its name, a path on a datastore, or an address."""
    place = Fields(entry.path)
    job.inner("inputs").put(own, place)
    location = entry.inner("dataLocation")
    dataset, path, uri = (location.inner(key) for key in ("dataset", "dataPath", "uri"))
    if coerce.word(dataset.get("name", "datasetName")):
        _put_asset(place, dataset)
    elif path.get("datastoreName") is not None:
        _put_address(place, own, path, "datastoreName", "relativePath")
    elif uri.get("path") is not None:
        place.put("path", uri.get("path"), *uri.origins("path"))
        if coerce.truth(uri.get("isFile")):
            place.put("type", "uri_file", *uri.origins("isFile"), note="one file")
        else:
            uri.drop("isFile", "a folder, unless it says uri_file")
    else:
        known = coerce.word(dataset.get("id", "datasetId"))
        what = f"the dataset{f' {known}' if known else ''} has no name here: write azureml:NAME:VERSION"
        place.put("path", Missing(what, f"--input {own}=…"), *(entry.origins("dataLocation") or (entry.path,)))
    _put_mode(place, entry, "mechanism")
    _doubt_place(place, entry)
    variable = coerce.word(entry.get("environmentVariableName")) or name
    named.bind(f"${{{{ inputs.{own} }}}}", variable, variable, name)
    is_read = variable in named.unnamed
    entry.drop("environmentVariableName", f"it is {'set' if is_read else 'not needed'}: see the arguments")
    entry.take(_DROPPED, ())


def _put_asset(place: Fields, dataset: Section) -> None:
    name_key, version_key = dataset.first("name", "datasetName"), dataset.first("version", "datasetVersion")
    version = coerce.word(dataset.get(version_key))
    end = f":{version}" if version and version.lower() != "latest" else "@latest"
    origins = (*dataset.origins(name_key), *dataset.origins(version_key))
    note = "name and version of the data asset"
    place.put("path", f"azureml:{coerce.word(dataset.get(name_key))}{end}", *origins, note=note)
    for key in ("id", "datasetId"):
        dataset.drop(key, "the data asset has its name and version")


def _put_output(job: Fields, named: Named, name: str, own: str, entry: Section) -> None:
    """A folder that is kept with the run, or goes to a path that is the same for all runs."""
    place = Fields(entry.path)
    job.inner("outputs").put(own, place)
    location = entry.inner("outputLocation")
    data = location.inner("dataPath")
    path = coerce.word(data.get("relativePath")) or ""
    doubt = ""
    if data.get("datastoreName") is not None and path and "{" not in path:
        _put_address(place, own, data, "datastoreName", "relativePath")
    elif list(location.names()):
        doubt = "the output is kept with the run, apart from those of other runs; write a path to have it elsewhere"
        location.drop(next(location.names()), "the output is kept with the run")
    _put_mode(place, entry, "mechanism", doubt)
    entry.drop("additionalOptions", "specrun registers no outputs, and decides how files come to the store")
    named.bind(f"${{{{ outputs.{own} }}}}", name, name)


def _put_address(place: Fields, own: str, entry: Section, store_key: str, path_key: str) -> None:
    """An address on a datastore, of its name and a path."""
    store, path = coerce.word(entry.get(store_key)), coerce.word(entry.get(path_key)) or ""
    if store is None:
        missing = Missing("the datastore's name", f"--input {own}=…")
        place.put("path", missing, *(entry.origins(store_key) or (entry.path,)))
        return
    plain = "/".join(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))
    origins = (*entry.origins(store_key), *entry.origins(path_key))
    note = "datastore and path in one address"
    place.put("path", f"azureml://datastores/{store}/paths/{plain}", *origins, note=note)


def _put_mode(place: Fields, entry: Section, key: str, doubt: str = "") -> None:
    value = entry.get(key)
    if (coerce.word(value) or "").lower() in ("direct", "hdfs"):
        value = Missing("SDK v1 handed the dataset itself to the script: write ro_mount or download")
    if value is not None or doubt:
        place.put("mode", value or "mount", *(entry.origins(key) or (entry.path,)), doubt=doubt)


def _doubt_place(place: Fields, entry: Section) -> None:
    path = coerce.word(entry.get("pathOnCompute"))
    if path in (None, ".", "./"):
        entry.drop("pathOnCompute", "the path is wherever specrun puts it")
        return
    what = f"a script that opens {coerce.shown(path)} itself must take the path from its arguments"
    origins = (*entry.origins("pathOnCompute"), *place.origins["path"])
    place.put("path", place["path"], *origins, doubt=what)
