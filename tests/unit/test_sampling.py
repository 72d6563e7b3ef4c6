"""What sweeps draw: known values, bounds, and that nothing is drawn twice."""

from __future__ import annotations

from itertools import islice
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specrun.plan.sampling import draws, is_within, value_at
from specrun.plan.sobol import BITS, points
from specrun.spec.expressions import scalar_text
from specrun.spec.sweep import MOST_SOBOL, Sweep, sweep_of, values_of

LR = {"type": "loguniform", "min_value": -9, "max_value": -1}
UNITS = {"type": "choice", "values": [16, 32]}
NOISE = {"type": "normal", "mu": 0, "sigma": 1}
DROPOUT = {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.1}
LAYERS = {"type": "quniform", "min_value": 1, "max_value": 9, "q": 2}
SPACE = {"lr": LR, "units": UNITS, "noise": NOISE, "dropout": DROPOUT, "layers": LAYERS}


def sweep(algorithm: str, space: dict[str, Any], trials: int | None = None, **beside: Any) -> Sweep:
    limits = {} if trials is None else {"max_total_trials": trials}
    objective = {"goal": "maximize", "primary_metric": "accuracy"}
    return sweep_of(
        {"sampling_algorithm": algorithm, "search_space": space, "objective": objective, "limits": limits, **beside}
    )


def drawn(*args: Any, **beside: Any) -> list[tuple[Any, ...]]:
    return [tuple(one.values()) for one in draws(sweep(*args, **beside))]


def test_a_grid_is_every_combination_the_last_name_fastest() -> None:
    space = {"units": {"type": "choice", "values": [64, 32]}, "depth": {"type": "randint", "upper": 2}}
    assert [dict(one) for one in draws(sweep("grid", space))] == [
        {"depth": 0, "units": 64},
        {"depth": 0, "units": 32},
        {"depth": 1, "units": 64},
        {"depth": 1, "units": 32},
    ]
    assert drawn("grid", space, 3) == [(0, 64), (0, 32), (1, 64)]


def test_values_keep_their_types_and_what_a_command_spells_alike_is_one() -> None:
    space = {"a": {"type": "choice", "values": [1, True, "x", 1.0, "1", "true", 1]}}
    found = [values[0] for values in drawn("grid", space)]
    assert [(value, type(value)) for value in found] == [(1, int), (True, bool), ("x", str), (1.0, float)]
    assert sweep("grid", space).combinations == 4


