"""Valid specs, drawn from the published JSON Schema: it says what there may be, OVERRIDES what must fit together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from specrun.convert.document import flow
from specrun.spec.layers.bases import HEAD
from specrun.spec.load import load
from specrun.spec.model import Spec
from specrun.spec.schema import schema

Place = tuple[str, ...]
ANY = "*"
FILES = {
    "src/train.py": "print('hello')\n",
    "src/lib/a.py": "",
    "data/a b.csv": "1,2\n",
    "conda.yml": "dependencies: [python=3.9, {pip: [numpy]}]\n",
    "docker/Dockerfile": "FROM scratch\n",
    "config.json": '{"workspace_name": "w", "resource_group": "g", "subscription_id": "s"}\n',
}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12).filter(
    lambda t: "${{" not in t
)
STORES = st.sampled_from(["training", "workspaceblobstore"])
SECRET = st.sampled_from(["${{ secrets.KEY_1 }}", "${{ secrets.KEY_2 }}"])
CLOUD = [
    "azureml://datastores/training/paths/old/a.csv",
    "azureml://datastores/workspaceblobstore/paths/sets/",
    "azureml:digits:7",
    "azureml:digits@latest",
    "https://example.org/x.csv",
]
OVERRIDES: dict[Place, st.SearchStrategy[Any]] = {
    ("workspace", "from_config"): st.just("config.json"),
    ("workspace", "storage_account"): st.just("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/x/y"),
    ("workspace", "location"): st.sampled_from(["westeurope", "West Europe"]),
    ("compute", "size"): st.sampled_from(["STANDARD_DS3_V2", "Standard_NC64as_T4_v3"]),
    ("compute", "ssh_settings", "admin_username"): st.just("azureuser"),
    ("compute", "ssh_settings", "ssh_key_value"): st.just("ssh-ed25519 AAAA me@example.com"),
    ("compute", "ssh_settings", "admin_password"): SECRET,
    ("compute", "network_settings", "vnet_name"): st.just("vnet"),
    ("compute", "network_settings", "subnet"): st.sampled_from(
        ["default", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/d"]
    ),
    ("compute", "identity", "user_assigned_identities"): st.just([{"resource_id": "/subscriptions/s/x"}]),
    ("datastores", ANY, "credentials", "account_key"): SECRET,
    ("datastores", ANY, "credentials", "sas_token"): SECRET,
    ("datastores", ANY, "credentials", "client_secret"): SECRET,
    ("data", ANY, "path"): st.sampled_from(["data", "data/a b.csv", "https://example.org/x.npz"]),
    ("data", ANY, "datastore"): STORES,
    ("data", ANY, "target"): st.sampled_from(["sets", "sets/one", "a b"]),
    ("data", ANY, "sha256"): st.just("0a" * 32),
    ("job", "identity", "client_id"): st.just("00000000-0000-0000-0000-000000000001"),
    ("job", "identity", "object_id"): st.just("00000000-0000-0000-0000-000000000002"),
    ("job", "identity", "resource_id"): st.just("/subscriptions/s/x"),
    ("job", "code"): st.just("src"),
    ("job", "script"): st.just("train.py"),
    ("job", "inputs", ANY, "data"): st.just("?"),
    ("job", "inputs", ANY, "path"): st.sampled_from(["data", "data/a b.csv", *CLOUD]),
    ("job", "outputs", ANY, "path"): st.just("azureml://datastores/training/paths/models"),
    ("job", "environment", "conda_file"): st.just("conda.yml"),
    ("job", "environment", "pip"): st.lists(st.sampled_from(["numpy", "tensorflow>=2,<3", "a; b == 'c'"]), max_size=2),
    ("job", "environment", "image"): st.sampled_from(["python:3.11", "mcr.microsoft.com/azureml/base@sha256:0"]),
    ("job", "environment", "build", "path"): st.just("docker"),
    ("job", "environment", "build", "dockerfile_path"): st.just("Dockerfile"),
    ("job", "environment", "version"): st.sampled_from(["2.3", "2.16.1", "1.15"]),
    ("job", "resources", "locations"): st.sampled_from([["westeurope"], ["westeurope", "eastus"]]),
    ("job", "resources", "instance_type"): st.just("STANDARD_DS3_V2"),
    ("job", "resources", "docker_args"): st.just("--ulimit memlock=-1"),
    ("job", "arguments"): st.lists(st.sampled_from(["--steps", "1", "it's $5", "", "?"]), max_size=4),
}
_NUMBERS = st.sampled_from([-2, -1, 0, 0.25, 1e-05])
_STEPS = {"q": st.sampled_from([0.5, 1])}
_PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "choice": st.lists(
        st.sampled_from([1, 2, 0.5, "adam", "1", "two words", "it's $5", "yes"]), min_size=1, max_size=3, unique_by=str
    ).map(lambda values: {"type": "choice", "values": values}),
    "randint": st.fixed_dictionaries({"type": st.just("randint"), "upper": st.integers(2, 9)}),
    **{
        kind: st.fixed_dictionaries(
            {"type": st.just(kind), "min_value": _NUMBERS, "max_value": st.sampled_from([3, 4.5])}
            | (_STEPS if kind[0] == "q" else {})
        )
        for kind in ("uniform", "quniform", "loguniform", "qloguniform")
    },
    **{
        kind: st.fixed_dictionaries(
            {"type": st.just(kind), "mu": _NUMBERS, "sigma": st.sampled_from([1, 0.5])}
            | (_STEPS if kind[0] == "q" else {})
        )
        for kind in ("normal", "qnormal", "lognormal", "qlognormal")
    },
}
REGISTERED = st.sampled_from(
    ["azureml:AzureML-tf@latest", "azureml:own:3", "azureml://registries/azureml/environments/tf/versions/3"]
)


@cache
def documents() -> st.SearchStrategy[dict[str, Any]]:
    """What may stand in a spec that is one file, field by field; what has to fit together may not."""
    whole = {name: value for name, value in schema().items() if name not in ("if", "then", "else")}
    fields = {name: value for name, value in schema()["properties"].items() if name not in HEAD}
    return values({**whole, **schema()["else"], "properties": fields}, ()).filter(lambda found: isinstance(found, dict))


def values(node: Any, place: Place) -> st.SearchStrategy[Any]:
    """The values that a schema takes at a place, without expressions."""
    override = next((strategy for pattern, strategy in OVERRIDES.items() if _matches(pattern, place)), None)
    if override is not None:
        return override
    if place == ("job", "environment") and node.get("type") == "string":
        return REGISTERED
    if "$ref" in node:
        return values({**_resolved(node["$ref"]), **{k: v for k, v in node.items() if k != "$ref"}}, place)
    if "if" in node:
        return _branches(node, place)
    if "anyOf" in node and "required" not in node["anyOf"][0]:  # that, or an expression
        return values(node["anyOf"][0], place)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    kinds = node.get("type", "object" if "properties" in node else "string")
    return st.one_of(*(_of_kind(kind, node, place) for kind in ([kinds] if isinstance(kinds, str) else kinds)))


def _matches(pattern: Place, place: Place) -> bool:
    return len(pattern) == len(place) and all(one in (ANY, two) for one, two in zip(pattern, place, strict=True))


def _resolved(reference: str) -> Any:
    found: Any = schema()
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def _branches(node: Any, place: Place) -> st.SearchStrategy[Any]:
    """Both branches of a condition, each with what makes it apply."""
    rest = {name: value for name, value in node.items() if name not in ("if", "then", "else")}
    asked, then, other = node["if"], node.get("then"), node.get("else")
    if "type" in asked:
        kinds = [kind for kind in rest["type"] if kind != asked["type"]]
        branches = [values({**rest, "type": asked["type"], **then}, place)]
        return st.one_of(*branches, *(values({**rest, "type": kind, **(other or {})}, place) for kind in kinds))
    if "type" in asked.get("properties", {}):
        allowed = asked["properties"]["type"]
        fields = {**then["properties"], "type": {"enum": allowed.get("enum", [allowed.get("const")])}}
        first = {**rest, **then, "properties": fields, "required": ["type", *then.get("required", ())]}
        more = [values({**rest, **other}, place)] if "if" in other else []
        return st.one_of(values(first, place), *more)
    first = {**rest, **then, "required": asked["required"]}
    return st.one_of(values(first, place), values({**rest, **other}, place))


def _of_kind(kind: str, node: Any, place: Place) -> st.SearchStrategy[Any]:
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(node.get("minimum", 0), node.get("minimum", 0) + 5)
    if kind == "number":
        return st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
    if kind == "array":
        return st.lists(values(node["items"], (*place, ANY)), min_size=node.get("minItems", 0), max_size=3)
    if kind == "object":
        return _mappings(node, place)
    least, most = node.get("minLength", 0), node.get("maxLength")
    if "pattern" in node:
        return st.from_regex(re.compile(node["pattern"]), fullmatch=True).filter(lambda text: "\n" not in text)
    return TEXT.filter(lambda text: least <= len(text) <= (most or 99))


def _mappings(node: Any, place: Place) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: values(inner, (*place, name)) for name, inner in node.get("properties", {}).items()}
    required = {name: strategy for name, strategy in fields.items() if name in node.get("required", ())}
    optional = {name: strategy for name, strategy in fields.items() if name not in required}
    found: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(required, optional=optional)
    more = node.get("additionalProperties")
    if isinstance(more, Mapping):
        names = st.from_regex(re.compile(node["propertyNames"]["pattern"]), fullmatch=True)
        keys = names.map(lambda name: name[:20]).filter(lambda name: "${{" not in name and name.isprintable())
        found = st.dictionaries(keys, values(more, (*place, ANY)), max_size=3)
    least, most = node.get("minProperties", 0), node.get("maxProperties", 99)
    return found if (least, most) == (0, 99) else found.filter(lambda one: least <= len(one) <= most)


@st.composite
def specs(draw: st.DrawFn, folder: Path, *, portable: bool = False) -> Spec:
    """A valid spec in the file `job.yaml` of a folder that `furnish` has filled.

    A `portable` one says nothing that a file for another program cannot: its fingerprint survives the way there and
    back.
    """
    document = draw(documents())
    _fit(draw, document)
    if portable:
        _make_portable(document)
    text = flow(document) + "\n"
    (folder / "job.yaml").write_text(text, encoding="utf-8")
    loaded = load([str(folder / "job.yaml")])
    assume(loaded.ok)
    return loaded.specs[0]


def furnish(folder: Path) -> None:
    """Write what the specs name."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _fit(draw: st.DrawFn, document: dict[str, Any]) -> None:
    """Make fit together what a schema cannot say."""
    if not document.keys() & {"job", "compute", "datastores", "data"}:
        document["job"] = {}
    compute = document.get("compute")
    if isinstance(compute, dict):  # with what the cluster cannot be made without
        compute["max_instances"] = max(compute.get("max_instances", 0), compute.get("min_instances", 0), 8)
        compute.setdefault("size", "STANDARD_DS3_V2")
        if compute.get("identity", {}).get("type") == "system_assigned":
            compute["identity"].pop("user_assigned_identities", None)
    for entry in document.get("data", {}).values():
        if entry["path"].startswith("https"):
            entry["sha256"] = "0a" * 32
        else:
            entry.pop("sha256", None)
    if "job" in document:
        _fit_job(draw, document["job"], document)
    _fit_sweep(draw, document)


