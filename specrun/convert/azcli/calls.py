"""Calls of the Azure CLI, and the options of those that say something about a job.

The options are those of the extension azure-cli-ml (the CLI v1), whose commands `run` and `datastore` stand in
azureml-core (`azureml/_cli/run/run_commands.py`, `azureml/_cli/datastore/datastore_commands.py`): all that follows the
script of `submit-script` belongs to it. Those of `computetarget create amlcompute` are as its reference has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.convert.azcli.cells import Shell
from specrun.convert.azcli.shell import Known, words_of
from specrun.spec.frozen import dataclass

SUBMIT = "az ml run submit-script"
CLUSTER = "az ml computetarget create amlcompute"
STORES = {
    "az ml datastore attach-blob": ("azure_blob", "container_name"),
    "az ml datastore attach-file": ("azure_file", "file_share_name"),
    "az ml datastore attach-adls-gen2": ("azure_data_lake_gen2", "filesystem"),
}
UPLOAD = "az ml datastore upload"
ATTACH = "az ml folder attach"
OTHER_JOBS = {
    "az ml run submit-hyperdrive": "a sweep over parameters: write one spec for each run, with `vars`",
    "az ml run submit-pipeline": "a pipeline: import each of its steps as a job of its own",
    "az ml pipeline": "a pipeline: import each of its steps as a job of its own",
}
"""What is a job, too, and none that a spec has."""

FILES = {
    "az ml job create": ("--file", "a job of the CLI v2"),
    "az ml compute create": ("--file", "a cluster of the CLI v2"),
    "az ml data create": ("--file", "a data asset of the CLI v2"),
    "az ml datastore create": ("--file", "a datastore of the CLI v2"),
    "az ml environment create": ("--file", "an environment of the CLI v2"),
    "az batchai job create": ("--config-file", "a job of Batch AI"),
    "az batchai cluster create": ("--config-file", "a cluster of Batch AI"),
}
"""Commands that read a file, the option that names it, and what it is: it is imported itself."""

_KNOWN = (SUBMIT, CLUSTER, *STORES, UPLOAD, ATTACH, *OTHER_JOBS, *FILES, "az account set", "az configure")
_SHORT = {"-w": "--workspace-name", "-g": "--resource-group", "-t": "--output-metadata-file", "-n": "--name"}
_SHORTS: Mapping[str, Mapping[str, str]] = {
    SUBMIT: {
        "-c": "--run-configuration-name",
        "-d": "--conda-dependencies",
        "-e": "--experiment-name",
        "--target": "--ct",
    },
    CLUSTER: {
        "-s": "--vm-size",
        "--size": "--vm-size",
        "-u": "--admin-username",
        "-p": "--admin-user-password",
        "-k": "--admin-user-ssh-key",
        "-l": "--location",
    },
    UPLOAD: {"-p": "--src-path", "-u": "--target-path"},
    "az ml datastore attach-blob": {"-a": "--account-name", "-c": "--container-name", "-k": "--account-key"},
    "az ml datastore attach-file": {"-a": "--account-name", "-c": "--share-name", "-k": "--account-key"},
    "az ml datastore attach-adls-gen2": {"-a": "--account-name", "-c": "--file-system"},
    "az account set": {"-s": "--subscription", "-n": "--subscription"},
    **{command: {"-f": option, "--config-file": option, "--file": option} for command, (option, _) in FILES.items()},
}
_FLAGS = {
    "--async",
    "--no-wait",
    "--verbose",
    "--debug",
    "--only-show-errors",
    "-v",
    "-y",
    "--yes",
    "--stream",
    "--web",
}


@dataclass(frozen=True, slots=True)
class Call:
    """`az ml run submit-script …`: options by their long names without hyphens at the front, and the other `words`.

    `key` is what the report calls it: the command, with a number where it is not the first. `place` is as in `line 3`.
    `folder` is where it is run: "" where the script began, None where that is not known.
    """

    command: str
    key: str
    place: str
    folder: str | None
    options: Mapping[str, Known]
    words: Sequence[Known] = ()

    def get(self, *names: str) -> Known | None:
        """The value of the first of these options that is there."""
        return next((self.options[name] for name in names if name in self.options), None)


def calls_of(shell: Shell) -> list[Call]:
    """The calls of a script, in their order; only those of `az ml`, `az batchai`, and those that say where."""
    found: list[Call] = []
    for words, place, folder in words_of(shell):
        command = _command(words)
        if command is None:
            continue
        number = sum(one.command == command for one in found) + 1
        options, rest = _parsed(command, words[len(command.split()) :])
        found.append(Call(command, command if number == 1 else f"{command}#{number}", place, folder, options, rest))
    return found


def _command(words: Sequence[Known]) -> str | None:
    plain = []
    for word in words:
        if not isinstance(word, str) or not word.replace("-", "").isalnum() or word.startswith("-"):
            break
        plain.append(word)
    typed = " ".join(plain)
    known = [one for one in _KNOWN if f"{typed} ".startswith(f"{one} ")]
    if known:
        return max(known, key=len)
    return " ".join(plain[:4]) if plain[1:2] in (["ml"], ["batchai"]) else None


def _parsed(command: str, words: Sequence[Known]) -> tuple[dict[str, Known], list[Known]]:
    options: dict[str, Known] = {}
    shorts = {**_SHORT, **_SHORTS.get(command, {})}
    rest = list(words)
    free: list[Known] = []
    while rest:
        word = rest.pop(0)
        if not isinstance(word, str) or not word.startswith("-") or word == "-":
            free.append(word)
            if command == SUBMIT:
                return options, [*free, *rest]
            continue
        name, equals, value = word.partition("=")
        name = shorts.get(name, name.replace("_", "-"))
        takes = name not in _FLAGS and rest and not (isinstance(rest[0], str) and rest[0].startswith("--"))
        options[name.lstrip("-")] = value if equals else rest.pop(0) if takes else ""
    return options, free
