"""What is known of each engine without its SDK: read by validate, doctor, the plan, messages and the documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.plan.resources import Capability, Kind
from specrun.spec.diagnostics import Path as SpecPath
from specrun.spec.frozen import dataclass
from specrun.spec.schema import readers

SCALE = ("min_instances", "max_instances", "idle_time_before_scale_down")
"""How a cluster grows and shrinks."""

UNREADABLE = frozenset({"ssh_settings.admin_password"})
"""What of a cluster Azure ML tells nobody."""

CASELESS = frozenset({"size", "location", "subscription_id", "storage_account", "vnet_name", "subnet", "name"})
"""What Azure compares without case; this machine does the same, so that a spec that is as declared there is so here."""

_RUNS_STAY = (
    "runs: their history in the workspace, and their logs, outputs and code as blobs on its storage account, paid by "
    "the GB"
)
_DATA_STAYS = "data: the blobs on the datastores, paid by the GB (`--also data` deletes what the spec has sent there)"

_WORKSPACE = Capability(
    caseless=CASELESS,
    brings=(
        "a key vault (by the operation), Application Insights with a log workspace (by the GB) and, with the first "
        "image that is built, a container registry (by the day, used or not). The workspace itself costs nothing"
    ),
    stays=(
        "workspace: with its resource group and, in it, its storage account (paid by the GB), key vault, Application "
        "Insights, and container registry if an image was ever built (paid by the day). `--also workspace` deletes the "
        "workspace, and none of those"
    ),
    leaves=(
        "the runs in it with their history, and its clusters, models, environments and datastores, whoever made them, "
        "go with it. Its storage account with all data, its key vault, its Application Insights with their log "
        "workspace, and its container registry where it has one stay in the resource group, and cost what they cost: "
        "delete them there once nobody needs them. Azure keeps the workspace itself for 14 days, in which it can be "
        "restored and a new one of its name is refused, unless it is purged (portal: Recently deleted)"
    ),
)

_MODELS = Capability(kept="what is registered stays: others may read it, whatever becomes of the spec")

_KEPT: Mapping[Kind, Capability] = {
    "model": _MODELS,
    "environment": Capability(kept="it is part of the runs that were submitted with it"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """One engine. `factory` is the class, as MODULE:NAME, which is imported when the engine is chosen, and `check` the
    function that says of a spec, without anything else, what the engine cannot do or needs besides.

    `sdk` is the module that has to be there for it ("": nothing more), `extra` what pip installs it as. `find_place` is
    the function, as MODULE:NAME, that says which place a spec's workspace is ("": it has none). `asks`: whether
    apply asks before it changes anything. `shows_extra`: whether a job sees files on a target that its source does not
    have. `capabilities` says what can be done to each kind.
    """

    name: str
    factory: str
    check: str
    sdk: str = ""
    extra: str = ""
    find_place: str = ""
    surroundings: str = ""
    """The function, as MODULE:NAME, that says what a job without `environment` runs in ("": what the service has)."""
    asks: bool = False
    takes_trials: bool = False
    """Whether a sweep takes runs that are there for its trials; else the service runs all of them itself."""
    shows_extra: bool = False
    capabilities: Mapping[Kind, Capability] = field(default_factory=dict)
    cannot: Mapping[SpecPath, str] = field(default_factory=dict)
    """Fields that it refuses, by path, each with why in words."""
    instead: Mapping[SpecPath, str] = field(default_factory=dict)
    """What is to be known of fields that it does not read, by path."""

    @property
    def in_workspace(self) -> bool:
        """Whether its resources and runs are in a workspace, so that each workspace is a place of its own."""
        return bool(self.find_place)


LOCAL = Facts(
    name="local",
    factory="specrun.engines.local.engine:LocalEngine",
    check="specrun.engines.local.checks:check_spec",
    surroundings="specrun.engines.local.python:words",
    takes_trials=True,
    capabilities={
        "workspace": Capability(caseless=CASELESS),
        "compute": Capability(None, caseless=CASELESS),
        "datastore": Capability(None, caseless=CASELESS),
        "data": Capability(stays="data: the files in the datastores' folders (`--also data` deletes them)"),
        "environment": Capability(stays="environments: what was installed for them (`--also environment` deletes it)"),
        "run": Capability(stays="runs: their logs, outputs and code (`--also run` deletes them)"),
        "model": _MODELS,
    },
    cannot={
        ("job", "environment", "image"): "the environment is a container image",
        ("job", "environment", "build"): "the environment is built from a Dockerfile",
        ("job", "environment", "framework"): "the environment is one that Azure ML keeps for a framework",
        ("job", "environment", "version"): "the environment is one that Azure ML keeps for a framework",
    },
)

AZUREML = Facts(
    name="azureml",
    factory="specrun.engines.azureml_v2.engine:open_engine",
    check="specrun.engines.azureml_v2.checks:check_spec",
    sdk="azure.ai.ml",
    extra="azureml",
    find_place="specrun.engines.azure.coordinates:place_of",
    asks=True,
    shows_extra=True,
    capabilities={
        "workspace": _WORKSPACE,
        # The service takes a cluster as a whole, and refuses one whose machines, network or account are others.
        "compute": Capability(
            frozenset({*SCALE, "tags", "description", "identity"}),
            replaceable=True,
            write_only=UNREADABLE,
            caseless=CASELESS,
        ),
        # Registered again under its name, a datastore is what it is registered as.
        "datastore": Capability(None, caseless=CASELESS),
        "run": Capability(
            leaves=(
                "the jobs go with their history, whose metrics and logs nobody can bring back. What they wrote to "
                "paths on datastores stays, and so may their artifacts on the workspace's storage account (container "
                "azureml, ExperimentRun/dcid.NAME): Azure does not say. A model that is registered of one has no "
                "files but those"
            ),
            stays=_RUNS_STAY,
        ),
        "data": Capability(stays=_DATA_STAYS),
        **_KEPT,
    },
    cannot={("sweep", "limits", "max_failed_trials"): "Azure ML ends no sweep because trials fail"},
)

AZUREML_V1 = Facts(
    name="azureml-v1",
    factory="specrun.engines.azureml_v1.engine:open_engine",
    check="specrun.engines.azureml_v1.checks:check_spec",
    sdk="azureml.core",
    extra="azureml-v1",
    find_place="specrun.engines.azure.coordinates:place_of",
    asks=True,
    shows_extra=True,
    capabilities={
        "workspace": _WORKSPACE,
        # SDK v1 changes how a cluster scales, and nothing else.
        "compute": Capability(frozenset(SCALE), replaceable=True, write_only=UNREADABLE, caseless=CASELESS),
        "datastore": Capability(None, kept="SDK v1 keeps nothing that tells who registered it", caseless=CASELESS),
        "run": Capability(kept="SDK v1 deletes no runs, which `--engine azureml` does", stays=_RUNS_STAY),
        "data": Capability(stays=_DATA_STAYS),
        **_KEPT,
    },
    cannot={
        ("sweep",): "SDK v1's engine runs no sweeps",
        ("sweep", "limits", "max_failed_trials"): "SDK v1's engine runs no sweeps",
        ("job", "outputs", "*", "register"): "SDK v1's engine registers no models",
    },
    instead={
        ("job", "resources", "instance_type"): (
            "The job runs on the cluster, whose size counts. Only the engine `azureml` runs jobs without one."
        ),
        ("job", "identity"): (
            "SDK v1 does not tell a job who it is: it reaches its data with the datastore's credential, else as the "
            "cluster's identity (`compute.identity`)."
        ),
    },
)

ENGINES: Mapping[str, Facts] = {facts.name: facts for facts in (LOCAL, AZUREML, AZUREML_V1)}
"""The engines by name."""


def unread() -> Mapping[str, tuple[SpecPath, ...]]:
    """The fields that each engine never reads, as the schema has it: an unset variable there stops nobody."""
    fields = readers().items()
    return {
        name: tuple(path for path, engines in fields if name not in engines and path not in facts.cannot)
        for name, facts in ENGINES.items()
    }
