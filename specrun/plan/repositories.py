"""What the repository of a spec is called, wherever it is checked out: as its own file says, else by its remote."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

from specrun.plan.git import GitError, git
from specrun.plan.makers import Maker
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.masking import mask
from specrun.spec.model import Spec
from specrun.spec.repository_file import RepositoryFiles

LONGEST = 200
"""Characters of a name: a tag on Azure has room for 256."""

_ADDRESSES = r"^(remote\..*\.url|url\..*\.insteadof)$"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>[^/?#]*)/(?P<path>[^?#]*).*", re.DOTALL)
_SHORT = re.compile(r"(?:[^/:@]*@)?(?P<authority>\[[^]/]*\]|[^/:@\[]{2,}):(?!//)(?P<path>.*)", re.DOTALL)
"""`user@host:path`, as ssh has it. A single letter is a drive."""

_AUTHORITY = re.compile(r"(?:.*@)?(?:\[(?P<bare>[^]:]*|[^]]*:[^]]*:[^]]*)(?::\d+)?\]|(?P<host>[^:@]+))(?::\d*)?")

_HOSTS = {
    "ssh.github.com": "github.com",
    "www.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
"""Other names of the same hosts: ssh through the port of https."""

_AZURE = "dev.azure.com"


class Repositories:
    """The names of repositories, each of which is looked at once; git is asked only where none is written down."""

    def __init__(self) -> None:
        self._files = RepositoryFiles()
        self._by_remote: dict[str, str] = {}

    def maker(self, spec: Spec) -> Maker:
        """Whose what a spec makes is."""
        return Maker(spec.name, self.name(str(spec.file)), spec.target)

    @property
    def mistakes(self) -> Sequence[Diagnostic]:
        """The errors in the files of those that were asked for: what these are called is not known."""
        return [found for found in self._files.diagnostics() if found.severity is Severity.ERROR]

    def name(self, spec: str) -> str:
        """The name of the repository that a spec's file is in; "" where it has none, or its own file has mistakes."""
        said = self._files.of(spec)
        if said.repository or (said.diagnostics and said.document is None):
            return said.repository
        root = os.path.dirname(os.path.abspath(said.path))  # noqa: PTH100, PTH120 - for each of thousands of files
        if root not in self._by_remote:
            self._by_remote[root] = _name_of_remote(root) if os.path.lexists(f"{root}/.git") else ""
        return self._by_remote[root]


def normalised(address: str) -> str:
    """The host and the path of a remote, the same over ssh and https; "" for a path of this machine, or no address.

    Letters of a host are small, its port and who signs in are left out; a path has neither `.git` nor a slash at its
    end, and characters that a tag may not have are percent-encoded.
    """
    address = re.sub(r"^[A-Za-z0-9]+::", "", address.strip())  # the name of a program that git talks through
    found = _ADDRESS.fullmatch(address) or _SHORT.fullmatch(address)
    at = _AUTHORITY.fullmatch(found["authority"]) if found is not None else None
    if found is None or at is None or address.lower().startswith("file:"):
        return ""
    host = (at["host"] or at["bare"]).lower().rstrip(".")
    path = [part for part in unquote(found["path"]).split("/") if part not in ("", ".")]
    while path and path[-1].endswith(".git"):
        path[-1:] = [path[-1].removesuffix(".git")] if path[-1] != ".git" else []
    if not path or ".." in path or any(mask(part) != part for part in path):  # a token, maybe
        return ""
    host, path = _on_azure(host, path)
    if path[0] == "scm" and len(path) > 2:  # Bitbucket's own server, over https alone
        del path[0]
    name = f"{quote(_HOSTS.get(host, host), safe='')}/{quote('/'.join(path), safe='/~+')}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 17]}-{digest}"


def _on_azure(host: str, path: list[str]) -> tuple[str, list[str]]:
    """Azure DevOps by one of its names: by https, as `dev.azure.com/ORGANISATION/PROJECT/_git/REPOSITORY`."""
    organisation, _, domain = host.partition(".")
    if host in (f"ssh.{_AZURE}", "vs-ssh.visualstudio.com") and len(path) == 4 and path[0] == "v3":
        return _AZURE, [*path[1:3], "_git", path[3]]
    if domain == "visualstudio.com":
        path = [organisation, *(path[1:] if path[0].lower() == "defaultcollection" else path)]
    elif host != _AZURE:
        return host, path
    path = ["_git" if part == "_ssh" else part for part in path if part not in ("_full", "_optimized")]
    if len(path) == 3 and path[1] == "_git":  # a project's repository of the same name
        path.insert(1, path[2])
    return _AZURE, path


def _name_of_remote(root: str) -> str:
    """The name by the remote `origin`, else by the only one; "" where git is not there, or says no."""
    try:
        said = git(root, "config", "--null", "--get-regexp", _ADDRESSES)
    except GitError:
        return ""
    remotes: dict[str, str] = {}
    shorthands: dict[str, str] = {}
    for entry in said.decode(errors="replace").split("\0"):
        key, _, value = entry.partition("\n")
        if key.startswith("remote."):
            remotes.setdefault(key, value)  # the first of several is fetched from
        elif key and value:
            shorthands[value] = key.removeprefix("url.").removesuffix(".insteadof")
    alone = next(iter(remotes.values())) if len(remotes) == 1 else ""
    return _expanded(remotes.get("remote.origin.url", alone), shorthands)


def _expanded(address: str, shorthands: Mapping[str, str]) -> str:
    """The name by an address, or by what stands for it in who asks' own configuration, where it has no real host.

    A mirror that somebody sets up for `https://github.com/` does not make another repository of it.
    """
    name = normalised(address)
    if "." in name.partition("/")[0]:
        return name
    short = max((short for short in shorthands if address.startswith(short)), key=len, default="")
    return normalised(shorthands[short] + address[len(short) :]) if short else name
