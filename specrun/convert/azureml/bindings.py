"""What a step of a pipeline is bound to: values of the pipeline, and what the runs of other steps write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from specrun.convert import coerce, locations, naming
from specrun.convert.azureml.components import moved, moved_entry, put_component
from specrun.convert.azureml.pipeline import Pipeline, Step
from specrun.convert.report import FieldPath, Ledger
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing

_GIVEN = re.compile(r"\$\{\{\s*(?:parent\.)?inputs\.([\w-]+)\s*\}\}")
_WRITTEN = re.compile(r"\$\{\{\s*(?:parent\.)?jobs\.([\w-]+)\.outputs\.([\w-]+)\s*\}\}")
_OTHERS = re.compile(r"\$\{\{\s*(?:parent\.)?jobs\.([\w-]+)\.inputs\.([\w-]+)\s*\}\}")
_LEFT = re.compile(r"\$\{\{\s*(?:parent\.)?outputs\.([\w-]+)\s*\}\}")
_NOT_HERE = object()
_OWN = ("inputs", "outputs", "command", "component", "trial")
"""Where an expression names what the step itself has, or is taken one by one."""
_COMPUTE: tuple[FieldPath, ...] = (
    ("settings", "default_compute"),
    ("compute",),
    ("settings", "default_compute_target"),
)
_SETTINGS = {
    "default_datastore": "an output is kept with its run; give it a path on a datastore to have it elsewhere",
    "continue_on_step_failure": "what reads nothing of a run that failed goes on in any case, and what does is skipped",
    "continue_run_on_step_failure": "what reads nothing of a run that failed goes on in any case",
    "force_rerun": "a run is known by its fingerprint: `specrun apply --rerun NAME` runs it again",
    "continue_run_on_failed_optional_input": "an input of a spec is always given",
}


def bound(step: Step, job: Fields, ledger: Ledger) -> None:
    """Put into a step's fields what its component and its pipeline say, and what its inputs are bound to."""
    parent = step.parent
    _look_up(parent, job, (), [name for name in job if name not in _OWN])
    if step.component is not None and not step.sweep:
        job.pop("component", None)
        start = locations.folder_of(step.file)
        inline = step.file == parent.source.file
        note = "" if inline else f"what {locations.base_name(step.file)} says"
        component = moved(step.component, start, parent.folder)
        put_component(job, component, ("component",), note, ledger.drop, inline=inline)
    inputs = coerce.mapping(job.get("inputs"))
    made = inputs if isinstance(inputs, Fields) else Fields.of(inputs, ("inputs",))
    given = bool(made)
    for name in list(made):
        _bind(step, made, name, ledger)
    if given:
        job.put("inputs", made, *job.origins.get("inputs", ()))
    outputs = coerce.mapping(job.get("outputs"))
    kept = outputs if isinstance(outputs, Fields) else Fields.of(outputs, ("outputs",))
    for name in list(kept):
        _keep(step, kept, name)
    if kept:
        job.put("outputs", kept, *job.origins.get("outputs", ()))
    _inherit(step, job)


def _look_up(parent: Pipeline, fields: Fields, path: FieldPath, names: Iterable[str]) -> None:
    """Put what the pipeline's inputs have where a field is bound to one, as a cluster may be."""
    for name in names:
        value, at = fields[name], (*path, name)
        if isinstance(value, Mapping) and _names_parent(value):
            made = value if isinstance(value, Fields) else Fields.of(value, at)
            _look_up(parent, made, at, [*made])
            fields[name] = made
        elif isinstance(value, list) and _names_parent(value):
            fields[name] = [_found(parent, one, at) for one in value]
        elif (found := _found(parent, value, at)) is not value:
            fields.put(name, found, *fields.origins[name], note="what the pipeline's input has")


def _names_parent(value: object) -> bool:
    if isinstance(value, str):
        return "parent.inputs." in value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(_names_parent(one) for one in inner)


