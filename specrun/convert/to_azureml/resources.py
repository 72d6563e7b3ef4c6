"""A spec's cluster, datastores and data, a file each."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from specrun.convert.document import Document, Value
from specrun.convert.to_azureml.words import az_create, origin, path_from, plain, schema_url
from specrun.engines.azure.cluster_words import DEFAULTS, mapping
from specrun.engines.azure.datastores import CONTAINERS
from specrun.engines.azure.networks import read_subnet
from specrun.plan.remote import file_name
from specrun.spec.datastore_paths import DEFAULT_NAME, datastore_uri
from specrun.spec.model import Data, Download, Properties, Secret, Spec


def compute_text(spec: Spec, cluster: Properties) -> str:
    """The file of a cluster, with the defaults that it is made with."""
    wanted = {**DEFAULTS, **cluster}
    page = Document(plain=True)
    page.comment((), origin(spec, "compute.yml"))
    page.put("$schema", schema_url("amlCompute"))
    for name in ("name", "type", "description", "tags", "size", "tier", "min_instances", "max_instances"):
        page.put(name, "amlcompute" if name == "type" else plain(wanted.get(name)))
    page.put("idle_time_before_scale_down", plain(wanted["idle_time_before_scale_down"]))
    page.put("network_settings", _network(spec, mapping(wanted.get("network_settings"))))
    page.put("identity", plain(wanted.get("identity")))
    page.put("ssh_public_access_enabled", plain(wanted.get("ssh_public_access_enabled")))
    _put_account(page, mapping(wanted.get("ssh_settings")))
    page.put("enable_node_public_ip", plain(wanted.get("enable_node_public_ip", True)))
    for name in ("size", "max_instances"):
        if wanted.get(name) is None:
            page.comment((name,), f"{name}: TODO (needed to make the cluster; the spec leaves it out)")
    if wanted["idle_time_before_scale_down"] == 0:
        page.comment(("idle_time_before_scale_down",), "az leaves a 0 out: the cluster gets Azure's own idle time")
    return page.text()


def datastore_text(spec: Spec, name: str, datastore: Properties) -> str:
    """The file of a datastore, without its credentials."""
    file = f"datastore-{name}.yml"
    kind = str(datastore["type"]) if "type" in datastore else _type_of(datastore)
    container = CONTAINERS[kind]
    page = Document(plain=True)
    page.comment((), origin(spec, file))
    page.put("$schema", schema_url(_camel(kind)))
    page.put("name", name)
    page.put("type", kind)
    page.put("account_name", plain(datastore["account_name"]))
    page.put(container, plain(datastore[container]))
    credentials = mapping(datastore.get("credentials"))
    if credentials:
        page.put("credentials", None, *_credential_notes(spec, file, credentials))
    return page.text()


def data_text(spec: Spec, data: Data, folder: Path) -> str:
    """The file of a data asset: the folder on a datastore that specrun mirrors a source to."""
    page = Document(plain=True)
    page.comment((), origin(spec, f"data-{data.name}.yml"))
    page.comment((), *_upload_notes(spec, data, folder))
    page.put("$schema", schema_url("data"))
    page.put("name", data.name)
    page.put("type", "uri_folder")
    page.put("path", datastore_uri(data.datastore or DEFAULT_NAME, data.target))
    return page.text()


def _type_of(datastore: Properties) -> str:
    return next((kind for kind, container in CONTAINERS.items() if container in datastore), "azure_blob")


def _camel(kind: str) -> str:
    first, *others = kind.split("_")
    return first + "".join(map(str.capitalize, others))


def _network(spec: Spec, settings: Properties) -> Value:
    """As it is written; a network in another resource group by the subnet's id, the one way that `az` knows."""
    space = spec.workspace or {}
    subnet = read_subnet(settings, str(space.get("subscription_id")), str(space.get("resource_group")))
    if subnet is not None and "/" in f"{settings.get('vnet_name', '')}{settings.get('subnet')}":
        return {"subnet": subnet.id}
    return plain(dict(settings))


def _put_account(page: Document, settings: Properties) -> None:
    shown = {name: value for name, value in settings.items() if not isinstance(value, Secret)}
    page.put("ssh_settings", plain(shown))
    for name, value in settings.items():
        if isinstance(value, Secret):
            flag = "--admin-password" if name == "admin_password" else "--ssh-key-value"
            page.comment(
                ("ssh_settings",), f'{name} is left out, a secret: az ml compute create … {flag} "${value.name}"'
            )


def _credential_notes(spec: Spec, file: str, credentials: Mapping[str, object]) -> Iterator[str]:
    yield "Its credentials are left out; without them, who reads it is known by their own identity. With them:"
    sets = []
    for name, value in credentials.items():
        shown = f'"${value.name}"' if isinstance(value, Secret) else shlex.quote(str(value))
        sets.append(f"    --set credentials.{name}={shown}")
    yield " \\\n".join([f"  {az_create(spec, 'datastore', file)}", *sets])


def _upload_notes(spec: Spec, data: Data, folder: Path) -> Iterator[str]:
    yield "specrun keeps this path as its source is; az does not. To put the source there:"
    if isinstance(data.source, Download):
        source, is_file = file_name(data.source.url), True
        yield f"  curl -fLo {shlex.quote(source)} {shlex.quote(data.source.url)}"
        yield f"  echo {shlex.quote(f'{data.source.sha256}  {source}')} | sha256sum -c"
    else:
        source, is_file = path_from(data.source, folder), data.source.absolute.is_file()
    declared = spec.datastores.get(data.datastore or "", {})
    container = next((str(declared[one]) for one in CONTAINERS.values() if one in declared), "CONTAINER")
    if not declared:
        name = data.datastore or DEFAULT_NAME
        yield f'  az ml datastore show -n {name} --query "[account_name, container_name]"  # ACCOUNT and CONTAINER'
    where = ["--auth-mode", "login", "--account-name", str(declared.get("account_name", "ACCOUNT"))]
    if is_file:
        words = ["upload", "-c", container, "-n", f"{data.target}/{Path(source).name}", "-f", source]
    else:
        words = ["upload-batch", "-d", container, "--destination-path", data.target, "-s", source]
    yield f"  {shlex.join(['az', 'storage', 'blob', *words, '--overwrite', *where])}"
    if data.prune:
        yield "prune: true has no counterpart: files that the source no longer has stay there."
