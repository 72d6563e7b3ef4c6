"""What SDK v1 needs and a spec lacks, or has and SDK v1 cannot do: said before anybody is signed in."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.engines.azure.checks import check_shared, check_unread
from specrun.engines.azureml_v1.cluster_checks import check_cluster_of_v1
from specrun.engines.azureml_v1.environments import FRAMEWORK_VERSIONS, REGISTERED
from specrun.engines.azureml_v1.references import on_datastore
from specrun.spec.datastore_paths import EXAMPLE, datastore_uri, parse_storage
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.model import Environment, Job, ModelVersion, Spec
from specrun.spec.shell import QUOTED_HEREDOC, REFERENCE
from specrun.spec.shell_reader import read


def check_spec(spec: Spec) -> Iterator[Diagnostic]:
    """All of it, each at its place. Reads no more than the workspace's config.json."""
    yield from check_shared(spec)
    yield from check_cluster_of_v1(spec)
    if spec.job is not None:
        yield from _check_job(spec, spec.job)
    if spec.sweep is not None:
        detail = (
            "This engine runs no sweeps (HyperDrive): SDK v1 has no support any more. Write `--engine azureml`, which "
            "submits it as the service's own sweep job to the same workspace, or `--engine local`."
        )
        yield spec.document.diagnostic("not-with-sdk-v1", detail, ("sweep",), key=True)


def _check_job(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    document = spec.document
    if spec.compute is None:
        detail = (
            "SDK v1 runs jobs on clusters: write `compute: NAME` for one that exists, or a mapping to have it made. "
            "Without a cluster only the engine `azureml` runs jobs (`resources.instance_type`)."
        )
        yield spec.at("job").diagnostic("needs-compute", detail)
    for found in check_unread(spec, "azureml-v1", "unread-by-sdk-v1"):
        if spec.compute is not None or found.path[-1] != "instance_type":  # of which was spoken just now
            yield found
    if job.environment is not None:
        for code, detail, below in _environment_mistakes(job.environment):
            yield document.diagnostic(code, detail, ("job", "environment", *below))
    yield from _check_here_documents(spec, job)
    for entry in job.inputs.values():
        if entry.uri is not None and on_datastore(entry.uri) is None:
            path = ("job", "inputs", entry.name, "path")
            yield document.diagnostic("not-with-sdk-v1", _input_mistake(entry.name, entry.uri), path)
        if isinstance(entry.source, ModelVersion):
            detail = (
                f"SDK v1 does not know where the files of {entry.source} are. `--engine azureml` reads registered "
                "models, in the same workspace; here, write the path on a datastore that the version is at (the portal "
                f"shows it): `{EXAMPLE}`."
            )
            yield document.diagnostic("not-with-sdk-v1", detail, ("job", "inputs", entry.name, "model"), key=True)
    for output in job.outputs.values():
        if output.model:
            detail = (
                "SDK v1 has no support any more, and this engine registers no models. `--engine azureml`, for the same "
                "workspace, registers what this engine has run, and runs nothing again; or leave `register` out."
            )
            yield document.diagnostic("not-with-sdk-v1", detail, ("job", "outputs", output.name, "register"), key=True)
        if output.path is not None and on_datastore(output.path) is None:
            detail = f"SDK v1 writes to paths on datastores: write `{EXAMPLE}`, or leave `path` out."
            yield document.diagnostic("not-with-sdk-v1", detail, ("job", "outputs", output.name, "path"))


def _check_here_documents(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    """A path is a variable's value, and in a quoted here-document bash replaces none."""
    command = job.command if job.command is not None and "<<" in job.command else ""
    for standing in read(command).references:
        found = REFERENCE.match(command, standing.start)
        if found is None or found[1] == "search_space" or standing.quoting[-1] != QUOTED_HEREDOC:
            continue
        if found[1] == "outputs" or not job.inputs[found[2]].is_scalar:
            detail = (
                f"SDK v1 has the path of `${{{{ {found[1]}.{found[2]} }}}}` in a variable, and bash puts none into a "
                "here-document whose delimiter is quoted. Write `<<EOF`, or hand the path over before: `export "
                f"PLACE=${{{{ {found[1]}.{found[2]} }}}}`."
            )
            yield spec.document.diagnostic("not-with-sdk-v1", detail, ("job", "command"))
            return


def _environment_mistakes(environment: Environment) -> Iterator[tuple[str, str, Path]]:
    """The code and the detail of each, and which of the environment's keys it is about."""
    known = ", ".join(f'"{version}"' for version in FRAMEWORK_VERSIONS)
    if environment.registered is not None and REGISTERED.fullmatch(environment.registered) is None:
        detail = (
            "SDK v1 knows the workspace's own environments: azureml:NAME, azureml:NAME:VERSION or azureml:NAME@LABEL. "
            "Write `image:` with the image that the registry's environment has."
        )
        yield "not-with-sdk-v1", detail, ()
    elif environment.build_path is not None:
        detail = (
            "This engine has no images built from folders. Build and push it, as with `az acr build`, and write "
            "`image: REGISTRY/NAME:TAG`; or write `pip` or `conda_file`."
        )
        yield "not-with-sdk-v1", detail, ("build",)
    elif environment.framework is not None and environment.version is None:
        detail = f"The environments of SDK v1 are kept by version: write `version`, one of {known}."
        yield "unknown-framework-version", detail, ("framework",)
    elif environment.framework is not None and environment.version not in FRAMEWORK_VERSIONS:
        detail = (
            f"The estimator of SDK v1 keeps TensorFlow {known}. For another version write it as a requirement: "
            f"`pip: [tensorflow=={environment.version}]`."
        )
        yield "unknown-framework-version", detail, ("version",)


def _input_mistake(name: str, path: str) -> str:
    if path.startswith("https://"):
        return (
            "SDK v1 reads from datastores. Have it fetched and uploaded: "
            f"`data: {{{name}: {{path: {path}, sha256: …}}}}` and `inputs: {{{name}: {{data: {name}}}}}`."
        )
    if path.startswith("azureml:") and "://" not in path:
        return (
            f"SDK v1 does not know data assets of the v2 service. Write the path that the asset stands for: "
            f"`{EXAMPLE}` (the portal shows it, at the asset)."
        )
    storage = parse_storage(path)
    if storage is not None:
        return (
            f"SDK v1 reads from datastores: write `{datastore_uri('NAME', storage.path)}`, with a datastore whose "
            f"container is {storage.container} of {storage.url}. The engine `azureml` reads such addresses."
        )
    return f"SDK v1 reads from paths on datastores of the workspace: write `{EXAMPLE}`."
