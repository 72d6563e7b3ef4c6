"""A pipeline of SDK v1, `Pipeline(steps=[PythonScriptStep(…), …])`, as the job of a file of the CLI v2.

Each step is lowered as the job that it is like, with what the steps before it write as inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from specrun.convert import naming
from specrun.convert.runconfig import lowered
from specrun.convert.scripts.clusters import experiment_of
from specrun.convert.scripts.hyperdrive import lower_hyperdrive
from specrun.convert.scripts.inputs import References
from specrun.convert.scripts.lowering import nothing, told
from specrun.convert.scripts.pipelines import Building
from specrun.convert.scripts.sdk_v1 import ESTIMATORS, lower_run
from specrun.convert.scripts.step_fields import OF_TRIAL, by_name
from specrun.convert.scripts.sweep_words import HYPERDRIVE
from specrun.convert.scripts.uploads import store_of
from specrun.convert.scripts.values import Argument, Call, Member, Template, Value
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing

STEPS = ("PythonScriptStep", "EstimatorStep", "MpiStep", "HyperDriveStep", "CommandStep")
WRITTEN = ("PipelineData", "OutputFileDatasetConfig")
"""What steps write for others."""

_READ = ("as_input", "as_dataset", "read_delimited_files", "read_parquet_files", "parse_parquet_files")
_THROUGH = ("as_mount", "as_download", "as_upload", "as_named_input", "as_direct", *_READ)
_NAMES = {"script_name": "script", "runconfig": "run_config"}
_OF_ESTIMATOR = {"script_name": "entry_script", "arguments": "script_params"}
_SAID = ("allow_reuse", "version", "hash_paths", "params", "runconfig_pipeline_params", "metrics_output")
"""What only a pipeline has a use for."""

_APART = ("name", "outputs", *_SAID)


def steps_of(pipeline: Call, calls: Sequence[Call]) -> list[Call]:
    """The steps of a pipeline of SDK v1, in their order; before them those of the script that they read from."""
    found = list(dict.fromkeys(step for step in _flat(pipeline.get("steps")) if not step.skipped))
    others = [call for call in calls if call.kind in STEPS and not call.skipped]
    for step in found if pipeline.get("resolve_closure") is not False else ():
        own = {id(data) for data in _written(step)}
        for data in {id(one): one for value in _held(step) if (one := base_of(value)[0]) is not None}.values():
            writer = next((one for one in others if any(data is written for written in _written(one))), None)
            if id(data) not in own and writer is not None and writer not in found:
                found.append(writer)
    return sorted(found, key=lambda step: calls.index(step) if step in calls else 0)


def _flat(value: Value, depth: int = 0) -> Iterator[Call]:
    if isinstance(value, Call):
        if value.kind == "StepSequence":
            yield from _flat(value.get("steps"), depth + 1)
        else:
            yield value
    elif isinstance(value, list) and depth < 5:
        for item in value:
            yield from _flat(item, depth + 1)


def _held(step: Call) -> list[Value]:
    names = ("inputs", "arguments", "estimator_entry_script_arguments", "command")
    return [value for name in names for value in _values(step.get(name))]


def base_of(value: Value) -> tuple[Call | None, bool]:
    """What is written for others that a value is, maybe in another form; and whether that form reads it."""
    read = False
    while isinstance(value, Member | Call):
        if isinstance(value, Member):
            value = value.call
        elif value.kind in WRITTEN:
            return value, read
        elif value.kind in _THROUGH:
            read, value = read or value.kind in _READ, value.owner
        else:
            break
    return None, False


@dataclass(slots=True)
class StepReferences(References):
    """Those of one step, `step`: what the steps write by its call, with the names of the steps that do."""

    step: str = ""
    writers: Mapping[int, str] = field(default_factory=dict)
    met: dict[int, str] = field(default_factory=dict)

    @property
    def declared(self) -> list[str]:
        """The expressions of what was declared."""
        return [*References.declared.fget(self), *self.met.values()]  # type: ignore[attr-defined]

    def refer(self, value: Value, hint: str) -> str | None:
        """The expression for data; what steps write is an output of one, and an input of others."""
        data, _ = base_of(value)
        if data is None:
            return References.refer(self, value, hint)
        writer = self.writers.get(id(data), "")
        if id(data) not in self.met:
            own = writer == self.step
            name = output_name(data)
            declared = self.outputs if own else self.inputs
            entry = Fields((data.key,))
            if not own:
                lost = Missing(f"no step of the pipeline writes {name}: write where it lies")
                entry.put("path", f"${{{{parent.jobs.{writer}.outputs.{name}}}}}" if writer else lost, (data.key,))
                if isinstance(value, Call) and value.kind == "as_download":
                    entry.put("mode", "download", (value.key,))
            else:
                self._put_place(entry, data)
            declared.put(name, entry, (data.key,))
            self.met[id(data)] = f"${{{{{'outputs' if own else 'inputs'}.{name}}}}}"
        return self.met[id(data)]

    def _put_place(self, entry: Fields, data: Call) -> None:
        """Where an output goes, if the script says so."""
        place = self._place(data) if data.get("destination") is not None else None
        if place is not None and place.store:
            store, path = str(place.store), str(place.path)
            if "{" not in path and "(" not in store:
                entry.put("path", f"azureml://datastores/{store}/paths/{path}", *place.origins)


def output_name(data: Call) -> str:
    """What an output is called."""
    name = data.get("name")
    return naming.identifier(name if isinstance(name, str) and name else data.variable or "output")


@dataclass(slots=True)
class V1Building(Building):
    """A pipeline of SDK v1 on its way."""

    writers: dict[int, str] = field(default_factory=dict)

    def values(self) -> Mapping[str, object]:
        """What a file of the CLI v2 would hold."""
        steps = self.pipeline.steps
        names: list[str] = []
        for step in steps:
            own = step.get("name")
            plain = naming.slug(own if isinstance(own, str) else "") or naming.slug(step.variable) or "step"
            names.append(naming.unique_slug(plain, names))
        for step, name in zip(steps, names, strict=True):
            for data in _written(step):
                self.writers.setdefault(id(data), name)
        whole = Fields((self.pipeline.key,))
        whole.put("type", "pipeline", (self.pipeline.key,))
        self.lowering.put(whole, "description", self.pipeline, "description")
        if (store := self.pipeline.get("default_datastore")) is not None:
            path = (self.pipeline.key, "default_datastore")
            whole.inner("settings", path).put("default_datastore", store_of(self.lowering, store)[0], path)
        made = experiment_of(self.lowering, self.pipeline)
        if made is not None:
            self.lowering.put(whole, "experiment_name", made, "name")
        for submitted in self.lowering.of("submit"):
            if submitted.get("config") is self.pipeline or submitted.owner is self.pipeline:
                self.taken.add(submitted.key)
                self.lowering.put(whole, "tags", submitted, "tags")
                self.lowering.put(whole, "experiment_name", submitted, "experiment_name")
        jobs = Fields((self.pipeline.key,))
        for step, name in zip(steps, names, strict=True):
            jobs.put(name, self._step(step, name), (step.key,))
        whole.put("jobs", jobs, (self.pipeline.key,))
        found = self.plain(whole, ())
        assert isinstance(found, dict)
        return found

    def _step(self, step: Call, name: str) -> Fields | Missing:
        job = _job_of(step, self.pipeline.find("default_source_directory"))
        if isinstance(job, Missing):
            return job
        references = StepReferences(self.lowering, self.uploads, step=name, writers=self.writers)
        if job.kind in HYPERDRIVE:
            named, sweep = lower_hyperdrive(self.lowering, job, references)
        else:
            named, sweep = lower_run(self.lowering, job, references), Fields()
        self.lowering.refer = nothing
        for data in _written(step):
            before = len(references.outputs)
            expression = references.refer(data, "outputs") if self.writers.get(id(data)) == name else None
            if expression and len(references.outputs) > before:
                what = f"the script finds it through the SDK: hand it over as an argument, {expression}"
                self.lowering.ask(step, "outputs", "job.outputs", what)
        if references.outputs:
            named.put("outputs", references.outputs)
        if references.inputs:
            named.put("inputs", references.inputs)
        fields = lowered(Section(self.lowering.ledger, self.lowering.draft, named.path, named, loose=True))
        by_name(fields, "compute")
        for word, argument in told(step):
            if word in _SAID:
                fields.put(word, self.lowering.value(argument.value, (step.key, word), word), (step.key, word))
        for after in self.lowering.on(step, "run_after"):
            what = "a spec waits for what it reads: have this one read an output of the step that it is to wait for"
            self.lowering.ask(after, "", "job.inputs", what)
        if step.only_if or step.loop:
            what = (
                f"the pipeline has this step only where `{step.only_if}`: see if it is meant"
                if step.only_if
                else step.loop
            )
            self.lowering.ask(step, "", "job", what)
        if job.kind in HYPERDRIVE:
            return _as_sweep(fields, sweep, step)
        fields.put("type", "command", (step.key,))
        return fields


def _as_sweep(fields: Fields, sweep: Fields, step: Call) -> Fields:
    """A step of HyperDrive as a sweep job."""
    made, trial = Fields((step.key,)), Fields((step.key,))
    for name, value in fields.items():
        (trial if name in (*OF_TRIAL, "script", "arguments") else made).put(name, value, *fields.origins[name])
    for name, value in sweep.items():
        made.put(name, value, *sweep.origins.get(name, ()))
    made.put("trial", trial, (step.key,))
    made.put("type", "sweep", (step.key,))
    return made


def _written(step: Call) -> Iterator[Call]:
    """What a step writes for others: its outputs, and what stands in its arguments and is read by none of it."""
    read = {id(base_of(value)[0]) for value in _values(step.get("inputs"))}
    for value in _values(step.get("outputs")):
        data, _ = base_of(value)
        if data is not None:
            yield data
    for name in ("arguments", "estimator_entry_script_arguments", "command"):
        for value in _values(step.get(name)):
            data, reads = base_of(value)
            if data is not None and data.kind == "OutputFileDatasetConfig" and not reads and id(data) not in read:
                yield data


def _values(value: Value) -> list[Value]:
    if isinstance(value, Template):
        return list(value.parts)
    if isinstance(value, list | dict):
        items = value.values() if isinstance(value, dict) else value
        return [one for item in items for one in (_values(item) if isinstance(item, Template) else [item])]
    return [value]


def _job_of(step: Call, folder: Argument | None) -> Call | Missing:
    """The job that a step is like: its arguments, under the names that the job has for them."""
    if step.kind == "EstimatorStep":
        return _with(step, step.get("estimator"), "estimator", ESTIMATORS)
    if step.kind == "HyperDriveStep":
        sweep = step.get("hyperdrive_config")
        if not isinstance(sweep, Call) or sweep.kind not in HYPERDRIVE:
            return Missing("a sweep whose configuration is not known here")
        inner = "run_config" if isinstance(sweep.get("run_config"), Call) else "estimator"
        base = _with(step, sweep.get(inner), inner, (*ESTIMATORS, "ScriptRunConfig"))
        if isinstance(base, Missing):
            return base
        given = {**sweep.arguments, inner: Argument(base, None, step.place)}
        return replace(sweep, arguments=given)
    if step.kind not in STEPS:
        return Missing(f"`{step.key.partition('#')[0]}`, which has no place in a spec")
    mpi = step.kind == "MpiStep"
    names = _OF_ESTIMATOR if mpi else _NAMES
    arguments = {names.get(name, name): one for name, one in step.arguments.items() if name not in _APART}
    attributes = {names.get(name, name): one for name, one in step.attributes.items() if name not in _APART}
    if folder is not None:
        arguments.setdefault("source_directory", folder)
    if mpi:
        arguments["distributed_backend"] = Argument("mpi", None, step.place)
    return Call("Estimator" if mpi else "ScriptRunConfig", step.key, step.place, arguments, attributes=attributes)


def _with(step: Call, base: Value, what: str, kinds: tuple[str, ...]) -> Call | Missing:
    """The job that a step is given, with the step's own arguments before its own."""
    if not isinstance(base, Call) or base.kind not in kinds:
        return Missing(f"a step whose {what} is not known here")
    arguments = dict(base.arguments)
    given = step.find("estimator_entry_script_arguments")
    if given is not None and given.value:
        arguments["script_params" if base.kind in ESTIMATORS else "arguments"] = given
    for name in ("compute_target", "inputs"):
        if step.get(name) is not None:
            arguments[name] = step.arguments[name]
    return replace(base, arguments=arguments)
