"""What a sweep adds to its trials, each of which is a run of its own; and the memory of its supervisor."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import WentWrong, paired, take
from benchmarks.table import Row
from benchmarks.workplace import Workplace

TRIALS, ROUNDS = 1000, 3
ADDED = 20.0
"""Milliseconds that may be added for each trial."""

GROWTH = 1.1
EVERY = 0.1
SLOTS = 2

SCRIPT = """\
store=${MLFLOW_TRACKING_URI#file://}/0/run && mkdir -p $store/metrics && echo "start_time: 1" > $store/meta.yaml &&
echo "1000 0.$1 0" > $store/metrics/accuracy && sleep 0.05
"""
"""Logs a metric as MLflow does, whose import alone takes twenty times as long."""

SPEC = """\
apiVersion: specrun/v1
name: sweep
compute: {{name: two-slots, size: STANDARD_D4DS_V5, max_instances: {slots}}}
job:
  code: src
  command: bash trial.sh ${{{{ search_space.x }}}}
sweep:
  sampling_algorithm: grid
  search_space:
    x: {{type: choice, values: {values}}}
  objective: {{goal: maximize, primary_metric: accuracy}}
"""


def sweeps(place: Workplace) -> Iterator[Row]:
    """Trials of 50 ms; the peer runs the same scripts, as many at once."""
    trials = place.amount(TRIALS, 20)
    folder = place.subfolder("sweeps")
    (folder / "src").mkdir()
    (folder / "src" / "trial.sh").write_text(SCRIPT, encoding="utf-8")
    file = folder / "job.yaml"
    file.write_text(SPEC.format(values=list(range(trials)), slots=SLOTS), encoding="utf-8")
    homes = (folder / f"home-{number}" for number in range(ROUNDS + 1))
    growths: list[tuple[float, float]] = []

    def applied() -> float:
        home = next(homes)
        with _watched(home) as sizes:
            wall = place.specrun("apply", "-q", str(file), home=home).wall
        if len(sizes) > 1:
            growths.append((sizes[len(sizes) // 10], max(sizes)))
        done = len(list(home.glob("runs/*/metrics.json")))
        if done != trials:
            raise WentWrong(f"{done} of {trials} trials have logged their metric")
        return wall

    def bare() -> float:
        store = folder / "bare"
        each = f"MLFLOW_TRACKING_URI=file://{store}/$1 exec bash {folder}/src/trial.sh $1"
        command = f"seq 0 {trials - 1} | xargs -P {SLOTS} -I @ bash -c '{each}' - @ && rm -r {store}"
        return take(["bash", "-c", command], place.environment).wall

    pair = paired(applied, bare, place.rounds(ROUNDS))
    added = (pair.ours - pair.peer) / trials * 1000
    what = f"{trials} trials of 50 ms, two at once ({added:+.1f} ms each)"
    target = f"+{ADDED:g} ms each"
    yield Row("sweeps", what, "s wall", pair.ours, pair.peer, "bash", pair.ratio, target, added <= ADDED)
    for early, late in growths[:1]:
        ratio = late / early
        what = "memory of its supervisor, at most; peer: after a tenth"
        yield Row("sweeps", what, "MB", late, early, "itself", ratio, f"{GROWTH:g}", ratio <= GROWTH)


@contextlib.contextmanager
def _watched(home: Path) -> Iterator[list[float]]:
    """The memory (MB) of the supervisor of a sweep below a state folder, as it goes on; none where nobody says."""
    over = threading.Event()
    sizes: list[float] = []

    def watch() -> None:
        pid = 0
        while not over.wait(EVERY):
            pid = pid or _supervisor(home)
            with contextlib.suppress(OSError, StopIteration):
                lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
                sizes.append(int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()


def _supervisor(home: Path) -> int:
    for name in filter(str.isdigit, os.listdir("/proc")) if os.path.isdir("/proc") else ():  # noqa: PTH208, PTH112
        with contextlib.suppress(OSError):
            process = Path("/proc") / name
            if (process / "comm").read_text() == "specrun sweep\n" and f"{home}/" in (process / "cmdline").read_text():
                return int(name)
    return 0
