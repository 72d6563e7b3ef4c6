"""A step of a pipeline that a script builds, as a file of the CLI v2 has it: its component, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from specrun.convert import coerce
from specrun.convert.report import FieldPath
from specrun.convert.scripts import sdk_v2, sweeps
from specrun.convert.scripts.clusters import put_compute
from specrun.convert.scripts.lowering import Lowering, told
from specrun.convert.scripts.steps import STEP, Node
from specrun.convert.scripts.uploads import Uploads
from specrun.convert.scripts.values import Call, Value
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing, Open, is_open

COMPUTES = ("settings.default_compute", "compute", "default_compute", "default_compute_target")
"""Where a pipeline says what its steps run on."""

_LITERALS = ("string", "integer", "number", "boolean")
_COMMANDS = ("v2:command", "v2:CommandComponent", "v2:CommandJob")
OF_TRIAL = ("command", "code", "environment", "distribution", "resources", "environment_variables")
_FILES = ("source", "path", "yaml_file")
"""What `load_component` calls the file."""

_NO_STEP = {
    "parallel_run_function": "batch inference over mini-batches, which has no place in a spec",
    "command_component": "a Python function, whose command mldesigner makes: write it as a script with arguments",
}
Results = Mapping[tuple[str, str], str]
"""The outputs of the pipeline, by the step and the output of it that each is."""


@dataclass(slots=True)
class StepFields:
    """Steps of one pipeline on their way to fields."""

    lowering: Lowering
    uploads: Uploads
    results: Results

    def of(self, node: Node) -> Fields | Missing:
        """The fields of a step; Missing, with the reason, for one that no spec can be made of."""
        call = node.call
        sweep = call if call.kind == "sweep" else None
        step = call.owner if sweep is not None and isinstance(call.owner, Call) else call
        if step.kind != STEP:
            return Missing(_reason(step))
        fields = self._component(step)
        if isinstance(fields, Missing):
            return fields
        loaded = isinstance(step.owner, Call) and step.owner.kind not in _COMMANDS
        set_on = [step.owner, step] if loaded and isinstance(step.owner, Call) else [step]
        for holder in (*map(settings_of, set_on), *self.lowering.on(step, "set_resources", "set_limits")):
            self._put_settings(fields, holder)
        space = Fields()
        self._put_inputs(fields, step, sweep, space)
        if sweep is not None:
            fields = self._sweep(fields, sweep, space)
        self._put_outputs(fields, node.key, [*set_on, *([sweep] if sweep is not None else [])])
        self._put_data(fields)
        self._say_whether(step, call)
        return fields

    def _component(self, step: Call) -> Fields | Missing:
        """What a step runs: the command that the script has for it, or the component that it names."""
        base, fields = step.owner, Fields((step.key,))
        if not isinstance(base, Call):
            text = getattr(base, "text", "") or getattr(base, "dotted", "") or "a component"
            return Missing(f"`{text}`, which is not in this file: write its command as a spec, or a component file")
        if base.kind in _COMMANDS:
            fields = sdk_v2.lower_command(self.lowering, base, self.uploads)
            by_name(fields, "compute")
            fields.put("type", "command", (base.key,))
            return fields
        if base.kind == "elsewhere:load_component":
            return self._loaded(base, fields)
        if base.kind == "v2:components.get":
            fields.put("component", sdk_v2.asset_of(self.lowering, base, "component"), (base.key, "name"))
            unknown = is_open(fields["component"])
            return Missing("a registered component of a name that is not known here") if unknown else fields
        return Missing(_reason(base))

    def _loaded(self, base: Call, fields: Fields) -> Fields | Missing:
        named = next((name for name in _FILES if base.get(name) is not None), "name")
        for name, _ in told(settings_of(base, arguments=True)):
            if name not in (*_FILES, "name", "version", "client", "relative_origin"):
                self.lowering.ask(base, name, "job", "what is put into the component's file: write it in the spec")
        if named == "name":
            fields.put("component", sdk_v2.asset_of(self.lowering, base, "component"), (base.key, named))
            return fields
        found = self.lowering.word(base.get(named), "component")
        if not isinstance(found, str):
            argument = base.find(named)
            text = argument.text if argument is not None else "…"
            return Missing(f"a component whose file is not known here: `{text}`")
        whole = found if found.endswith((".yml", ".yaml")) else f"file:{found}"
        fields.put("component", whole, (base.key, named))
        return fields

    def _put_settings(self, fields: Fields, holder: Call) -> None:
        for name, argument in told(holder):
            first = name.partition(".")[0]
            if name == "compute":
                name_compute(self.lowering, fields, "compute", holder, name)
            elif name == "environment":
                sdk_v2.put_environment(self.lowering, fields, holder)
            elif first not in ("name", "inputs", "outputs", "component", "comment"):
                sdk_v2.put_argument(self.lowering, fields, holder, name, argument)

    def _put_inputs(self, fields: Fields, step: Call, sweep: Call | None, space: Fields) -> None:
        declared = fields.inner("inputs")
        given = {name: (one, (step.key, name)) for name, one in step.arguments.items() if one.value is not None}
        for holder in (step, *([sweep] if sweep is not None else [])):
            for name, one in holder.attributes.items():
                if name.startswith("inputs."):
                    given[name.partition(".")[2]] = (one, (holder.key, name))
        for name, (argument, path) in given.items():
            if name == "**" or name.startswith("argument "):
                what = f"`{argument.text}` is given to the step, and to which of its inputs is not known here"
                self.lowering.ask(step, name, "job.inputs", what)
            elif sweep is not None and sweeps.is_parameter(argument.value):
                declared.pop(name, None)
                sweeps.put_parameter(self.lowering, space, name, argument.value, path)
            elif name.partition(".")[0] in declared and "." in name:
                self._put_below(declared, name, argument.value, path)
            else:
                declared.put(name, self._given(declared.get(name), argument.value, path, name), path)
        for name, entry in list(declared.items()):
            said = coerce.mapping(entry)
            unsaid = coerce.is_empty(said.get("path")) and said.get("default") is None
            if name not in given and unsaid and str(said.get("optional")).lower() == "true":
                declared.pop(name)
        if not declared:
            fields.pop("inputs")

    def _put_below(self, inputs: Fields, name: str, value: Value, path: FieldPath) -> None:
        """`inputs.NAME.mode` of a step: a field of an input."""
        name, _, key = name.partition(".")
        there = inputs[name]
        entry = there if isinstance(there, Fields) else Fields(path)
        if not isinstance(there, Fields):
            entry.put("path", there, *inputs.origins.get(name, ()))
            inputs.put(name, entry, *inputs.origins.get(name, ()))
        entry.put(key, self.lowering.value(value, path, f"job.inputs.{name}.{key}"), path)

    def _given(self, declared: object, value: Value, path: FieldPath, name: str) -> object:
        """What a step gives an input, with the type that its component declares."""
        found = self.lowering.value(value, path, f"job.inputs.{name}")
        if isinstance(found, Fields):
            sdk_v2.put_entry(self.lowering, found, self.uploads, value)
        kind = declared.get("type") if isinstance(declared, Fields) else None
        if not isinstance(declared, Fields) or not isinstance(kind, str) or kind in _LITERALS:
            return found
        entry = found if isinstance(found, Fields) else Fields(path)
        if isinstance(found, str | Open):
            entry.put("path", found, path)
        elif not isinstance(found, Fields):
            return found
        for key in ("type", "mode"):
            if key in declared and key not in entry:
                entry.put(key, declared[key], *declared.origins.get(key, ()))
        return entry

    def _put_outputs(self, fields: Fields, key: str, holders: list[Call]) -> None:
        outputs = fields.inner("outputs")
        for holder in holders:
            for name, argument in holder.attributes.items():
                if name.partition(".")[0] == "outputs" and argument.value is not None:
                    put_output(self.lowering, outputs, name, argument.value, (holder.key, name))
        for (step, output), name in self.results.items():
            if step == key:
                entry = outputs.inner(output)
                if "path" not in entry:
                    entry.put("path", f"${{{{parent.outputs.{name}}}}}")
        if not outputs:
            fields.pop("outputs")

    def _sweep(self, fields: Fields, sweep: Call, space: Fields) -> Fields:
        """A step that is swept, as a sweep job: what runs is its trial."""
        made, trial = Fields((sweep.key,)), Fields(fields.path)
        for name in ("limits", "type"):
            fields.pop(name, None)
        if "component" in fields:
            made.put("trial", fields.pop("component"), *fields.origins["component"])
        for name in OF_TRIAL:
            if name in fields:
                trial.put(name, fields.pop(name), *fields.origins[name])
        if trial and "trial" not in made:
            made.put("trial", trial, (sweep.key,))
        for name, value in (*fields.items(), *(trial.items() if made["trial"] is not trial else ())):
            made.put(name, value, *(fields if name in fields else trial).origins[name])
        made.put("type", "sweep", (sweep.key,))
        for holder in (sweep, *self.lowering.on(sweep, "set_resources", "set_limits", "set_objective")):
            for name, argument in told(holder):
                self._put_swept(made, space, holder, name, argument.value)
        if space or "search_space" not in made:
            made.put("search_space", space, (sweep.key,))
        made.setdefault("sampling_algorithm", "random")
        return made

    def _put_swept(self, made: Fields, space: Fields, holder: Call, name: str, value: Value) -> None:
        lowering, path = self.lowering, (holder.key, name)
        first, _, rest = name.partition(".")
        if name == "search_space" and isinstance(value, dict):
            for one, parameter in value.items():
                sweeps.put_parameter(lowering, space, one, parameter, (*path, one))
        elif holder.kind == "set_limits" or first in sweeps.WORDS:
            words = sweeps.WORDS.get(first, ("limits", first))
            sweeps.put(lowering, made, (*words, *filter(None, rest.split("."))), value, path)
        elif name == "compute":
            name_compute(lowering, made, "compute", holder, name)
        elif first not in ("outputs", "inputs", "name"):
            made.put(name, lowering.value(value, path, name), path)

    def _put_data(self, fields: Fields) -> None:
        """The entries of `data` that the step's inputs name."""
        inputs = fields.get("inputs")
        entries = inputs.values() if isinstance(inputs, Fields) else ()
        for entry in [one for one in entries if isinstance(one, Fields)]:
            name = entry.get("data")
            if isinstance(name, str) and name in self.uploads.fields:
                entry.put("path", f"azureml:{name}", *entry.origins["data"])
                fields.inner("data").put(name, self.uploads.fields[name], *self.uploads.fields.origins[name])

    def _say_whether(self, step: Call, call: Call) -> None:
        """Of some steps only a run knows whether there is one, or how many."""
        condition, loop = call.only_if or step.only_if, call.loop or step.loop
        if condition:
            what = f"the pipeline has this step only where `{condition}`: see if it is meant"
            self.lowering.ask(call, "", "job", what)
        if loop:
            self.lowering.ask(call, "", "job", f"{loop}: the pipeline has the step once for each, and here is one")


