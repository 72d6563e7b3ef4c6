"""What it costs to plan specs that read from each other, against as many that do not; both plans in the same round."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import paired
from benchmarks.table import Row
from benchmarks.workplace import Workplace

SPECS, ROUNDS = 200, 5
MOST = 2.0

SPEC = """\
apiVersion: specrun/v1
name: s{number}
job:
  code: src
  command: python train.py {number}
  inputs: {{{inputs}}}
  outputs: {{f: {{}}}}
"""


def chains(place: Workplace) -> Iterator[Row]:
    """Each spec reads from the one before; none has run."""
    specs = place.amount(SPECS, 20)
    folder = place.subfolder("chains")
    chained, apart = (_written(folder / name, specs, chained=name == "chained") for name in ("chained", "apart"))

    def planning(of: Path) -> float:
        return place.specrun("plan", "-q", "--max-runs", f"{specs}", str(of), home=of / "home").wall

    pair = paired(lambda: planning(chained), lambda: planning(apart), place.rounds(ROUNDS))
    yield Row(
        "chains",
        f"plan of a chain of {specs} specs; peer: of {specs} that do not read from each other",
        "s wall",
        pair.ours,
        pair.peer,
        "itself",
        pair.ratio,
        f"{MOST:g}",
        pair.ratio <= MOST,
    )


def _written(folder: Path, specs: int, *, chained: bool) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("pass\n", encoding="utf-8")
    for number in range(specs):
        inputs = f"f: {{run: s{number - 1}, output: f}}" if chained and number else ""
        (folder / f"s{number}.yaml").write_text(SPEC.format(number=number, inputs=inputs), encoding="utf-8")
    return folder