def _found(parent: Pipeline, value: object, at: FieldPath) -> object:
    if not isinstance(value, str) or not _names_parent(value):
        return value
    found = resolved(parent, value, ".".join(map(str, at)))
    return found if isinstance(found, str | int | float) else value


def _bind(step: Step, inputs: Fields, name: str, ledger: Ledger) -> None:
    """An input as what it is bound to: a value, a place, or what another step's run writes."""
    value, origins = inputs[name], inputs.origins[name]
    inner = value.get("path") if isinstance(value, Mapping) else value
    found = resolved(step.parent, inner, f"job.inputs.{name}")
    if found is _NOT_HERE:
        return
    if found is None:  # an optional input that nobody gives
        del inputs[name]
        ledger.drop(("inputs", name), "nothing is given for this optional input")
        return
    said = {key: one for key, one in value.items() if key != "path"} if isinstance(value, Mapping) else {}
    place = next(iter(origins), ("inputs", name))
    at = (*place, "path") if isinstance(value, Mapping) and origins else place
    if isinstance(value, Fields):
        at = next(iter(value.origins.get("path", ())), at)
    if isinstance(found, Missing):
        entry = Fields(place)
        entry.put("path", found, at)
    elif isinstance(found, Mapping):
        entry = Fields(place)
        if not {"run", "path", "value", "default"} & {*found}:  # as in 2021: `dataset`
            ledger.rewrite(at, f"job.inputs.{name}", "what the pipeline's input has")
        for key, one in found.items():
            note = "what the run of that step writes" if key == "run" else "what the pipeline's input has"
            entry.put(str(key), one, *((at,) if key in ("run", "path", "value", "default") else ()), note=note)
    else:
        note = "what the pipeline's input has"
        if isinstance(value, Mapping) and said.get("type") not in (None, "string", "integer", "number", "boolean"):
            entry = Fields(place)
            entry.put("path", found, at, note=note)
        else:
            inputs.put(name, found, at, note=note)
            for key in said:
                for path in value.origins[key] if isinstance(value, Fields) else ((*place, key),):
                    ledger.drop(path, "a literal has the type of its value")
            return
    known = value.origins if isinstance(value, Fields) else {}
    for key, one in said.items():
        entry.put(str(key), one, *known.get(str(key), ((*place, str(key)),) if origins else ()))
    inputs.put(name, entry, *origins)


def resolved(pipeline: Pipeline, value: object, to: str) -> object:
    """What an expression of a step stands for; _NOT_HERE where it is none, or one that nobody can look up."""
    if not isinstance(value, str) or "${{" not in value:
        return _NOT_HERE
    if whole := _GIVEN.fullmatch(value.strip()):
        return _given(pipeline, whole[1], to)
    if whole := _WRITTEN.fullmatch(value.strip()):
        return _written(pipeline, whole[1], whole[2])
    if (whole := _OTHERS.fullmatch(value.strip())) and isinstance(step := pipeline.steps.get(whole[1]), Step):
        theirs = coerce.mapping(step.source.values)
        theirs = coerce.mapping(theirs.get("inputs"))
        inner = theirs.get(whole[2])
        text = inner.get("path") if isinstance(inner, Mapping) else inner
        again = isinstance(text, str) and _OTHERS.fullmatch(text.strip())
        found = _NOT_HERE if again else resolved(pipeline, text, to)
        return inner if found is _NOT_HERE and whole[2] in theirs and not again else found
    texts = {name: _given(pipeline, name, to) for name in _GIVEN.findall(value)}
    if not texts or not all(isinstance(one, str | int | float) for one in texts.values()):
        return _NOT_HERE
    return _GIVEN.sub(lambda match: str(texts[match[1]]), value)


