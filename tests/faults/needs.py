"""Every route that an apply asks, by engine, and what is said of the first thing that cannot be done without it."""

from __future__ import annotations

from tests.faults.routes import (
    ARM,
    DEPLOY,
    DEPLOYMENTS,
    GET_BLOB,
    GET_WORKSPACE,
    GROUP,
    HISTORY,
    IN,
    LIST_BLOBS,
    LOGIN,
    PLANE,
    PUT_BLOB,
    PUT_CLUSTER,
    ROUTES,
    RUN,
    TOKEN,
)

PROVIDER = "Microsoft.MachineLearningServices"
V1, V2 = ROUTES["azureml-v1"], ROUTES["azureml"]
CONTENT, SNAPSHOTS = "api.azureml.ms /content", f"{PLANE}/snapshots"
CODES, SECRETS = f"{IN}/codes/{{name}}/versions", f"{IN}/datastores/{{name}}/listSecrets"
LEASE, DELETE_BLOB = f"{PUT_BLOB}?comp=lease", "DELETE blob.core.windows.net /{container}/{blob+}"
HEAD, METADATA = "HEAD blob.core.windows.net /{container}/{blob+}", f"{PUT_BLOB}?comp=metadata"

OPENID = f"GET {LOGIN}/v2.0/.well-known/openid-configuration"
LISTED = f"GET {DEPLOYMENTS}"
COMPUTE_FOLLOWED = f"GET {ARM}/providers/{PROVIDER}/locations/{{place}}/computeOperationsStatus/{{operation}}"
LOGS = f"GET api.azureml.ms /artifact/v2.0{PLANE}/artifacts/prefix/contentinfo/{{origin}}/{{container}}/{{path+}}"
FOLLOWED = f"GET {DEPLOYMENTS}/{{name}}/operationStatuses/{{operation}}"

SIGN_IN = "cannot sign in to Azure with service principal"
SPACE, LOST = "workspace/ws-faults: cannot create the workspace ws-faults", "the SDK lost sight of it and removed"
FIND_SPACE, FIND_CLUSTER = "workspace/ws-faults: cannot find the workspace", "compute/cluster: cannot find the cluster"
DEFAULT, CONTAINER = (
    "data/default/numbers: cannot find the default",
    "data/default/numbers: container azureml-blobstore-",
)
EXPERIMENT = "run/job: cannot make the experiment job"
SO_FAR, AGAIN = "the runs so far: cannot find the run job-", "run/job: cannot find the run job-"
SUBMITTING, SIGHT = "run/job: cannot submit the run job-", "lost sight of job-"

_BOTH = {
    OPENID: SIGN_IN,
    TOKEN: SIGN_IN,
    GET_WORKSPACE: FIND_SPACE,
    LISTED: "workspace/ws-faults: cannot list the deployments of rg-faults",
    DEPLOY: SPACE,
    f"GET {IN}/jobs": "the runs so far: cannot list the runs of ws-faults",
    PUT_CLUSTER: "compute/cluster: cannot create the cluster cluster",
    LIST_BLOBS: CONTAINER,
    PUT_BLOB: CONTAINER,
    LEASE: "compute/cluster: container azureml-blobstore-",
    DELETE_BLOB: "",
    HEAD: "run/job: job-",
    GET_BLOB: SIGHT,
}
NEEDS: dict[str, dict[str, str]] = {
    "azureml": _BOTH
    | {
        f"PUT {GROUP}": "workspace/ws-faults: cannot make the resource group rg-faults",
        FOLLOWED: "",
        f"GET {GROUP}/deployments/{{name}}/operations": "",
        f"GET {DEPLOYMENTS}/{{name}}": "",
        V2.get_cluster: FIND_CLUSTER,
        COMPUTE_FOLLOWED: "",
        V2.default: DEFAULT,
        f"POST {SECRETS}": DEFAULT,
        f"GET {CODES}": SUBMITTING,
        f"POST {CODES}/{{version}}/startPendingUpload": SUBMITTING,
        METADATA: "run/job: job-",
        f"PUT {CODES}/{{version}}": SUBMITTING,
        f"PUT {IN}/environments/{{name}}/versions/{{version}}": SUBMITTING,
        V2.submit: SUBMITTING,
        V2.find_run: SO_FAR,
        f"GET {IN}/datastores/{{name}}": SIGHT,
        V2.details: SIGHT,
    },
    "azureml-v1": _BOTH
    | {
        "GET management.azure.com /subscriptions": FIND_SPACE,
        f"GET {ARM}/providers/{{namespace}}": SPACE,
        f"GET {GROUP}": SPACE,
        f"PUT {GROUP}": SPACE,
        f"GET {ARM}/providers/Microsoft.Resources/deployments": SPACE,
        FOLLOWED: "ws-faults",
        f"GET {DEPLOYMENTS}/{{name}}": LOST,
        "GET api.azureml.ms /discovery": FIND_CLUSTER,
        V1.get_cluster: FIND_CLUSTER,
        V1.default: DEFAULT,
        V1.find_run: SO_FAR,
        f"GET {HISTORY}/experiments/{{experiment}}": EXPERIMENT,
        f"POST {HISTORY}/experiments/{{experiment}}": EXPERIMENT,
        f"GET {CONTENT}/v1.0{SNAPSHOTS}/latest/metadata": SUBMITTING,
        f"POST {CONTENT}/v2.0{SNAPSHOTS}/getblob": SUBMITTING,
        f"POST {CONTENT}/v2.0{SNAPSHOTS}/{{snapshot}}": SUBMITTING,
        V1.submit: SUBMITTING,
        f"PATCH {RUN}": "",
        V1.get_run: SIGHT,
        V1.details: SIGHT,
        LOGS: SIGHT,
    },
}
"""Routes and what is said: the key, and the call. "": it can be done without, as the run's tags, SDK v2's looks at
what was accepted, or giving back a lock: it runs out."""

LATER = {
    "azureml": ((V2.find_run, PUT_BLOB, AGAIN), (V2.get_run, V2.submit, SIGHT)),
    "azureml-v1": ((V1.find_run, PUT_BLOB, AGAIN),),
}
"""Routes that are asked for several things: what is said when they fail only after another one has answered."""

_REGION = f"GET {ARM}/providers/{PROVIDER}/locations/{{place}}"
TOLD = (f"GET {ARM}", f"{_REGION}/usages", f"{_REGION}/vmSizes")
"""What is asked for words alone, once, whatever is answered: test_accounts.py and test_quotas.py."""

HANG = (HEAD, METADATA)
"""Where the SDK tries again for longer than anybody waits."""

MAKING = frozenset(
    {
        *(f"GET {GROUP}", f"PUT {GROUP}", LISTED, DEPLOY, FOLLOWED, f"GET {DEPLOYMENTS}/{{name}}"),
        *(f"GET {ARM}/providers/{{namespace}}", f"GET {ARM}/providers/Microsoft.Resources/deployments"),
        f"GET {GROUP}/deployments/{{name}}/operations",
    }
)
"""Asked only where a workspace is made."""

AFTERWARDS = {
    "azureml": frozenset({LISTED}),
    "azureml-v1": frozenset({f"POST {HISTORY}/experiments/{{experiment}}/runs:query", METADATA}),
}
"""Asked only after something went wrong."""