def _fit_job(draw: st.DrawFn, job: dict[str, Any], document: dict[str, Any]) -> None:
    inputs, outputs = job.get("inputs", {}), job.get("outputs", {})
    for name, entry in list(inputs.items()):
        if isinstance(entry, dict) and "data" in entry:
            if document.get("data"):
                entry["data"] = draw(st.sampled_from(sorted(document["data"])))
            else:
                del inputs[name]
        elif isinstance(entry, dict) and "path" not in entry:  # of a run or a model: what these are is not in a spec
            del inputs[name]
        elif isinstance(entry, dict) and not entry["path"].startswith(("azureml:", "https:")):
            entry["type"] = "uri_file" if entry["path"].endswith(".csv") else "uri_folder"
    references = [f"${{{{ inputs.{one} }}}}" for one in inputs] + [f"${{{{ outputs.{one} }}}}" for one in outputs]
    if "script" in job and "command" not in job:
        job["code"] = "src"
        words = [word if word != "?" else " ".join(references) or "x" for word in job.get("arguments", ())]
        job["arguments"] = words
    else:
        job.pop("script", None)
        job.pop("arguments", None)
        job["command"] = draw(st.sampled_from(["", "set -e\n"])) + " ".join(["echo", *references])
    environment = job.get("environment")
    if isinstance(environment, dict):
        _fit_environment(draw, environment)
    shape = job.get("distribution", {})
    if shape.get("parameter_server_count"):
        shape["worker_count"] = max(shape.get("worker_count", 1), 1)
    resources = job.get("resources", {})
    if isinstance(document.get("compute"), dict) or "instance_type" in resources:
        resources.pop("gpu", None)


