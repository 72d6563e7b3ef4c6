"""What a plan says of a changed sweep in a workspace, where the service runs all trials of each sweep itself."""

from __future__ import annotations

import json

import pytest

from emulator.dataplane import data_of
from emulator.runs_state import COMPLETED
from specrun.engines.history import History
from specrun.engines.reliable import Reliable
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.run import Submit
from specrun.plan.observed import Survey
from specrun.plan.planning import Planning, PlanOptions, View
from specrun.plan.sweeping import TrialCounts
from tests.azure_engines.launching import Launch
from tests.azure_engines.place import resource
from tests.azureml_v2.place import DATA_PLANE, Place, asked
from tests.azureml_v2.sweeping import JOB, SWEEP, begin, swept

SEARCH = f"POST api.azureml.ms /mlflow/v1.0{DATA_PLANE}/api/2.0/mlflow/runs/search"


def planned(launched: Launch) -> Submit:
    """What is planned of the spec, with what a new engine sees of the workspace's runs."""
    request, home = resource(launched.spec, "run/job"), launched.spec.file.parent / ".specrun"
    engine = Reliable(launched.renew())
    view = View({}, False, Survey({}, {}), History(engine), engine.identity, engine.facts.takes_trials)
    planning = Planning(request.place, view, PlanOptions(), home, HashCache(home))
    request.draft(planning)
    planning.look_up_runs([request])
    change = request.plan(planning)
    assert isinstance(change, Submit)
    return change


def test_a_changed_sweep_runs_again_what_has_succeeded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    launched = swept(place)
    monkeypatch.setattr(data_of(place.emulator.service).training, "start", lambda plane, run: None)
    assert planned(launched).trials == TrialCounts(3, 3)
    name = launched.submit()
    begin(launched, name, {0: 0.5, 1: 0.75, 2: 0.25})
    for number, value in enumerate((0.5, 0.75, 0.25)):
        launched.run(name).tags[f"_aml_system_{name}_{number}"] = json.dumps({"x": value})
    launched.run(name).become(COMPLETED)

    changed = swept(place, sweep=SWEEP.replace("[0.5, 0.75, 0.25]", "[0.5, 0.75, 0.25, 0.1]"))
    found: list[Submit] = []
    requests = asked(place, lambda: found.append(planned(changed)))
    assert found[0].trials == TrialCounts(4, 4, again=3)
    assert requests.count(SEARCH) == 1, "one look at its trials, which says how it ended, too"
    narrower = swept(place, sweep=SWEEP.replace("[0.5, 0.75, 0.25]", "[0.5, 0.3]"))
    assert planned(narrower).trials == TrialCounts(2, 2, again=1)

    other = swept(place, JOB.replace("train.py", "train.py -v"))
    assert planned(other).trials == TrialCounts(3, 3), "another job has other trials"
