"""Trials by how those before went: Optuna's tree-structured Parzen estimator, asked and told.

What is suggested depends on the seed, on how many sets were tried before, and on what these have come to, and not on
when this process began. So trials one after another are the same again; of several at once the order of their ends
counts. Optuna's study is in memory alone: what another process left is told to it anew.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from itertools import product
from random import Random
from typing import Any, TypeAlias

from specrun.engines.local.sweeps.proposals import CannotPropose
from specrun.plan.observed import RunStatus
from specrun.plan.sampling import is_within, value_at
from specrun.plan.trials import Trial, is_stopped_early
from specrun.spec.expressions import scalar_text
from specrun.spec.model import Scalar
from specrun.spec.sweep import Parameter, Sweep, values_of

PACKAGE = "optuna"

REPEATS = 10
"""After so many suggestions in a row that were tried before, one is drawn that was not."""

_DRAWS = 1_000
_Key: TypeAlias = tuple[str, ...]
_Set: TypeAlias = Mapping[str, Scalar]


class Bayesian:
    """What Optuna suggests. `earlier` are trials of attempts before: what they tried comes first, in their order, and
    whoever asks sees what has become of it.

    A suggestion that was tried before is forgotten, and another asked for.
    """

    def __init__(self, sweep: Sweep, earlier: Sequence[Trial]) -> None:
        self._sweep = sweep
        self._names = sorted(sweep.search_space)
        self._optuna = _load()
        with _quiet("could not begin"):
            self._axes = {name: _Axis(self._optuna, name, sweep.search_space[name]) for name in self._names}
            self._distributions = {name: axis.distribution for name, axis in self._axes.items()}
            self._study = self._optuna.create_study(direction=sweep.objective.goal)
        self._asked = 0
        self._numbers: dict[_Key, int] = {}
        """By the set what its trial is called in the study, of all that were proposed."""
        self._ended: set[_Key] = set()
        known = {self._key(trial.parameters): trial.parameters for trial in earlier if self._is_ours(trial.parameters)}
        self._earlier = iter(list(known.values())[: sweep.most_trials])
        self._exhausted = False

    @property
    def done(self) -> bool:
        """Whether nothing will come any more."""
        return self._exhausted or len(self._numbers) >= self._sweep.most_trials

    def next(self) -> _Set | None:
        """The next set. Raises CannotPropose."""
        if self.done:
            return None
        with _quiet("could not suggest a trial"):
            before = next(self._earlier, None)
            found = self._begin(before) if before is not None else self._suggested() or self._drawn()
        self._exhausted = found is None
        return found

    def tell(self, trial: Trial) -> None:
        """Take in that a trial has ended. Raises CannotPropose."""
        key = self._key(trial.parameters)
        if key in self._numbers and key not in self._ended:
            self._ended.add(key)
            with _quiet("could not be told how a trial ended"):
                self._close(self._numbers[key], trial)

    def _suggested(self) -> _Set | None:
        """What Optuna suggests; None where that was all tried before."""
        for repeat in range(REPEATS):
            self._study.sampler = self._optuna.samplers.TPESampler(
                seed=self._seed(repeat), multivariate=True, constant_liar=True
            )
            asked = self._study.ask(self._distributions)
            self._asked += 1
            values = {name: self._axes[name].value(asked.params[name]) for name in self._names}
            key = self._key(values)
            if key not in self._numbers:
                self._numbers[key] = asked.number
                return values
            self._study.tell(
                asked.number, state=self._optuna.trial.TrialState.FAIL
            )  # of these the sampler takes no note
        return None

    def _drawn(self) -> _Set | None:
        """A set that was not tried yet, by chance; None where there is none."""
        random = Random(self._seed(REPEATS))
        parameters = self._sweep.search_space
        for _ in range(_DRAWS):
            values = {name: value_at(parameters[name], random.random()) for name in self._names}
            if self._key(values) not in self._numbers:
                return self._begin(values)
        finite = [values_of(parameters[name]) for name in self._names]
        for one in product(*(values for values in finite if values is not None)) if None not in finite else ():
            values = dict(zip(self._names, one, strict=True))
            if self._key(values) not in self._numbers:
                return self._begin(values)
        return None

    def _begin(self, values: _Set) -> _Set:
        """Have a trial in the study that Optuna has not suggested."""
        states = self._optuna.trial.TrialState
        params = {name: self._axes[name].point(values[name]) for name in self._names}
        made = self._optuna.trial.create_trial(state=states.RUNNING, params=params, distributions=self._distributions)
        self._study.add_trial(made)
        self._numbers[self._key(values)] = self._asked
        self._asked += 1
        return {name: values[name] for name in self._names}

    def _close(self, number: int, trial: Trial) -> None:
        """Tell the study what a trial came to; one that was stopped early is worse than all that were not."""
        states = self._optuna.trial.TrialState
        if is_stopped_early(trial):
            self._study.tell(number, state=states.PRUNED)
        elif trial.status is RunStatus.SUCCEEDED and trial.value is not None and math.isfinite(trial.value):
            self._study.tell(number, trial.value)
        else:
            self._study.tell(number, state=states.FAIL)

    def _seed(self, repeat: int) -> int:
        """A number for a suggestion, by the sweep's seed, how many sets there are, and how often it is asked again."""
        text = f"{self._sweep.seed or 0} {len(self._numbers)} {repeat}"
        return int.from_bytes(sha256(text.encode()).digest()[:4], "big")

    def _key(self, values: _Set) -> _Key:
        return tuple(scalar_text(values[name]) if name in values else "" for name in self._names)

    def _is_ours(self, values: _Set) -> bool:
        """Whether a set that was written down is one of this space."""
        space = self._sweep.search_space
        return values.keys() == space.keys() and all(is_within(space[name], values[name]) for name in space)


