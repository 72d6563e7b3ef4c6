"""What the places have now: every resource of a graph, and what its jobs read in the cloud, asked for together; and,
once it is known what has run, what is there of its outputs and which models these are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from specrun.engines.base import EngineError
from specrun.engines.calls import Read, read_all
from specrun.engines.reliable import Reliable
from specrun.plan.graph import Graph, cloud_contents, models_read
from specrun.plan.kinds.model import ModelRegistration
from specrun.plan.kinds.run import RunRequest
from specrun.plan.models import ModelOfRun, RegisteredModel
from specrun.plan.observed import Account, CloudContent, Observed, Survey, Written
from specrun.plan.planning import View
from specrun.plan.resources import Key, Place
from specrun.spec.datastore_paths import DEFAULT_NAME
from specrun.spec.model import ModelVersion

DEFAULT_DATASTORE = "the default datastore"

ACCOUNT = "who is signed in"

Asked: TypeAlias = Key | CloudContent | ModelVersion | str
"""What is read: a resource, what lies in the cloud, a model, or one of the names above."""


def survey(engines: Mapping[Place, Reliable], graph: Graph, *, accounts: bool = True) -> Mapping[Place, Survey]:
    """Observe everything that a plan for the graph needs in the places of the engines, and with `accounts` as whom.

    One that cannot be reached has errors, which the others do not mind. Who is signed in is only told: that it could
    not be read is no error.
    """
    reads: list[tuple[Place, Asked, Read[object]]] = []
    for place, engine in engines.items():
        resources = graph.in_place(place)
        contents = cloud_contents(resources)
        seen = (one for one in resources if graph.is_looked_at(one))
        there = (one for one in seen if not isinstance(one, (RunRequest, ModelRegistration)))
        reads += [(place, one.key, engine.observation(one)) for one in there]
        reads += [(place, wanted, engine.find_model(wanted)) for wanted in models_read(resources)]
        reads += [(place, content, engine.content(content)) for content in contents]
        if any(None in dict(content.beside) for content in contents):
            reads.append((place, DEFAULT_DATASTORE, engine.default_datastore()))
        if accounts and engine.has_account:
            reads.append((place, ACCOUNT, engine.account()))
    results = read_all(read for _, _, read in reads)
    found: dict[Place, list[tuple[Asked, object]]] = {place: [] for place in engines}
    for (place, what, _), result in zip(reads, results, strict=True):
        found[place].append((what, result))
    return {place: _survey(answers) for place, answers in found.items()}


def outputs_there(engine: Reliable, written: Collection[Written]) -> Mapping[Written, bool]:
    """Whether anything is there of each of these, looked at together; also of what nobody can tell."""
    wanted = list(dict.fromkeys(written))
    found = read_all(map(engine.has_output, wanted))
    return {one: isinstance(answer, EngineError) or answer for one, answer in zip(wanted, found, strict=True)}


def models_of_runs(engine: Reliable, wanted: Sequence[ModelOfRun]) -> Mapping[ModelOfRun, RegisteredModel]:
    """The versions that there are of these, looked for together. Raises EngineError."""
    found: dict[ModelOfRun, RegisteredModel] = {}
    for one, answer in zip(wanted, read_all(map(engine.model_of_run, wanted)), strict=True):
        if isinstance(answer, EngineError):
            raise answer
        if answer is not None:
            found[one] = answer
    return found


def accounts_of(views: Mapping[Place, View]) -> Mapping[Place, Account]:
    """As whom the places were looked at, where somebody had to sign in."""
    return {place: view.survey.account for place, view in views.items() if view.survey.account is not None}


def _survey(answers: Sequence[tuple[Asked, object]]) -> Survey:
    observed: dict[Key, Observed] = {}
    contents: dict[CloudContent, str] = {}
    errors: dict[str, str] = {}
    models: dict[ModelVersion, RegisteredModel] = {}
    default = DEFAULT_NAME
    account = None
    for what, answer in answers:
        match what, answer:
            case _, Account():
                account = answer
            case _, EngineError() if what is ACCOUNT:
                pass
            case _, EngineError():
                name = what.uri if isinstance(what, CloudContent) else str(what)
                errors[name] = str(answer).removeprefix(f"{name}: ")
            case Key() as key, Observed() as seen:
                observed[key] = seen
            case CloudContent() as content, str(digest):
                contents[content] = digest
            case ModelVersion() as wanted, RegisteredModel() as model:
                models[wanted] = model
            case str(), str(name):
                default = name or DEFAULT_NAME
    return Survey(observed, contents, errors, default, account, models)
