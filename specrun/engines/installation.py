"""How an extra of specrun is added to the specrun that runs: what is printed installs no package of somebody else's."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

ON_INDEX = ""
"""The name under which the package index has specrun; empty until it does, so that nobody is told to install it."""

_NAME = "specrun"
_CLAUSE = re.compile(r"""\s*(?:\band\s+)?extra\s*==\s*["']([^"']+)["']""")


def install_command(extra: str) -> str:
    """The command that adds the packages of an extra to this installation, quoted for this system's shell.

    It names what specrun was installed from (a folder, a wheel, a repository), where that is known and still there;
    else the packages themselves. The installer is the one that this installation was made with.
    """
    try:
        installed = distribution(_NAME)
    except PackageNotFoundError:  # run from a folder that is on the path
        return _quoted([*_installer(""), f"{Path(__file__).parents[2]}[{extra}]"])
    source = _source(installed, extra)
    requirements = _requirements(installed, extra)
    home = Path(sys.prefix)
    if (home / "pipx_metadata.json").exists():
        return _quoted(["pipx", "inject", home.name, *requirements])
    if source and (home / "uv-receipt.toml").exists():
        return _quoted(["uv", "tool", "install", *source])
    return _quoted([*_installer(installed.read_text("INSTALLER") or ""), *(source or requirements)])


def _source(installed: Distribution, extra: str) -> list[str]:
    """What specrun was installed from, with the extra, as arguments of `pip install`; none where nobody can say."""
    recorded = installed.read_text("direct_url.json")
    if recorded is None:
        return [f"{ON_INDEX}[{extra}]=={installed.version}"] if ON_INDEX else []
    try:
        return _of_record(json.loads(recorded), extra)
    except (ValueError, TypeError, LookupError, AttributeError):  # damaged
        return []


def _of_record(record: Any, extra: str) -> list[str]:
    address, vcs = record["url"], record.get("vcs_info")
    url = urlsplit(address)
    if url.scheme == "file" and not vcs:
        path = url2pathname(url.path)
        if not Path(path).exists():
            return []
        return [*["--editable"] * bool(record.get("dir_info", {}).get("editable")), f"{path}[{extra}]"]
    if url.query or url.username not in (None, "git"):  # it may be what lets somebody in
        return []
    if vcs:
        address = f"{vcs['vcs']}+{address}@{vcs['commit_id']}"
    if record.get("subdirectory"):
        address += f"#subdirectory={record['subdirectory']}"
    return [f"{_NAME}[{extra}] @ {address}"]


def _requirements(installed: Distribution, extra: str) -> list[str]:
    found = []
    for line in installed.requires or ():
        requirement, _, marker = line.partition(";")
        clause = _CLAUSE.search(marker)
        if clause and clause[1] == extra:
            condition = _CLAUSE.sub("", marker).strip().removeprefix("(").removesuffix(")")
            found.append(f"{requirement.strip()}; {condition}" if condition else requirement.strip())
    return found


def _installer(made_by: str) -> list[str]:
    uv = which("uv")
    if find_spec("pip") is None or (uv and made_by.strip() == "uv"):
        return ["uv", "pip", "install", "--python", sys.executable]
    pip = which("pip")
    if pip and Path(pip).parent == Path(sys.executable).parent:  # an active environment
        return ["pip", "install"]
    return [sys.executable, "-m", "pip", "install"]


def _quoted(words: Sequence[str]) -> str:
    if sys.platform != "win32":
        return shlex.join(words)
    return " ".join(word if re.fullmatch(r"[\w:\\/.=@+-]+", word) else f'"{word}"' for word in words)
