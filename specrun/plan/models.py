"""Registered models: what is known of a version, and what is asked for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from specrun.plan.makers import NOBODY, Maker
from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from specrun.plan.observed import Run

LATEST = "latest"

MLMODEL = "MLmodel"
"""The file that says what a model of MLflow is, at the top of its folder."""

LONGEST_MLMODEL = 1 << 20
"""Bytes of one that is looked at."""

RUN_TAG = "specrun-run"
OUTPUT_TAG = "specrun-output"
FINGERPRINT_TAG = "specrun-fingerprint"
TRIAL_TAG = "specrun-trial"
COMMIT_TAG = "specrun-commit"
DATA_TAG = "specrun-data"
"""By these tags a version leads back to what it is of: no service does that by itself."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A version of a model. `type` is mlflow_model or custom_model, or what the service calls it; `digest` is of its
    files ("": nobody looked), `path` where they are. `created` is in Unix seconds. `damaged`: why nobody knows more.
    """

    name: str
    version: str
    type: str = "custom_model"
    digest: str = ""
    path: str = ""
    created: float | None = None
    maker: Maker = NOBODY
    tags: Mapping[str, str] = field(default_factory=dict)
    damaged: str = ""

    @property
    def run(self) -> str:
        """The run that wrote it; "" of what specrun has not registered."""
        return self.tags.get(RUN_TAG, "")

    @property
    def output(self) -> str:
        """Which of the run's outputs it is."""
        return self.tags.get(OUTPUT_TAG, "")

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


class ModelOfRun(NamedTuple):
    """The version of a model that is an output of a run, which may not be there."""

    model: str
    run: str
    output: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A model that is to be registered: the `output` of `source`, a run that has succeeded; `tags` say what that is."""

    model: str
    type: str
    source: str
    output: str
    maker: Maker
    tags: Mapping[str, str]

    @property
    def is_mlflow(self) -> bool:
        """Whether it is to be a model that MLflow has written."""
        return self.type == "mlflow_model"

    def not_mlflow(self, why: str) -> str:
        """Why the output cannot be registered as that, and what to do."""
        return (
            f"model/{self.model}: the output {self.output} of {self.source} has {why}, so it is no mlflow_model: have "
            f"mlflow.*.save_model write to ${{{{ outputs.{self.output} }}}} itself, or say `type: custom_model`"
        )


def wrong_in_mlmodel(text: bytes) -> str:
    """What is wrong with the file MLmodel of a model, in words; "" for nothing, and for what is too long to look at."""
    import yaml  # late: few models are registered by a command

    if len(text) > LONGEST_MLMODEL:
        return ""
    try:
        # As MLflow reads it, but for its dates, which nobody asks for.
        values = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return "an MLmodel that is not YAML"
    flavors = values.get("flavors") if isinstance(values, dict) else None
    if isinstance(flavors, dict) and flavors:
        return ""
    return "an MLmodel without `flavors`" if text.strip() else "an MLmodel with nothing in it"


def registration_of(
    model: str, kind: str, output: str, maker: Maker, run: Run, trial: str = "", further: Sequence[str] = ()
) -> Registration:
    """What registers the output of a run that has succeeded; of a sweep that of its best trial. `further` is what the
    runs that it reads from have read.
    """
    tags = {
        RUN_TAG: run.name,
        OUTPUT_TAG: output,
        FINGERPRINT_TAG: run.fingerprint,
        TRIAL_TAG: trial,
        COMMIT_TAG: run.provenance.commit + ("-dirty" if run.provenance.commit and run.provenance.dirty else ""),
        DATA_TAG: " ".join(dict.fromkeys((*run.reads, *further))),
    }
    return Registration(
        model, kind, trial or run.name, output, maker, {tag: text for tag, text in tags.items() if text}
    )