class _Axis:
    """A parameter, and what stands for it in Optuna's study: which of its values, or, of more than can be counted, the
    number itself.
    """

    def __init__(self, optuna: Any, name: str, parameter: Parameter) -> None:
        kinds = optuna.distributions
        self._parameter = parameter
        self._values = values_of(parameter)
        self._places: dict[str, int] = {}
        if self._values is not None:
            last = len(self._values) - 1
            is_choice = parameter["type"] == "choice"
            self.distribution = (
                kinds.CategoricalDistribution(tuple(range(last + 1))) if is_choice else kinds.IntDistribution(0, last)
            )
            if is_choice:
                self._places = {scalar_text(value): place for place, value in enumerate(self._values)}
        elif parameter["type"] in ("uniform", "quniform"):
            self.distribution = kinds.FloatDistribution(float(parameter["min_value"]), float(parameter["max_value"]))
        else:
            raise CannotPropose(
                f"bayesian sampling is of choice, uniform and quniform alone, and {name} is {parameter['type']}"
            )

    def value(self, point: Any) -> Scalar:
        """The value that a point of the study stands for."""
        if self._values is not None:
            found: Scalar = self._values[point]
            return found
        low, high = self.distribution.low, self.distribution.high
        return value_at(self._parameter, (point - low) / (high - low) if high > low else 0.0)

    def point(self, value: Any) -> Any:
        """The point that stands for a value."""
        if self._values is None:
            return min(max(float(value), self.distribution.low), self.distribution.high)
        if self._places:
            return self._places[scalar_text(value)]
        first: Any = self._values[0]
        step = self._parameter.get("q", 1)
        return min(max(round((float(value) - first) / step), 0), len(self._values) - 1)


def _load() -> Any:
    """Optuna, from where the interpreter has its packages: supervisors are started without. Raises CannotPropose."""
    if sys.flags.no_site and find_spec(PACKAGE) is None:
        import site

        site.main()
        if sys.prefix == sys.base_prefix:  # no virtual environment
            site.addsitedir(site.getusersitepackages())
    # Each trial is a fork of this process, which has to stay one thread.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError as error:
        raise CannotPropose(f"bayesian sampling needs Optuna, which {sys.executable} cannot import: {error}") from error
    optuna.logging.disable_default_handler()
    return optuna


@contextmanager
def _quiet(what: str) -> Iterator[None]:
    """What Optuna says of itself is for its own makers; that it fails is told. Raises CannotPropose."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except CannotPropose:
        raise
    except Exception as error:
        raise CannotPropose(f"Optuna {what}: {type(error).__name__}: {error}") from error