def name_compute(lowering: Lowering, fields: Fields, key: str, holder: Call, argument: str) -> None:
    """The name of the cluster that a step or a pipeline says, also where the script makes it."""
    put_compute(lowering, fields, key, holder, argument)
    by_name(fields, key)


def by_name(fields: Fields, key: str) -> None:
    """A cluster that the script makes by its name alone."""
    cluster = fields.get(key)
    if isinstance(cluster, Mapping | Section):
        name = cluster.get("name")
        fields.put(key, name, *fields.origins[key])


def put_output(lowering: Lowering, outputs: Fields, name: str, value: Value, path: FieldPath) -> None:
    """An output as `outputs.NAME` or `outputs.NAME.FIELD` is set; all of them where `outputs` is."""
    _, _, rest = name.partition(".")
    output, _, key = rest.partition(".")
    if not output:
        for one, inner in value.items() if isinstance(value, dict) else ():
            put_output(lowering, outputs, f"{name}.{one}", inner, (*path, one))
        return
    entry = outputs.inner(output, path)
    found = lowering.value(value, path, f"job.outputs.{output}")
    if key or not isinstance(found, Fields):
        entry.put(key or "path", found, path)
        return
    for one, said in found.items():
        entry.put(one, said, *found.origins.get(one, ()))


def settings_of(call: Call, *, arguments: bool = False) -> Call:
    """What is set on a call, without what it is called with; or, with `arguments`, the other way around."""
    return replace(call, attributes={}) if arguments else replace(call, arguments={})


def _reason(call: Call) -> str:
    """What a step is that no spec can be made of."""
    kind = call.kind.removeprefix("elsewhere:")
    if kind.startswith("automl."):
        return "automated ML, which chooses the training itself: there is no script to run"
    return _NO_STEP.get(kind, f"`{call.key}`, for which specrun has no spec")