def _given(pipeline: Pipeline, name: str, to: str) -> object:
    """What an input of a pipeline has: what the pipeline around it gives, else its own value."""
    declared = coerce.mapping(pipeline.values.get("inputs"))
    if name in pipeline.given and pipeline.outer is not None:
        outer, value = pipeline.outer, pipeline.given[name]
        if name in declared:
            why = "what the pipeline is given where it is a step stands there"
            pipeline.ledger.drop((*pipeline.source.at, "inputs", name), why)
        at = (*outer.source.at, "jobs", pipeline.key, "inputs", name)
        outer.ledger.rewrite(at, to, "it stands in each spec that uses it")
        inner = value.get("path") if isinstance(value, Mapping) else value
        found = resolved(outer, inner, to)
        if found is _NOT_HERE:
            return moved_entry(value, outer.folder, pipeline.folder)
        said = {key: one for key, one in value.items() if key != "path"} if isinstance(value, Mapping) else {}
        entry = moved_entry(found, outer.folder, pipeline.folder)
        return {**entry, **said} if isinstance(entry, Mapping) else entry
    if name not in declared:
        return _NOT_HERE
    pipeline.ledger.rewrite((*pipeline.source.at, "inputs", name), to, "it stands in each spec that uses it")
    value = declared[name]
    if not isinstance(value, Mapping) or "path" in value:
        return value
    literal = next((value[key] for key in ("value", "default") if value.get(key) is not None), None)
    if literal is not None:
        return literal
    return None if str(value.get("optional")).lower() == "true" else {**value}


def _written(pipeline: Pipeline, key: str, output: str) -> object:
    """The run of a step, and the output that is meant."""
    step = pipeline.steps.get(key)
    if isinstance(step, Step):
        if output not in {**_declared(step.source.values), **_declared(step.component), **_declared(step.trial)}:
            return Missing(f"the step {key} declares no output {output}: write which one is meant, or where it lies")
        return {"run": step.name, "output": naming.identifier(output)}
    if isinstance(step, str):
        return Missing(f"it is the output {output} of the step {key}, of which there is no spec: write where it lies")
    if step is None:
        return _NOT_HERE
    for inner, one in step.steps.items():
        outputs = coerce.mapping(coerce.mapping(coerce.mapping(step.values.get("jobs")).get(inner)).get("outputs"))
        for name, raw in outputs.items() if not isinstance(one, str) else ():
            text = raw.get("path") if isinstance(raw, Mapping) else raw
            match = _LEFT.fullmatch(text.strip()) if isinstance(text, str) else None
            if match and match[1] == output:
                return _written(step, inner, str(name))
    return Missing(f"no step of {key} writes its output {output}: write where it lies")


def _declared(values: object) -> Mapping[str, object]:
    return coerce.mapping(coerce.mapping(values).get("outputs"))


def _keep(step: Step, outputs: Fields, name: str) -> None:
    """An output that is one of the pipeline's: it has that one's place, type and name."""
    value, origins = outputs[name], outputs.origins[name]
    inner = value.get("path") if isinstance(value, Mapping) else value
    match = _LEFT.fullmatch(inner.strip()) if isinstance(inner, str) else None
    itself = _WRITTEN.fullmatch(inner.strip()) if isinstance(inner, str) else None
    if itself is not None and itself.groups() == (step.key, name):
        outputs.put(name, {}, *origins, note="it is bound to itself: it is kept with the run")
    if match is None:
        return
    place = next(iter(origins), ("outputs", name))
    entry = Fields(place)
    at = (*place, "path") if isinstance(value, Mapping) and origins else place
    entry.put("as", match[1], at)
    for key, one in value.items() if isinstance(value, Mapping) else ():
        if key != "path":
            entry.put(str(key), one, *((*place, str(key)),) if origins else ())
    for key, one in _of_pipeline(step.parent, match[1], f"job.outputs.{name}").items():
        if key == "type" or key not in entry or coerce.is_empty(entry[key]):
            entry.put(key, one, at, *entry.origins.get(key, ()), note="what the pipeline says of this output")
    outputs.put(name, entry, *origins)


