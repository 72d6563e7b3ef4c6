"""What Batch AI mounted, as datastores."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from specrun.convert.batchai.accounts import Accounts, credentials
from specrun.convert.batchai.section import LooseSection, Text
from specrun.convert.document import TODO, Document
from specrun.convert.locations import base_name
from specrun.convert.naming import datastore_name
from specrun.spec.frozen import dataclass

_CONTAINER = re.compile(r"(\$root|\$logs|\$web|[a-z0-9](-?[a-z0-9]){2,62})")
_SHARE_URL = re.compile(r"(?:(?:https?:|smb:)?//)?(?P<host>[^/]*)/+(?P<share>[^/?]+)/*(?P<rest>[^?]*)(?:\?.*)?")
_NO_COUNTERPART = {
    "fileServers": "Azure ML mounts no file servers",
    "unmanagedFileSystems": "Azure ML runs no mount commands",
}


@dataclass(frozen=True, slots=True)
class Mount:
    """`rel` below a root is `base` (a path without slashes at its ends) of a datastore."""

    rel: str
    datastore: str
    base: str = ""

    def address(self, below: str) -> str:
        """The address of a path below the mount."""
        return f"azureml://datastores/{self.datastore}/paths/{_joined(self.base, below)}"


@dataclass(slots=True)
class Mounts:
    """All mounts, by root (`job` or `cluster`) and relative path; `given` are those that --mount names."""

    given: Mapping[str, str]
    found: dict[tuple[str, str], Mount] = field(default_factory=dict)

    def of_path(self, root: str, path: str) -> tuple[Mount, str] | None:
        """The mount that a path below a root is on, and the rest of the path. Roots stand in for each other."""
        parts = [part for part in path.split("/") if part]
        for where in (root, "cluster" if root == "job" else "job"):
            for length in range(len(parts), 0, -1):
                rel = "/".join(parts[:length])
                mount = self.found.get((where, rel)) or self._given(rel)
                if mount is not None:
                    return mount, "/".join(parts[length:])
        return None

    def read(self, section: LooseSection, root: str, draft: Document, accounts: Accounts) -> None:
        """Take the mounts of a `mountVolumes` section."""
        for item in section.items("azureFileShares"):
            self._store(item, root, draft, accounts, "azure_file")
        for item in section.items("azureBlobFileSystems"):
            self._store(item, root, draft, accounts, "azure_blob")
        for kind, why in _NO_COUNTERPART.items():
            for item in section.items(kind):
                self._other(item, root, why)

    def _store(self, item: LooseSection, root: str, draft: Document, accounts: Accounts, kind: str) -> None:
        rel = item.text("relativeMountPath")
        if rel and self._is_given(item, root, rel):
            return
        url, container = item.text("azureFileUrl"), item.text("containerName")
        host, share, base = _share(url.value if url else "")
        name = datastore_name(
            rel.value if rel else share or "store", {mount.datastore for mount in self.found.values()}
        )
        place, to = ("datastores", name), f"datastores.{name}"
        draft.set((*place, "type"), kind)
        draft.comment(place, f"mounted at {_plain(rel.value) if rel else '?'} in {base_name(item.ledger.file)}")
        account = accounts.name_of(item, host, to)
        draft.set((*place, "account_name"), account)
        key, source = ("file_share_name", url) if kind == "azure_file" else ("container_name", container)
        target = share if kind == "azure_file" else (container.value if container else "")
        draft.set((*place, key), _container(item, source, target, to, key))
        credentials(item, account, draft, place)
        if rel:
            self._keep(root, rel, Mount(_plain(rel.value), name, base))
            item.ledger.rewrite(rel.path, to, f"paths below it are paths on the datastore `{name}`")
        item.drop("Azure ML mounts with its own options", "fileMode", "directoryMode", "mountOptions")

    def _other(self, item: LooseSection, root: str, why: str) -> None:
        rel = item.text("relativeMountPath")
        if rel and self._is_given(item, root, rel):
            return
        shown = _plain(rel.value) if rel else "REL"
        what = f"{why}: copy the files to a datastore, and name it"
        item.ledger.ask(item.path, "datastores", what, f"--mount {shown}=DATASTORE[:PATH]")
        if rel:
            self._keep(root, rel, unknown_mount(shown))

    def _is_given(self, item: LooseSection, root: str, rel: Text) -> bool:
        """Whether --mount names the datastore; the report says so."""
        given = self._given(_plain(rel.value))
        if given is None:
            return False
        self._keep(root, rel, given)
        where = f"datastore `{given.datastore}`, which --mount names"
        item.ledger.rewrite(item.path, "", f"what was mounted at `{given.rel}` is the {where}")
        return True

    def _keep(self, root: str, rel: Text, mount: Mount) -> None:
        self.found.setdefault((root, _plain(rel.value)), mount)

    def _given(self, rel: str) -> Mount | None:
        for name, target in self.given.items():
            if _plain(name) == rel:
                datastore, _, base = target.partition(":")
                return Mount(rel, datastore, base.strip("/"))
        return None


def unknown_mount(rel: str) -> Mount:
    """A mount whose datastore is to be told: its name begins with TODO."""
    return Mount(rel, f"{TODO}_{datastore_name(rel)}")


def _container(item: LooseSection, source: Text | None, target: str, to: str, key: str) -> str:
    if source is not None and _CONTAINER.fullmatch(target.lower()):
        if target == source.value:
            item.ledger.carry(source.path, f"{to}.{key}")
        else:
            item.ledger.rewrite(source.path, to, f"account_name and {key}, `{target.lower()}`")
        return target.lower()
    what = f"write the name ({key}): lower-case letters, digits and hyphens"
    item.ledger.ask(source.path if source else item.path, f"{to}.{key}", what)
    return TODO


def _share(url: str) -> tuple[str, str, str]:
    """The host, the share, and the folder in it."""
    match = _SHARE_URL.fullmatch(url)
    if match is None:
        return url.partition("://")[2].partition("/")[0] or "", "", ""
    return match["host"], match["share"], _joined(match["rest"])


def _plain(rel: str) -> str:
    return _joined(rel.replace("\\", "/"))


def _joined(*parts: str) -> str:
    return "/".join(_words("/".join(parts)))


def _words(path: str) -> Iterator[str]:
    """A path's parts; `..` is resolved, and never leads out."""
    yield from (part for part in posixpath.normpath(f"/{path}").split("/") if part)
