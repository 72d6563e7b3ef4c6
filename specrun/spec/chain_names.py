"""The rows of `names` that are about chains and models: words of pipelines, workflows and registries."""

from __future__ import annotations

from specrun.spec.names import V1, V2, Row

OTHERS = "other tools"
_READS = "`inputs: {NAME: {run: SPEC, output: OUTPUT}}`"
_FIRST = f"Order follows from what is read: an input such as {_READS} has the other spec run first."
_STEPS = f"Each is a spec of its own, in a file of its own, and reads from others with {_READS}."
_ITS_TAGS = "The run, its fingerprint, its commit and its data are the tags of what is registered: leave it out."
_NEXT = "Each registration is the next version: leave it out."

# ruff: noqa: E501 - a table is read by its rows
# fmt: off
KEYS: tuple[Row, ...] = (
    ("", "depends_on dependsOn needs run_after upstream", OTHERS, None, _FIRST),
    ("", "steps stages pipeline tasks", f"{V1} and {OTHERS}", None, _STEPS),
    ("", "register_model registered_model_name", f"{V1} and {OTHERS}", None, "Say it at the output that is the model: `outputs: {model: {register: {name: NAME}}}`."),
    ("job", "depends_on dependsOn needs run_after upstream", OTHERS, None, _FIRST),
    ("job", "steps", f"{V1} and {OTHERS}", None, _STEPS),
    ("job", "register_model registered_model_name model_name", f"{V1} and {OTHERS}", None, "Say it at the output that is the model: `outputs: {model: {register: {name: NAME}}}`."),
    ("job.inputs.*", "from_run from_job source_run upstream job step spec run_name", f"{V1} and {OTHERS}", "run", "It is the other spec's name."),
    ("job.inputs.*", "run_id job_id", f"{V1} and {OTHERS}", "run", "It is the other spec's name, and the run is the one that succeeded for what that spec is."),
    ("job.inputs.*", "output_name from_output", f"{V1} and {OTHERS}", "output", ""),
    ("job.inputs.*", "model_name registered_model registered_model_name", f"{V1} and {OTHERS}", "model", ""),
    ("job.inputs.*", "model_version label", f"{V1} and {V2}", "version", ""),
    ("job.outputs.*", "register_model registered_model_name model_name registered_model", f"{V1} and {OTHERS}", "register.name", ""),
    ("job.outputs.*", "register_on_complete", V1, "register", ""),
    ("job.outputs.*", "name", V2, "register.name", ""),
    ("job.outputs.*", "type", V2, None, "An output is always a folder. What a model of it is stands in `register: {name: NAME, type: mlflow_model}`."),
    ("job.outputs.*", "version", V2, None, _NEXT),
    ("job.outputs.*.register", "model model_name registered_model_name", f"{V1} and {OTHERS}", "name", ""),
    ("job.outputs.*.register", "model_type kind flavor model_format model_framework", f"{V1} and {OTHERS}", "type", ""),
    ("job.outputs.*.register", "version", V2, None, _NEXT),
    ("job.outputs.*.register", "tags properties description stage", f"{V1} and {V2}", None, _ITS_TAGS),
)

VALUES: tuple[tuple[str, str, str], ...] = (
    ("job.outputs.*.register.type", "mlflow_model", "mlflow mlflow-model"),
    ("job.outputs.*.register.type", "custom_model", "custom custom-model model files pickle onnx"),
)
# fmt: on
