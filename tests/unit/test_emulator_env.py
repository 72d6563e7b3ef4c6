"""The file that `make emulator` writes for shells, and how it is undone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emulator.__main__ import shell_text

AWKWARD = 'it\'s $HOME; `x` "y"\\'
SCRIPT = """\
set -eu
show() { env | grep -E '^(KEPT|NEW|HIDDEN|EMPTY|_azure_env)' | sort; echo --; }
HIDDEN=of-the-shell
show
. ./azure.env
show
. ./second.env
show
azure_env_off
show
command -v azure_env_off || echo gone
echo "$HIDDEN"
"""


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "dash"])
def test_it_is_undone(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    first = {"KEPT": AWKWARD, "NEW": "http://127.0.0.1:1", "EMPTY": "x"}
    (tmp_path / "azure.env").write_text(shell_text(first))
    (tmp_path / "second.env").write_text(shell_text({"KEPT": "2", "NEW": "2", "HIDDEN": "2"}))
    variables = {"PATH": "/usr/bin:/bin", "KEPT": "mine 'too'", "EMPTY": ""}
    done = subprocess.run(
        [shell, "-c", SCRIPT], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    before, on, again, off = done.stdout.split("--\n")[:4]
    assert before == "EMPTY=\nKEPT=mine 'too'\n"
    assert on == f"EMPTY=x\nKEPT={AWKWARD}\nNEW=http://127.0.0.1:1\n"
    assert again == "EMPTY=\nHIDDEN=2\nKEPT=2\nNEW=2\n"
    assert off.replace("HIDDEN=of-the-shell\n", "") == before
    assert done.stdout.endswith("gone\nof-the-shell\n")
