"""By what a run on Azure ML is known as specrun's, and its code kept whole, whichever engine submits it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specrun.engines.azure.maker_tags import SPEC, tags_of
from specrun.plan.attempts import NAME
from specrun.plan.makers import Maker

VARIABLE = "SPECRUN_FINGERPRINT"
"""The environment variable of each run that holds its fingerprint: a part of what was submitted."""

TAG = SPEC
"""The tag that names a run's spec."""

SPEC_TAG = "specrun.spec."
"""How the name of the tag begins by which the runs of one spec are listed: a list can be asked for by a tag's name, but
not by what it says.
"""

FINGERPRINT_TAG = "specrun.fingerprint"
SUBMITTED_TAG = "specrun.submitted"
"""When it was submitted, in Unix seconds."""

IGNORE_NOTHING = "# All files here belong to the run: specrun has left out what is to be ignored.\n"


def spec_tag(spec: str) -> str:
    """The name of the tag that the runs of a spec have, and no others."""
    return f"{SPEC_TAG}{spec}"


def specs_tagged(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The specs among whose runs one with these tags is listed."""
    return tuple(tag.removeprefix(SPEC_TAG) for tag in tags if tag.startswith(SPEC_TAG))


def run_tags(maker: Maker, fingerprint: str) -> dict[str, str]:
    """The tags by which a run is found, whichever engine submits it."""
    return {**tags_of(maker), spec_tag(maker.spec): fingerprint[:10], FINGERPRINT_TAG: fingerprint}


def is_named_for(name: str, fingerprint: str) -> bool:
    """Whether a run of this name and fingerprint is specrun's: the name holds how the fingerprint begins."""
    match = NAME.fullmatch(name)
    return match is not None and fingerprint.startswith(match["fingerprint"])


def spec_in(name: str) -> str:
    """The spec that a run's name says."""
    match = NAME.fullmatch(name)
    return match["spec"] if match else ""


def attempt_in(name: str) -> int:
    """Which attempt at its fingerprint a run's name says."""
    match = NAME.fullmatch(name)
    return int(match["attempt"] or 1) if match else 1


def record_path(name: str) -> str:
    """Where, in the default datastore's container, the record of a run lies that SDK v1 has submitted."""
    return f"specrun/runs/{name}.json"


def spec_path(name: str) -> str:
    """Where, beside it, the spec of a run lies as it ran, whichever SDK has submitted that."""
    return f"specrun/runs/{name}.zip"


def include_all(code: Path) -> None:
    """Keep an SDK from ignoring what was planned: both know no ignore files but the topmost, and v1 no empty code."""
    if any((code / name).exists() for name in (".amlignore", ".gitignore")) or not any(code.iterdir()):
        (code / ".amlignore").write_text(IGNORE_NOTHING)
