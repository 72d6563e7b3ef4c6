"""The job's container, environment variables and secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specrun.convert import coerce
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.secrets import vault_command
from specrun.convert.batchai.section import LooseSection
from specrun.convert.credentials import is_secret, variable
from specrun.convert.credentials import secret as expression
from specrun.convert.document import TODO, Document
from specrun.convert.naming import VARIABLE

_RESERVED = ("SPECRUN_", "AZUREML_", "OMPI_COMM_WORLD_")
_SET_BY_ENGINE = frozenset(
    ["TF_CONFIG", "MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK", "AZ_BATCH_MASTER_NODE"]
)


def container(job: LooseSection, draft: Document, image: str | None) -> None:
    """`environment` and the size of shared memory."""
    settings = job.section("containerSettings")
    registry = settings.section("imageSourceRegistry")
    found, server = registry.text("image"), registry.text("serverUrl")
    host = re.sub(r"^https?://", "", server.value).split("/")[0] if server else ""
    if image is not None:
        value = ("job", "environment") if image.startswith("azureml:") else ("job", "environment", "image")
        draft.set(value, image, "--image")
        registry.drop("--image comes in its place", "image", "serverUrl")
    elif found is not None:
        full = (
            found.value if not host or "docker.io" in host or found.value.startswith(host) else f"{host}/{found.value}"
        )
        draft.set(("job", "environment", "image"), full, "containerSettings.imageSourceRegistry.image")
        if full == found.value:
            job.ledger.carry(found.path, "job.environment.image")
        else:
            job.ledger.rewrite(found.path, "job.environment.image", "with its registry")
        if server:
            why = "the image's name says it"
            job.ledger.rewrite(server.path, "job.environment.image", why)
    else:
        draft.set(("job", "environment", "image"), TODO, "Batch AI ran the job on the nodes' own system")
        what = "the job ran on the node's own system: name an image that has what the script needs"
        job.ledger.ask((), "job.environment.image", what, "--image IMAGE")
    _login(registry, draft)
    shared = settings.text("shmSize")
    if shared is not None:
        _shm_size(settings, shared.value, draft)


def variables(
    sections: Sequence[LooseSection], rewriter: Rewriter, draft: Document, *, secret: bool = False
) -> list[tuple[str, str]]:
    """Environment variables: in the spec, or (given back) those that only the shell can fill in."""
    exports: list[tuple[str, str]] = []
    for item in sections:
        name, value = item.text("name"), coerce.text(item.value("value")) or ""
        if name is None or not VARIABLE.fullmatch(name.value):
            item.ledger.drop(item.path, "it is no name of an environment variable")
            continue
        to = f"job.environment_variables.{name.value}"
        place = ("job", "environment_variables", name.value)
        if name.value in _SET_BY_ENGINE or name.value.startswith(_RESERVED):
            item.ledger.drop(item.path, "every process gets its own from the engine")
        elif secret or item.values.get("valueSecretReference") is not None or is_secret(name.value, value):
            draft.set(place, expression(variable(name.value)))
            command = vault_command(item.section("valueSecretReference"))
            item.ledger.rewrite(item.path, to, f"a secret is not copied: set {variable(name.value)}{command}")
        elif "$" in value:
            exports.append((name.value, rewriter.text(value, item.path)))
            item.ledger.rewrite(item.path, "job.command", f"`export {name.value}=…`: the shell fills it in")
        else:
            draft.set(place, value)
            item.ledger.carry(item.path, to)
    return exports


def _login(registry: LooseSection, draft: Document) -> None:
    path, login = registry.at("credentials"), registry.section("credentials")
    if path is None or not login.values:
        return
    what = "a private registry: give the workspace a connection to it, or its identity the right to pull"
    registry.ledger.ask(path, "job.environment.image", what)
    draft.comment(("job", "environment"), f"{what}; its login is not copied")


def _shm_size(settings: LooseSection, written: str, draft: Document) -> None:
    path = settings.at("shmSize")
    size = coerce.shm_size(f"{written}b" if written.isdecimal() else written.lower())
    assert path is not None
    if size is None:
        settings.ledger.ask(path, "job.resources.shm_size", "write a number and one of b, k, m, g")
        draft.set(("job", "resources", "shm_size"), TODO)
        return
    draft.set(("job", "resources", "shm_size"), size)
    if size == written:
        settings.ledger.carry(path, "job.resources.shm_size")
    else:
        settings.ledger.rewrite(path, "job.resources.shm_size", f"`{size}`")
