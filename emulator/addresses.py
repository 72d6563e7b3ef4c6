"""What the address of data means: a place in one of the workspace's datastores. No HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator import assets
from emulator.router import Refused
from emulator.runs_state import Datastore, Plane

_SHORT = re.compile(r"azureml://datastores/(?P<store>[^/]+)/(?:paths/)?(?P<path>.*)", re.IGNORECASE)
_LONG = re.compile(
    r"azureml://subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+)/"
    r"(?:providers/Microsoft\.MachineLearningServices/)?workspaces/(?P<ws>[^/]+)/"
    r"datastores/(?P<store>[^/]+)/paths/(?P<path>.*)",
    re.IGNORECASE,
)
_JOB = re.compile(
    r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths)?(?:/(?P<path>.*))?", re.IGNORECASE
)
_STORAGE = re.compile(
    r"(?:wasbs?|abfss?)://(?P<container>[^@/]+)@(?P<account>[^./]+)\.(?:blob|dfs)\.core\.windows\.net/?(?P<path>.*)",
    re.IGNORECASE,
)


_PLACEHOLDER = re.compile(r"\$\{\{\s*(name|output_name|default_datastore)\s*\}\}")
_ARTIFACTS = "artifacts"
"""What every job has as an output: all that is kept with its run."""


@dataclass(frozen=True)
class Address:
    """`path` is relative to the datastore's container, without slashes around it."""

    store: Datastore
    path: str


def kind_of(given: Mapping[str, Any]) -> str:
    """The kind of asset that an input of a job names."""
    return assets.MODELS if str(given.get("jobInputType")).endswith("_model") else assets.DATA


def is_public(uri: str) -> bool:
    """Whether an address is of the web, and not of a datastore."""
    return uri.lower().startswith(("https://", "http://"))


def is_storage(uri: str) -> bool:
    """Whether an address is of a storage account itself, and not of a datastore."""
    return _STORAGE.fullmatch(uri) is not None


def output_uri(plane: Plane, job: str, name: str, output: Mapping[str, Any]) -> str:
    """Where an output goes, with the job's name and the like put in."""
    values = {"name": job, "output_name": name, "default_datastore": plane.default}
    if output.get("uri"):
        return _PLACEHOLDER.sub(lambda match: values[match[1]], output["uri"])
    end = "" if output["jobOutputType"] == "uri_file" else "/"
    return f"azureml://datastores/{plane.default}/paths/azureml/{job}/{name}{end}"


def of_job(plane: Plane, uri: str) -> str | None:
    """The address on a datastore that azureml://jobs/JOB/outputs/OUTPUT/paths/… stands for; None for any other. Raises
    Refused where there is no such job, or it has no such output.
    """
    match = _JOB.fullmatch(uri)
    if match is None:
        return None
    run, name = plane.runs.get(match["job"]), match["output"]
    if run is None:
        raise Refused(404, "UserError", f"Run runId={match['job']} was not found")
    below = (match["path"] or "").strip("/")
    if name == _ARTIFACTS:
        return f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/{run.container}/{below}"
    output = ((run.job or {}).get("outputs") or {}).get(name)
    if output is None:
        raise Refused(404, "UserError", f"The job {run.id} has no output {name}.")
    return f"{output_uri(plane, run.id, name, output).rstrip('/')}/{below}"


def resolve(plane: Plane, uri: str, kind: str = assets.DATA) -> Address:
    """Where an address leads, or the id of a data asset or a model; a short id is looked for in `kind`. Raises Refused
    for what is not there or of no known form.
    """
    uri = of_job(plane, uri) or uri
    known = uri.lower().startswith("azureml://datastores/") or _LONG.fullmatch(uri) or is_storage(uri)
    if not known:
        if not uri.lower().startswith(("azureml:", "/subscriptions/")):
            raise Refused(400, "UserError", f"The path '{uri}' is of no form that the emulator can read.")
        uri = assets.data_uri(plane, uri, kind)
        uri = of_job(plane, uri) or uri
    if storage := _STORAGE.fullmatch(uri):
        section = {"accountName": storage["account"].lower(), "containerName": storage["container"]}
        store = Datastore("", "AzureBlob", {**section, "credentialType": "None", "credential": None})
        return Address(store, storage["path"].strip("/"))
    match = _SHORT.fullmatch(uri) or _LONG.fullmatch(uri)
    if match is None:
        raise Refused(400, "UserError", f"The path '{uri}' is of no form that the emulator can read.")
    named = match.groupdict()
    own = (plane.place.subscription, plane.place.group, plane.place.name)
    if "ws" in named and [named[key].lower() for key in ("sub", "group", "ws")] != [part.lower() for part in own]:
        raise Refused(400, "UserError", f"The path '{uri}' leads to another workspace.")
    store = plane.datastores.get(match["store"].lower())
    if store is None:
        raise Refused(404, "UserError", f"Could not find datastore: {match['store']}")
    return Address(store, match["path"].strip("/"))


def long_form(plane: Plane, store: str, path: str) -> str:
    """An address as run history and mounts write it."""
    place = plane.place
    space = f"subscriptions/{place.subscription}/resourcegroups/{place.group}/workspaces/{place.name}"
    return f"azureml://{space}/datastores/{store}/paths/{path}"
