"""What the workflow says: inputs of the action, as variables of the environment `INPUT_…`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from action.service import Refusal

MODES = ("validate", "plan", "apply", "drift")
ENGINES = ("", "local", "azureml", "azureml-v1")
_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._]|-(?!-)){0,63}")

_READING = ("--var-file", "--var", "--input", "--environment", "--allow-outside", "--only", "--exclude")


@dataclass(frozen=True)
class Inputs:
    """All that a workflow can say, see action.yml.

    `arguments` go to specrun as they are. `key` tells the comments of one pull request apart: it is the target, dev or
    prod, unless they say another one.
    """

    mode: str
    files: Sequence[str] = ()
    engine: str = ""
    target: str = ""
    arguments: Sequence[str] = ()
    key: str = ""
    changed_only: bool = True
    strict: bool = False
    detach: bool = True
    plan_file: str = ""
    sarif_file: str = ""
    label: str = "specrun-drift"
    folder: str = ""

    @property
    def artifact(self) -> str:
        """What a saved plan is called in the service's store of artefacts."""
        return f"specrun-plan-{self.key}" if self.key else "specrun-plan"

    @property
    def place(self) -> Sequence[str]:
        """Where, as options of specrun."""
        engine = ["--engine", self.engine] if self.engine else []
        return [*engine, "--target", self.target] if self.target else engine

    @property
    def said(self) -> Sequence[str]:
        """The same, with how strict it is."""
        return [*self.place, "--strict"] if self.strict else self.place

    @property
    def reading(self) -> Sequence[str]:
        """Those of the arguments that say how specs are read: every verb knows them."""
        found: list[str] = []
        for at, word in enumerate(self.arguments):
            name, joined, _ = word.partition("=")
            if name in _READING:
                found += [word] if joined else self.arguments[at : at + 2]
        return found

    @property
    def named(self) -> Sequence[str]:
        """The specs, as arguments that are no options."""
        return ["--", *self.files] if self.files else []

    def comment(self, run: str) -> Sequence[str]:
        """The options of specrun that make a comment; `run` is the address where all of it is."""
        key = ["--comment-key", self.key] if self.key else []
        return ["-o", "markdown", *key, *(["--more-at", run] if run else [])]

    def marker(self, what: str) -> str:
        """The first line of a comment or an issue, as `specrun -o markdown --comment-key KEY` writes it."""
        return f"<!-- specrun {what}{f' {self.key}' if self.key else ''} -->"


def inputs(environment: Mapping[str, str], mode: str) -> Inputs:
    """What the environment says. Raises Refusal (64) with all that is wrong at once."""
    wrong: list[str] = []

    def get(name: str, default: str = "") -> str:
        return environment.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip() or default

    def words(name: str) -> Sequence[str]:
        try:
            return shlex.split(get(name), comments=True)
        except ValueError as error:
            wrong.append(f"`{name}` has a quote without its other half ({error})")
            return ()

    def flag(name: str, default: str) -> bool:
        text = get(name, default).lower()
        if text not in ("true", "false"):
            wrong.append(f"`{name}` is true or false, not `{text:.40}`")
        return text == "true"

    if mode not in MODES:
        wrong.append(f"`mode` is one of {', '.join(MODES)}, not `{mode:.40}`")
    if (engine := get("engine")) not in ENGINES:
        wrong.append(f"`engine` is one of {', '.join(ENGINES[1:])}, not `{engine:.40}`")
    target = get("target")
    key = get("comment-key") or (target if _KEY.fullmatch(target) else "")
    if key and not _KEY.fullmatch(key):
        wrong.append(f"`comment-key` is a word of at most 64 letters, digits, `.`, `_` and single `-`, not `{key:.40}`")
    found = Inputs(
        mode,
        words("files"),
        engine,
        target,
        words("args"),
        key,
        flag("changed-only", "true"),
        flag("strict", "false"),
        flag("detach", "true"),
        get("plan-file"),
        get("sarif-file"),
        get("issue-label", "specrun-drift"),
        get("working-directory"),
    )
    if wrong:
        raise Refusal("; ".join(wrong), 64)
    return found