def _of_pipeline(pipeline: Pipeline, name: str, to: str) -> dict[str, object]:
    """What a pipeline, and those around it, say of one of its outputs."""
    raw = coerce.mapping(pipeline.values.get("outputs")).get(name)
    pipeline.ledger.rewrite((*pipeline.source.at, "outputs", name), to, "the output of the step that writes it")
    said = {str(key): one for key, one in coerce.mapping(raw).items()}
    outer = pipeline.outer
    if outer is not None:
        steps = coerce.mapping(outer.values.get("jobs"))
        theirs = coerce.mapping(coerce.mapping(steps.get(pipeline.key)).get("outputs")).get(name)
        text = theirs.get("path") if isinstance(theirs, Mapping) else theirs
        match = _LEFT.fullmatch(text.strip()) if isinstance(text, str) else None
        at = (*outer.source.at, "jobs", pipeline.key, "outputs", name)
        outer.ledger.rewrite(at, to, "the output of the step that writes it") if theirs is not None else None
        said |= _of_pipeline(outer, match[1], to) if match else coerce.mapping(theirs)
    return said


def _inherit(step: Step, job: Fields) -> None:
    """What the pipeline says for all of its steps."""
    pipeline: Pipeline | None = step.parent
    while pipeline is not None:
        values, at = pipeline.values, pipeline.source.at
        settings = coerce.mapping(values.get("settings"))
        default = coerce.at(values, _default(values))
        if default and coerce.is_empty(job.get("compute")):
            job.put("compute", _found(pipeline, default, ("compute",)))
        for name in ("experiment_name", "identity"):
            if not coerce.is_empty(values.get(name)) and coerce.is_empty(job.get(name)):
                job.put(name, values[name])
        tags = coerce.mapping(values.get("tags"))
        if tags:
            own = coerce.mapping(job.get("tags"))
            made = own if isinstance(own, Fields) else Fields.of(own, ("tags",))
            for name, value in tags.items():
                if name not in made:
                    made.put(str(name), value)
            job.put("tags", made, *job.origins.get("tags", ()))
        _tell(pipeline, settings, at)
        pipeline = pipeline.outer


def _default(values: Mapping[str, object]) -> FieldPath:
    """Where a pipeline says which cluster its steps have."""
    return next((one for one in _COMPUTE if not coerce.is_empty(coerce.at(values, one))), ("compute",))


def _tell(pipeline: Pipeline, settings: Mapping[str, object], at: FieldPath) -> None:
    ledger, values, of_each = pipeline.ledger, pipeline.values, "each step that says none itself has it"
    for name, to in (("experiment_name", "experiment"), ("identity", "job.identity"), ("tags", "job.tags")):
        if not coerce.is_empty(values.get(name)):
            written = naming.experiment(str(values[name])) if name == "experiment_name" else values[name]
            changed = "" if written == values[name] else f"; written as {coerce.shown(written)}"
            ledger.rewrite((*at, name), to, f"{of_each}{changed}")
    used = _default(values)
    for place in _COMPUTE:
        if place == used and not coerce.is_empty(coerce.at(values, place)):
            ledger.rewrite((*at, *place), "compute", of_each)
        elif coerce.at(values, place) is not None:
            ledger.drop((*at, *place), f"{'.'.join(map(str, used))} goes before it")
    for name in settings:
        if name in _SETTINGS:
            ledger.drop((*at, "settings", name), _SETTINGS[name])
    whole = "it is about the pipeline: each step is a spec of its own name"
    for name in ("name", "display_name", "description", "version"):
        if name in values:
            ledger.drop((*at, name), whole)
    ledger.drop((*at, "$schema"), "it says what kind of file this is") if "$schema" in values else None
    if "type" in values:
        ledger.rewrite(
            (*at, "type"), "job.inputs", "a spec for each step: `run` names the one that an input comes from"
        )
