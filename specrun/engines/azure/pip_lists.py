"""What pip is to install where Azure ML builds an image: the same on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from specrun.plan.kinds.environment import EnvironmentContent
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.expressions import references
from specrun.spec.model import Secret, Spec
from specrun.spec.requirements import with_secrets


def revealed_lines(content: EnvironmentContent) -> tuple[str, ...]:
    """The lines of a pip list with the values of the secrets in them, as addresses spell them. Raises SecretUnset."""
    listed = content.pip.requirements if content.pip is not None else content.definition.pip or ()
    return tuple(with_secrets(line, lambda name: quote(Secret(name).reveal(), safe="")) for line in listed)


def check_pip_list(spec: Spec) -> Iterator[Diagnostic]:
    """Secrets that others will see."""
    environment = spec.job.environment if spec.job is not None else None
    for index, line in enumerate((environment.pip or ()) if environment is not None else ()):
        names = references(line, "secrets")
        if names:
            detail = (
                f"Whoever may read environments in the workspace reads the value of {names[0]}, too, and it stays in "
                "them. Better: connect the workspace to the feed (a connection of type python_feed, which `az ml "
                "connection create` makes), and leave user and password out of the address."
            )
            yield spec.document.diagnostic("secret-shown-in-environment", detail, ("job", "environment", "pip", index))
