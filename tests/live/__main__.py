"""`make live`: the conformance suite through both Azure engines on a workspace that exists, and what it answered."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest

from specrun import __version__
from tests.conformance.places import LIVE_ENGINES, LIVE_NAMES, RECORDINGS
from tests.live import report

ROOT = Path(__file__).parents[2]
WRONG_USAGE = 64
YES = "LIVE_YES"
WHERE = "LIVE_REPORT"
PACKAGES = ("azure-ai-ml", "azureml-core", "azure-identity", "requests")
MASKED = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "SPECRUN_LIVE_COMPUTE")

COST = """\
This runs the conformance suite through {engines} on the workspace

    {WORKSPACE} (resource group {RESOURCE_GROUP}, subscription {SUBSCRIPTION_ID})

What it makes, for each engine (counted on the emulator; nobody has told yet what the service takes):
  - some {runs} runs of a few seconds, on at most four instances of Standard_DS2_v2 at once (8 cores of the quota);
  - {clusters} clusters called conf-…, each deleted after its test. {those}
  - data below conformance/ on the default datastore, deleted after its test, and the image of one environment.
How long: nearly all of it is waiting for instances to start, so one to two hours for each engine.
What it costs: up to four instances of Standard_DS2_v2 for those hours, at the price of your region, and the minutes in
which the image is built. specrun knows no prices: https://azure.microsoft.com/pricing/calculator has them.
What stays: the history of the runs, in experiments called conf-…, their snapshots, the environments that they used.
It makes no workspace, changes nothing that is called otherwise than conf-…, and reads no data of yours.
"""
RUNS, CLUSTERS = 45, 15


class Outcomes:
    """A plug-in of pytest that keeps how each test ended."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The worst of a test's phases counts."""
        name = report.nodeid.rpartition("/")[2]
        if report.when == "call" or report.outcome != "passed":
            self.of[name] = report.outcome if report.when == "call" or report.skipped else f"{report.when} failed"


def main(arguments: Sequence[str]) -> int:
    """0 when every test passed and every answer is as recorded; 1 otherwise; 64 when it cannot begin."""
    if missing := [name for name in LIVE_NAMES if not os.environ.get(name)]:
        print(f"make live needs a workspace: set {', '.join(missing)}. See CONTRIBUTING.md.", file=sys.stderr)
        return WRONG_USAGE
    print(cost(os.environ), flush=True)
    if not agreed():
        return WRONG_USAGE
    outcomes = Outcomes()
    with tempfile.TemporaryDirectory(prefix="specrun-live-") as folder:
        os.environ[RECORDINGS] = folder
        status = pytest.main(
            ["-m", "live", "-p", "no:cacheprovider", "-v", str(ROOT / "tests/conformance"), *arguments],
            plugins=[outcomes],
        )
        masked = [os.environ.get(name, "") for name in (*LIVE_NAMES, *MASKED)]
        answers = report.read(Path(folder), masked)
    target = Path(os.environ.get(WHERE) or "live-report")
    target.mkdir(parents=True, exist_ok=True)
    (target / "report.md").write_text(report.as_markdown(answers, about(), outcomes.of), encoding="utf-8")
    (target / "report.json").write_text(report.as_json(answers, about(), outcomes.of), encoding="utf-8")
    differing = sum(1 for one in answers if one.differences)
    print(f"{differing} kinds of answers differ from what is recorded: {target}/report.md says how.")
    print("Please read it and send it as an issue: it is meant to have no names, ids or values of yours.")
    return 1 if status or differing else 0


def cost(environment: Mapping[str, str]) -> str:
    """What will be made, and what is known of what that costs."""
    given = {name.removeprefix("SPECRUN_LIVE_"): environment[name] for name in LIVE_NAMES}
    engines = environment.get("SPECRUN_LIVE_ENGINE") or " and ".join(LIVE_ENGINES)
    compute = environment.get("SPECRUN_LIVE_COMPUTE")
    own = "That of the runs keeps its instances for twenty minutes after a run;"
    those = f"The runs go to {compute};" if compute else own
    return COST.format(engines=engines, runs=RUNS, clusters=CLUSTERS, those=those, **given)


def agreed() -> bool:
    """Whether whoever pays has said yes."""
    if os.environ.get(YES) == "1":
        return True
    if not sys.stdin.isatty():
        print(f"nobody is here to ask: {YES}=1 make live says yes", file=sys.stderr)
        return False
    return input("Begin? [y/N] ").strip().lower() in ("y", "yes")


def about() -> dict[str, str]:
    """What took part."""
    found = {"specrun": __version__, "date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"}
    found["Python"] = platform.python_version()
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
