"""Datastores, as the SDK reads and registers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from specrun.engines.azure.datastores import CONTAINERS, FoundDatastore, revealed
from specrun.engines.azure.maker_tags import maker_in, tags_of
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.sdk import word_of
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.observed import Existing
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class SdkDatastores:
    """One request each, and one more to register one again."""

    connection: Connection

    def every(self) -> Iterable[Existing]:
        with translated("list the datastores"):
            found = list(self.connection.sdk.client.datastores.list())
        return [Existing(str(one.name), word_of(one.type), maker_in(one.tags)) for one in found]

    def find(self, name: str) -> FoundDatastore:
        found = self._get(name)
        container = next((one for field in CONTAINERS.values() if (one := getattr(found, field, None))), None)
        account = getattr(found, "account_name", None)
        credentials = _fields_of(getattr(found, "credentials", None))
        return FoundDatastore(word_of(found.type), account, container, maker_in(found.tags), credentials)

    def register(self, datastore: Datastore, again: bool) -> None:
        """Sent as a whole: what somebody has noted on one that is there must not be lost."""
        tags = self._get(datastore.name).tags if again else tags_of(datastore.maker)
        with translated(f"register the datastore {datastore.name}"):
            self.connection.sdk.client.datastores.create_or_update(_form_of(datastore, tags))

    def delete(self, name: str) -> None:
        with translated(f"delete the datastore {name}"):
            self.connection.sdk.client.datastores.delete(name)

    def _get(self, name: str) -> Any:
        with translated(f"find the datastore {name}"):
            return self.connection.sdk.client.datastores.get(name)


def _fields_of(credentials: Any) -> dict[str, str | None]:
    """A credential's fields in the spec's words, without what is secret; one that specs do not have by its kind."""
    kind = word_of(getattr(credentials, "type", None)).lower()
    if kind == "service_principal":
        return {"tenant_id": credentials.tenant_id, "client_id": credentials.client_id, "client_secret": None}
    return {} if kind in ("", "none") else {{"sas": "sas_token"}.get(kind, kind): None}


def _form_of(datastore: Datastore, tags: Mapping[str, str]) -> Any:
    """The SDK's datastore. Secrets are revealed in it: keep it short. Raises SecretUnset."""
    from azure.ai.ml import entities

    wanted = datastore.properties
    kind = str(wanted["type"])
    make = {
        "azure_blob": entities.AzureBlobDatastore,
        "azure_file": entities.AzureFileDatastore,
        "azure_data_lake_gen2": entities.AzureDataLakeGen2Datastore,
    }[kind]
    return make(
        name=datastore.name,
        account_name=wanted["account_name"],
        credentials=_credentials(revealed(wanted.get("credentials"))),
        tags=dict(tags or {}),
        **{CONTAINERS[kind]: wanted[CONTAINERS[kind]]},
    )


def _credentials(shown: Mapping[str, Any]) -> Any:
    from azure.ai.ml import entities

    if not shown:
        return None
    if "account_key" in shown:
        return entities.AccountKeyConfiguration(**shown)
    if "sas_token" in shown:
        return entities.SasTokenConfiguration(**shown)
    return entities.ServicePrincipalConfiguration(**shown)