def _fit_sweep(draw: st.DrawFn, document: dict[str, Any]) -> None:
    """What an algorithm takes, ranges that hold something, and a command that names every parameter."""
    sweep, job = document.get("sweep"), document.get("job")
    if sweep is None or job is None or "command" not in job:
        document.pop("sweep", None)
        return
    algorithm = draw(st.sampled_from(["grid", "random", "bayesian"]))
    sweep["sampling_algorithm"] = algorithm
    for name in ("seed", "rule", "logbase") if algorithm != "random" else ("logbase",):
        sweep.pop(name, None)
    kinds = {"grid": ["choice"], "bayesian": ["choice", "uniform", "quniform"]}.get(algorithm, list(_PARAMETERS))
    space = {name.replace("-", "_"): draw(_PARAMETERS[draw(st.sampled_from(kinds))]) for name in sweep["search_space"]}
    sweep["search_space"] = space
    sweep["objective"]["primary_metric"] = draw(st.sampled_from(["accuracy", "validation loss", "f1/macro"]))
    limits = sweep.get("limits", {})
    limits |= {name: limits[name] + 59 for name in ("timeout", "trial_timeout") if name in limits}
    job.get("limits", {}).pop("timeout", None) if "trial_timeout" in limits else None
    sweep.pop("early_termination", None) if algorithm == "bayesian" else None
    policy = sweep.get("early_termination", {})
    if policy.get("type") == "bandit":
        policy.pop("slack_amount", None)
        policy["slack_factor"] = draw(st.sampled_from([0.1, 0.5, 2]))
    if "truncation_percentage" in policy:
        policy["truncation_percentage"] = draw(st.integers(1, 99))
    job["command"] = " ".join([job["command"], *(f"${{{{ search_space.{name} }}}}" for name in space)])


