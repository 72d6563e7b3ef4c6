"""What of a spec Azure ML cannot take, or should not, whichever SDK asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specrun.engines.azure.coordinates import Coordinates, check_workspace, locate
from specrun.engines.azure.networks import read_subnet
from specrun.engines.azure.pip_lists import check_pip_list
from specrun.engines.base import EngineError
from specrun.engines.facts import ENGINES, unread
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.model import Properties, Secret, Spec
from specrun.spec.schema import readers


def check_shared(spec: Spec) -> Iterator[Diagnostic]:
    """What is wrong with the workspace, the cluster, the datastores and the job's variables."""
    yield from check_workspace(spec)
    if isinstance(spec.compute, Mapping):
        yield from _check_cluster(spec, spec.compute)
    yield from _check_datastores(spec)
    yield from _check_variables(spec)
    yield from check_pip_list(spec)


def _check_cluster(spec: Spec, cluster: Properties) -> Iterator[Diagnostic]:
    """What would be refused, or left out without a word, when the cluster is made."""
    lacking = [f"`{name}`" for name in ("size", "max_instances") if cluster.get(name) is None]
    if lacking:
        detail = f"It lacks {' and '.join(lacking)}, without which it is only looked at, or changed where it is there."
        yield spec.document.diagnostic("cluster-cannot-be-made", detail, ("compute",), key=True)
    if cluster.get("tier") == "low_priority":
        detail = (
            "Since 31 March 2026 Azure ML gives Spot machines for it: their price varies, and Azure takes them away "
            "when it needs the capacity."
        )
        if spec.job is not None:
            detail += " The next apply submits such a run again, which finds what is in outputs with a `path`."
        yield spec.document.diagnostic("spot-machines", detail, ("compute", "tier"))
    settings, at = cluster.get("network_settings"), coordinates_of(spec)
    if isinstance(settings, Mapping) and read_subnet(settings, at.subscription_id, at.resource_group) is None:
        detail = (
            "It names no network: write `{vnet_name: NETWORK, subnet: SUBNET}`, or as `subnet` an ARM id, "
            "/subscriptions/…/virtualNetworks/NETWORK/subnets/SUBNET."
        )
        yield spec.document.diagnostic("not-with-azureml", detail, ("compute", "network_settings"))
    yield from _check_access(spec, cluster)


def coordinates_of(spec: Spec) -> Coordinates:
    """Which workspace the spec names; without a name where something is wrong with it, which is said there."""
    try:
        return locate(spec.workspace)
    except EngineError:
        return Coordinates("", "", "")


def _check_access(spec: Spec, cluster: Properties) -> Iterator[Diagnostic]:
    account, identity = cluster.get("ssh_settings"), cluster.get("identity")
    if isinstance(account, Mapping) and not (account.get("ssh_key_value") or account.get("admin_password")):
        detail = "An account is made with a key or a password: write `ssh_key_value` (a public key)."
        yield spec.document.diagnostic("not-with-azureml", detail, ("compute", "ssh_settings"))
    if not isinstance(identity, Mapping):
        return
    named = bool(identity.get("user_assigned_identities"))
    if identity["type"] == "user_assigned" and not named:
        detail = "Which one? Write `user_assigned_identities: [{resource_id: …}]`."
        yield spec.document.diagnostic("not-with-azureml", detail, ("compute", "identity"))
    elif identity["type"] == "system_assigned" and named:
        detail = "A cluster has either Azure's identity or named ones: write `type: user_assigned`, or leave this out."
        yield spec.document.diagnostic("not-with-azureml", detail, ("compute", "identity", "user_assigned_identities"))


def _check_datastores(spec: Spec) -> Iterator[Diagnostic]:
    """File shares know no identities."""
    for name, datastore in spec.datastores.items():
        if datastore["type"] == "azure_file" and not datastore.get("credentials"):
            detail = (
                "Azure ML reaches file shares with a key or a signature only: write "
                "`credentials: {account_key: ${{ secrets.NAME }}}`, or take an azure_blob datastore."
            )
            yield spec.document.diagnostic("not-with-azureml", detail, ("datastores", name))


def _check_variables(spec: Spec) -> Iterator[Diagnostic]:
    """Secrets that others will see."""
    for name, value in spec.job.environment_variables.items() if spec.job is not None else ():
        if isinstance(value, Secret):
            detail = (
                f"Whoever may read the run in the workspace reads the value of {name}, too. Better: keep it in the "
                "workspace's key vault, and let the script fetch it there."
            )
            yield spec.document.diagnostic("secret-shown-in-run", detail, ("job", "environment_variables", name))


def check_unread(spec: Spec, engine: str, code: str) -> Iterator[Diagnostic]:
    """The fields that stand in the spec and that the engine does not read, each as `code`."""
    for field in unread()[engine]:
        for path in _places(spec.document.values, field):
            others = " and ".join(f"`{name}`" for name in readers()[field])
            detail = ENGINES[engine].instead.get(field, f"Only the engine {others} reads it.")
            yield spec.document.diagnostic(code, detail, path)


def _places(values: Any, field: Path, path: Path = ()) -> Iterator[Path]:
    """Where a field stands; `*` in it is any name."""
    if not field:
        yield path
    elif isinstance(values, Mapping):
        for name in values if field[0] == "*" else [field[0]]:
            if values.get(name) is not None:
                yield from _places(values[name], field[1:], (*path, name))
