from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.routes import ENGINES
from tests.local.runs import Runs, runs_in


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each of the engines for Azure ML."""
    return str(request.param)


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """What came of those of the module's `CASES` that were chosen; they wait more than they work, so `SIDE_BY_SIDE` of
    them go side by side. A file that uses it is in `TOGETHER` of tests/conftest.py, or each worker would do all."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    here = [item.callspec.params for item in items if item.module is request.module and hasattr(item, "callspec")]
    with ThreadPoolExecutor(request.module.SIDE_BY_SIDE) as pool:
        names = [str(parameters["case"]) for parameters in here if "case" in parameters]
        yield {
            name: pool.submit(request.module.CASES[name], tmp_path_factory.mktemp("case") / "azure") for name in names
        }
