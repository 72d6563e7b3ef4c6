"""`python -m emulator --env FILE`: an Azure ML to play with, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from emulator.azurite.server import NAMED, Unavailable
from emulator.emulator import Emulator

LIVE_GROUP, LIVE_WORKSPACE = "live-rg", "live-ws"
"""A workspace that is there from the beginning, for `make live`; the subscription is empty but for that."""

PARTS = {
    "storageAccount": "Microsoft.Storage/storageAccounts",
    "keyVault": "Microsoft.KeyVault/vaults",
    "applicationInsights": "microsoft.insights/components",
}
"""What a workspace stands on."""


def main(arguments: list[str]) -> int:
    """Prints `ready` once FILE can be sourced; 0 after a signal, 1 with the reason when Azurite cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--env", type=Path, required=True, help="file to write the `export` lines to")
    parser.add_argument("--home", type=Path, help="folder for runs and certificates; default: one that goes in the end")
    parser.add_argument(
        "--keyless", action="store_true", help="storage accounts refuse keys and signatures made with them"
    )
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="specrun-emulator-") as folder:
        try:
            with Emulator(options.home or Path(folder), keyless=options.keyless) as emulator:
                variables = {**emulator.environment, **_keys(emulator), **live_workspace(emulator)}
                emulator.service.stores.start()
                _write(options.env, variables)
                print("ready", flush=True)
                ended.wait()
        except Unavailable as problem:
            print(problem, file=sys.stderr)
            return 1
    return 0


def _keys(emulator: Emulator) -> dict[str, str]:
    """The keys of the storage accounts that one may name, such as MLSTORE_KEY; an example has a name of its own."""
    keys = {f"{account.upper()}_KEY": emulator.service.stores.key(account) for account in NAMED}
    return {**keys, "TRAINING_STORE_KEY": emulator.service.stores.key(NAMED[0])}


def live_workspace(emulator: Emulator) -> dict[str, str]:
    """A workspace, and the variables by which `make live` finds it."""
    service = emulator.service
    service.put_group(LIVE_GROUP, "westeurope", {})
    parts = {part: service.add_resource(kind, "live", LIVE_GROUP, "westeurope").id for part, kind in PARTS.items()}
    service.put_workspace(LIVE_GROUP, LIVE_WORKSPACE, {"location": "westeurope", "properties": parts})
    return {
        "SPECRUN_LIVE_SUBSCRIPTION_ID": service.subscription,
        "SPECRUN_LIVE_RESOURCE_GROUP": LIVE_GROUP,
        "SPECRUN_LIVE_WORKSPACE": LIVE_WORKSPACE,
    }


def _write(file: Path, variables: dict[str, str]) -> None:
    """For nobody else to read: there are secrets among them, if only emulated ones."""
    partial = file.with_name(file.name + ".partial")
    partial.touch(0o600)
    partial.write_text(shell_text(variables))
    partial.replace(file)


def shell_text(variables: Mapping[str, str]) -> str:
    """What a shell sources to have the variables; it has a function `azure_env_off` then, which gives back what was."""
    before = {name: f"_azure_env_{name}" for name in variables}
    keep = (f'if [ -n "${{{name}+x}}" ]; then {old}="${name}"; fi' for name, old in before.items())
    back = (f'  if [ -n "${{{old}+x}}" ]; then export {name}="${old}"; fi' for name, old in before.items())
    lines = [
        "# Source it (`. ./FILE`) in sh, bash or zsh: `azure_env_off` takes it back.",
        "if command -v azure_env_off > /dev/null 2>&1; then azure_env_off; fi  # of an emulator before",
        *keep,
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
        "azure_env_off() {",
        f"  unset {' '.join(before)}",
        *back,
        f"  unset {' '.join(before.values())}",
        "  unset -f azure_env_off",
        "}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