# dropout, layers, lr, noise, units
RANDOM = [
    (0.1, 8, 0.05558715952528357, -0.6586227480425685, 16),
    (0.4, 6, 0.06786646931462216, -1.3173564439305414, 16),
    (0.8, 4, 0.0549265005920951, -2.8618240499244276, 16),
    (0.7, 2, 0.23744139696679709, 1.2897280849751334, 16),
]
SOBOL = [
    (0.5, 4, 0.006737946999085467, 0.0, 32),
    (0.8, 4, 0.0009118819655545162, -0.6744897501960817, 32),
    (0.2, 8, 0.049787068367863944, 0.6744897501960817, 16),
    (0.4, 4, 0.01831563888873418, 1.1503493803760079, 16),
]
SHIFTED = [
    (0.7, 2, 0.12998208207826192, -1.259526908852832, 16),
    (1.0, 8, 0.00032219336887911695, 1.0533951570009694, 16),
    (0.5, 4, 0.017591161893746213, -0.3747585049515015, 32),
    (0.4, 8, 0.3533279317386115, -0.05286423970972656, 32),
]
KNOWN = {
    1: (0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
    2: (0.75, 0.25, 0.25, 0.75, 0.25, 0.75),
    3: (0.25, 0.75, 0.75, 0.25, 0.75, 0.25),
    7: (0.125, 0.625, 0.375, 0.875, 0.125, 0.375),
    100: (0.4140625, 0.2578125, 0.7734375, 0.6953125, 0.1328125, 0.6484375),
    1000: (0.2197265625, 0.0966796875, 0.5185546875, 0.0693359375, 0.4794921875, 0.4462890625),
}


def test_random_draws_are_those_that_the_seed_has_always_drawn() -> None:
    assert drawn("random", SPACE, 4, seed=1) == RANDOM
    assert drawn("random", dict(reversed(SPACE.items())), 4, seed=1) == RANDOM, "whatever order a spec has them in"
    assert drawn("random", SPACE, 4) == drawn("random", SPACE, 4, seed=0) != RANDOM


def test_sobol_draws_are_those_that_the_seed_has_always_drawn() -> None:
    assert drawn("random", SPACE, 4, rule="sobol") == SOBOL
    assert drawn("random", SPACE, 4, rule="sobol", seed=0) == SOBOL
    assert drawn("random", SPACE, 4, rule="sobol", seed=3) == SHIFTED


def test_the_points_are_those_of_the_published_numbers() -> None:
    """The first as in the paper's tables; of dimensions 1, 2, 3, 10, 40 and 64 as another implementation has them."""
    assert list(islice(points([0, 0, 0]), 8)) == [
        (0, 0, 0),
        (0.5, 0.5, 0.5),
        (0.75, 0.25, 0.25),
        (0.25, 0.75, 0.75),
        (0.375, 0.375, 0.625),
        (0.875, 0.875, 0.125),
        (0.625, 0.125, 0.875),
        (0.125, 0.625, 0.375),
    ]
    found = list(islice(points([0] * MOST_SOBOL), 1001))
    assert {n: tuple(found[n][d - 1] for d in (1, 2, 3, 10, 40, 64)) for n in KNOWN} == KNOWN
    with pytest.raises(ValueError, match="1 to 64 dimensions, not 65"):
        next(points([0] * (MOST_SOBOL + 1)))


@pytest.mark.parametrize("dimension", [0, 1, 30, MOST_SOBOL - 1])
def test_each_interval_of_a_coordinate_has_one_of_as_many_points(dimension: int) -> None:
    shifts = [0] * dimension + [12345]
    found = [one[-1] for one in islice(points(shifts), 256)]
    assert sorted(int(value * 256) for value in found) == list(range(256))


def test_a_step_has_no_noise_and_the_type_that_it_is_written_in() -> None:
    tenths = {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.1}
    assert [value_at(tenths, n / 10) for n in range(11)] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    assert [scalar_text(value_at({**tenths, "max_value": 8, "q": 4}, u)) for u in (0, 0.4, 1)] == ["0", "4", "8"]
    assert scalar_text(value_at({**tenths, "max_value": 8, "q": 4.0}, 0.4)) == "4.0"


def test_the_base_is_that_of_the_logarithms() -> None:
    assert value_at(LR, 1) == pytest.approx(0.36787944117144233)
    assert value_at(LR, 1, "e") == value_at(LR, 1)
    assert value_at(LR, 1, 10) == 0.1
    assert value_at({"type": "qlognormal", "mu": 3, "sigma": 1, "q": 1}, 0.5, 2) == 8
    assert {value for (value,) in drawn("random", {"lr": LR}, 50, logbase=10)} != {
        value for (value,) in drawn("random", {"lr": LR}, 50)
    }


def test_the_normal_distribution_is_that_of_the_standard_library() -> None:
    for u in (1e-15, 1e-9, 0.001, 0.07, 0.08, 0.3, 0.5, 0.9, 0.93, 0.999, 1 - 1e-9):
        assert value_at(NOISE, u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14, abs=1e-15)
    assert -9 < float(value_at(NOISE, 0.0) or 0) < -8


def test_a_finite_space_ends_with_the_last_of_its_combinations() -> None:
    space = {"dropout": DROPOUT, "units": UNITS}
    for rule in ("random", "sobol"):
        found = drawn("random", space, rule=rule)
        assert len(found) == len(set(found)) == sweep("random", space).most_trials == 22
    assert sorted(drawn("random", {"n": {"type": "randint", "upper": 900}})) == [(n,) for n in range(900)]


def test_what_is_next_to_never_drawn_is_none_of_the_combinations_and_what_is_hardly_drawn_is() -> None:
    """Only the very ends of the range would be rounded to 0 and to 10."""
    space = {"q": {"type": "quniform", "min_value": 1, "max_value": 9, "q": 2}}
    assert sorted(drawn("random", space)) == [(2,), (4,), (6,), (8,)]
    space = {"q": {"type": "quniform", "min_value": 0.4999999, "max_value": 1, "q": 1}}
    assert drawn("random", space) == [(1,), (0,)]
    assert drawn("random", {"q": {"type": "quniform", "min_value": 0.5, "max_value": 0.5, "q": 1}}) == [(0,)]


def test_a_space_of_which_nobody_knows_the_size_ends_when_nothing_new_comes() -> None:
    space = {"q": {"type": "qnormal", "mu": 0, "sigma": 0.01, "q": 1}}
    assert drawn("random", space) == [(0,)]
    assert drawn("random", {"u": {"type": "uniform", "min_value": 3, "max_value": 3}}) == [(3.0,)]


def test_a_wide_space_is_not_listed() -> None:
    assert sweep("random", {"n": {"type": "randint", "upper": 10**15}}).combinations == 10**15
    assert values_of({"type": "quniform", "min_value": 0, "max_value": 1, "q": 1e-9}) is None
    assert len(drawn("random", {"n": {"type": "randint", "upper": 10**15}})) == 1000


def test_bayesian_sampling_draws_nothing_by_itself() -> None:
    with pytest.raises(ValueError, match="how the trials before went"):
        next(draws(sweep("bayesian", {"lr": LR})))


LOGNORMAL = {"type": "lognormal", "mu": 0, "sigma": 1}
RANDINT = {"type": "randint", "upper": 3}


@pytest.mark.parametrize(
    ("parameter", "within", "outside"),
    [
        (UNITS, [16, "16"], [17, "x"]),
        (LR, ["0.01", 0.36], [0.5, "fast", None]),
        (DROPOUT, [0.3, 1], [0.35, 1.1]),
        (RANDINT, [0, 2, "1"], [3, -1, 0.5]),
        (LOGNORMAL, [3], [-3, 0]),
        (NOISE, [-3], ["?"]),
    ],
)
def test_a_value_is_within_or_not(parameter: dict[str, Any], within: list[object], outside: list[object]) -> None:
    assert [is_within(parameter, value) for value in [*within, *outside]] == [True] * len(within) + [False] * len(
        outside
    )
    assert is_within(LR, 0.1, 10)
    assert not is_within(LR, 0.2, 10)


numbers = st.floats(-50, 50).map(lambda value: round(value, 3))
ends = st.tuples(numbers, numbers).map(sorted)
parameters = st.one_of(
    st.lists(st.one_of(st.integers(), st.booleans(), st.text(max_size=3), numbers), min_size=1, max_size=5).map(
        lambda values: {"type": "choice", "values": values}
    ),
    st.integers(1, 10**6).map(lambda upper: {"type": "randint", "upper": upper}),
    st.tuples(st.sampled_from(["uniform", "loguniform"]), ends).map(
        lambda one: {"type": one[0], "min_value": one[1][0], "max_value": one[1][1]}
    ),
    st.tuples(st.sampled_from(["quniform", "qloguniform"]), ends, st.sampled_from([1, 2, 0.1, 0.25, 3.0])).map(
        lambda one: {"type": one[0], "min_value": one[1][0], "max_value": one[1][1], "q": one[2]}
    ),
    st.tuples(st.sampled_from(["normal", "lognormal"]), numbers, st.floats(0.01, 5)).map(
        lambda one: {"type": one[0], "mu": one[1], "sigma": one[2]}
    ),
    st.tuples(st.sampled_from(["qnormal", "qlognormal"]), numbers, st.floats(0.01, 5)).map(
        lambda one: {"type": one[0], "mu": one[1], "sigma": one[2], "q": 0.5}
    ),
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), parameters, min_size=1, max_size=4),
    st.integers(0, 2**63),
    st.sampled_from(["random", "sobol"]),
    st.integers(1, 40),
)
def test_each_value_is_one_that_its_parameter_may_have_and_no_set_comes_twice(
    space: dict[str, Any], seed: int, rule: str, trials: int
) -> None:
    found = list(draws(sweep("random", space, trials, seed=seed, rule=rule)))
    assert 0 < len(found) <= trials
    spelled = {tuple(scalar_text(value) for value in one.values()) for one in found}
    assert len(spelled) == len(found)
    for one in found:
        assert list(one) == sorted(space)
        assert all(is_within(space[name], value) for name, value in one.items()), (space, one)
    assert found == list(draws(sweep("random", space, trials, seed=seed, rule=rule)))
    count = sweep("random", space, trials).combinations
    assert count is None or len(found) == min(count, trials)


def test_a_point_has_as_many_bits_as_are_said() -> None:
    assert next(points([2**BITS - 1])) == (1 - 2**-BITS,)