def _fit_environment(draw: st.DrawFn, environment: dict[str, Any]) -> None:
    """One way to build it, an image beside pip or a conda file."""
    kind = draw(st.sampled_from(["pip", "conda_file", "image", "build", "framework"]))
    image = environment.get("image")
    kept = environment.get(kind)
    version = environment.get("version", "2.3")
    environment.clear()
    environment[kind] = (
        kept
        or {
            "pip": ["numpy"],
            "conda_file": "conda.yml",
            "image": "python:3.11",
            "build": {"path": "docker"},
            "framework": "tensorflow",
        }[kind]
    )
    if kind in ("pip", "conda_file") and image is not None:
        environment["image"] = image
    if kind == "framework":
        environment["version"] = version


def _make_portable(document: dict[str, Any]) -> None:
    """Leave out what the files of the CLI v2 have no word for, and what stands in them in another form."""
    job = document.setdefault("job", {"command": "ls"})
    document.pop("data", None)  # files of their own, and an input at the target of one would be it
    if "script" in job:
        job["command"] = "python train.py"
        job.pop("script"), job.pop("arguments", None)
    inputs = job.get("inputs", {})
    for name, entry in list(inputs.items()):
        literal = entry if not isinstance(entry, dict) else None
        plain = isinstance(literal, (int, float)) or (
            isinstance(literal, str) and re.fullmatch(r"[A-Za-z]\w*", literal, re.ASCII)
        )
        if isinstance(literal, bool) or (literal is not None and not plain):
            inputs[name] = 3
        elif isinstance(entry, dict) and "data" in entry:
            inputs[name] = {"path": CLOUD[0]}
    variables = job.get("environment_variables", {})
    job["environment_variables"] = {name: value for name, value in variables.items() if "secrets." not in str(value)}
    environment = job.get("environment", {})
    if "framework" in environment or environment == {"pip": []}:
        job["environment"] = {"pip": ["numpy"]}
    job.get("resources", {}).pop("gpu", None)
