"""What the local engine adds to the wall time of a job's processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from benchmarks.hand import read_spec, run_by_hand
from benchmarks.jobs import Job
from benchmarks.measure import LeftOut, WentWrong, paired
from benchmarks.table import Row
from benchmarks.workplace import ROOT, Workplace

ROUNDS = 7
SHARE, SECONDS = 0.05, 0.3
"""What may be added, whichever is more."""

STEPS = """\
case $TF_CONFIG in *'"type": "ps"'*) exec sleep 600 ;; esac
for step in 1 2 3 4; do echo "step $step"; sleep 0.5; done
echo done
"""


def overhead(place: Workplace) -> Iterator[Row]:
    """Workers that take two seconds, and the TensorFlow example: the first apply of each, with nothing in place."""
    file = Job("bash steps.sh ${{ inputs.numbers }} ${{ outputs.model }}", {"steps.sh": STEPS}).write(
        place.subfolder("overhead")
    )
    yield _against_hand(place, file, "ps and 2 workers that sleep 2 s", "done")
    if find_spec("tensorflow") is None:
        raise LeftOut("without tensorflow: specs/examples/digits-ps")
    folder = place.folder / "digits"
    shutil.copytree(ROOT / "specs" / "examples" / "digits-ps", folder)
    yield _against_hand(place, folder / "job.yaml", "specs/examples/digits-ps", "accuracy 0.9")


def _against_hand(place: Workplace, file: Path, what: str, last: str) -> Row:
    spec = read_spec(file)
    folders = (place.subfolder(f"{file.parent.name}-{number}") for number in range(2 * ROUNDS + 2))

    def applied() -> float:
        home, output = next(folders), file.with_suffix(".txt")
        wall = place.specrun("apply", "-q", "--environment", "current", str(file), home=home, output=output).wall
        _expect(output, last)
        return wall

    def by_hand() -> float:
        folder = next(folders)
        wall = run_by_hand(spec, folder, place.environment)
        _expect(folder / "worker-0.txt", last)
        return wall

    if not place.short:
        applied(), by_hand()  # for the caches of the machine
    pair = paired(applied, by_hand, place.rounds(ROUNDS))
    met = pair.added <= max(SHARE * pair.peer, SECONDS)
    return Row(
        "overhead",
        f"{what} (best: {pair.added:+.2f} s)",
        "s wall",
        pair.ours,
        pair.peer,
        "by hand",
        pair.ratio,
        f"+{SHARE:.0%} or {SECONDS} s",
        met,
    )


def _expect(file: Path, text: str) -> None:
    if text not in file.read_text(encoding="utf-8"):
        raise WentWrong(f"the job did not print `{text}`: {file.read_text(encoding='utf-8')[-2000:]}")
