"""Models that are registered: the output of a run that has succeeded, once per run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from specrun.plan.changes import Action, Change
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.kinds.run import Follow, Held, RunChange
from specrun.plan.kinds.upstream import written_since
from specrun.plan.makers import Maker
from specrun.plan.models import ModelOfRun, RegisteredModel
from specrun.plan.observed import RunStatus
from specrun.plan.planning import Planning, Unplanned
from specrun.plan.resources import Key, Kind, Place
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRegistration(Planned):
    """An output of a spec's job that is to be a version of a model."""

    kind: ClassVar[Kind] = "model"
    after_runs: ClassVar[bool] = True

    model: str
    type: str
    spec: str
    output: str

    @property
    def wanted(self) -> Properties:
        """Nothing that could be compared: a version is what its run has written."""
        return {}

    def sought(self, planning: Planning) -> ModelOfRun | None:
        """The version to look for before this is planned; None where the run has not succeeded."""
        run = planning.changes.get(self.spec)
        if not isinstance(run, Follow) or run.run.status is not RunStatus.SUCCEEDED:
            return None
        return ModelOfRun(self.model, run.run_name, self.output)

    def plan(self, planning: Planning) -> Change:
        """Registered once the run has succeeded, unless it is there already, or another run's files are."""
        run = planning.changes.get(self.spec)
        if not isinstance(run, RunChange):
            raise Unplanned
        name = run.run_name
        if isinstance(run, Held):
            return Register(self, Action.NO_OP, run.reason.replace("submitted", "registered", 1))
        if not isinstance(run, Follow) or not run.run.status.ended:
            return Register(self, Action.CREATE, f"once {name} has succeeded")
        if run.run.status is not RunStatus.SUCCEEDED:
            return Register(self, Action.NO_OP, f"{name} has not succeeded: nothing is registered")
        found = planning.registered.get(ModelOfRun(self.model, name, self.output))
        if found is not None:
            return Register(self, Action.NO_OP, f"version {found.version} is of {name}", found)
        path = planning.drafts[self.spec].job.outputs[self.output].path or ""
        if replaced := written_since(planning, self.spec, name, path):
            planning.problem(self, "output-replaced", replaced)
            raise Unplanned
        return Register(self, Action.CREATE, f"{name} has succeeded, and is no version of it yet")


@dataclass(frozen=True, slots=True)
class Register(Change):
    """A run's output registered, or the version that it is already."""

    resource: ModelRegistration
    found: RegisteredModel | None = None


def declared(
    spec: Spec, place: Place, maker: Maker, environment: EnvironmentContent | None
) -> Iterator[ModelRegistration]:
    """The outputs of the spec's job that are to be registered."""
    for name, output in (spec.job.outputs if spec.job is not None else {}).items():
        if output.model:
            yield ModelRegistration(
                place=place,
                name=f"{output.model}/{spec.name}/{name}",
                maker=maker,
                origin=spec.at("job", "outputs", name, "register"),
                needs=(Key(place, f"run/{spec.name}"),),
                model=output.model,
                type=output.model_type,
                spec=spec.name,
                output=name,
            )
