"""Where `${{ secrets.NAME }}` may stand: nowhere where it could show."""

from __future__ import annotations

import re

from specrun.spec.diagnostics import Path
from specrun.spec.expressions import Expression

# Fields that hold a credential, by the name of the field; each only below datastores.*.credentials or ssh_settings.
_CREDENTIALS = frozenset({"account_key", "sas_token", "client_secret", "admin_password"})

_NEAR = 1_000
"""Characters around an expression that are looked at: what an address may have before its host."""


def is_credential(path: Path) -> bool:
    """Whether a credential stands at `path`: a place which takes a secret and nothing else."""
    if len(path) == 4:
        return path[0] == "datastores" and path[2] == "credentials" and path[3] in _CREDENTIALS
    return path == ("compute", "ssh_settings", "admin_password")


def misplaced_secret(
    path: Path, text: str, expression: Expression, *, in_command: bool, is_whole: bool
) -> tuple[str, str] | None:
    """The code and the detail of a secret in the scalar `text` at `path` that may not stand there."""
    if in_command:
        return "secret-in-command", (
            f"A command shows in plans, logs and the portal. Give the secret to the job as a variable, "
            f'`environment_variables: {{{expression.name}: "{expression}"}}`, and read it there.'
        )
    if path[:2] == ("job", "environment_variables"):
        may_stand = len(path) == 3 and is_whole
    else:
        may_stand = path[:3] == ("job", "environment", "pip") and _is_user_of_address(text, expression)
    if may_stand:
        return None
    return "secret-misplaced", (
        "A secret may stand in a credential field, as the whole value of an environment variable, and in "
        "front of the host in an address below `pip`: "
        "`--index-url https://user:${{ secrets.NAME }}@host/simple`."
    )


def _is_user_of_address(text: str, expression: Expression) -> bool:
    """Whether it stands where an address has its user and password."""
    before, after = text[max(0, expression.start - _NEAR) : expression.start], text[expression.end :][:_NEAR]
    opened = "://" in before and re.fullmatch(r"[^\s/]*", before.rpartition("://")[2]) is not None
    return opened and re.match(r"(?:[^\s/@$]|\$\{\{[^{}]*\}\}|\$(?!\{\{))*@", after) is not None
