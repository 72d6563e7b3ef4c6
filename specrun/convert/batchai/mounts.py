"""What Batch AI mounted, as datastores."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from specrun.convert.batchai.texts import OPEN, Texts, vault_command
from specrun.convert.credentials import variable
from specrun.convert.document import TODO
from specrun.convert.locations import base_name
from specrun.convert.naming import datastore_name
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing, Open, Unknown
from specrun.spec.frozen import dataclass

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(\$root|\$logs|\$web|[a-z0-9](-?[a-z0-9]){2,62})")
_SHARE_URL = re.compile(r"(?:(?:https?:|smb:)?//)?(?P<host>[^/]*)/+(?P<share>[^/?]+)/*(?P<rest>[^?]*)(?:\?.*)?")
_STORAGE_KEY = "AZURE_BATCHAI_STORAGE_KEY"
"""The variable that Azure's command line read the key from where the file names none."""
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
    texts: Texts
    found: dict[tuple[str, str], Mount] = field(default_factory=dict)
    accounts: dict[str, Unknown] = field(default_factory=dict)

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

    def read(self, section: Section, root: str, stores: Fields | None = None) -> Fields:
        """The datastores of a `mountVolumes` section, by name, beside those that are known."""
        stores = Fields(section.path) if stores is None else stores
        for item in section.items("azureFileShares"):
            self._store(item, root, stores, "azure_file")
        for item in section.items("azureBlobFileSystems"):
            self._store(item, root, stores, "azure_blob")
        for kind, why in _NO_COUNTERPART.items():
            for item in section.items(kind):
                self._other(item, root, why)
        return stores

    def _store(self, item: Section, root: str, stores: Fields, kind: str) -> None:
        rel = _plain(self.texts.of(item, "relativeMountPath"))
        if rel and self._is_given(item, root, rel):
            return
        host, share, base = _share(self.texts.of(item, "azureFileUrl"))
        key, source, target = "file_share_name", "azureFileUrl", share
        if kind == "azure_blob":
            key, source, target = "container_name", "containerName", self.texts.of(item, "containerName")
        taken = {mount.datastore for mount in self.found.values()}
        name = datastore_name(self.texts.named(rel) or share or "store", taken)
        store = Fields(item.path)
        store.put("type", kind)
        account = self._account(item, host, store)
        note = "of the share's address" if kind == "azure_file" else ""
        store.put(key, _container(target, key, self.texts), *(item.origins(source) or (item.path,)), note=note)
        name_of_key = _STORAGE_KEY if account in self.accounts.values() else _name_of_key(account)
        _credentials(item, name_of_key, store)
        if item.get("credentials", "credentialsInfo") is None:
            comment = "or leave the section out, to use your own identity"
            item.draft.comment(("datastores", name, "credentials"), comment)
        where = f"mounted at {self.texts.shown(rel) or '?'} in {base_name(item.ledger.file)}"
        stores.put(name, store, comment=where)
        if rel:
            self.found.setdefault((root, rel), Mount(rel, name, base))
            item.rewrite(
                "relativeMountPath", ("datastores", name), f"paths below it are paths on the datastore `{name}`"
            )
        for option in ("fileMode", "directoryMode", "mountOptions"):
            item.drop(option, "Azure ML mounts with its own options")

    def _account(self, item: Section, host: str, store: Fields) -> str | Open:
        """The account's name, of `accountName` or of the share's address; one that is open is one variable for all."""
        given = self.texts.of(item, "accountName")
        origin = item.origins("accountName") if given else item.origins("azureFileUrl")
        written = given or host.partition(".")[0]
        account: str | Open = self.texts.opened(written.lower())
        if not (isinstance(account, str) and _ACCOUNT.fullmatch(account)):
            account = self.texts.opened(written)
        if isinstance(account, str) and not _ACCOUNT.fullmatch(account):
            account = Unknown(written)
        if isinstance(account, Unknown) and (account.expression.startswith("<") or not account.name):
            said = account.expression
            number = f"_{len(self.accounts) + 1}" if self.accounts and said not in self.accounts else ""
            what = Unknown(said or "the storage account", name=f"storage_account{number}")
            account = self.accounts.setdefault(said, what)
        store.put("account_name", account, *(origin or (item.path,)), note="" if given else "of the share's address")
        return account

    def _other(self, item: Section, root: str, why: str) -> None:
        rel = _plain(self.texts.of(item, "relativeMountPath"))
        if rel and self._is_given(item, root, rel):
            return
        shown = self.texts.shown(rel) or "REL"
        what = f"{why}: copy the files to a datastore, and name it"
        item.ledger.ask(item.path, "datastores", what, f"--mount {shown}=DATASTORE[:PATH]")
        if rel:
            self.found.setdefault((root, rel), self.unknown(rel))

    def unknown(self, rel: str) -> Mount:
        """A mount whose datastore is to be told: its name begins with TODO."""
        return Mount(rel, f"{TODO}_{datastore_name(self.texts.named(rel))}")

    def _is_given(self, item: Section, root: str, rel: str) -> bool:
        """Whether --mount names the datastore; the report says so."""
        given = self._given(rel)
        if given is None:
            return False
        self.found.setdefault((root, rel), given)
        where = f"datastore `{given.datastore}`, which --mount names"
        item.ledger.rewrite(item.path, "", f"what was mounted at `{given.rel}` is the {where}")
        return True

    def _given(self, rel: str) -> Mount | None:
        for name, target in self.given.items():
            if _plain(name) == rel:
                datastore, _, base = target.partition(":")
                return Mount(rel, datastore, base.strip("/"))
        return None


def _container(target: str, key: str, texts: Texts) -> str | Open:
    if OPEN.search(target):
        return texts.opened(target)
    if _CONTAINER.fullmatch(target.lower()):
        return target.lower()
    return Missing(f"write the name ({key}): lower-case letters, digits and hyphens")


def _name_of_key(account: str | Open) -> str:
    said = account if isinstance(account, str) else getattr(account, "name", "")
    return variable(f"{said}_key") if said else _STORAGE_KEY


def _credentials(item: Section, name: str, store: Fields) -> None:
    """The datastore's key, by the name of a secret."""
    section = item.inner("credentials", "credentialsInfo")
    key, vault = section.known("accountKey"), section.inner("accountKeySecretReference")
    name = key.environment if isinstance(key, Unknown) and key.environment else name
    origins: list[FieldPath] = [*section.origins("accountKey"), *section.origins("accountKeySecretReference")]
    credentials = Fields(section.path)
    credentials.put("account_key", Unknown(name, environment=name), *origins, note=vault_command(vault))
    store.put("credentials", credentials)


def _share(url: str) -> tuple[str, str, str]:
    """The host, the share, and the folder in it."""
    match = _SHARE_URL.fullmatch(url)
    if match is None:
        return url.partition("://")[2].partition("/")[0].rpartition("@")[2], "", ""
    return match["host"].rpartition("@")[2], match["share"], _joined(match["rest"])


def _plain(rel: str) -> str:
    return _joined(rel.replace("\\", "/"))


def _joined(*parts: str) -> str:
    return "/".join(_words("/".join(parts)))


def _words(path: str) -> Iterator[str]:
    """A path's parts; `..` is resolved, and never leads out."""
    yield from (part for part in posixpath.normpath(f"/{path}").split("/") if part)
